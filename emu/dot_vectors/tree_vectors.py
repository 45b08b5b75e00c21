"""Binary trees of adders for sixteen columns of a few rows of C at a time.

In FP32 the arithmetic is that of the machine: every product and every sum is rounded once to
float32.  In narrower formats it is rounded once more, to nearest even (`_NarrowAdders`), which is
the only rounding that counts where the format has at most 11 bits: a sum of two such numbers that
is none of 24 bits is too far from every midpoint for the first rounding to reach it (Figueroa
1995).  Wider formats, and truncation, take sums rounded to odd (`_OddAdders`).
"""

from collections.abc import Callable
from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .chain_vectors import odd_sum, round_magnitude
from .product_vectors import rounded_at_exponent
from .tile import (
    COLUMNS,
    FLOAT,
    ROWS,
    WORD,
    Tile,
    Variables,
    Vectors,
    height_of,
    parts_of_tile,
)

_INDEX = types.intp

Adder = Callable[[Any, Any], Any]


class _Adders:
    """Adders of float32, and what they round to: nothing, as yet."""

    def __init__(self, tile: Tile, vectors: Vectors, numbers: list[Any]) -> None:
        self.builder, self.vectors = tile.builder, vectors
        self.numbers = [vectors.splat(tile.builder.trunc(n, WORD)) for n in numbers]
        self.seen = cgutils.alloca_once(tile.builder, vectors.words)

    def leaf(self, product: Any) -> Any:
        """A product as the tree takes it."""
        return product

    def add(self, x: Any, y: Any) -> Any:
        """The sum."""
        return self.builder.fadd(x, y)

    def see(self, fields: Any) -> None:
        """Keep the largest fields."""
        largest = self.vectors.call("umax", self.builder.load(self.seen), fields)
        self.builder.store(largest, self.seen)


class _NarrowAdders(_Adders):
    """The same rounded again; ``numbers`` is (K, least normal number) of `product_vectors`."""

    def rounded(self, x: Any) -> Any:
        """``x`` rounded to nearest even; every zero is +0."""
        factor, least = map(self.vectors.floats, self.numbers)
        return rounded_at_exponent(self.vectors, x, factor, least)

    def leaf(self, product: Any) -> Any:
        return self.rounded(product)

    def add(self, x: Any, y: Any) -> Any:
        return self.rounded(self.builder.fadd(x, y))


class _OddAdders(_NarrowAdders):
    """The same by sums rounded to odd; ``numbers`` are those of `chain_vectors.round_magnitude`."""

    def rounded(self, x: Any) -> Any:
        rounded, field = round_magnitude(self.vectors, x, *self.numbers)
        self.see(field)
        return rounded

    def add(self, x: Any, y: Any) -> Any:
        return self.rounded(odd_sum(self.vectors, x, y))


def _root(add: Adder, level: list[Any], *, strided: bool) -> Any:
    """The sum at the root over leaves, a power of two of them."""
    while len(level) > 1:
        half = len(level) // 2
        pairs = [(n, n + half) if strided else (2 * n, 2 * n + 1) for n in range(half)]
        level = [add(level[x], level[y]) for x, y in pairs]
    return level[0]


def _codegen(kind: type[_Adders], *, strided: bool) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        height, vectors = height_of(FLOAT), Vectors(builder, FLOAT)
        with parts_of_tile(builder, args[4:8], args[8], height) as starts:
            tile = Tile(context, builder, sig.args[:4], args[:4], starts, height)
            adders = kind(tile, vectors, cgutils.unpack_tuple(builder, args[11]))
            _add_trees(tile, adders, args[8:10], len(sig.args[10]), strided=strided)
        return context.get_dummy_value()

    return codegen


def _add_trees(tile: Tile, adders: _Adders, sizes: Any, terms: int, *, strided: bool) -> None:
    """The trees of the rows of a tile, one after the other."""
    builder, vectors, (row_length, inner) = tile.builder, adders.vectors, sizes
    sums = Variables(builder, vectors.real, tile.height)
    pointers = tile.rows(2, row_length)
    builder.store(vectors.load(tile.place(3), WORD), adders.seen)
    for row, pointer in enumerate(pointers):
        sums[row] = vectors.load(pointer)
    groups = builder.sdiv(inner, tile.constant(terms))
    with cgutils.for_range(builder, groups) as loop:
        first = tile.times(loop.index, terms)
        right = [
            vectors.load(tile.place(1, tile.times(first, COLUMNS), k * COLUMNS))
            for k in range(terms)
        ]
        left = tile.place(0, tile.times(first, ROWS))
        for row in range(tile.height):
            leaves = []
            for k in range(terms):
                x = builder.load(builder.gep(left, [tile.constant(k * ROWS + row)]))
                leaves.append(adders.leaf(builder.fmul(vectors.splat(x), right[k])))
            root = _root(adders.add, leaves, strided=strided)
            root = builder.fadd(root, vectors.every_real(0.0))
            sums[row] = adders.add(sums[row], root)
    for row, pointer in enumerate(pointers):
        vectors.store(sums[row], pointer)
    vectors.store(builder.load(adders.seen), tile.place(3))


def _trees(kind: type[_Adders], *, strided: bool) -> Any:
    """C tile <- sums with the roots of trees over ``len(terms)`` products.

    Pairs are neighbours, or half a tree apart.  Preconditions: ``len(terms)`` is a power of two and
    divides ``inner``; products are exact, and those that are not there are -0 (none is missing
    where pairs are far).
    """

    def add(
        _context, a, b, c, seen, a_at, b_at, c_at, seen_at, row_length, inner, terms, numbers  # noqa: ARG001
    ):  # fmt: skip
        signature = types.void(a, b, c, seen, *[_INDEX] * 6, terms, numbers)
        return signature, _codegen(kind, strided=strided)

    return intrinsic(add)


add_neighbours = _trees(_Adders, strided=False)
add_far_ones = _trees(_Adders, strided=True)
add_narrow_neighbours = _trees(_NarrowAdders, strided=False)
add_narrow_far_ones = _trees(_NarrowAdders, strided=True)
add_odd_neighbours = _trees(_OddAdders, strided=False)
add_odd_far_ones = _trees(_OddAdders, strided=True)
