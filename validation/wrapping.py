"""Fixed point that wraps: the low bits of the rounded integer, in integers.

Wrapping has no short list of breakpoints, because the codes repeat every 2^b steps as far as
float32 has fractions.  But a float32 is ``M 2^e`` with an integer ``M`` below 2^24, and a step of
the format is ``2^-f``: rounding is a shift of ``M`` by ``d = -(e + f)`` places, whose dropped bits
say below, at or above one half.
"""

import numpy as np
from numpy.typing import NDArray

from ..formats import FormatError


def wrapped_codes(
    bits: NDArray[np.uint32],
    *,
    width: int,
    fraction_bits: int,
    signed: bool,
    mode: str,
    consecutive: bool = False,
) -> NDArray[np.int32]:
    """The low ``width`` bits of the integer each finite float32 rounds to, as codes.

    Parameters
    ----------
    bits
        Patterns of finite float32, any order.
    width, fraction_bits, signed
        The fixed-point format, at most 16 bits wide.
    mode
        The name of a deterministic rounding.
    consecutive
        Whether each pattern is one more than the last: then one binade takes one shift.

    Returns
    -------
    NDArray[np.int32]
        Codes, from ``-2^(width-1)`` if signed and from 0 if not.

    Raises
    ------
    FormatError
        If the rounding is not one of the deterministic ones.

    Notes
    -----
    *Exactness*: one rounding.  A shift ``d`` above 26 leaves the integer 0 and a remainder below
    half, and so does 26; a left shift above ``width`` leaves low bits of 0, and so does ``width``.
    From the left shift on, arithmetic is modulo 2^32, of which 2^``width`` is a divisor.

    Examples
    --------
    >>> bits = np.array([127.5, 128.5, -129.0, 2.0**30], np.float32).view(np.uint32)
    >>> wrapped_codes(bits, width=8, fraction_bits=0, signed=True, mode="nearest_even").tolist()
    [-128, -128, 127, 0]
    """
    single = consecutive and int(bits[0]) >> 23 == int(bits[-1]) >> 23
    fields = (bits[:1] if single else bits) >> np.uint32(23)
    negative, field = fields >= 256, (fields & np.uint32(255)).astype(np.int32)
    shift = np.maximum(field, 1) - 150 + fraction_bits
    if single and shift[0] >= width:
        return np.zeros(bits.size, np.int32)
    significand = (bits & np.uint32(2**23 - 1)).view(np.int32)
    significand |= np.where(field > 0, np.int32(2**23), np.int32(0))
    rounded = _rounded(significand, np.clip(-shift, 0, 26), negative, mode)
    codes = rounded.view(np.uint32) << np.clip(shift, 0, width).astype(np.uint32)
    codes *= np.where(negative, np.uint32(2**32 - 1), np.uint32(1))
    unused = 32 - width
    codes <<= np.uint32(unused)
    result: NDArray[np.int32] = codes.view(np.int32) >> unused
    if not signed:
        result = (codes >> np.uint32(unused)).view(np.int32)
    return result


def _rounded(
    significand: NDArray[np.int32],
    right: NDArray[np.int32],
    negative: NDArray[np.bool_],
    mode: str,
) -> NDArray[np.int32]:
    """``significand 2^-right`` rounded to an integer; below 2^25."""
    whole = significand >> right
    rest = significand & ((np.int32(1) << right) - np.int32(1))
    match mode:
        case "toward_zero":
            return whole
        case "away_from_zero":
            return whole + (rest > 0)
        case "down":
            return whole + ((rest > 0) & negative)
        case "up":
            return whole + ((rest > 0) & ~negative)
        case "to_odd":
            return whole | (rest > 0)
    rest *= np.int32(2)
    unit = np.int32(1) << right
    match mode:
        case "nearest_even":
            return whole + (rest + (whole & 1) > unit)
        case "nearest_odd":
            return whole + (rest + (~whole & 1) > unit)
        case "nearest_away":
            return whole + (rest >= unit)
        case "nearest_zero":
            return whole + (rest > unit)
        case "nearest_up":
            return whole + (rest + ~negative > unit)
        case "nearest_down":
            return whole + (rest + negative > unit)
    msg = f"rounding is {mode!r}: the reference does not know its definition"
    raise FormatError(msg)
