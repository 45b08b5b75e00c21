"""Fused adders with truncated alignment for sixteen columns of eight rows of C at a time.

A step goes twice over its products.  First it finds the largest exponent, from panels of the
operands' exponents.  Then a product, exact in float32, is multiplied by the power of two that makes
the last kept bit 1, and is truncated by turning it into an integer; integers of 32 bits are summed.
The sum becomes C in one of these ways:

* `add_narrow`, where it has 31 bits with C: as a float32, one step back where that rounded away
  from zero; the bits that the result has not are cut off.  `add_half`: its last bit is made odd
  where something was lost, and `chain_vectors.round_magnitude` rounds it;
* `add_fused`: in float64, by `chain_vectors.round_magnitude`;
* `add_late`: in float64, where it is aligned with C by two floors, and is converted to float32,
  which rounds to nearest even.
"""

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .chain_vectors import round_magnitude
from .tile import COLUMNS, DOUBLE, FLOAT, ROWS, WORD, Tile, Variables, Vectors

_INDEX = types.intp
_LOWEST = -(1 << 20)


class _Unit:
    """The run-time numbers of a unit, as vectors; see `fused_lane.numbers_of`."""

    def __init__(self, builder: Any, words: Vectors, longs: Vectors, numbers: Any) -> None:
        (
            self.terms, self.chunk, bits, c_zero, c_floor, floor, least, keep, sum_bits,
            addend_bits, cutoff, field, shift, step, back, minus_zero,
        ) = cgutils.unpack_tuple(builder, numbers)  # fmt: skip
        small = (bits, c_zero, c_floor, floor, least, keep, sum_bits, addend_bits, cutoff)
        (
            self.bits, self.c_zero, self.c_floor, self.floor, self.least, self.keep, self.sum_bits,
            self.addend_bits, self.cutoff,
        ) = (words.splat(builder.trunc(n, WORD)) for n in small)  # fmt: skip
        rounding = (field, shift, step, back)
        self.round = [longs.splat(n) for n in rounding]
        self.round_words = [words.splat(builder.trunc(n, WORD)) for n in rounding]
        self.zero = longs.floats(longs.splat(minus_zero))


class _Lane:
    """What a step knows of the products of a lane."""

    def __init__(self, builder: Any, words: Vectors, longs: Vectors) -> None:
        self.tops = Variables(builder, words.words)
        self.scales = Variables(builder, words.real)
        self.parts = Variables(builder, words.words)
        self.sums = Variables(builder, longs.real)


