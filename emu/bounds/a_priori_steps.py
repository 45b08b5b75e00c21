"""What one step of every accumulator can lose of a sum of given size; see `a_priori_bound`."""

from fractions import Fraction
from typing import NamedTuple

from ...formats import Fixed, Minifloat, Rounding
from ..accumulators.accumulator import ExactAccumulator, SequentialAccumulator
from ..accumulators.chunked import ChunkedAccumulator
from ..accumulators.fused import Addend, FusedAccumulator
from ..accumulators.kinds import DotAccumulator
from ..accumulators.tree import TreeAccumulator
from .balls import Unbounded


class Affine(NamedTuple):
    """An error of at most ``slope S + offset``."""

    slope: Fraction
    offset: Fraction

    def at(self, size: Fraction) -> Fraction:
        """The bound for sums of that size."""
        return self.slope * size + self.offset


def part_lost(rounding: Rounding, bits: int) -> Fraction:
    """What a rounding to ``bits`` places can lose, relative to the place above them."""
    return Fraction(1, 2 if rounding.name.startswith("NEAREST") else 1) / Fraction(2) ** bits


def _roundoff(format: Fixed | Minifloat, rounding: Rounding) -> Affine:
    """``u |x| + h``: what one rounding of x can lose."""
    least = part_lost(rounding, 0) * Fraction(2) ** format.lsb_min
    if isinstance(format, Fixed):
        return Affine(Fraction(0), least)
    return Affine(part_lost(rounding, format.significand_bits), least)


def _grown(steps: int, growth: Fraction, each: Affine) -> Affine:
    """``n B / (1 - n L / 2)``."""
    if steps * growth >= 2:
        raise Unbounded
    factor = steps / (1 - steps * growth / 2)
    return Affine(factor * each.slope, factor * each.offset)


def affine_bound(
    unit: DotAccumulator, length: int, depth: int, power: Fraction, size: Fraction
) -> Affine:
    """The bound as a function of S, which is at most ``size``."""
    if isinstance(unit, ChunkedAccumulator):
        return _chunked(unit, length, depth, power, size)
    if isinstance(unit, FusedAccumulator):
        bound = _fused(unit, length, power)
        limit = unit.product_limit
        if limit is not None and size >= Fraction(2) ** limit:
            raise Unbounded
        return _inside(unit.result, bound, size)
    if isinstance(unit, TreeAccumulator):
        return _inside(unit.format, _tree(unit, length), size)
    if not isinstance(unit, ExactAccumulator | SequentialAccumulator):
        raise Unbounded
    own = _roundoff(unit.format, unit.rounding)
    if isinstance(unit, SequentialAccumulator):
        own = _grown(-(-length // depth), own.slope, own)
    return _inside(unit.format, own, size)


def _inside(format: Fixed | Minifloat, bound: Affine, size: Fraction) -> Affine:
    """The bound, if no sum can leave the format."""
    reach = size + bound.at(size)
    if reach > format.max or (size and -reach < format.min):
        raise Unbounded
    return bound


def _tree(unit: TreeAccumulator, length: int) -> Affine:
    own = _roundoff(unit.format, unit.rounding)
    width = max(1, min(unit.terms or length, length))
    groups, levels = -(-length // width), 0
    while unit.arity**levels < width:
        levels += 1
    relative = _grown(1 + levels + groups, own.slope, Affine(own.slope, Fraction(0))).slope
    lost = own.offset + (_tiny(unit.format) if unit.flush_results else 0)
    offset = (2 * length + groups) * lost + (_tiny(unit.format) if unit.flush_inputs else 0)
    return Affine(relative, offset * (1 + relative))


def _tiny(format: Fixed | Minifloat) -> Fraction:
    """Bound of what flushing loses."""
    return Fraction(0) if isinstance(format, Fixed) else Fraction(2) ** format.emin


def _fused(unit: FusedAccumulator, length: int, power: Fraction) -> Affine:
    u, h = _roundoff(unit.result, unit.rounding)
    result_tiny = _tiny(unit.result) if unit.flush_results else Fraction(0)
    h += result_tiny
    own = (unit.exponent_floor, unit.zero_exponent, unit.format.emin)
    top = max(power, *(Fraction(2) ** e for e in own if e is not None))
    run = unit.terms * unit.stride
    steps = min(length, -(-length // run) * unit.stride)
    terms = -(-min(unit.terms, length) // unit.exact_terms)
    cut = Fraction(0)
    if unit.fraction_bits is not None:
        cut = part_lost(unit.alignment, unit.fraction_bits)
    flushed = _tiny(unit.format) if unit.flush_inputs else Fraction(0)
    if unit.addend is Addend.ALIGNED:
        a = (terms + 1) * cut
        growth = a + u + a * u
        each = Affine((1 + u) * a + u, (1 + u) * a * top + h)
    else:
        products = terms * cut * top
        if unit.lanes > 1 and unit.fraction_bits is not None:
            products += unit.lanes * part_lost(unit.lane_rounding, unit.fraction_bits) * top
        if unit.late is None:
            growth = u
            first = Affine(u, products + u * products + h)
            each = Affine((1 + u) * first.slope + u, (1 + u) * first.offset + h)
        else:
            late = unit.late
            w = part_lost(late.rounding, late.sum_bits) + part_lost(late.rounding, late.addend_bits)
            dropped = Fraction(0) if late.cutoff is None else top / 2**late.cutoff
            growth = w + u + w * u
            each = Affine((1 + u) * w + u, (1 + u) * (products + w * top + dropped) + h)
    return _grown(steps, growth, Affine(each.slope, each.offset + (1 + growth) * flushed))


def _chunked(
    unit: ChunkedAccumulator, length: int, depth: int, power: Fraction, size: Fraction
) -> Affine:
    """The chunks' errors add up; the outer sum has their results as its terms."""
    count = -(-length // unit.length)
    inner = affine_bound(unit.inner, min(unit.length, length), depth, power, size)
    chunks = Affine(inner.slope, count * inner.offset)
    outer = affine_bound(unit.outer, count, 1, power, size + chunks.at(size))
    slope = chunks.slope + outer.slope * (1 + chunks.slope)
    return Affine(slope, chunks.offset + outer.slope * chunks.offset + outer.offset)
