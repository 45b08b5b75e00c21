"""Binary trees of FP32 adders for sixteen columns of eight rows of C at a time.

The arithmetic is that of the machine: every product and every sum is rounded once to float32.
"""

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .tile import COLUMNS, FLOAT, ROWS, Tile, Variables, Vectors

_INDEX = types.intp


def _root(builder: Any, level: list[Any], *, strided: bool) -> Any:
    """The sum at the root over leaves, a power of two of them."""
    while len(level) > 1:
        half = len(level) // 2
        pairs = [(n, n + half) if strided else (2 * n, 2 * n + 1) for n in range(half)]
        level = [builder.fadd(level[x], level[y]) for x, y in pairs]
    return level[0]


def _codegen(*, strided: bool) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        terms = len(sig.args[8])
        tile = Tile(context, builder, sig.args[:3], args[:3], args[3:6])
        vectors = Vectors(builder, FLOAT)
        sums = Variables(builder, vectors.real)
        pointers = tile.rows(2, args[6])
        for row, pointer in enumerate(pointers):
            sums[row] = vectors.load(pointer)
        groups = builder.sdiv(args[7], tile.constant(terms))
        with cgutils.for_range(builder, groups) as loop:
            first = tile.times(loop.index, terms)
            right = [
                vectors.load(tile.place(1, tile.times(first, COLUMNS), k * COLUMNS))
                for k in range(terms)
            ]
            left = tile.place(0, tile.times(first, ROWS))
            for row in range(ROWS):
                leaves = []
                for k in range(terms):
                    x = builder.load(builder.gep(left, [tile.constant(k * ROWS + row)]))
                    leaves.append(builder.fmul(vectors.splat(x), right[k]))
                root = _root(builder, leaves, strided=strided)
                root = builder.fadd(root, vectors.every_real(0.0))
                sums[row] = builder.fadd(sums[row], root)
        for row, pointer in enumerate(pointers):
            vectors.store(sums[row], pointer)
        return context.get_dummy_value()

    return codegen


@intrinsic
def add_neighbours(_context, a, b, c, a_at, b_at, c_at, row_length, inner, terms):  # noqa: ARG001
    """C tile <- sums with the roots of trees over ``len(terms)`` products, neighbours in pairs.

    Preconditions: ``len(terms)`` is a power of two and divides ``inner``; products are exact, and
    those that are not there are -0.
    """
    return types.void(a, b, c, *[_INDEX] * 5, terms), _codegen(strided=False)


@intrinsic
def add_far_ones(_context, a, b, c, a_at, b_at, c_at, row_length, inner, terms):  # noqa: ARG001
    """The same with pairs half a tree apart, where no product is missing."""
    return types.void(a, b, c, *[_INDEX] * 5, terms), _codegen(strided=True)