class _Step:
    """What one step of a unit does to the rows of a tile."""

    #: how many lanes the products are dealt to
    lanes = 1
    #: whether C is one of the terms
    aligned = True

    def __init__(self, tile: Tile, numbers: Any) -> None:
        self.tile, self.builder = tile, tile.builder
        self.words, self.longs = Vectors(tile.builder, FLOAT), Vectors(tile.builder, DOUBLE)
        self.unit = _Unit(tile.builder, self.words, self.longs, numbers)
        self.c = Variables(tile.builder, self.words.real)
        self.own = [_Lane(tile.builder, self.words, self.longs) for _ in range(self.lanes)]
        self.seen = cgutils.alloca_once(tile.builder, self.words.words)

    def see(self, words: Any) -> None:
        """Keep the largest of what is seen in each column."""
        self.builder.store(self.words.call("umax", self.builder.load(self.seen), words), self.seen)

    def see_if(self, beyond: Any, c: Any) -> None:
        """Doubt the columns where C, not 0, is beyond what can be aligned."""
        some = self.builder.fcmp_unordered("!=", c, self.words.every_real(0.0))
        self.see(self.builder.sext(self.builder.and_(beyond, some), self.words.words))

    def c_exponent(self, c: Any) -> Any:
        """The exponent C is aligned by."""
        b, w = self.builder, self.words
        field = b.lshr(w.field(c), w.every(23))
        own = w.call("smax", b.sub(field, w.every(127)), self.unit.c_floor)
        return b.select(b.fcmp_ordered("==", c, w.every_real(0.0)), self.unit.c_zero, own)

    def find_tops(self, lane: _Lane, first: Any, last: Any) -> None:
        """The largest exponent of every output."""
        b, w, tile = self.builder, self.words, self.tile
        for row in range(ROWS):
            start = self.c_exponent(self.c[row]) if self.aligned else w.every(_LOWEST)
            lane.tops[row] = w.call("smax", start, self.unit.floor)

        def compare(k: Any) -> None:
            right = w.load(tile.place(5, tile.times(k, COLUMNS)), WORD)
            left = tile.place(4, tile.times(k, ROWS))
            for row in range(ROWS):
                x = w.splat(b.load(b.gep(left, [tile.constant(row)])))
                lane.tops[row] = w.call("smax", lane.tops[row], b.add(x, right))

        tile.between(first, last, compare, self.lanes)

    def find_scales(self, lane: _Lane) -> None:
        """What makes the last kept bit 1, and whether it can."""
        b, w, unit = self.builder, self.words, self.unit
        for row in range(ROWS):
            if self.aligned:
                self.see_if(b.icmp_signed("<", lane.tops[row], unit.least), self.c[row])
            lane.tops[row] = w.call("smax", lane.tops[row], unit.least)
            field = b.sub(b.add(unit.bits, w.every(127)), lane.tops[row])
            lane.scales[row] = w.floats(b.shl(field, w.every(23)))

    def multiply(self, lane: _Lane, first: Any, last: Any) -> None:
        """Add the terms first to last - 1 to the parts."""
        b, w, tile = self.builder, self.words, self.tile

        def add(k: Any) -> None:
            right = w.load(tile.place(1, tile.times(k, COLUMNS)))
            left = tile.place(0, tile.times(k, ROWS))
            for row in range(ROWS):
                x = w.splat(b.load(b.gep(left, [tile.constant(row)])))
                term = b.fptosi(b.fmul(b.fmul(x, right), lane.scales[row]), w.words)
                lane.parts[row] = b.add(lane.parts[row], term)

        tile.between(first, last, add, self.lanes)

    def aligned_c(self, lane: _Lane, row: int) -> Any:
        """C as the integer that it is in the alignment."""
        return self.builder.fptosi(
            self.builder.fmul(self.c[row], lane.scales[row]), self.words.words
        )

    def add_terms(self, lane: _Lane, first: Any, last: Any) -> None:
        """Sum all terms in float64, ``chunk`` of them at a time as integers."""
        b, unit, tile = self.builder, self.unit, self.tile
        for row in range(ROWS):
            lane.sums[row] = self.longs.every_real(0.0)
            if self.aligned:
                lane.sums[row] = b.sitofp(self.aligned_c(lane, row), self.longs.real)
        length = tile.times(unit.chunk, self.lanes)

        def sum_chunk(index: Any) -> None:
            start = b.add(first, b.mul(index, length))
            stop = b.add(start, length)
            stop = b.select(b.icmp_signed("<", stop, last), stop, last)
            for row in range(ROWS):
                lane.parts[row] = self.words.every(0)
            self.multiply(lane, start, stop)
            for row in range(ROWS):
                part = b.sitofp(lane.parts[row], self.longs.real)
                lane.sums[row] = b.fadd(lane.sums[row], part)

        count = b.add(b.sub(last, first), b.sub(length, tile.constant(1)))
        tile.between(tile.constant(0), b.sdiv(count, length), sum_chunk)

    def power(self, exponent: Any) -> Any:
        """Powers of two in float64."""
        b, d = self.builder, self.longs
        wide = b.sext(b.add(exponent, self.words.every(1023)), d.words)
        return d.floats(b.shl(wide, d.every(52)))

    def run(self, first: Any, last: Any) -> None:
        """C after the products first to last - 1."""
        for number, lane in enumerate(self.own):
            start = self.builder.add(first, self.tile.constant(number))
            self.find_tops(lane, start, last)
            self.find_scales(lane)
            self.add_terms(lane, start, last)
        for row in range(ROWS):
            c = self.result(row)
            self.see(self.words.field(c))
            self.c[row] = c

    def result(self, row: int) -> Any:
        """The rounded sum."""
        b, lane = self.builder, self.own[0]
        total = b.fmul(lane.sums[row], self.power(b.sub(lane.tops[row], self.unit.bits)))
        rounded, _ = round_magnitude(self.longs, total, *self.unit.round)
        return b.fptrunc(b.fadd(rounded, self.unit.zero), self.words.real)


class _NarrowStep(_Step):
    """The same in integers of 32 bits, truncated."""

    def add_terms(self, lane: _Lane, first: Any, last: Any) -> None:
        for row in range(ROWS):
            lane.parts[row] = self.aligned_c(lane, row)
        self.multiply(lane, first, last)

    def truncated(self, row: int) -> tuple[Any, Any]:
        """The bits of the sum truncated to float32, in units of the last kept bit; if inexact."""
        b, w = self.builder, self.words
        total = self.own[0].parts[row]
        near = b.sitofp(total, w.real)
        back = b.fptosi(near, w.words)
        away = b.icmp_signed(">", *[w.magnitude_of_integers(x) for x in (back, total)])
        bits = b.select(away, b.sub(w.bits(near), w.every(1)), w.bits(near))
        return bits, b.icmp_unsigned("!=", back, total)

    def scaled(self, bits: Any, row: int) -> Any:
        """The float of the bits in units of the last kept bit."""
        b, w = self.builder, self.words
        unit = b.sub(w.every(254 << 23), w.bits(self.own[0].scales[row]))
        return b.fmul(w.floats(bits), w.floats(unit))

    def result(self, row: int) -> Any:
        bits, _ = self.truncated(row)
        return self.scaled(self.builder.and_(bits, self.unit.keep), row)


