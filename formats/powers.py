"""Arrays of powers of two: real numbers to the codes of a scale format and back.

Implementations of E8M0 disagree on every edge: what 3.0 becomes, or 0, or -1, or infinity.  Here
each is a policy that other casts have too.  A caller who wants the sign dropped takes magnitudes.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .cast import Cast
from .errors import FormatError
from .minifloat import Minifloat, Specials
from .overflow import Overflow
from .power_of_two import PowerOfTwo
from .rounding import Rounding

#: What counts as even among codes is odd among the ordinals of the minifloat below them.
_PARITY = {
    Rounding.NEAREST_EVEN: Rounding.NEAREST_ODD,
    Rounding.NEAREST_ODD: Rounding.NEAREST_EVEN,
}


def encode_powers(
    x: ArrayLike,
    format: PowerOfTwo,
    *,
    rounding: Rounding = Rounding.NEAREST_EVEN,
    overflow: Overflow = Overflow.SATURATE,
) -> NDArray[np.uint8]:
    """The codes of the powers of two next to ``x``; one rounding each.

    Parameters
    ----------
    x
        float16, float32, float64 or integers of any shape.
    format
        The scale format.
    rounding
        Which of the two neighbouring powers: midpoints are ``3 2^k``, and even is said of the code
        (P3109; 3.0 becomes 2.0 in E8M0), so that ties away from zero are what ml_dtypes and torch
        do.  TO_ODD and the stochastic modes are not defined here.
    overflow
        What becomes of values beyond the largest power, and of those that are not positive or
        round below the least one: SATURATE gives the largest and the least power,
        INFINITY_OR_NAN gives NaN, RAISE an error.  A NaN becomes NaN.

    Raises
    ------
    FormatError
        For another rounding or overflow, or naming the first value that RAISE refuses.

    Examples
    --------
    >>> from bitpde.formats import E8M0
    >>> encode_powers([1.0, 3.0, 6.0, 0.0, np.inf, np.nan], E8M0).tolist()
    [127, 128, 130, 0, 254, 255]
    >>> encode_powers([3.0, 0.0], E8M0, rounding=Rounding.UP).tolist()
    [129, 0]
    """
    _require_powers(format)
    policies = (Overflow.SATURATE, Overflow.INFINITY_OR_NAN, Overflow.RAISE)
    if rounding is Rounding.TO_ODD or rounding.is_stochastic or overflow not in policies:
        msg = f"powers of two know no {rounding} or no {overflow}: choose another"
        raise FormatError(msg)
    array = np.asarray(x)
    nan = np.isnan(array)
    # Ordinal k is the power of code k - 1, and a bit more of exponent tells what is too large.
    wide = Minifloat(
        exponent_bits=format.exponent_bits + 1,
        significand_bits=0,
        bias=format.bias + 1,
        specials=Specials.NONE,
        signed=False,
    )
    cast = Cast(format=wide, rounding=_PARITY.get(rounding, rounding))
    ordinals = cast.encode(np.where(nan, array.dtype.type(1), array)).codes
    beyond = (ordinals == 0) | (ordinals > format.nan_code)
    if overflow is Overflow.RAISE and beyond.any():
        index = tuple(int(i) for i in np.argwhere(beyond)[0])
        msg = f"x{list(index)} is {array[index]}: no power of two of {format} is next to it; "
        raise FormatError(msg + "choose Overflow.SATURATE")
    codes = np.clip(ordinals, 1, format.nan_code) - 1
    strange = nan | beyond if overflow is Overflow.INFINITY_OR_NAN else nan
    return np.where(strange, format.nan_code, codes).astype(np.uint8)


def decode_powers(codes: ArrayLike, format: PowerOfTwo) -> NDArray[np.float64]:
    """The powers of two that codes stand for, NaN for the NaN code; exact.

    Examples
    --------
    >>> from bitpde.formats import E8M0
    >>> decode_powers([127, 130, 255], E8M0).tolist()
    [1.0, 8.0, nan]
    """
    _require_powers(format)
    given = _checked(codes)
    powers = np.ldexp(1.0, given.astype(np.int64) - format.bias)
    return np.asarray(np.where(given == format.nan_code, np.nan, powers))


def reciprocal_powers(codes: ArrayLike, format: PowerOfTwo) -> NDArray[np.uint8]:
    """The codes of the reciprocals; exact, and NaN of NaN.

    Raises
    ------
    FormatError
        If the reciprocal of a code is none of the format, as its exponents are not symmetric.

    Examples
    --------
    >>> from bitpde.formats import E8M0
    >>> reciprocal_powers([127, 254, 0, 255], E8M0).tolist()
    [127, 0, 254, 255]
    """
    _require_powers(format)
    given = _checked(codes).astype(np.int64)
    nan = given == format.nan_code
    opposite = 2 * format.bias - given
    lawful = nan | ((opposite >= 0) & (opposite < format.nan_code))
    if not lawful.all():
        code = int(given[~lawful].reshape(-1)[0])
        msg = f"1 / {format.decode(code)} is no power of {format}: choose a symmetric bias, 127"
        raise FormatError(msg)
    return np.where(nan, format.nan_code, opposite).astype(np.uint8)


def _require_powers(format: object) -> None:
    if not isinstance(format, PowerOfTwo):
        msg = f"{format!r} is no format of powers of two: give a PowerOfTwo, such as E8M0"
        raise FormatError(msg)


def _checked(codes: ArrayLike) -> NDArray[np.uint8]:
    array = np.asarray(codes)
    whole = array.dtype.kind in "iu"
    if not whole or (array.size and not 0 <= int(array.min()) <= int(array.max()) <= 255):
        msg = f"codes are {array.dtype}, or not in 0 to 255: give the bytes of a scale format"
        raise FormatError(msg)
    return array.astype(np.uint8)
