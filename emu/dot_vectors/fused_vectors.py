"""Fused adders with truncated alignment for sixteen columns of a few rows of C at a time.

A step goes twice over its products.  First it finds the largest exponent, from panels of the
operands' exponents.  Then a product, exact in float32, is multiplied by the power of two that makes
the last kept bit 1, and is truncated by turning it into an integer; integers of 32 bits are summed.
The sum becomes C in one of these ways:

* `add_narrow`, where it has 31 bits with C: as a float32, one step back where that rounded away
  from zero; the bits that the result has not are cut off.  `add_half`: its last bit is made odd
  where something was lost, and `product_vectors.rounded_at_exponent` rounds it;
* `add_cut`, `add_wide_half`: the same where it has more bits, from a float64;
* `add_fused`: in float64, by `chain_vectors.round_magnitude`;
* `add_odd`: terms, their sum, and its sum with C are each rounded to odd: what is cut off sets the
  last bit that is kept, and `chain_vectors.odd_sum` in float32 has its 24 bits;
* `add_groups`: terms are exact sums of neighbours in float32, truncated and summed as floats;
* `add_late`, `add_paired`: it is aligned with C by two floors, and is converted to float32, which
  rounds to nearest even (`late_steps`).

Those that are named narrow have sums of 31 bits; `add_odd` and `add_late` sum in float64.
"""

from typing import Any

from numba import types
from numba.extending import intrinsic

from ...formats import FP16
from .chain_vectors import odd_sum
from .fused_steps import IntegerStep, Step
from .late_steps import LateStep, NarrowLateStep, NarrowPairedStep, PairedStep
from .product_vectors import rounded_at_exponent
from .tile import COLUMNS, FLOAT, ROWS, WORD, Tile, Variables, height_of, parts_of_tile

_INDEX = types.intp


class _TruncatedStep(Step):
    """The same, truncated to a format of at most 24 bits with the exponents of float32."""

    c_has_subnormals = False

    def scaled(self, bits: Any, row: int) -> Any:
        """The float of the bits in units of the last kept bit."""
        b, w = self.builder, self.words
        one = w.every((254 + self.unit_exponent) << 23)
        unit = b.sub(one, w.bits(self.own[0].scales[row]))
        return b.fmul(w.floats(bits), w.floats(unit))

    def truncated(self, row: int) -> tuple[Any, Any]:
        """The bits of the sum truncated to float32, in units of the last kept bit; if inexact."""
        b, d = self.builder, self.longs
        bits = d.bits(self.own[0].sums[row])
        near = b.fptrunc(d.floats(b.and_(bits, d.every(-(1 << 29)))), self.words.real)
        rest = b.and_(bits, d.every((1 << 29) - 1))
        return self.words.bits(near), b.icmp_unsigned("!=", rest, d.every(0))

    def result(self, row: int) -> Any:
        bits, _ = self.truncated(row)
        return self.scaled(self.builder.and_(bits, self.unit.keep), row)


class _NarrowStep(IntegerStep, _TruncatedStep):
    """The same in integers of 32 bits."""

    def truncated(self, row: int) -> tuple[Any, Any]:
        """The bits of the sum truncated to float32, in units of the last kept bit; if inexact."""
        b, w = self.builder, self.words
        total = self.own[0].parts[row]
        near = b.sitofp(total, w.real)
        back = b.fptosi(near, w.words)
        away = b.icmp_signed(">", *[w.magnitude_of_integers(x) for x in (back, total)])
        bits = b.select(away, b.sub(w.bits(near), w.every(1)), w.bits(near))
        return bits, b.icmp_unsigned("!=", back, total)


class _HalfStep(_TruncatedStep):
    """The same, rounded to nearest even in FP16."""

    c_has_subnormals = True
    c_may_be_tiny = False

    def odd(self, row: int) -> Any:
        """The bits of the sum rounded to odd in float32, in units of the last kept bit."""
        bits, inexact = self.truncated(row)
        return self.builder.select(inexact, self.builder.or_(bits, self.words.every(1)), bits)

    def result(self, row: int) -> Any:
        w = self.words
        excess = 23 - FP16.significand_bits
        numbers = w.every_real(1.5 * 2.0**excess), w.every_real(2.0**FP16.emin)
        return rounded_at_exponent(w, self.scaled(self.odd(row), row), *numbers)


class _NarrowHalfStep(IntegerStep, _HalfStep):
    """The same in integers of 32 bits."""

    def odd(self, row: int) -> Any:
        b, w = self.builder, self.words
        total = self.own[0].parts[row]
        near = b.sitofp(total, w.real)
        error = b.sub(total, b.fptosi(near, w.words))
        bits = w.bits(near)
        inward = b.ashr(b.xor(bits, error), w.every(31))
        odd = b.or_(b.add(bits, inward), w.every(1))
        return b.select(b.icmp_signed("==", error, w.every(0)), bits, odd)


