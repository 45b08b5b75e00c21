"""Vectors of sixteen words inside kernels: from arrays and back, and down to one word.

The arithmetic on them is that of `words`.  Loops over the few columns of a tile are too short for
LLVM to turn into vector instructions by itself.  The functions can be called from compiled code
only, on contiguous arrays that hold sixteen elements from ``start`` on, counted in C order.
"""

# ruff: noqa: ARG001 - numba fixes the signatures of what it calls.

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic

from .vector_type import LANES, SIXTEEN_WORDS, VECTOR, everywhere

_WORD = ir.IntType(32)


def _pointer(context: Any, builder: Any, kind: Any, array: Any, start: Any) -> Any:
    """Where the sixteen elements are, and the vector they make."""
    element = context.get_data_type(kind.dtype)
    data = context.make_array(kind)(context, builder, array).data
    vector = ir.VectorType(element, LANES)
    return builder.bitcast(builder.gep(data, [start]), vector.as_pointer()), vector


def _load_16(typing_context: Any, array: Any, start: Any) -> Any:
    """The sixteen words of a uint32 array from ``start`` on."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, _ = _pointer(context, builder, signature.args[0], *arguments)
        return builder.load(pointer, align=4)

    return SIXTEEN_WORDS(array, types.intp), codegen


def _store_16(typing_context: Any, array: Any, start: Any, vector: Any) -> Any:
    """Set sixteen elements of an integer array to the low bits of the words."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, narrow = _pointer(context, builder, signature.args[0], *arguments[:2])
        size = narrow.element.width // 8
        words = arguments[2] if size == 4 else builder.trunc(arguments[2], narrow)
        builder.store(words, pointer, align=size)
        return context.get_dummy_value()

    return types.none(array, types.intp, SIXTEEN_WORDS), codegen


def _writable(typing_context: Any, array: Any) -> Any:
    """A read-only array as the type of those that are not, for loops that only read both."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return impl_ret_borrowed(context, builder, signature.return_type, arguments[0])

    return array.copy(readonly=False)(array), codegen


def _spread_16(typing_context: Any, word: Any) -> Any:
    """The vector of sixteen times the word."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return everywhere(builder, arguments[0])

    return SIXTEEN_WORDS(types.uint32), codegen


def _places_of_16(typing_context: Any) -> Any:
    """The vector of 0 to 15."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return ir.Constant(VECTOR, list(range(LANES)))

    return SIXTEEN_WORDS(), codegen


def _reduction(name: str) -> Any:
    def reduce(typing_context: Any, vector: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kind = ir.FunctionType(_WORD, [VECTOR])
            full = f"llvm.vector.reduce.{name}.v{LANES}i32"
            return builder.call(
                cgutils.get_or_insert_function(builder.module, kind, full), arguments
            )

        return types.uint32(SIXTEEN_WORDS), codegen

    return intrinsic(reduce)


def _greatest_of_groups(size: int) -> Any:
    def spread(typing_context: Any, vector: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            greatest, step = arguments[0], 1
            while step < size:
                places = ir.Constant(VECTOR, [lane ^ step for lane in range(LANES)])
                other = builder.shuffle_vector(greatest, greatest, places)
                larger = builder.icmp_unsigned(">", greatest, other)
                greatest, step = builder.select(larger, greatest, other), 2 * step
            return greatest

        return SIXTEEN_WORDS(SIXTEEN_WORDS), codegen

    return intrinsic(spread)


def _store_firsts(size: int) -> Any:
    def store(typing_context: Any, array: Any, start: Any, vector: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            count = LANES // size
            places = ir.Constant(ir.VectorType(_WORD, count), list(range(0, LANES, size)))
            firsts = builder.shuffle_vector(arguments[2], arguments[2], places)
            data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
            narrow = ir.VectorType(ir.IntType(8), count)
            pointer = builder.bitcast(builder.gep(data, [arguments[1]]), narrow.as_pointer())
            builder.store(builder.trunc(firsts, narrow), pointer, align=1)
            return context.get_dummy_value()

        return types.none(array, types.intp, SIXTEEN_WORDS), codegen

    return intrinsic(store)


load_16: Any = intrinsic(_load_16)
store_16: Any = intrinsic(_store_16)
writable: Any = intrinsic(_writable)
spread_16: Any = intrinsic(_spread_16)
places_of_16: Any = intrinsic(_places_of_16)
#: the greatest of the words, and their sum
greatest_of_16 = _reduction("umax")
sum_of_16 = _reduction("add")
#: the greatest of each group of four or eight neighbours, in the place of each of them
greatest_of_4s = _greatest_of_groups(4)
greatest_of_8s = _greatest_of_groups(8)
#: the first of each such group into a uint8 array, from ``start`` on
store_firsts_of_4s = _store_firsts(4)
store_firsts_of_8s = _store_firsts(8)
