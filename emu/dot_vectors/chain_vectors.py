"""Sequential sums for sixteen columns of eight rows at a time: one step of k for all of them.

Two units, of float32 and of float64 numbers alike:

* `add_products`: ``s <- fma(a, b, c)``, then ``c <- (s + m) - m`` with m = 3 2^(e + d - 1), where e
  is the exponent of s and d the number of bits that the format of c has less: the first sum is
  rounded to nearest even at the last bit of that format, and the second is exact.
* `add_tiles`: an exact tile product p, ``s <- c + p`` with its error by Knuth's TwoSum, which makes
  the last bit of s odd where s is not exact, so that one rounding remains (`error_free`); this one
  is by addition again, of the magnitude, with the grid of the format's subnormals below its
  normal numbers, and one step back where it went away from zero and should not.

Both leave the largest exponent field that a sum of the tile's columns had, by which the caller
knows whether the format held all of them.
"""

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .tile import COLUMNS, DOUBLE, FLOAT, ROWS, Tile, Variables, Vectors

_INDEX = types.intp


def _signature(a: Any, b: Any, c: Any, seen: Any, numbers: Any) -> Any:
    return types.void(a, b, c, seen, *[_INDEX] * 6, numbers)


def _start(context: Any, builder: Any, sig: Any, args: Any) -> tuple[Tile, Vectors, list[Any]]:
    """The tile, its operations, and the run-time numbers as vectors."""
    tile = Tile(context, builder, sig.args[:4], args[:4], args[4:8])
    double = sig.args[2].dtype == types.float64
    vectors = Vectors(builder, DOUBLE if double else FLOAT)
    numbers = cgutils.unpack_tuple(builder, args[10])
    words = [n if double else builder.trunc(n, vectors.integer) for n in numbers]
    return tile, vectors, [vectors.splat(word) for word in words]


@intrinsic
def add_products(_context, a, b, c, seen, a_at, b_at, c_at, seen_at, row_length, inner, numbers):  # noqa: ARG001
    """C tile <- rounded sums with ``inner`` products in turn; ``numbers`` is (shift of m,).

    Preconditions: products and sums are multiples of the format's least step, no C is -0, and the
    second rounding is innocuous (`chain_lane`).
    """

    def codegen(context, builder, sig, args):
        tile, vectors, (magic,) = _start(context, builder, sig, args)
        pointers = tile.rows(2, args[8])
        sums, fields = Variables(builder, vectors.real), cgutils.alloca_once(builder, vectors.words)
        builder.store(vectors.every(0), fields)
        for row, pointer in enumerate(pointers):
            sums[row] = vectors.load(pointer)
        with cgutils.for_range(builder, args[9]) as loop:
            right = vectors.load(tile.place(1, tile.times(loop.index, COLUMNS)))
            left = tile.place(0, tile.times(loop.index, ROWS))
            for row in range(ROWS):
                x = vectors.splat(builder.load(builder.gep(left, [tile.constant(row)])))
                total = vectors.call("fma", x, right, sums[row])
                field = vectors.field(total)
                builder.store(vectors.call("umax", builder.load(fields), field), fields)
                m = vectors.floats(builder.add(field, magic))
                sums[row] = builder.fsub(builder.fadd(total, m), m)
        for row, pointer in enumerate(pointers):
            vectors.store(sums[row], pointer)
        vectors.store(builder.load(fields), tile.place(3))
        return context.get_dummy_value()

    return _signature(a, b, c, seen, numbers), codegen


def _odd_sum(vectors: Vectors, c: Any, p: Any) -> Any:
    """``c + p`` rounded to odd."""
    b = vectors.builder
    s = b.fadd(c, p)
    of_p = b.fsub(s, c)
    error = b.fadd(b.fsub(c, b.fsub(s, of_p)), b.fsub(p, of_p))
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

    def codegen(context, builder, sig, args):
        tile, vectors, numbers = _start(context, builder, sig, args)
        least, shift, step, back, _ = numbers
        depth = cgutils.unpack_tuple(builder, args[10])[4]
        inner = args[9]
        pointers = tile.rows(2, args[8])
        sums, parts = Variables(builder, vectors.real), Variables(builder, vectors.real)
        fields = cgutils.alloca_once(builder, vectors.words)
        builder.store(vectors.every(0), fields)
        for row, pointer in enumerate(pointers):
            sums[row] = vectors.load(pointer)

        def multiply(k):
            right = vectors.load(tile.place(1, tile.times(k, COLUMNS)))
            left = tile.place(0, tile.times(k, ROWS))
            for row in range(ROWS):
                x = vectors.splat(builder.load(builder.gep(left, [tile.constant(row)])))
                parts[row] = vectors.call("fma", x, right, parts[row])

        count = builder.sdiv(builder.add(inner, builder.sub(depth, tile.constant(1))), depth)
        with cgutils.for_range(builder, count) as loop:
            first = builder.mul(loop.index, depth)
            last = builder.add(first, depth)
            last = builder.select(builder.icmp_signed("<", last, inner), last, inner)
            for row in range(ROWS):
                parts[row] = vectors.every_real(-0.0)
            tile.between(first, last, multiply)
            for row in range(ROWS):
                odd = _odd_sum(vectors, sums[row], parts[row])
                sums[row], field = round_magnitude(vectors, odd, least, shift, step, back)
                builder.store(vectors.call("umax", builder.load(fields), field), fields)
        for row, pointer in enumerate(pointers):
            vectors.store(sums[row], pointer)
        vectors.store(builder.load(fields), tile.place(3))
        return context.get_dummy_value()

    return _signature(a, b, c, seen, numbers), codegen
