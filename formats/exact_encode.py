"""Encoding one number in rational arithmetic: the slow twin of the kernels for scalar formats."""

from fractions import Fraction
from math import copysign, isfinite, isnan

from .cast import Cast
from .errors import FormatError
from .exact import floor_log2, round_exact
from .fixed import Fixed
from .minifloat import Minifloat
from .overflow import NonFinite, Overflow
from .rounding import Rounding

#: A number as these functions take it; only a float can be -0, an infinity or NaN.
Real = Fraction | float | int


def encode_exact(cast: Cast, x: Real, random: int = 0) -> int:
    """Return the code of ``x`` under a cast to a scalar format; one rounding.

    Raises
    ------
    FormatError
        If the policies of the cast leave ``x`` no code, or if its format is a `Block`.

    Examples
    --------
    >>> from bitpde.formats import INT4, OFP8_E4M3
    >>> encode_exact(Cast(format=INT4), Fraction(5, 2)), encode_exact(Cast(format=INT4), -99)
    (2, -8)
    >>> hex(encode_exact(Cast(format=OFP8_E4M3), Fraction(1, 512)))
    '0x1'
    """
    if not is_finite(x) and cast.nonfinite is NonFinite.RAISE:
        raise _refusal(cast, x)
    if isinstance(cast.format, Fixed):
        return _fixed(cast, cast.format, x, random)
    if isinstance(cast.format, Minifloat):
        return _minifloat(cast, cast.format, x, random)
    raise _refusal(cast, x)


def is_finite(x: Real) -> bool:
    """Whether ``x`` is neither an infinity nor NaN, however large an integer it may be.

    Examples
    --------
    >>> is_finite(10**400), is_finite(float("nan"))
    (True, False)
    """
    return not isinstance(x, float) or isfinite(x)


def _refusal(cast: Cast, x: Real) -> FormatError:
    return FormatError(f"{cast} has no code for {x}: remove it, or choose another policy")


def _fixed(cast: Cast, format: Fixed, x: Real, random: int) -> int:
    if not is_finite(x):
        raise _refusal(cast, x)
    q = round_exact(Fraction(x), format.lsb, cast.rounding, random, cast.random_bits)
    greatest = int(2 ** (format.bits - 1)) - 1
    least = -greatest - 1
    if cast.overflow is Overflow.SATURATE_SYMMETRIC:
        least = -greatest
    if least <= q <= greatest:
        return q
    if cast.overflow is Overflow.RAISE:
        raise _refusal(cast, x)
    if cast.overflow is Overflow.WRAP:
        return (q - least) % (greatest - least + 1) + least
    return least if q < 0 else greatest


def _minifloat(cast: Cast, format: Minifloat, x: Real, random: int) -> int:
    negative = copysign(1, x) < 0 if isinstance(x, float) else x < 0
    sign = format.sign_code if negative else 0
    if is_finite(x):
        return _finite(cast, format, Fraction(x), sign, random)
    if isnan(x):
        if format.nan_code is None:
            raise _refusal(cast, x)
        return format.nan_code
    return _beyond(cast, format, x, sign, stops=False)


def _finite(cast: Cast, format: Minifloat, x: Fraction, sign: int, random: int) -> int:
    exponent = max(floor_log2(abs(x)), format.emin) if x else format.emin
    lsb = Fraction(2) ** (exponent - format.significand_bits)
    size = abs(round_exact(x, lsb, cast.rounding, random, cast.random_bits)) * lsb
    if size > format.max:
        toward_zero = Rounding.UP if sign else Rounding.DOWN
        inward = cast.rounding in (Rounding.TOWARD_ZERO, Rounding.TO_ODD, toward_zero)
        return _beyond(cast, format, x, sign, stops=inward)
    return _code(format, size) + (sign if size or format.has_negative_zero else 0)


def _beyond(cast: Cast, format: Minifloat, x: Real, sign: int, *, stops: bool) -> int:
    if cast.overflow is Overflow.RAISE:
        raise _refusal(cast, x)
    if stops or cast.overflow is not Overflow.INFINITY_OR_NAN:
        return _code(format, format.max) + sign
    code = format.nan_code if format.infinity_code is None else format.infinity_code + sign
    if code is None:
        raise _refusal(cast, x)
    return code


def _code(format: Minifloat, size: Fraction) -> int:
    """Return the code of a magnitude that the format holds."""
    if size < Fraction(2) ** format.emin:
        return int(size / format.lsb)
    exponent = floor_log2(size)
    trailing = (size / Fraction(2) ** exponent - 1) * 2**format.significand_bits
    return int(trailing + (exponent + format.bias) * 2**format.significand_bits)