class _OddStep(_TruncatedStep):
    """Everything rounded to odd: terms, their sum, and its sum with C, all in float32.

    A term x is rounded to ``floor(x/2) + ceil(x/2)``, which is 2 n if x is, and else 2 n + 1 for
    all between 2 n and 2 n + 2: below 2^24 an integer of float32, and above it x.
    """

    aligned = False
    unit_exponent = -1

    def term(self, scaled: Any) -> Any:
        b, w = self.builder, self.words
        odd = b.fadd(w.call("floor", scaled), w.call("ceil", scaled))
        return b.fptosi(odd, w.words)

    def result(self, row: int) -> Any:
        b, w = self.builder, self.words
        bits, inexact = self.truncated(row)
        products = self.scaled(b.or_(bits, b.zext(inexact, w.words)), row)
        self.see(w.field(products))
        return b.fadd(odd_sum(w, self.c[row], products), w.every_real(0.0))


class _NarrowOddStep(_OddStep, _NarrowStep):
    """The same in integers of 32 bits."""


class _GroupStep(_TruncatedStep):
    """The same where a term is the exact sum of ``chunk`` products, aligned by their scales."""

    def over_exponents(self, first: Any, last: Any, compare: Any) -> None:
        self.over_chunks(first, last, lambda start, _: compare(start))

    def kept(self, value: Any, lane: Any, row: int) -> Any:
        """What is kept of a float32 in units of the last kept bit, in float64."""
        b, w = self.builder, self.words
        kept = w.call("trunc", b.fmul(value, lane.scales[row]))
        return b.fpext(kept, self.longs.real)

    def add_terms(self, lane: Any, first: Any, last: Any) -> None:
        b, w, tile = self.builder, self.words, self.tile
        terms = Variables(b, w.real, tile.height)
        for row in range(tile.height):
            lane.sums[row] = self.kept(self.c[row], lane, row)

        def multiply(k: Any) -> None:
            right = w.load(tile.place(1, tile.times(k, COLUMNS)))
            left = tile.place(0, tile.times(k, ROWS))
            for row in range(tile.height):
                x = w.splat(b.load(b.gep(left, [tile.constant(row)])))
                terms[row] = w.call("fma", x, right, terms[row])

        def add(start: Any, stop: Any) -> None:
            for row in range(tile.height):
                terms[row] = w.every_real(0.0)
            tile.between(start, stop, multiply)
            for row in range(tile.height):
                lane.sums[row] = b.fadd(lane.sums[row], self.kept(terms[row], lane, row))

        self.over_chunks(first, last, add)

    def result(self, row: int) -> Any:
        return self.builder.fadd(super().result(row), self.words.every_real(0.0))


def _codegen(kind: type[Step]) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        starts = [*args[6:10], args[6], args[7]]
        height = height_of(FLOAT)
        with parts_of_tile(builder, starts, args[10], height, panels=(0, 4)) as own:
            tile = Tile(context, builder, sig.args[:6], args[:6], own, height)
            _run_steps(kind(tile, args[12]), args[10], args[11])
        return context.get_dummy_value()

    return codegen


def _run_steps(step: Step, row_length: Any, inner: Any) -> None:
    """All steps of the rows of a tile."""
    tile, builder, terms = step.tile, step.builder, step.unit.terms
    pointers = tile.rows(2, row_length)
    builder.store(step.words.load(tile.place(3), WORD), step.seen)
    builder.store(step.words.every(-1), step.least_c)
    for row, pointer in enumerate(pointers):
        step.c[row] = step.words.load(pointer)
    with tile.groups(inner, terms) as (_, first, last):
        step.run(first, last)
    for row, pointer in enumerate(pointers):
        step.words.store(step.c[row], pointer)
    step.words.store(step.finish(), tile.place(3))


def _unit(kind: type[Step]) -> Any:
    """C tile <- the result of all steps; the arrays are those of `fused_lane`."""

    def add(
        _context, a, b, c, seen, ae, be, a_at, b_at, c_at, seen_at, row_length, inner, numbers  # noqa: ARG001
    ):  # fmt: skip
        return types.void(a, b, c, seen, ae, be, *[_INDEX] * 6, numbers), _codegen(kind)

    return intrinsic(add)


add_fused = _unit(Step)
add_cut = _unit(_TruncatedStep)
add_narrow = _unit(_NarrowStep)
add_wide_half = _unit(_HalfStep)
add_half = _unit(_NarrowHalfStep)
add_late = _unit(LateStep)
add_narrow_late = _unit(NarrowLateStep)
add_paired = _unit(PairedStep)
add_narrow_paired = _unit(NarrowPairedStep)
add_odd = _unit(_OddStep)
add_narrow_odd = _unit(_NarrowOddStep)
add_groups = _unit(_GroupStep)
