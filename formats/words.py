"""Arithmetic on 32-bit words inside kernels, as the very machine instructions.

numba computes with Python's integers, 64 bits wide: half as many fit a vector, and loops over
bytes and words often do not become vector instructions at all.  These functions are single LLVM
instructions on uint32, so that they do.  All wrap modulo 2^32; a mask is all ones or zero.  They
can be called from compiled code only.
"""

# ruff: noqa: ARG001 - numba and llvmlite fix the signatures of what they call.

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_WORD = ir.IntType(32)


def _binary(emit: Callable[[Any, Any, Any], Any]) -> Any:
    def operation(typing_context: Any, x: Any, y: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return emit(builder, *arguments)

        return types.uint32(types.uint32, types.uint32), codegen

    return intrinsic(operation)


add = _binary(lambda builder, x, y: builder.add(x, y))
subtract = _binary(lambda builder, x, y: builder.sub(x, y))
multiply = _binary(lambda builder, x, y: builder.mul(x, y))
both = _binary(lambda builder, x, y: builder.and_(x, y))
either = _binary(lambda builder, x, y: builder.or_(x, y))
differ = _binary(lambda builder, x, y: builder.xor(x, y))
#: shifts, by less than 32
left = _binary(lambda builder, x, y: builder.shl(x, y))
right = _binary(lambda builder, x, y: builder.lshr(x, y))
#: of signed words, by less than 32
arithmetic_right = _binary(lambda builder, x, y: builder.ashr(x, y))
greater = _binary(lambda b, x, y: b.select(b.icmp_unsigned(">", x, y), x, y))
lesser = _binary(lambda b, x, y: b.select(b.icmp_unsigned("<", x, y), x, y))
#: masks
exceeds = _binary(lambda b, x, y: b.sext(b.icmp_unsigned(">", x, y), _WORD))
equals = _binary(lambda b, x, y: b.sext(b.icmp_unsigned("==", x, y), _WORD))
#: the high half of the product of two words
high_product = _binary(
    lambda b, x, y: b.trunc(
        b.lshr(
            b.mul(b.zext(x, ir.IntType(64)), b.zext(y, ir.IntType(64))),
            ir.Constant(ir.IntType(64), 32),
        ),
        _WORD,
    )
)


def _choose(typing_context: Any, mask: Any, x: Any, y: Any) -> Any:
    """``x`` where the mask is not zero, else ``y``."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        chosen = builder.icmp_unsigned("!=", arguments[0], ir.Constant(_WORD, 0))
        return builder.select(chosen, arguments[1], arguments[2])

    return types.uint32(types.uint32, types.uint32, types.uint32), codegen


def _prefer_wide_vectors(typing_context: Any) -> Any:
    """Ask LLVM for its widest vectors in the calling function; by default it stops at 256 bits."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # llvmlite knows no attributes with values and refuses them in its own add.
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.none(), codegen


choose: Any = intrinsic(_choose)
prefer_wide_vectors: Any = intrinsic(_prefer_wide_vectors)
