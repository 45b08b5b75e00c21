"""Chains of fused multiply-adds of binary16 in registers, for processors that have them.

A chain is that of `SequentialAccumulator` in FP16: of each product and sum one rounding, to nearest
even.  Where a processor has no such instruction LLVM calls functions in its place, which may not be
there: `half_lane` asks first.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

#: Columns of a vector; rows of a tile of registers, and vectors side by side in it.
LANES, ROWS, VECTORS = 32, 8, 2
COLUMNS = LANES * VECTORS

_HALF, _INDEX = ir.HalfType(), types.intp
_VECTOR = ir.VectorType(_HALF, LANES)


def _splat(builder: Any, value: Any) -> Any:
    undefined = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    places = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, undefined, places)


def _fma(builder: Any, x: Any, y: Any, z: Any) -> Any:
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}f16")
    return builder.call(function, [x, y, z])


@intrinsic
def add_halves(_context, a, b, c, a_at, b_at, c_at, row_length, inner):  # noqa: ARG001
    """C tile <- ``fma(a, b, c)`` for all k in turn; arrays of uint16, panels k-major.

    A tile is `ROWS` by `COLUMNS`; C has rows of ``row_length``.
    """

    def codegen(context, builder, sig, args):
        index = args[3].type
        arrays = [
            builder.gep(context.make_array(kind)(context, builder, array).data, [start])
            for kind, array, start in zip(sig.args[:3], args[:3], args[3:6], strict=True)
        ]

        def load(array: int, at: Any, kind: Any) -> Any:
            pointer = builder.gep(arrays[array], [at])
            return builder.load(builder.bitcast(pointer, kind.as_pointer()), align=2)

        def times(value: Any, factor: int, more: int = 0) -> Any:
            product = builder.mul(value, ir.Constant(index, factor))
            return builder.add(product, ir.Constant(index, more))

        tile = [(row, part) for row in range(ROWS) for part in range(VECTORS)]
        places = {(row, part): times(args[6], row, LANES * part) for row, part in tile}
        sums = {key: cgutils.alloca_once(builder, _VECTOR) for key in tile}
        for key in tile:
            builder.store(load(2, places[key], _VECTOR), sums[key])
        with cgutils.for_range(builder, args[7]) as loop:
            k = loop.index
            right = [load(1, times(k, COLUMNS, LANES * part), _VECTOR) for part in range(VECTORS)]
            for row in range(ROWS):
                left = _splat(builder, load(0, times(k, ROWS, row), _HALF))
                for part in range(VECTORS):
                    total = _fma(builder, left, right[part], builder.load(sums[row, part]))
                    builder.store(total, sums[row, part])
        for key in tile:
            pointer = builder.gep(arrays[2], [places[key]])
            typed = builder.bitcast(pointer, _VECTOR.as_pointer())
            builder.store(builder.load(sums[key]), typed, align=2)
        return context.get_dummy_value()

    return types.void(a, b, c, *[_INDEX] * 5), codegen
