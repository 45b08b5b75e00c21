"""Fused adders with truncated alignment for sixteen columns of eight rows of C at a time.

A step goes twice over its products.  First it finds the largest exponent, from panels of the
operands' exponents.  Then a product, exact in float32, is multiplied by the power of two that makes
the last kept bit 1, and is truncated by turning it into an integer; integers of 32 bits are summed,
and their sums in float64, which holds all of them.  The sum is rounded in float64 by
`chain_vectors.round_magnitude` and is then a float32 number.
"""

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .chain_vectors import round_magnitude
from .vector_tile import COLUMNS, DOUBLE, FLOAT, ROWS, WORD, Tile, Variables, Vectors

_INDEX = types.intp
_LOWEST = -(1 << 20)


class _Unit:
    """The run-time numbers of a unit, as vectors; see `fused_lane.numbers_of`."""

    def __init__(self, builder: Any, words: Vectors, longs: Vectors, numbers: Any) -> None:
        (
            self.terms, self.chunk, bits, c_zero, c_floor, floor, least, field, shift, step, back,
            minus_zero, sum_bits, addend_bits, cutoff,
        ) = cgutils.unpack_tuple(builder, numbers)  # fmt: skip
        small = (bits, c_zero, c_floor, floor, least, sum_bits, addend_bits, cutoff)
        (
            self.bits, self.c_zero, self.c_floor, self.floor, self.least, self.sum_bits,
            self.addend_bits, self.cutoff,
        ) = (words.splat(builder.trunc(n, WORD)) for n in small)  # fmt: skip
        self.round = [longs.splat(n) for n in (field, shift, step, back)]
        self.zero = longs.floats(longs.splat(minus_zero))


class _Step:
    """What one step of a unit does to the rows of a tile."""

    def __init__(self, tile: Tile, numbers: Any, *, late: bool) -> None:
        self.tile, self.builder, self.late = tile, tile.builder, late
        self.words, self.longs = Vectors(tile.builder, FLOAT), Vectors(tile.builder, DOUBLE)
        self.unit = _Unit(tile.builder, self.words, self.longs, numbers)
        self.c = Variables(tile.builder, self.words.real)
        self.tops = Variables(tile.builder, self.words.words)
        self.scales = Variables(tile.builder, self.words.real)
        self.parts = Variables(tile.builder, self.words.words)
        self.sums = Variables(tile.builder, self.longs.real)
        self.seen = cgutils.alloca_once(tile.builder, self.longs.words)

    def see(self, words: Any) -> None:
        """Keep the largest of what is seen in each column."""
        self.builder.store(self.longs.call("umax", self.builder.load(self.seen), words), self.seen)

    def c_exponent(self, c: Any) -> Any:
        """The exponent C is aligned by."""
        b, w = self.builder, self.words
        field = b.lshr(w.field(c), w.every(23))
        own = w.call("smax", b.sub(field, w.every(127)), self.unit.c_floor)
        return b.select(b.fcmp_ordered("==", c, w.every_real(0.0)), self.unit.c_zero, own)

    def find_tops(self, first: Any, last: Any) -> None:
        """The largest exponent of every output."""
        b, w, tile = self.builder, self.words, self.tile
        for row in range(ROWS):
            start = w.every(_LOWEST) if self.late else self.c_exponent(self.c[row])
            self.tops[row] = w.call("smax", start, self.unit.floor)

        def compare(k: Any) -> None:
            right = w.load(tile.place(5, tile.times(k, COLUMNS)), WORD)
            left = tile.place(4, tile.times(k, ROWS))
            for row in range(ROWS):
                x = w.splat(b.load(b.gep(left, [tile.constant(row)])))
                self.tops[row] = w.call("smax", self.tops[row], b.add(x, right))

        tile.between(first, last, compare)

    def to_integer(self, x: Any) -> Any:
        """Floats truncated to integers of 32 bits."""
        return self.builder.fptosi(x, self.words.words)

    def to_double(self, x: Any) -> Any:
        """Integers as float64."""
        return self.builder.sitofp(x, self.longs.real)

    def power(self, exponent: Any) -> Any:
        """Powers of two in float64."""
        b, d = self.builder, self.longs
        wide = b.sext(b.add(exponent, self.words.every(1023)), d.words)
        return d.floats(b.shl(wide, d.every(52)))

    def add_terms(self, first: Any, last: Any) -> None:
        """Align all terms and sum them, in units of their last kept bit."""
        b, w, tile, unit = self.builder, self.words, self.tile, self.unit
        for row in range(ROWS):
            top = w.call("smax", self.tops[row], unit.least)
            field = b.sub(b.add(unit.bits, w.every(127)), top)
            self.scales[row] = w.floats(b.shl(field, w.every(23)))
            addend = self.longs.every_real(0.0)
            if not self.late:
                addend = self.to_double(self.to_integer(b.fmul(self.c[row], self.scales[row])))
                far = b.icmp_signed("<", self.tops[row], unit.least)
                some = b.fcmp_unordered("!=", self.c[row], w.every_real(0.0))
                self.see(b.sext(b.and_(far, some), self.longs.words))
            self.sums[row] = addend

        def multiply(k: Any) -> None:
            right = w.load(tile.place(1, tile.times(k, COLUMNS)))
            left = tile.place(0, tile.times(k, ROWS))
            for row in range(ROWS):
                x = w.splat(b.load(b.gep(left, [tile.constant(row)])))
                term = self.to_integer(b.fmul(b.fmul(x, right), self.scales[row]))
                self.parts[row] = b.add(self.parts[row], term)

        def sum_chunk(index: Any) -> None:
            start = b.add(first, b.mul(index, unit.chunk))
            stop = b.add(start, unit.chunk)
            stop = b.select(b.icmp_signed("<", stop, last), stop, last)
            for row in range(ROWS):
                self.parts[row] = w.every(0)
            tile.between(start, stop, multiply)
            for row in range(ROWS):
                self.sums[row] = b.fadd(self.sums[row], self.to_double(self.parts[row]))

        count = b.add(b.sub(last, first), b.sub(unit.chunk, tile.constant(1)))
        tile.between(tile.constant(0), b.sdiv(count, unit.chunk), sum_chunk)

    def value(self, row: int) -> Any:
        """The sum of a step as a number, with C."""
        b, w, unit = self.builder, self.words, self.unit
        top = w.call("smax", self.tops[row], unit.least)
        if not self.late:
            return b.fmul(self.sums[row], self.power(b.sub(top, unit.bits)))
        c = self.c[row]
        exponent = self.c_exponent(c)
        both = w.call("smax", self.tops[row], exponent)
        shift = b.sub(b.add(top, unit.sum_bits), b.add(both, unit.bits))
        of_sum = self.longs.call("floor", b.fmul(self.sums[row], self.power(shift)))
        far = b.icmp_signed("<", exponent, b.sub(both, unit.cutoff))
        c = b.fpext(b.select(far, w.every_real(0.0), c), self.longs.real)
        shift = b.sub(unit.addend_bits, both)
        of_c = self.longs.call("floor", b.fmul(c, self.power(shift)))
        first = b.fmul(of_sum, self.power(b.sub(both, unit.sum_bits)))
        return b.fadd(first, b.fmul(of_c, self.power(b.sub(both, unit.addend_bits))))

    def finish(self) -> None:
        """Round the sums, which become C."""
        for row in range(ROWS):
            rounded, field = round_magnitude(self.longs, self.value(row), *self.unit.round)
            self.see(field)
            rounded = self.builder.fadd(rounded, self.unit.zero)
            self.c[row] = self.builder.fptrunc(rounded, self.words.real)


