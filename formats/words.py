"""Arithmetic on 32-bit words inside kernels, as the very machine instructions.

numba computes with Python's integers, 64 bits wide: half as many fit a vector, and loops over
bytes and words often do not become vector instructions at all.  These functions are single LLVM
instructions on uint32, so that they do.  Each also takes a vector of sixteen words
(`vector_words`), or a vector and a word, which then stands for sixteen: what a kernel says of a
word holds for vectors.  All wrap modulo 2^32; a mask is all ones or zero.  They can be called from
compiled code only.
"""

# ruff: noqa: ARG001 - numba and llvmlite fix the signatures of what they call.

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .vector_type import LANES, SIXTEEN_WORDS, everywhere

_WORD, _LONG = ir.IntType(32), ir.IntType(64)
#: High, and low, words of products at even and at odd places, taken from both in turn.
_ODD_PLACES = [1 + 2 * (k // 2) + LANES * (k % 2) for k in range(LANES)]
_EVEN_PLACES = [2 * (k // 2) + LANES * (k % 2) for k in range(LANES)]


def operation(emit: Callable[..., Any], count: int = 2) -> Any:
    """The intrinsic of ``count`` words or vectors that ``emit(builder, *values)`` makes."""

    def typed(typing_context: Any, *arguments: Any) -> Any:
        kind = SIXTEEN_WORDS if SIXTEEN_WORDS in arguments else types.uint32
        kinds = [k if k is SIXTEEN_WORDS else types.uint32 for k in arguments]

        def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            if kind is SIXTEEN_WORDS:
                values = [
                    value if k is SIXTEEN_WORDS else everywhere(builder, value)
                    for k, value in zip(signature.args, values, strict=True)
                ]
            return emit(builder, *values)

        return kind(*kinds), codegen

    # numba counts the arguments of what it is given.
    if count == 1:
        return intrinsic(lambda typing_context, x: typed(typing_context, x))
    if count == 2:
        return intrinsic(lambda typing_context, x, y: typed(typing_context, x, y))
    return intrinsic(lambda typing_context, x, y, z: typed(typing_context, x, y, z))


def like(value: Any, kind: Any) -> Any:
    """The LLVM type ``kind``, or the vector of as many as ``value`` is one of."""
    return ir.VectorType(kind, LANES) if isinstance(value.type, ir.VectorType) else kind


def _mask(relation: str) -> Any:
    return operation(lambda b, x, y: b.sext(b.icmp_unsigned(relation, x, y), x.type))


def _extreme(relation: str) -> Any:
    return operation(lambda b, x, y: b.select(b.icmp_unsigned(relation, x, y), x, y))


def _products(b: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """64-bit products of the words at even places, and of those at odd places."""
    pairs = ir.VectorType(_LONG, LANES // 2)
    x, y = b.bitcast(x, pairs), b.bitcast(y, pairs)
    low = ir.Constant(pairs, [0xFFFFFFFF] * (LANES // 2))
    shift = ir.Constant(pairs, [32] * (LANES // 2))
    return b.mul(b.and_(x, low), b.and_(y, low)), b.mul(b.lshr(x, shift), b.lshr(y, shift))


def _high_product(b: Any, x: Any, y: Any) -> Any:
    if not isinstance(x.type, ir.VectorType):
        product = b.mul(b.zext(x, _LONG), b.zext(y, _LONG))
        return b.trunc(b.lshr(product, ir.Constant(_LONG, 32)), _WORD)
    even, odd = (b.bitcast(product, x.type) for product in _products(b, x, y))
    return b.shuffle_vector(even, odd, ir.Constant(x.type, _ODD_PLACES))


def _low_product(b: Any, x: Any, y: Any) -> Any:
    if not isinstance(x.type, ir.VectorType):
        return b.mul(x, y)
    even, odd = (b.bitcast(product, x.type) for product in _products(b, x, y))
    return b.shuffle_vector(even, odd, ir.Constant(x.type, _EVEN_PLACES))


def _choose(b: Any, mask: Any, x: Any, y: Any) -> Any:
    return b.select(b.icmp_unsigned("!=", mask, ir.Constant(mask.type, None)), x, y)


add = operation(lambda b, x, y: b.add(x, y))
subtract = operation(lambda b, x, y: b.sub(x, y))
both = operation(lambda b, x, y: b.and_(x, y))
either = operation(lambda b, x, y: b.or_(x, y))
differ = operation(lambda b, x, y: b.xor(x, y))
#: shifts, by less than 32
left = operation(lambda b, x, y: b.shl(x, y))
right = operation(lambda b, x, y: b.lshr(x, y))
#: of signed words, by less than 32
arithmetic_right = operation(lambda b, x, y: b.ashr(x, y))
greater = _extreme(">")
lesser = _extreme("<")
#: masks
exceeds = _mask(">")
equals = _mask("==")
#: halves of the product of two words, which cost little more together than alone
high_product = operation(_high_product)
low_product = operation(_low_product)
#: the second where the mask, the first, is not zero, else the third
choose = operation(_choose, 3)


def _prefer_wide_vectors(typing_context: Any) -> Any:
    """Ask LLVM for its widest vectors in the calling function; by default it stops at 256 bits."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # llvmlite knows no attributes with values and refuses them in its own add.
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.none(), codegen


prefer_wide_vectors: Any = intrinsic(_prefer_wide_vectors)
