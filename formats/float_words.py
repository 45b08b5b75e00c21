"""Float32 arithmetic on 32-bit words inside kernels: the words are the bits of the numbers.

As `words`, single LLVM instructions that can be called from compiled code only.
"""

# ruff: noqa: ARG001 - numba fixes the signatures of what it calls.

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_WORD, _FLOAT = ir.IntType(32), ir.FloatType()


def _float_product(typing_context: Any, x: Any, y: Any) -> Any:
    """``x y``, rounded to nearest even."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left, right = (builder.bitcast(argument, _FLOAT) for argument in arguments)
        return builder.bitcast(builder.fmul(left, right), _WORD)

    return types.uint32(types.uint32, types.uint32), codegen


def _float_difference(typing_context: Any, x: Any, y: Any) -> Any:
    """``x - y``, rounded to nearest even."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left, right = (builder.bitcast(argument, _FLOAT) for argument in arguments)
        return builder.bitcast(builder.fsub(left, right), _WORD)

    return types.uint32(types.uint32, types.uint32), codegen


def _float_of(typing_context: Any, n: Any) -> Any:
    """The float32 that is the integer ``n``, two's complement, at most 2^24 in magnitude."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(builder.sitofp(arguments[0], _FLOAT), _WORD)

    return types.uint32(types.uint32), codegen


float_product: Any = intrinsic(_float_product)
float_difference: Any = intrinsic(_float_difference)
float_of: Any = intrinsic(_float_of)