def _codegen(*, late: bool) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        starts = [*args[6:10], args[6], args[7]]
        tile = Tile(context, builder, sig.args[:6], args[:6], starts)
        step = _Step(tile, args[12], late=late)
        pointers = tile.rows(2, args[10])
        inner, terms = args[11], step.unit.terms
        builder.store(step.longs.every(0), step.seen)
        for row, pointer in enumerate(pointers):
            step.c[row] = step.words.load(pointer)
        count = builder.sdiv(builder.add(inner, builder.sub(terms, tile.constant(1))), terms)
        with cgutils.for_range(builder, count) as loop:
            first = builder.mul(loop.index, terms)
            last = builder.add(first, terms)
            last = builder.select(builder.icmp_signed("<", last, inner), last, inner)
            step.find_tops(first, last)
            step.add_terms(first, last)
            step.finish()
        for row, pointer in enumerate(pointers):
            step.words.store(step.c[row], pointer)
        step.longs.store(builder.load(step.seen), tile.place(3))
        return context.get_dummy_value()

    return codegen


def _signature(a: Any, b: Any, c: Any, seen: Any, a_exponents: Any, b_exponents: Any, numbers: Any) -> Any:
    return types.void(a, b, c, seen, a_exponents, b_exponents, *[_INDEX] * 6, numbers)


@intrinsic
def add_fused(_context, a, b, c, seen, ae, be, a_at, b_at, c_at, seen_at, row_length, inner, numbers):  # noqa: ARG001
    """C tile <- the result of all steps, C one of the terms that are aligned."""
    return _signature(a, b, c, seen, ae, be, numbers), _codegen(late=False)


@intrinsic
def add_late(_context, a, b, c, seen, ae, be, a_at, b_at, c_at, seen_at, row_length, inner, numbers):  # noqa: ARG001
    """C tile <- the result of all steps, C aligned with the sum of the products."""
    return _signature(a, b, c, seen, ae, be, numbers), _codegen(late=True)
