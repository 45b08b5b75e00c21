"""PINTA's registers for sixteen columns of a few rows of C at a time, in integers of 32 bits."""

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .tile import COLUMNS, FLOAT, ROWS, WORD, Tile, Variables, Vectors, parts_of_tile

_INDEX = types.intp
#: Below every exponent, so that the first pair of tiles sets that of a register.
_EMPTY = -(1 << 30)
#: Rows that are computed at a time: with more of them fewer variables stay in registers.
_HEIGHT = ROWS // 3


@intrinsic
def add_pinta(
    _context, a, b, c, changed, ae, be, e, a_at, b_at, c_at, ae_at, be_at, row_length, inner,  # noqa: ARG001
    numbers,
):  # fmt: skip
    """C tile <- registers and exponents after every pair of tiles, from empty ones.

    ``numbers`` is (depth of a tile, guard bits, least and greatest register); ``changed`` is 0
    where no register was limited.  Preconditions: sums of products are integers of float32 and,
    with the guard bits, below 2^30, as are registers.
    """
    signature = types.void(a, b, c, changed, ae, be, e, *[_INDEX] * 7, numbers)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        a_at, b_at, c_at, ae_at, be_at, row_length, inner = args[7:14]
        begins = [a_at, b_at, c_at, c_at, ae_at, be_at, c_at]
        parts = parts_of_tile(builder, begins, row_length, _HEIGHT, panels=(0, 4), rows=(2, 3, 6))
        with parts as starts:
            tile = Tile(context, builder, sig.args[:7], args[:7], starts, _HEIGHT)
            _Registers(tile, cgutils.unpack_tuple(builder, args[14])).run(row_length, inner)
        return context.get_dummy_value()

    return signature, codegen


class _Registers:
    """The registers of a tile of C."""

    def __init__(self, tile: Tile, numbers: Any) -> None:
        self.tile, self.builder = tile, tile.builder
        self.words = Vectors(tile.builder, FLOAT)
        self.depth = numbers[0]
        self.guard, self.least, self.greatest = (
            self.words.splat(tile.builder.trunc(n, WORD)) for n in numbers[1:]
        )
        self.sums, self.exponents, self.changes = (
            Variables(tile.builder, self.words.words, tile.height) for _ in range(3)
        )
        self.products = Variables(tile.builder, self.words.real, tile.height)

    def run(self, row_length: Any, inner: Any) -> None:
        """All pairs of tiles."""
        tile, w = self.tile, self.words
        for row in range(tile.height):
            self.sums[row] = self.changes[row] = w.every(0)
            self.exponents[row] = w.every(_EMPTY)
        with tile.groups(inner, self.depth) as (index, first, last):
            self.multiply(first, last)
            self.align(index)
        for array, variables in ((2, self.sums), (3, self.changes), (6, self.exponents)):
            for row, pointer in enumerate(tile.rows(array, row_length)):
                w.store(variables[row], pointer)

    def multiply(self, first: Any, last: Any) -> None:
        """The sums of the products of a pair of tiles."""
        tile, b, w = self.tile, self.builder, self.words
        for row in range(tile.height):
            self.products[row] = w.every_real(0.0)

        def add(k: Any) -> None:
            right = w.load(tile.place(1, tile.times(k, COLUMNS)))
            left = tile.place(0, tile.times(k, ROWS))
            for row in range(tile.height):
                x = w.splat(b.load(b.gep(left, [tile.constant(row)])))
                self.products[row] = w.call("fma", x, right, self.products[row])

        tile.between(first, last, add)

    def align(self, index: Any) -> None:
        """The registers with the products of pair number ``index``."""
        tile, b, w = self.tile, self.builder, self.words
        right = w.load(tile.place(5, tile.times(index, COLUMNS)), WORD)
        left = tile.place(4, tile.times(index, ROWS))
        for row in range(tile.height):
            own = b.add(w.splat(b.load(b.gep(left, [tile.constant(row)]))), right)
            largest = w.call("smax", own, self.exponents[row])
            product = b.shl(b.fptosi(self.products[row], w.words), self.guard)
            total = b.add(
                w.shifted_down(self.sums[row], b.sub(largest, self.exponents[row])),
                w.shifted_down(product, b.sub(largest, own)),
            )
            limited = w.call("smax", w.call("smin", total, self.greatest), self.least)
            self.changes[row] = b.or_(self.changes[row], b.xor(total, limited))
            self.sums[row], self.exponents[row] = limited, largest