class _HalfStep(_NarrowStep):
    """The same, rounded to nearest even in a format of at most 22 bits."""

    def result(self, row: int) -> Any:
        b, w = self.builder, self.words
        bits, inexact = self.truncated(row)
        odd = b.select(inexact, b.or_(bits, w.every(1)), bits)
        rounded, _ = round_magnitude(w, self.scaled(odd, row), *self.unit.round_words)
        return b.fadd(rounded, w.every_real(0.0))


class _LateStep(_Step):
    """The same where C joins the finished sum."""

    aligned = False

    def joined(self, row: int) -> tuple[Any, Any]:
        """The sum of all lanes, and the exponent it is aligned by."""
        b, w = self.builder, self.words
        top = self.own[0].tops[row]
        for lane in self.own[1:]:
            top = w.call("smax", top, lane.tops[row])
        if len(self.own) == 1:
            return self.own[0].sums[row], top
        total = self.longs.every_real(0.0)
        for lane in self.own:
            moved = b.fmul(lane.sums[row], self.power(b.sub(lane.tops[row], top)))
            total = b.fadd(total, self.longs.call("floor", moved))
        return total, top

    def result(self, row: int) -> Any:
        b, w, d, unit = self.builder, self.words, self.longs, self.unit
        total, top = self.joined(row)
        c, exponent = self.c[row], self.c_exponent(self.c[row])
        self.see_if(b.icmp_signed("<", exponent, unit.least), c)
        both = w.call("smax", top, exponent)
        shift = b.sub(b.add(top, unit.sum_bits), b.add(both, unit.bits))
        of_sum = d.call("floor", b.fmul(total, self.power(shift)))
        far = b.icmp_signed("<", exponent, b.sub(both, unit.cutoff))
        c = b.fpext(b.select(far, w.every_real(0.0), c), d.real)
        of_c = d.call("floor", b.fmul(c, self.power(b.sub(unit.addend_bits, both))))
        step = self.power(b.sub(unit.sum_bits, unit.addend_bits))
        joined = d.call("fma", of_c, step, of_sum)
        joined = b.fmul(joined, self.power(b.sub(both, unit.sum_bits)))
        return b.fptrunc(b.fadd(joined, unit.zero), w.real)


class _PairedStep(_LateStep):
    """The same with even and odd products in lanes of their own."""

    lanes = 2


def _codegen(kind: type[_Step]) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        starts = [*args[6:10], args[6], args[7]]
        tile = Tile(context, builder, sig.args[:6], args[:6], starts)
        step = kind(tile, args[12])
        pointers = tile.rows(2, args[10])
        inner, terms = args[11], step.unit.terms
        builder.store(step.words.every(0), step.seen)
        for row, pointer in enumerate(pointers):
            step.c[row] = step.words.load(pointer)
        count = builder.sdiv(builder.add(inner, builder.sub(terms, tile.constant(1))), terms)
        with cgutils.for_range(builder, count) as loop:
            first = builder.mul(loop.index, terms)
            last = builder.add(first, terms)
            last = builder.select(builder.icmp_signed("<", last, inner), last, inner)
            step.run(first, last)
        for row, pointer in enumerate(pointers):
            step.words.store(step.c[row], pointer)
        step.words.store(builder.load(step.seen), tile.place(3))
        return context.get_dummy_value()

    return codegen


def _unit(kind: type[_Step]) -> Any:
    """C tile <- the result of all steps; the arrays are those of `fused_lane`."""

    def add(
        _context, a, b, c, seen, ae, be, a_at, b_at, c_at, seen_at, row_length, inner, numbers  # noqa: ARG001
    ):  # fmt: skip
        return types.void(a, b, c, seen, ae, be, *[_INDEX] * 6, numbers), _codegen(kind)

    return intrinsic(add)


add_fused = _unit(_Step)
add_narrow = _unit(_NarrowStep)
add_half = _unit(_HalfStep)
add_late = _unit(_LateStep)
add_paired = _unit(_PairedStep)
