"""What the vector lane of encoding needs to know of a format, as tables and float32 constants."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .fixed import Fixed
from .minifloat import Minifloat
from .overflow import Overflow
from .power_of_two import PowerOfTwo
from .rounding import Rounding

#: Integers of more bits are not all rounded by the magic constant 1.5 2^23.
_FIXED_BITS = 22


def has_vector_lane(element: Fixed | Minifloat, rounding: Rounding, overflow: Overflow) -> bool:
    """Whether float32 input into this element may be encoded by `vector_kernels`.

    A minifloat must lie well inside the normal float32 numbers: then a value that falls below
    them when it is scaled is one that rounds to zero, and no step leaves them.
    """
    saturating = overflow in (Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC)
    if rounding is not Rounding.NEAREST_EVEN or not saturating:
        return False
    if isinstance(element, Fixed):
        return element.bits <= _FIXED_BITS
    return element.significand_bits <= 20 and element.lsb_min > -100 and element.emax < 100


@lru_cache(maxsize=64)
def scale_tables(
    element: Fixed | Minifloat, scale: PowerOfTwo, *, blocked: bool
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """By float32 exponent field of a tile's peak: its scale code, and what takes x to the element.

    The second is 2^-s, times what makes the step of an integer element 1.  It is 0 where the
    vector lane must not run: infinities and NaN, and factors that are no normal float32.  Field 0
    stands for the zero tile alone.  A scalar format has the scale 1 everywhere.
    """
    fields = np.arange(256)
    codes = np.full(256, scale.bias)
    if blocked:
        codes = np.clip(fields - 127 - element.emax + scale.bias, 0, scale.nan_code - 1)
        codes[0] = 0
    step = -element.lsb_min if isinstance(element, Fixed) else 0
    exponents = step - (codes - scale.bias)
    lawful = (exponents >= -126) & (exponents <= 127) & (fields < 255)
    factors = np.where(lawful, np.ldexp(1.0, np.where(lawful, exponents, 0)), 0.0)
    factors[0] = factors[0] or 1.0  # zeros are zeros under any factor
    return codes.astype(np.uint8), factors.astype(np.float32)


@lru_cache(maxsize=64)
def minifloat_constants(
    element: Minifloat,
) -> tuple[tuple[np.int32, ...], np.float32, np.float32]:
    """What `vector_kernels.encode_minifloat_row` knows of a format.

    Exponents are bits in place, ``exponent << 23``; ordinals are counted in steps of the trailing
    significand, ``2^drop`` of which are one step of a float32's.
    """
    drop = 23 - element.significand_bits
    lowest = (element.emin + 127) << 23
    highest = (element.emax + 1 + 127) << 23
    first_normal = 1 << element.significand_bits
    numbers = (lowest, highest, drop << 23, drop, first_normal, element.sign_code)
    integers = tuple(np.int32(n) for n in (*numbers, element.has_negative_zero))
    return integers, np.float32(element.max), np.float32(1 / element.lsb)
