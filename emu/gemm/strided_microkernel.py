"""The micro-kernel for operands that are read where they lie: a register tile of C by FMA chains.

A number of A is read by itself and repeated in all lanes, so that A may have any strides; rows of
B are vectors.  One call updates ``height x STRIDED_COLUMNS`` elements of C by some consecutive k.
Its twin in plain loops is `kernels.multiply_general`.

*Exactness*: ``c <- fma(a, b, c)`` for each k, one rounding each; or, with tiles, a chain of
products from -0 for each tile, the zero that changes no sign, which is then added to c.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .vector_width import vector_bits

VECTORS = 2
#: Columns of C in a register tile, by the item size of the type.
STRIDED_COLUMNS = {4: vector_bits() // 32 * VECTORS, 8: vector_bits() // 64 * VECTORS}

_INDEX = types.intp


class _Tile:
    """The vectors of one register tile, where its operands lie, and what is done with them."""

    def __init__(self, context: Any, builder: Any, signature: Any, arguments: Any) -> None:
        self.builder = builder
        dtype = signature.args[0].dtype
        self.lanes = vector_bits() // dtype.bitwidth
        self.vector = ir.VectorType(context.get_value_type(dtype), self.lanes)
        self.align = dtype.bitwidth // 8
        self.index = context.get_value_type(_INDEX)
        data = [
            context.make_array(kind)(context, builder, value).data
            for kind, value in zip(signature.args[:3], arguments[:3], strict=True)
        ]
        of_a, of_b, of_c = (cgutils.unpack_tuple(builder, place) for place in arguments[3:6])
        (a_start, self.a_row, self.a_step), (b_start, self.b_step), (c_start, c_row) = (
            of_a,
            of_b,
            of_c,
        )
        self.a, self.b, c = (
            builder.gep(at, [start])
            for at, start in zip(data, (a_start, b_start, c_start), strict=True)
        )
        self.height = len(signature.args[-1])
        self.pointers = [
            [
                builder.gep(c, [self.plus(self.times(c_row, i), v * self.lanes)])
                for v in range(VECTORS)
            ]
            for i in range(self.height)
        ]

    def constant(self, value: int) -> Any:
        return ir.Constant(self.index, value)

    def times(self, index: Any, factor: int) -> Any:
        return self.builder.mul(index, self.constant(factor))

    def plus(self, index: Any, count: int) -> Any:
        return self.builder.add(index, self.constant(count))

    def load(self, pointer: Any) -> Any:
        typed = self.builder.bitcast(pointer, self.vector.as_pointer())
        return self.builder.load(typed, align=self.align)

    def store(self, value: Any, pointer: Any) -> None:
        typed = self.builder.bitcast(pointer, self.vector.as_pointer())
        self.builder.store(value, typed, align=self.align)

    def splat(self, value: Any) -> Any:
        """A number in every lane."""
        first = self.builder.insert_element(
            ir.Constant(self.vector, ir.Undefined), value, ir.Constant(ir.IntType(32), 0)
        )
        mask = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(first, ir.Constant(self.vector, ir.Undefined), mask)

    def zeros(self) -> Any:
        """-0 in every lane."""
        return ir.Constant(self.vector, [-0.0] * self.lanes)

    def fma(self, x: Any, y: Any, z: Any) -> Any:
        """``x y + z``, rounded once."""
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        name = f"llvm.fma.v{self.lanes}f{8 * self.align}"
        function = cgutils.get_or_insert_function(self.builder.module, kind, name)
        return self.builder.call(function, [x, y, z])

    def sums(self) -> list[list[Any]]:
        """Room for a register tile, which LLVM keeps in registers."""
        return [
            [cgutils.alloca_once(self.builder, self.vector) for _ in range(VECTORS)]
            for _ in range(self.height)
        ]

    def chain(self, k: Any, sums: list[list[Any]]) -> None:
        """Products of one k chained onto sums."""
        builder = self.builder
        row = builder.gep(self.b, [builder.mul(k, self.b_step)])
        right = [
            self.load(builder.gep(row, [self.constant(v * self.lanes)])) for v in range(VECTORS)
        ]
        column = builder.gep(self.a, [builder.mul(k, self.a_step)])
        for i, its_sums in enumerate(sums):
            left = self.splat(builder.load(builder.gep(column, [self.times(self.a_row, i)])))
            for r, total in zip(right, its_sums, strict=True):
                builder.store(self.fma(left, r, builder.load(total)), total)


@intrinsic
def update_strided(_context, a, b, c, a_place, b_place, c_place, steps, depth, tiled, height):  # noqa: ARG001
    """C tile at ``c_start`` += the products of ``steps`` consecutive k.

    a, b, c : contiguous 1-D arrays of one float type.
    a_place : where A starts, and the distances of its rows and of consecutive k.
    b_place : where B starts, and the distance of consecutive k.
    c_place : where the tile starts in C, and the distance of its rows.
    depth : how many products a tile has; the last may have fewer.
    tiled : a tuple of *length* 1 where ``depth`` matters, else empty.
    height : a tuple whose *length* is the number of rows, so that it is known when compiling.
    """
    places = (types.UniTuple(_INDEX, count) for count in (3, 2, 2))
    signature = types.void(a, b, c, *places, _INDEX, _INDEX, tiled, height)

    def codegen(context, builder, sig, args):
        tile = _Tile(context, builder, sig, args)
        steps, depth = args[6:8]
        sums = tile.sums()
        for pointers, its_sums in zip(tile.pointers, sums, strict=True):
            for pointer, total in zip(pointers, its_sums, strict=True):
                builder.store(tile.load(pointer), total)
        if len(sig.args[8]) == 0:
            with cgutils.for_range(builder, steps) as loop:
                tile.chain(loop.index, sums)
        else:
            _tiles(tile, steps, depth, sums)
        for pointers, its_sums in zip(tile.pointers, sums, strict=True):
            for pointer, total in zip(pointers, its_sums, strict=True):
                tile.store(builder.load(total), pointer)
        return context.get_dummy_value()

    return signature, codegen


def _tiles(tile: _Tile, steps: Any, depth: Any, sums: list[list[Any]]) -> None:
    """A chain for each tile, added to the sums when it ends."""
    builder, products = tile.builder, tile.sums()
    rounded_up = builder.add(steps, builder.sub(depth, tile.constant(1)))
    with cgutils.for_range(builder, builder.sdiv(rounded_up, depth)) as loop:
        first = builder.mul(loop.index, depth)
        rest = builder.sub(steps, first)
        few = builder.icmp_signed("<", rest, depth)
        for row in products:
            for product in row:
                builder.store(tile.zeros(), product)
        with cgutils.for_range(builder, builder.select(few, rest, depth)) as inner:
            tile.chain(builder.add(first, inner.index), products)
        for its_sums, row in zip(sums, products, strict=True):
            for total, product in zip(its_sums, row, strict=True):
                added = builder.fadd(builder.load(total), builder.load(product))
                builder.store(added, total)
