"""Sequential sums for sixteen columns of a few rows at a time: one step of k for all of them.

Three units, of float32 and of float64 numbers alike, and what `product_vectors` shares with them:

* `add_tiles`: an exact tile product p, ``s <- c + p`` with its error by Knuth's TwoSum, which makes
  the last bit of s odd where s is not exact, so that one rounding remains (`error_free`); this one
  is by addition of m = 2^(e + d), where e is the exponent of s and d the number of bits that the
  format of c has less: the sum is rounded to nearest even at the last bit of that format, and
  taking m away is exact.  It is one of the magnitude, with the grid of the format's subnormals
  below its normal numbers, and one step back where it went away from zero and should not.
* `add_nearest`: ``s <- fma(a, b, c)``, rounded in the same way, and `add_tiles` of those k where
  some s is half way between two numbers of the format.  Elsewhere c is on the same side of every
  such midpoint as s, which is the number of 24 (53) bits next to the sum, so that rounding s is
  rounding the sum.
* `add_truncated`: ``s <- c + p`` with its error; one unit of s less where s is beyond the sum, and
  the bits that the format has not are cut off.

All leave the largest exponent field that a sum of the tile's columns had, by which the caller
knows whether the format held all of them.
"""

from collections.abc import Callable
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .tile import (
    COLUMNS,
    DOUBLE,
    FLOAT,
    ROWS,
    Tile,
    Variables,
    Vectors,
    height_of,
    parts_of_tile,
)

_INDEX = types.intp
#: Sums that are done again together if one of them has to.
_BLOCK = 4


def signature(a: Any, b: Any, c: Any, seen: Any, numbers: Any) -> Any:
    """The types of the arguments of a unit."""
    return types.void(a, b, c, seen, *[_INDEX] * 6, numbers)


class Chain:
    """What these units share: a tile of C, and the largest field that was seen of each column."""

    def __init__(self, tile: Tile, vectors: Vectors) -> None:
        self.tile, self.vectors, self.builder = tile, vectors, tile.builder
        self.sums = Variables(self.builder, vectors.real, tile.height)
        self.fields = cgutils.alloca_once(self.builder, vectors.words)
        self.doubts = cgutils.alloca_once(self.builder, vectors.words)

    def see(self, fields: Any) -> None:
        """Keep the largest fields."""
        largest = self.vectors.call("umax", self.builder.load(self.fields), fields)
        self.builder.store(largest, self.fields)

    def doubt(self, words: Any) -> None:
        """Keep the largest of what tells whether some sum of a block is rounded wrongly."""
        largest = self.vectors.call("smax", self.builder.load(self.doubts), words)
        self.builder.store(largest, self.doubts)

    def in_blocks(
        self, inner: Any, add: Callable[[Any], None], most: Any, add_again: Callable[[Any], None]
    ) -> None:
        """Run ``add(k)`` for all k, or ``add_again`` for blocks whose doubts exceed ``most``."""
        tile, builder, vectors = self.tile, self.builder, self.vectors
        before = Variables(builder, vectors.real, tile.height)
        with tile.groups(inner, tile.constant(_BLOCK)) as (_, first, last):
            for row in range(tile.height):
                before[row] = self.sums[row]
            builder.store(vectors.every(-(1 << (vectors.integer.width - 1))), self.doubts)
            tile.between(first, last, add)
            doubtful = builder.icmp_signed(">", builder.load(self.doubts), most)
            with builder.if_then(vectors.any_of(doubtful), likely=False):
                for row in range(tile.height):
                    self.sums[row] = before[row]
                tile.between(first, last, add_again)

    def pairs(self, k: Any) -> list[tuple[Any, Any]]:
        """For each row what is multiplied at k."""
        tile, builder = self.tile, self.builder
        right = self.vectors.load(tile.place(1, tile.times(k, COLUMNS)))
        left = tile.place(0, tile.times(k, ROWS))
        its = [builder.gep(left, [tile.constant(row)]) for row in range(tile.height)]
        return [(self.vectors.splat(builder.load(x)), right) for x in its]


