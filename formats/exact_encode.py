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
    least, greatest = format.codes()[0], format.codes()[-1]
    if cast.overflow is Overflow.SATURATE_SYMMETRIC:
        least = max(least, -greatest)
    if least <= q <= greatest:
        return q
    if cast.overflow is Overflow.RAISE:
        raise _refusal(cast, x)
    if cast.overflow is Overflow.WRAP:
        return (q - least) % len(format.codes()) + least
    return least if q < 0 else greatest


def _minifloat(cast: Cast, format: Minifloat, x: Real, random: int) -> int:
    negative = copysign(1, x) < 0 if isinstance(x, float) else x < 0
    if is_finite(x):
        return _finite(cast, format, Fraction(x), random, negative=negative)
    if isnan(x):
        if format.nan_code is None:
            raise _refusal(cast, x)
        return format.nan_code
    return _beyond(cast, format, x, stops=False, negative=negative)


def _finite(cast: Cast, format: Minifloat, x: Fraction, random: int, *, negative: bool) -> int:
    exponent = max(floor_log2(abs(x)), format.emin) if x else format.emin
    lsb = Fraction(2) ** (exponent - format.significand_bits)
    # With one bit of precision a code is its exponent field, and q = 1 there.
    parity = exponent - format.emin if format.significand_bits == 0 else 0
    q = round_exact(x, lsb, cast.rounding, random, cast.random_bits, parity=parity)
    value = q * lsb
    if value > format.max or value < format.min:
        stops = _stops(cast.rounding, format, negative=negative)
        return _beyond(cast, format, x, stops=stops, negative=negative)
    sign = format.sign_code if negative and (value or format.has_negative_zero) else 0
    return _code(format, abs(value)) + sign


def _stops(rounding: Rounding, format: Minifloat, *, negative: bool) -> bool:
    """Return whether the rounding, between the end of the range and infinity, takes the end."""
    if rounding is Rounding.TO_ODD:
        infinity_is_odd = format.infinity_code is not None and format.infinity_code % 2 == 1
        return not infinity_is_odd and (format.signed or not negative)
    return rounding in (Rounding.TOWARD_ZERO, Rounding.UP if negative else Rounding.DOWN)


def _beyond(cast: Cast, format: Minifloat, x: Real, *, stops: bool, negative: bool) -> int:
    """Return the code of what lies beyond the range on one side, rows as in P3109 4.7.5."""
    if cast.overflow is Overflow.RAISE:
        raise _refusal(cast, x)
    bounded = negative and not format.signed
    sign = format.sign_code if negative else 0
    end = 0 if bounded else _code(format, format.max) + sign
    has_infinity = format.infinity_code is not None and not bounded
    infinity = format.infinity_code + sign if format.infinity_code is not None else end
    match cast.overflow:
        case Overflow.SATURATE | Overflow.SATURATE_SYMMETRIC:
            return end
        case Overflow.SATURATE_FINITE:
            return end if is_finite(x) or not has_infinity else infinity
    if stops or has_infinity:
        return end if stops else infinity
    if cast.overflow is Overflow.INFINITY_OR_MAX and not bounded:
        return end
    if format.nan_code is None:
        raise _refusal(cast, x)
    return format.nan_code


def _code(format: Minifloat, size: Fraction) -> int:
    """Return the code of a magnitude that the format holds."""
    if size < Fraction(2) ** format.emin:
        return int(size / format.lsb)
    exponent = floor_log2(size)
    trailing = (size / Fraction(2) ** exponent - 1) * 2**format.significand_bits
    return int(trailing + (exponent + format.bias) * 2**format.significand_bits)
