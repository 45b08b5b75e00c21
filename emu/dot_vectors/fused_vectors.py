"""Fused adders with truncated alignment for sixteen columns of eight rows of C at a time.

A step goes twice over its products.  First it finds the largest exponent, from panels of the
operands' exponents.  Then a product, exact in float32, is multiplied by the power of two that makes
the last kept bit 1, and is truncated by turning it into an integer; integers of 32 bits are summed.
The sum becomes C in one of these ways:

* `add_narrow`, where it has 31 bits with C: as a float32, one step back where that rounded away
  from zero; the bits that the result has not are cut off.  `add_half`: its last bit is made odd
  where something was lost, and `chain_vectors.round_magnitude` rounds it;
* `add_cut`, `add_wide_half`: the same where it has more bits, from a float64;
* `add_fused`: in float64, by `chain_vectors.round_magnitude`;
* `add_odd`: terms, their sum, and its sum with C are each rounded to odd: what is cut off sets the
  last bit that is kept, and `chain_vectors.odd_sum` in float32 has its 24 bits;
* `add_late`, `add_paired`: it is aligned with C by two floors, and is converted to float32, which
  rounds to nearest even (`late_steps`).

Those that are named narrow have sums of 31 bits; `add_odd` and `add_late` sum in float64.
"""

from typing import Any

from numba import types
from numba.extending import intrinsic

from .chain_vectors import odd_sum, round_magnitude
from .fused_steps import IntegerStep, Step
from .late_steps import LateStep, NarrowLateStep, NarrowPairedStep, PairedStep
from .tile import FLOAT, WORD, Tile, height_of, parts_of_tile

_INDEX = types.intp


class _TruncatedStep(Step):
    """The same, truncated to a format of at most 24 bits with the exponents of float32."""

    c_has_subnormals = False

    def scaled(self, bits: Any, row: int) -> Any:
        """The float of the bits in units of the last kept bit."""
        b, w = self.builder, self.words
        unit = b.sub(w.every(254 << 23), w.bits(self.own[0].scales[row]))
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


def _half_result(step: _TruncatedStep, row: int) -> Any:
    """The sum rounded to nearest even in a format of at most 22 bits."""
    b, w = step.builder, step.words
    least, shift = step.unit.round_words[:2]
    nothing = w.every(0)
    bits, inexact = step.truncated(row)
    odd = b.select(inexact, b.or_(bits, w.every(1)), bits)
    rounded, _ = round_magnitude(w, step.scaled(odd, row), least, shift, nothing, nothing)
    return b.fadd(rounded, w.every_real(0.0))


class _HalfStep(_TruncatedStep):
    """The same, rounded to nearest even in a format of at most 22 bits."""

    c_has_subnormals = True

    def result(self, row: int) -> Any:
        return _half_result(self, row)


class _NarrowHalfStep(_NarrowStep):
    """The same in integers of 32 bits."""

    c_has_subnormals = True

    def result(self, row: int) -> Any:
        return _half_result(self, row)


class _OddStep(_TruncatedStep):
    """Everything rounded to odd: terms, their sum, and its sum with C, all in float32."""

    aligned = False

    def term(self, scaled: Any) -> Any:
        b, w = self.builder, self.words
        below = w.call("floor", scaled)
        inexact = b.fcmp_ordered("!=", below, scaled)
        return b.or_(b.fptosi(below, w.words), b.zext(inexact, w.words))

    def result(self, row: int) -> Any:
        b, w = self.builder, self.words
        bits, inexact = self.truncated(row)
        products = self.scaled(b.or_(bits, b.zext(inexact, w.words)), row)
        self.see(w.field(products))
        return b.fadd(odd_sum(w, self.c[row], products), w.every_real(0.0))


class _NarrowOddStep(_OddStep, _NarrowStep):
    """The same in integers of 32 bits."""


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