def chain_code(body: Any) -> Any:
    """Code that runs ``body(chain, numbers, args)`` over the parts of a tile."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        double = sig.args[2].dtype == types.float64
        vectors = Vectors(builder, DOUBLE if double else FLOAT)
        numbers = cgutils.unpack_tuple(builder, args[10])
        words = [n if double else builder.trunc(n, vectors.integer) for n in numbers]
        splats = [vectors.splat(word) for word in words]
        height = height_of(vectors.scalar)
        with parts_of_tile(builder, args[4:8], args[8], height) as starts:
            tile = Tile(context, builder, sig.args[:4], args[:4], starts, height)
            chain = Chain(tile, vectors)
            pointers = tile.rows(2, args[8])
            for row, pointer in enumerate(pointers):
                chain.sums[row] = vectors.load(pointer)
            builder.store(vectors.load(tile.place(3), vectors.integer), chain.fields)
            body(chain, splats, numbers, args[9])
            for row, pointer in enumerate(pointers):
                vectors.store(chain.sums[row], pointer)
            vectors.store(builder.load(chain.fields), tile.place(3))
        return context.get_dummy_value()

    return codegen


def _two_sum(vectors: Vectors, c: Any, p: Any) -> tuple[Any, Any]:
    """``c + p`` rounded to nearest, and the error of that."""
    b = vectors.builder
    s = b.fadd(c, p)
    of_p = b.fsub(s, c)
    return s, b.fadd(b.fsub(c, b.fsub(s, of_p)), b.fsub(p, of_p))


def odd_sum(vectors: Vectors, c: Any, p: Any) -> Any:
    """``c + p`` rounded to odd."""
    b = vectors.builder
    s, error = _two_sum(vectors, c, p)
    last = vectors.integer.width - 1
    bits = vectors.bits(s)
    inward = b.ashr(b.xor(bits, vectors.bits(error)), vectors.every(last))
    odd = b.or_(b.add(bits, inward), vectors.every(1))
    exact = b.fcmp_ordered("==", error, vectors.every_real(0.0))
    return vectors.floats(b.select(exact, bits, odd))


def round_magnitude(vectors: Vectors, s: Any, least: Any, shift: Any, step: Any, back: Any) -> Any:
    """``(s rounded to the format, the exponent field it had)``."""
    b = vectors.builder
    size = vectors.magnitude(s)
    field = vectors.call("umax", vectors.field(s), least)
    m = vectors.floats(b.add(field, shift))
    near = b.fsub(b.fadd(size, m), m)
    away = b.fcmp_ordered(">", near, size)
    one = vectors.floats(b.and_(b.sub(field, step), back))
    near = b.select(away, b.fsub(near, one), near)
    return vectors.signed_like(near, s), field


@intrinsic
def add_tiles(_context, a, b, c, seen, a_at, b_at, c_at, seen_at, row_length, inner, numbers):  # noqa: ARG001
    """C tile <- rounded sums with exact tile products in turn.

    ``numbers`` is (exponent field of the format's least normal number, shift of m, distance of the
    exponent of the last bit as a field, all ones to round toward zero and 0 to nearest even, depth
    of a tile).  Preconditions: tile products are exact in the float type.
    """

    def body(chain: Chain, splats: Any, numbers: Any, inner: Any) -> None:
        builder, vectors, tile = chain.builder, chain.vectors, chain.tile
        rounding, depth = splats[:4], numbers[4]
        parts = Variables(builder, vectors.real, tile.height)

        def multiply(k: Any) -> None:
            for row, (x, right) in enumerate(chain.pairs(k)):
                parts[row] = vectors.call("fma", x, right, parts[row])

        with tile.groups(inner, depth) as (_, first, last):
            for row in range(tile.height):
                parts[row] = vectors.every_real(-0.0)
            tile.between(first, last, multiply)
            for row in range(tile.height):
                odd = odd_sum(vectors, chain.sums[row], parts[row])
                chain.sums[row], field = round_magnitude(vectors, odd, *rounding)
                chain.see(field)

    return signature(a, b, c, seen, numbers), chain_code(body)


@intrinsic
def add_nearest(_context, a, b, c, seen, a_at, b_at, c_at, seen_at, row_length, inner, numbers):  # noqa: ARG001
    """C tile <- sums rounded to nearest even with ``inner`` products in turn.

    ``numbers`` is (a field below which every sum is a number of the format, shift of m, distance
    of the exponent of half a last bit as a field).  Preconditions: products are exact in the float
    type, and half a last bit at that least field is a normal number of it.
    """

    def body(chain: Chain, splats: Any, _numbers: Any, inner: Any) -> None:
        builder, vectors = chain.builder, chain.vectors
        least, shift, half = splats
        nothing = vectors.every(0)

        def add(k: Any) -> None:
            for row, (x, right) in enumerate(chain.pairs(k)):
                total = vectors.call("fma", x, right, chain.sums[row])
                field = vectors.call("umax", vectors.field(total), least)
                chain.see(field)
                m = vectors.floats(builder.add(field, shift))
                near = builder.fsub(builder.fadd(total, m), m)
                off = vectors.bits(vectors.magnitude(builder.fsub(total, near)))
                chain.doubt(builder.sub(off, field))
                chain.sums[row] = vectors.signed_like(near, total)

        def add_again(k: Any) -> None:
            for row, (x, right) in enumerate(chain.pairs(k)):
                odd = odd_sum(vectors, chain.sums[row], builder.fmul(x, right))
                chain.sums[row], _ = round_magnitude(vectors, odd, least, shift, nothing, nothing)

        below_half = builder.sub(builder.neg(half), vectors.every(1))
        chain.in_blocks(inner, add, below_half, add_again)

    return signature(a, b, c, seen, numbers), chain_code(body)


@intrinsic
def add_truncated(_context, a, b, c, seen, a_at, b_at, c_at, seen_at, row_length, inner, numbers):  # noqa: ARG001
    """C tile <- sums rounded toward zero with ``inner`` products in turn.

    ``numbers`` is (ones where the format has bits,).  Preconditions: products are exact in the
    float type, and multiples of the format's least step.
    """

    def body(chain: Chain, splats: Any, _numbers: Any, inner: Any) -> None:
        builder, vectors, (keep,) = chain.builder, chain.vectors, splats
        last = vectors.every(vectors.integer.width - 1)
        with cgutils.for_range(builder, inner) as loop:
            for row, (x, right) in enumerate(chain.pairs(loop.index)):
                s, error = _two_sum(vectors, chain.sums[row], builder.fmul(x, right))
                bits = vectors.bits(s)
                inexact = builder.fcmp_ordered("!=", error, vectors.every_real(0.0))
                beyond = builder.ashr(builder.xor(bits, vectors.bits(error)), last)
                beyond = builder.and_(beyond, builder.sext(inexact, vectors.words))
                kept = builder.and_(builder.add(bits, beyond), keep)
                chain.sums[row] = vectors.floats(kept)
                chain.see(vectors.field(s))

    return signature(a, b, c, seen, numbers), chain_code(body)
