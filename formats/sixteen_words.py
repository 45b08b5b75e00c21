"""Sixteen consecutive words of an array as one vector: LLVM's generic vector operations.

Loops over the few columns of a tile are too short for LLVM to turn into vector instructions by
itself.  The functions can be called from compiled code only, on contiguous uint32 arrays that hold
sixteen words from ``start`` on.
"""

# ruff: noqa: ARG001 - numba fixes the signatures of what it calls.

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_WORD = ir.IntType(32)
_VECTOR = ir.VectorType(_WORD, 16)


def _pointer(context: Any, builder: Any, kind: Any, array: Any, start: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [start]), _VECTOR.as_pointer())


def _everywhere(builder: Any, word: Any) -> Any:
    undefined = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(undefined, word, ir.Constant(_WORD, 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(_VECTOR, [0] * 16))


def _largest_of_16(typing_context: Any, words: Any, start: Any, mask: Any) -> Any:
    """The largest of the sixteen words, each under ``mask``."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], *arguments[:2])
        vector = builder.and_(builder.load(pointer, align=4), _everywhere(builder, arguments[2]))
        kind = ir.FunctionType(_WORD, [_VECTOR])
        name = "llvm.vector.reduce.umax.v16i32"
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [vector])

    return types.uint32(words, types.intp, types.uint32), codegen


def _fill_16(typing_context: Any, words: Any, start: Any, word: Any) -> Any:
    """Set the sixteen words."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], *arguments[:2])
        builder.store(_everywhere(builder, arguments[2]), pointer, align=4)
        return context.get_dummy_value()

    return types.none(words, types.intp, types.uint32), codegen


largest_of_16: Any = intrinsic(_largest_of_16)
fill_16: Any = intrinsic(_fill_16)
