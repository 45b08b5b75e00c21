"""Error bounds of fused multi-term adders, step by step."""

from collections.abc import Sequence
from fractions import Fraction

from ...formats import Overflow, Rounding
from ..accumulators.fused import Addend, FusedAccumulator, LateAddend
from ..exact.fused import Term, steps_of, terms_of
from ..exact.operands import Product, leading_exponent
from .balls import (
    Ball,
    Unbounded,
    exactly,
    flushed_ball,
    limited_ball,
    loss,
    place_of,
    total,
)

#: An exponent, or None where only zeros take part.
Exponent = int | None


def fused_ball(unit: FusedAccumulator, products: list[Product], c: Ball) -> Ball:
    """What the unit can hold after all steps.

    Per step: each product loses what lies below the window, whose place the operands' exponents
    and the greatest C there can be say; so does C; and the sum is rounded once.
    """
    for step in steps_of(unit, products):
        c = _step(unit, step, c)
    return c


def _step(unit: FusedAccumulator, products: list[Product], c: Ball) -> Ball:
    _require_products_below_the_limit(unit, products)
    exact = sum((Fraction(product.value()) for product in products), Fraction(0))
    if unit.flush_inputs:
        c = flushed_ball(unit.format, c)
    lanes = [terms_of(unit, products[i :: unit.lanes]) for i in range(unit.lanes)]
    if unit.addend is Addend.ALIGNED:
        top = _greatest([_top(unit, lanes[0]), greatest_exponent(unit, c)])
        if top is not None and unit.exponent_floor is not None:
            top = max(top, unit.exponent_floor)
        kept = _aligned(unit, lanes[0], top).around(exact)
        both = total([kept, _windowed(unit, c, top)])
        return _rounded(unit, _coarse(both, _top(unit, lanes[0]), unit.fraction_bits))
    tops = [_top(unit, lane) for lane in lanes]
    sums = [
        _coarse(_aligned(unit, lane, top), top, unit.fraction_bits)
        for lane, top in zip(lanes, tops, strict=True)
    ]
    top = _greatest(tops)
    kept = sums[0] if unit.lanes == 1 else _joined_lanes(unit, sums, top)
    kept = kept.around(exact)
    if unit.late is not None:
        return _rounded(unit, _late(unit, unit.late, kept, top, c))
    return _rounded(unit, total([_rounded(unit, kept), c]))


def _require_products_below_the_limit(unit: FusedAccumulator, products: list[Product]) -> None:
    limit = unit.product_limit
    values = (Fraction(product.value(unit.flush_inputs)) for product in products)
    if limit is not None and any(abs(value) >= Fraction(2) ** limit for value in values):
        raise Unbounded


def greatest_exponent(unit: FusedAccumulator, c: Ball) -> Exponent:
    """The greatest exponent that a C of the ball is aligned by."""
    own = max(leading_exponent(c.reach), unit.format.emin) if c.reach else None
    return _greatest([own, None if c.least else unit.zero_exponent])


def _greatest(exponents: Sequence[Exponent]) -> Exponent:
    return max((e for e in exponents if e is not None), default=None)


def _top(unit: FusedAccumulator, terms: list[Term]) -> Exponent:
    """The largest exponent of the products, at least the floor."""
    top = _greatest([term.exponent for term in terms])
    return top if top is None else _greatest([top, unit.exponent_floor])


def _aligned(unit: FusedAccumulator, terms: list[Term], top: Exponent) -> Ball:
    """The sum of the terms in a window below ``top`` at most."""
    return total(_windowed(unit, exactly(term.value), top) for term in terms)


def _windowed(unit: FusedAccumulator, x: Ball, top: Exponent) -> Ball:
    if unit.fraction_bits is None or top is None:
        return x
    return x.moved(loss(unit.alignment, top - unit.fraction_bits, x))


def _coarse(x: Ball, top: Exponent, bits: int | None) -> Ball:
    """The same numbers, known to be whole ones of the last bit below an exponent of ``top``."""
    if bits is None or top is None:
        return x
    return x._replace(grain=max(x.grain, top - bits))


def _joined_lanes(unit: FusedAccumulator, sums: list[Ball], top: Exponent) -> Ball:
    """The lanes' sums in the window of the largest exponent."""
    if unit.fraction_bits is None or top is None:
        return total(sums)
    place = top - unit.fraction_bits
    moved = [x.moved(loss(unit.lane_rounding, place, x)) for x in sums]
    return _coarse(total(moved), top, unit.fraction_bits)


def _late(unit: FusedAccumulator, late: LateAddend, kept: Ball, top: Exponent, c: Ball) -> Ball:
    """The sum of products and C, each in a window below the larger exponent, or C dropped."""
    highest = _greatest([top, greatest_exponent(unit, c)])
    if highest is None:
        return total([kept, c])
    lost = loss(late.rounding, highest - late.addend_bits, c)
    if late.cutoff is not None and top is not None:
        below = Fraction(2) ** (top - late.cutoff)
        if c.least < below:
            lost = max(lost, min(c.reach, below))
    first = kept.moved(loss(late.rounding, highest - late.sum_bits, kept))
    return _coarse(total([first, c.moved(lost)]), top, max(late.sum_bits, late.addend_bits))


def _rounded(unit: FusedAccumulator, x: Ball) -> Ball:
    """The rounding of a sum to the unit's result."""
    format = unit.result
    y = x.moved(loss(unit.rounding, place_of(format, x), x))
    stops = not unit.overflow_to_infinity and unit.rounding in (
        Rounding.TOWARD_ZERO,
        Rounding.TO_ODD,
    )
    policy = Overflow.SATURATE if stops else Overflow.INFINITY_OR_NAN
    y = limited_ball(x, y, Fraction(-format.max), Fraction(format.max), policy)
    return flushed_ball(format, y) if unit.flush_results else y
