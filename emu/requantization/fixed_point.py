"""The fixed-point steps of integer inference: a real multiplier in 32 bits, and two roundings.

    M ~ multiplier 2^(shift - 31),   2^30 <= multiplier < 2^31

The steps are those of gemmlowp (``fixedpoint/fixedpoint.h``), which TensorFlow Lite, CMSIS-NN and
ruy use.  Both round to nearest, and they treat ties differently.
"""

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DatapathError

Integers = NDArray[np.int64]


def quantize_multiplier(real: float) -> tuple[int, int]:
    """``(multiplier, shift)`` of a positive real multiplier: **one rounding**, ties up.

    The relative error is at most 2^-31.  A multiplier that rounds to 2^31 becomes 2^30 with a shift
    of one more, and a shift below -31 gives (0, 0): such a real, below about 2^-32, becomes zero.
    This is ``QuantizeMultiplier`` of TensorFlow Lite, which would also take a shift above 30.

    Raises
    ------
    DatapathError
        If ``real`` is no finite positive float, or the shift is above 30.

    Examples
    --------
    >>> quantize_multiplier(0.25)
    (1073741824, -1)
    >>> quantize_multiplier(1 - 2.0**-33)  # carried
    (1073741824, 1)
    """
    if type(real) is not float or not 0 < real < math.inf:
        msg = f"a multiplier is {real!r}: give a finite positive float"
        raise DatapathError(msg)
    fraction, shift = math.frexp(real)
    multiplier = math.floor(Fraction(fraction) * 2**31 + Fraction(1, 2))
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    if shift > 30:
        msg = f"a multiplier is {real!r}: give one below 2^30, which a shift of 30 bits can reach"
        raise DatapathError(msg)
    return (multiplier, shift) if shift >= -31 else (0, 0)


def doubling_high_multiply(a: Any, b: Any) -> Integers:
    """The high half of ``2 a b``, ``a b 2^-31``, for int32 values: **one rounding**, ties up.

    The one result that leaves int32, of -2^31 times itself, saturates to 2^31 - 1.  gemmlowp's
    ``SaturatingRoundingDoublingHighMul``, ARM's VQRDMULH.

    Examples
    --------
    >>> doubling_high_multiply([1, -1, 3, -(2**31)], [2**30, 2**30, 2**30, -(2**31)]).tolist()
    [1, 0, 2, 2147483647]
    """
    product = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    high: Integers = np.minimum((product + 2**30) >> np.int64(31), np.int64(2**31 - 1))
    return high


def divide_by_power_of_two(x: Any, exponent: Any) -> Integers:
    """``x 2^-exponent`` of int32 values, exponent 0 to 31: **one rounding**, ties away from zero.

    gemmlowp's ``RoundingDivideByPOT``.

    Examples
    --------
    >>> divide_by_power_of_two([5, 6, 7, -5, -6, -7], 2).tolist()
    [1, 2, 2, -1, -2, -2]
    """
    values, places = np.asarray(x, np.int64), np.asarray(exponent, np.int64)
    half = (np.int64(1) << places) >> np.int64(1)
    return np.where(values < 0, -((half - values) >> places), (values + half) >> places)
