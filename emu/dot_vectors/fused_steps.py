"""One step of a fused adder with truncated alignment, for sixteen columns of a few rows of C.

It goes twice over its products: see `fused_vectors`, where the ways are in which sums become C.
Exponents are those of float32's field, 127 more than the binary logarithm.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from .chain_vectors import round_magnitude
from .tile import (
    COLUMNS,
    DOUBLE,
    FLOAT,
    ROWS,
    SHORT,
    WORD,
    Tile,
    Variables,
    Vectors,
    vector_of,
)


class Unit:
    """The run-time numbers of a unit, as vectors; see `fused_lane.numbers_of`."""

    def __init__(self, builder: Any, words: Vectors, longs: Vectors, numbers: Any) -> None:
        (
            self.terms, self.chunk, bits, c_floor, floor, least, keep, sum_bits,
            addend_bits, cutoff, field, shift, step, back, minus_zero,
        ) = cgutils.unpack_tuple(builder, numbers)  # fmt: skip
        small = (bits, c_floor, floor, least, keep, sum_bits, addend_bits, cutoff)
        (
            self.bits, self.c_floor, self.floor, self.least, self.keep, self.sum_bits,
            self.addend_bits, self.cutoff,
        ) = (words.splat(builder.trunc(n, WORD)) for n in small)  # fmt: skip
        self.round = [longs.splat(n) for n in (field, shift, step, back)]
        self.zero = longs.floats(longs.splat(minus_zero))


class Lane:
    """What a step knows of the products of a lane."""

    def __init__(self, builder: Any, words: Vectors, longs: Vectors, height: int) -> None:
        self.tops = Variables(builder, words.words, height)
        self.scales = Variables(builder, words.real, height)
        self.parts = Variables(builder, words.words, height)
        self.sums = Variables(builder, longs.real, height)


class Step:
    """What one step of a unit does to the rows of a tile."""

    #: how many lanes the products are dealt to
    lanes = 1
    #: whether C is one of the terms
    aligned = True
    #: whether the numbers of C below the normal ones are not those of float32
    c_has_subnormals = True
    #: whether C may be too small to be aligned
    c_may_be_tiny = True
    #: what the last kept bit is multiplied to, as a power of two
    unit_exponent = 0

    def __init__(self, tile: Tile, numbers: Any) -> None:
        self.tile, self.builder = tile, tile.builder
        self.words, self.longs = Vectors(tile.builder, FLOAT), Vectors(tile.builder, DOUBLE)
        self.unit = Unit(tile.builder, self.words, self.longs, numbers)
        self.c = Variables(tile.builder, self.words.real, tile.height)
        self.own = [
            Lane(tile.builder, self.words, self.longs, tile.height) for _ in range(self.lanes)
        ]
        self.seen = cgutils.alloca_once(tile.builder, self.words.words)
        self.least_c = cgutils.alloca_once(tile.builder, self.words.words)

    def see(self, words: Any) -> None:
        """Keep the largest of what is seen in each column."""
        self.builder.store(self.words.call("umax", self.builder.load(self.seen), words), self.seen)

    def c_exponent(self, c: Any) -> Any:
        """The exponent field C is aligned by, which is none of a zero's; a tiny C is noticed."""
        b, w, unit = self.builder, self.words, self.unit
        twice = b.shl(w.bits(c), w.every(1))
        if self.c_may_be_tiny:
            below = b.sub(twice, w.every(1))  # of a zero it is the greatest word
            b.store(w.call("umin", b.load(self.least_c), below), self.least_c)
        field = b.lshr(twice, w.every(24))
        if not self.c_has_subnormals:
            return field
        some = b.sext(b.icmp_unsigned("!=", twice, w.every(0)), w.words)
        return w.call("smax", field, b.and_(some, unit.c_floor))

    def finish(self) -> Any:
        """What was seen: all ones of columns where a C was too small to be aligned."""
        b, w = self.builder, self.words
        least = b.sub(b.shl(self.unit.least, w.every(24)), w.every(1))
        tiny = b.icmp_unsigned("<", b.load(self.least_c), least)
        self.see(b.sext(tiny, w.words))
        return b.load(self.seen)

    def find_tops(self, lane: Lane, first: Any, last: Any) -> None:
        """The largest exponent of every output."""
        b, w, tile = self.builder, self.words, self.tile
        short = vector_of(SHORT)
        tops = Variables(b, short, tile.height)
        for row in range(tile.height):
            tops[row] = ir.Constant(short, [-(1 << 15)] * COLUMNS)

        def compare(k: Any) -> None:
            right = w.load(tile.place(5, tile.times(k, COLUMNS)), SHORT)
            left = tile.place(4, tile.times(k, ROWS))
            for row in range(tile.height):
                twice = b.load(b.gep(left, [tile.constant(row)]))
                x = b.bitcast(w.splat(twice, COLUMNS // 2), short)
                tops[row] = w.call("smax", tops[row], b.add(x, right))

        self.over_exponents(first, last, compare)
        for row in range(tile.height):
            top = w.call("smax", b.sext(tops[row], w.words), self.unit.floor)
            lane.tops[row] = (
                w.call("smax", top, self.c_exponent(self.c[row])) if self.aligned else top
            )

    def over_exponents(self, first: Any, last: Any, compare: Callable[[Any], None]) -> None:
        """Run ``compare(k)`` for one k of every term of a lane."""
        self.tile.between(first, last, compare, self.lanes)

    def over_chunks(self, first: Any, last: Any, body: Callable[[Any, Any], None]) -> None:
        """Run ``body(start, stop)`` for ``chunk`` terms of a lane at a time."""
        b, tile = self.builder, self.tile
        length = tile.times(self.unit.chunk, self.lanes)

        def run(index: Any) -> None:
            start = b.add(first, b.mul(index, length))
            stop = b.add(start, length)
            body(start, b.select(b.icmp_signed("<", stop, last), stop, last))

        count = b.add(b.sub(last, first), b.sub(length, tile.constant(1)))
        tile.between(tile.constant(0), b.sdiv(count, length), run)

    def find_scales(self, lane: Lane) -> None:
        """What makes the last kept bit 1, or another power of two."""
        b, w, unit = self.builder, self.words, self.unit
        for row in range(self.tile.height):
            field = b.sub(b.add(unit.bits, w.every(254 + self.unit_exponent)), lane.tops[row])
            lane.scales[row] = w.floats(b.shl(field, w.every(23)))

    def multiply(self, lane: Lane, first: Any, last: Any) -> None:
        """Add the terms first to last - 1 to the parts."""
        b, w, tile = self.builder, self.words, self.tile

        def add(k: Any) -> None:
            right = w.load(tile.place(1, tile.times(k, COLUMNS)))
            left = tile.place(0, tile.times(k, ROWS))
            for row in range(tile.height):
                x = w.splat(b.load(b.gep(left, [tile.constant(row)])))
                term = self.term(b.fmul(b.fmul(x, right), lane.scales[row]))
                lane.parts[row] = b.add(lane.parts[row], term)

        tile.between(first, last, add, self.lanes)

    def term(self, scaled: Any) -> Any:
        """What is kept of terms in units of the last kept bit."""
        return self.builder.fptosi(scaled, self.words.words)

    def aligned_c(self, lane: Lane, row: int) -> Any:
        """C as the integer that it is in the alignment."""
        return self.builder.fptosi(
            self.builder.fmul(self.c[row], lane.scales[row]), self.words.words
        )

    def add_terms(self, lane: Lane, first: Any, last: Any) -> None:
        """Sum all terms in float64, ``chunk`` of them at a time as integers."""
        b, tile = self.builder, self.tile
        for row in range(tile.height):
            lane.sums[row] = self.longs.every_real(0.0)
            if self.aligned:
                lane.sums[row] = b.sitofp(self.aligned_c(lane, row), self.longs.real)

        def sum_chunk(start: Any, stop: Any) -> None:
            for row in range(tile.height):
                lane.parts[row] = self.words.every(0)
            self.multiply(lane, start, stop)
            for row in range(tile.height):
                part = b.sitofp(lane.parts[row], self.longs.real)
                lane.sums[row] = b.fadd(lane.sums[row], part)

        self.over_chunks(first, last, sum_chunk)

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
        for row in range(self.tile.height):
            c = self.result(row)
            self.see(self.words.field(c))
            self.c[row] = c

    def result(self, row: int) -> Any:
        """The rounded sum."""
        b, lane = self.builder, self.own[0]
        bits = b.add(self.unit.bits, self.words.every(127))
        total = b.fmul(lane.sums[row], self.power(b.sub(lane.tops[row], bits)))
        rounded, _ = round_magnitude(self.longs, total, *self.unit.round)
        return b.fptrunc(b.fadd(rounded, self.unit.zero), self.words.real)


class IntegerStep(Step):
    """The same with sums that are integers of 32 bits."""

    def add_terms(self, lane: Lane, first: Any, last: Any) -> None:
        """Sum all terms as integers."""
        for row in range(self.tile.height):
            start = self.aligned_c(lane, row) if self.aligned else self.words.every(0)
            lane.parts[row] = start
        self.multiply(lane, first, last)
