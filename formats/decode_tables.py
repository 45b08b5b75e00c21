"""What decoding by factors knows of a format: a number for each code, a factor for each scale.

It is worked out once for a format, so that decoding a small array costs little.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .block import Block
from .fixed import Fixed
from .jit import kernels_are_compiled
from .minifloat import Minifloat
from .power_of_two import PowerOfTwo

#: A kernel that makes numbers of codes, and the exponent of what its 1 stands for.
Numbers = tuple[Callable[..., Any], int]

_BINARY64 = np.dtype(np.float64)
#: Minifloats of at most this many bits have a table of their values.
_TABLE_BITS = 16
#: binary32: trailing significand bits, bias, and the last exponent field of finite numbers.
_BITS, _BIAS, _LAST_FIELD = 23, 127, 254
_NO_CODE = 2**32 - 1


class Lane(NamedTuple):
    """How the values of a format are products of two numbers of one float type.

    ``kernel`` makes a number of each code and multiplies it by ``factors[scale code]``, what 1
    stands for under that scale.  A factor of 0 says that some value under it is no number of the
    type, and the kernel returns False.  One that is not ``tiled`` is for scalar formats: it takes
    flat arrays and the factor itself.
    """

    kernel: Callable[..., Any]
    tiled: bool
    factors: NDArray[Any]


@lru_cache(maxsize=256)
def lane_for(format: Fixed | Minifloat | Block, dtype: np.dtype[Any]) -> Lane | None:
    """How to decode a format into a float type; None if it cannot be done by factors."""
    element = format.element if isinstance(format, Block) else format
    scale = format.scale if isinstance(format, Block) else PowerOfTwo()
    if not isinstance(scale, PowerOfTwo):
        return None
    blocked = isinstance(format, Block)
    numbers = _word_numbers(element, blocked=blocked) if dtype == np.float32 else None
    kernel, unit = numbers or _numbers(element, dtype) or (None, 0)
    if kernel is None:
        return None
    factors = _factor_table(element, scale, unit, dtype)
    if not blocked and factors[scale.bias] == 0:
        return None
    if numbers is None:
        return Lane(kernel, True, factors)
    factors = factors if blocked else factors[scale.bias : scale.bias + 1]
    return Lane(kernel, blocked, factors.view(np.uint32))


def _numbers(element: Fixed | Minifloat, dtype: np.dtype[Any]) -> Numbers | None:
    """How numbers are made with the arithmetic of ``dtype``, or looked up."""
    lowest, highest = _exponents(dtype)
    if isinstance(element, Fixed):
        from .decode_kernels import decode_fixed_strips

        return decode_fixed_strips, element.lsb_min
    if element.bits > _TABLE_BITS or element.lsb_min < lowest or element.emax > highest:
        return None
    from .decode_kernels import decode_table_strips

    return partial(decode_table_strips, value_table(element, dtype)), 0


def _word_numbers(element: Fixed | Minifloat, *, blocked: bool) -> Numbers | None:
    """How binary32 numbers are made in words, if they can be; compiled only."""
    if element.bits > _BITS or not kernels_are_compiled():
        return None
    from . import decode_kernels as kernels

    if isinstance(element, Fixed):
        kernel = kernels.decode_fixed_words if blocked else kernels.decode_fixed_flat
        return kernel, element.lsb_min
    offset = _field_offset(element)
    if offset < 0:
        return None
    kernel = kernels.decode_minifloat_words if blocked else kernels.decode_minifloat_flat
    return partial(kernel, _minifloat_words(element, offset)), _BIAS - element.bias - offset


def _exponents(dtype: np.dtype[Any]) -> tuple[int, int]:
    """Exponents of the least and the greatest power of two of a float type."""
    limits = np.finfo(dtype)
    return int(limits.minexp) - int(limits.nmant), int(limits.maxexp) - 1


@lru_cache(maxsize=128)
def _factor_table(
    element: Fixed | Minifloat, scale: PowerOfTwo, unit: int, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """For each scale code ``2^unit`` times the scale; 0 if that or a value is none of ``dtype``."""
    low, high = element.lsb_min, element.emax
    if isinstance(element, Fixed):
        high = element.lsb_min + element.bits - 1  # of the least number, or beyond the greatest
    lowest, highest = _exponents(dtype)
    exponents = np.arange(scale.nan_code + 1) - scale.bias
    fit = exponents + min(unit, low) >= lowest
    fit &= exponents + max(unit, high) <= highest
    fit &= element.bits <= np.finfo(dtype).nmant
    powers = np.ldexp(dtype.type(1.0), np.clip(exponents + unit, lowest, highest))
    factors: NDArray[Any] = np.where(fit, powers, dtype.type(0.0))
    factors[scale.nan_code] = np.nan
    return factors


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


def _field_offset(element: Minifloat) -> int:
    """What added to an exponent field makes it one of binary32; negative if there is none.

    It is the difference of the biases, so that numbers are values, where that leaves the largest
    finite and the least normal; else as near to it as the largest, and if possible the least, let
    it be.
    """
    largest = _LAST_FIELD - (element.max_ordinal >> element.significand_bits)
    return min(max(_BIAS - element.bias, element.significand_bits), largest)


def _minifloat_words(element: Minifloat, offset: int) -> NDArray[np.uint32]:
    """What `decode_kernels.minifloat_row` knows of an element format."""
    infinity, nan = element.infinity_code, element.nan_code
    apart = nan is not None and nan == element.sign_code  # else it is above the finite ordinals
    words = (
        element.sign_code, 32 - element.bits, _BITS - element.significand_bits, offset << _BITS,
        element.max_ordinal, _NO_CODE if infinity is None else infinity,
        nan if apart else _NO_CODE,
    )  # fmt: skip
    return np.array(words, np.uint32)
