"""Saturating registers for sixteen columns of a few rows of C at a time, in floats."""

from typing import Any

from numba import types
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


@intrinsic
def add_saturated(
    _context, a, b, c, changed, a_at, b_at, c_at, changed_at, row_length, inner, terms, low, high  # noqa: ARG001
):  # fmt: skip
    """C tile <- registers limited to low .. high after every ``terms`` products.

    ``changed`` is 0 where none was.
    Preconditions: every sum before it is limited is an integer that the float type holds.
    """
    signature = types.void(a, b, c, changed, *[_INDEX] * 7, c.dtype, c.dtype)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vectors = Vectors(builder, DOUBLE if sig.args[2].dtype == types.float64 else FLOAT)
        least, greatest = vectors.splat(args[11]), vectors.splat(args[12])
        height = height_of(vectors.scalar)
        with parts_of_tile(builder, args[4:8], args[8], height, rows=(2, 3)) as starts:
            tile = Tile(context, builder, sig.args[:4], args[:4], starts, height)
            _saturate(tile, vectors, least, greatest, args[8:11])
        return context.get_dummy_value()

    return signature, codegen


def _saturate(tile: Tile, vectors: Vectors, least: Any, greatest: Any, sizes: Any) -> None:
    builder, (row_length, inner, terms) = tile.builder, sizes
    totals = Variables(builder, vectors.real, tile.height)
    changes = Variables(builder, vectors.words, tile.height)
    pointers, kept = tile.rows(2, row_length), tile.rows(3, row_length)
    for row, pointer in enumerate(pointers):
        totals[row] = vectors.load(pointer)
        changes[row] = vectors.every(0)

    def multiply(k: Any) -> None:
        right = vectors.load(tile.place(1, tile.times(k, COLUMNS)))
        left = tile.place(0, tile.times(k, ROWS))
        for row in range(tile.height):
            x = vectors.splat(builder.load(builder.gep(left, [tile.constant(row)])))
            totals[row] = vectors.call("fma", x, right, totals[row])

    with tile.groups(inner, terms) as (_, first, last):
        tile.between(first, last, multiply)
        for row in range(tile.height):
            total = totals[row]
            low = builder.select(builder.fcmp_ordered("<", total, greatest), total, greatest)
            totals[row] = builder.select(builder.fcmp_ordered(">", low, least), low, least)
            moved = builder.xor(vectors.bits(totals[row]), vectors.bits(total))
            changes[row] = builder.or_(changes[row], moved)
    for row in range(tile.height):
        vectors.store(totals[row], pointers[row])
        vectors.store(changes[row], kept[row])
