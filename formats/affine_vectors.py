"""Vectors of sixteen codes and values of affine integers inside kernels; see `vector_words`."""

# ruff: noqa: ARG001 - numba fixes the signatures of what it calls.

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .vector_type import LANES, SIXTEEN_WORDS, VECTOR


def _pointer(context: Any, builder: Any, kind: Any, array: Any, start: Any) -> tuple[Any, Any]:
    """Where sixteen elements of an array are, and the vector they make."""
    vector = ir.VectorType(context.get_data_type(kind.dtype), LANES)
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [start]), vector.as_pointer()), vector


def _load_codes(typing_context: Any, array: Any, start: Any) -> Any:
    """Sixteen integers of at most 32 bits, from ``start`` on, as words modulo 2^32."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.args[0]
        pointer, _ = _pointer(context, builder, kind, *arguments)
        codes = builder.load(pointer, align=kind.dtype.bitwidth // 8)
        widened = builder.sext if kind.dtype.signed else builder.zext
        return widened(codes, VECTOR)

    return SIXTEEN_WORDS(array, types.intp), codegen


def _store_products(
    typing_context: Any, array: Any, start: Any, words: Any, factors: Any, at: Any
) -> Any:
    """Set sixteen elements, from ``start`` on, to products of signed words and factors.

    The products are of the float type of both arrays, rounded once; ``factors`` counts from ``at``.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values, start, words, factors, at = arguments
        size = signature.args[0].dtype.bitwidth // 8
        pointer, vector = _pointer(context, builder, signature.args[0], values, start)
        source, _ = _pointer(context, builder, signature.args[3], factors, at)
        products = builder.fmul(builder.sitofp(words, vector), builder.load(source, align=size))
        builder.store(products, pointer, align=size)
        return context.get_dummy_value()

    if array.dtype != factors.dtype:
        return None
    return types.none(array, types.intp, SIXTEEN_WORDS, factors, types.intp), codegen


load_codes_16: Any = intrinsic(_load_codes)
store_products_16: Any = intrinsic(_store_products)
