"""Decoding an array: the choice between the compiled lanes."""

import math
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .affine import Affine
from .block import Block, element_of
from .fixed import Fixed
from .layout import element_integers, matrices, native_dtype, power_of_two_scale
from .minifloat import Minifloat
from .power_of_two import PowerOfTwo
from .threads import split_work
from .tiles import spread_tiles

Float = type[np.float32] | type[np.float64]

_BINARY64 = np.dtype(np.float64)
#: Minifloats of at most this many bits are decoded through a table of their values.
_TABLE_BITS = 16


def decode_array(
    format: Fixed | Minifloat | Affine | Block,
    codes: NDArray[Any],
    scales: NDArray[np.uint8] | None,
    dtype: Float,
    tensor_scale: float | None = None,
) -> NDArray[Any] | None:
    """Values as float64, or as float32 where every value the format has is one, else None; exact.

    Where the codes are the bits of ``dtype`` the result is a read-only view of them.
    Preconditions: contiguous arrays of the shapes that belong to ``format``.
    """
    if isinstance(format, Affine):
        scale, zero_point = format.columns(codes.shape)
        exact: NDArray[np.float64] = (codes - zero_point) * scale
        return exact if dtype is np.float64 else None
    if isinstance(format, Block) and isinstance(format.scale, Minifloat) and scales is not None:
        elements = decode_array(format.element, codes, None, np.float64)
        steps = value_table(format.scale)[scales] * (tensor_scale or 1.0)
        if dtype is np.float32 or elements is None:
            return None
        products: NDArray[np.float64] = elements * spread_tiles(steps, codes.shape, format)
        return products
    native = native_dtype(format)
    if native is not None:
        with np.errstate(invalid="ignore"):  # widening a signaling NaN
            return codes.view(native).astype(dtype, copy=False) if _holds(native, dtype) else None
    element = element_of(format)
    if isinstance(element, Minifloat) and not element.fits_binary64:
        return _decode_beyond(element, codes) if dtype is np.float64 else None
    exponents = power_of_two_scale(format) if isinstance(format, Block) else PowerOfTwo()
    factors = _factors(element, exponents, scales, dtype)
    if factors is not None and isinstance(element, Fixed):
        return _by_factors(format, codes, scales, factors)
    if factors is not None and isinstance(element, Minifloat) and element.bits <= _TABLE_BITS:
        return _by_factors(format, codes, scales, factors, value_table(element, np.dtype(dtype)))
    return _decode_general(format, codes, scales) if dtype is np.float64 else None


def _holds(narrow: type[np.floating[Any]], wide: Float) -> bool:
    return np.dtype(narrow).itemsize <= np.dtype(wide).itemsize


def _factors(
    element: Fixed | Minifloat, scale: PowerOfTwo, scales: NDArray[np.uint8] | None, dtype: Float
) -> NDArray[Any] | None:
    """What an element's 1 stands for under each scale code; None where a value does not fit."""
    factors, least, greatest = _factor_table(element, scale, np.dtype(dtype))
    if scales is None:
        return factors if least <= scale.bias <= greatest else None
    if scales.size == 0 or (least <= scales.min() and scales.max() <= greatest):
        return factors
    used = scales[scales != scale.nan_code]
    fits = used.size == 0 or (least <= used.min() and used.max() <= greatest)
    return factors if fits else None


@lru_cache(maxsize=128)
def _factor_table(
    element: Fixed | Minifloat, scale: PowerOfTwo, dtype: np.dtype[Any]
) -> tuple[NDArray[Any], int, int]:
    """The factors, and the least and greatest scale code whose values all fit ``dtype``."""
    integer = isinstance(element, Fixed)
    unit, low, high = (
        (element.lsb_min, 0, element.bits - 1) if integer else (0, element.lsb_min, element.emax)
    )
    limits = np.finfo(dtype)
    lowest, highest = int(limits.minexp) - int(limits.nmant), int(limits.maxexp) - 1
    exponents = np.arange(scale.nan_code + 1) - scale.bias + unit
    factors = np.ldexp(dtype.type(1.0), np.clip(exponents, lowest, highest))
    factors[scale.nan_code] = np.nan
    fit = np.minimum(exponents, exponents + low) >= lowest
    fit &= np.maximum(exponents, exponents + high) <= highest
    fit &= element.bits <= limits.nmant
    fit[scale.nan_code] = False
    codes = np.flatnonzero(fit)
    return (factors, int(codes[0]), int(codes[-1])) if codes.size else (factors, 256, -1)


@lru_cache(maxsize=64)
def value_table(element: Minifloat, dtype: np.dtype[Any] = _BINARY64) -> NDArray[Any]:
    """The value of every code of a format of at most 16 bits, each a number of ``dtype``; exact.

    What a byte or a word can be beyond the last code stands for NaN.
    """
    size = 8 * np.dtype(element.code_dtype).itemsize
    values = np.full(2**size, np.nan, dtype)
    values[: len(element.codes())] = [float(element.decode(code)) for code in element.codes()]
    values.setflags(write=False)
    return values


def _decode_beyond(element: Minifloat, codes: NDArray[Any]) -> NDArray[np.float64] | None:
    """Values of a narrow format that reaches beyond binary64; None if one of them is none."""
    present, places = np.unique(codes, return_inverse=True)
    exact = [element.decode(int(code)) for code in present]
    values = np.array([_nearest(value) for value in exact])
    if any(value == value and value != exact[i] for i, value in enumerate(values.tolist())):
        return None
    return np.asarray(values[places].reshape(codes.shape))


def _nearest(value: Fraction | float) -> float:
    """A binary64 near the value, zero or infinite where it is beyond them all."""
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


def _by_factors(
    format: Fixed | Minifloat | Block,
    codes: NDArray[Any],
    scales: NDArray[np.uint8] | None,
    factors: NDArray[Any],
    table: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Integer codes, or what a table says of codes, times the factor of their tile."""
    from .decode_kernels import decode_fixed_strips, decode_table_strips

    kernel = decode_fixed_strips if table is None else partial(decode_table_strips, table)
    values = np.empty(codes.shape, factors.dtype)
    for tiling, its_scales, (its_codes, out) in matrices(format, scales, codes, values):
        work = partial(kernel, its_codes, its_scales, *tiling.tile, factors, out)
        split_work(work, its_scales.shape[0], tiling.strips_per_chunk(*its_codes.shape))
    return values


def _decode_general(
    format: Fixed | Minifloat | Block,
    codes: NDArray[Any],
    scales: NDArray[np.uint8] | None,
) -> NDArray[np.float64]:
    from .decode_kernels import decode_strips

    values = np.empty(codes.shape)
    element = element_integers(element_of(format))
    for tiling, its_scales, (its_codes, out) in matrices(format, scales, codes, values):
        work = partial(
            decode_strips, its_codes, its_scales, *tiling.tile, tiling.scale.bias,
            tiling.scale.nan_code, element, out,
        )  # fmt: skip
        split_work(work, its_scales.shape[0], tiling.strips_per_chunk(*its_codes.shape))
    return values
