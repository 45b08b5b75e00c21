"""Decoding and rounding in rational arithmetic, one number at a time: the slow twin of the kernels.

Nothing is shared with the kernels: a significand is a `Fraction`, a step is a power of two, a
rounding is a question about the fraction between two integers.  It is written to be read against
the standards; encoding is in ``exact_encode.py``, tiles and arrays are in ``exact_arrays.py``.
"""

from fractions import Fraction
from math import inf, nan

from .fixed import Fixed
from .minifloat import Minifloat, Specials
from .power_of_two import PowerOfTwo
from .rounding import Rounding


def decode_exact(format: Fixed | Minifloat | PowerOfTwo, code: int) -> Fraction | float:
    """Decode the fields of ``code`` as the standards do; a float says -0, an infinity or NaN.

    Examples
    --------
    >>> from bitpde.formats import E8M0, OFP8_E4M3
    >>> decode_exact(OFP8_E4M3, 0x7E), decode_exact(OFP8_E4M3, 0xFF), decode_exact(E8M0, 130)
    (Fraction(448, 1), nan, Fraction(8, 1))
    """
    if isinstance(format, Fixed):
        return code / Fraction(2) ** format.fraction_bits
    if isinstance(format, PowerOfTwo):
        return nan if code == 255 else Fraction(2) ** (code - format.bias)
    rest, trailing = divmod(code, 2**format.significand_bits)
    sign, field = divmod(rest, 2**format.exponent_bits)
    last_field = field == 2**format.exponent_bits - 1
    last_trailing = trailing == 2**format.significand_bits - 1
    magnitude = code % 2 ** (format.exponent_bits + format.significand_bits)
    below_top = 2 ** (format.exponent_bits + format.significand_bits) - 1 - magnitude
    match format.specials:
        case Specials.ONE_NAN_AND_INFINITY if format.signed:
            if below_top == 0:
                return -inf if sign else inf
            if sign and magnitude == 0:
                return nan
        case Specials.ONE_NAN_AND_INFINITY if below_top < 2:
            return inf if below_top else nan
        case Specials.IEEE if last_field:
            return nan if trailing else -inf if sign else inf
        case Specials.NAN_ONLY if last_field and last_trailing:
            return nan
        case Specials.NEGATIVE_ZERO_IS_NAN if sign and field == trailing == 0:
            return nan
    significand = Fraction(trailing, 2**format.significand_bits) + (field > 0)
    value = (-1) ** sign * significand * Fraction(2) ** (max(field, 1) - format.bias)
    return value if value or not sign else -0.0


def round_exact(
    x: Fraction,
    lsb: Fraction,
    rounding: Rounding,
    random: int = 0,
    random_bits: int = 0,
    *,
    parity: int = 0,
) -> int:
    """Return the integer ``q`` for which ``q lsb`` is the rounding of ``x``, as `Rounding` says.

    ``random`` are ``random_bits`` random bits, for stochastic rounding only.  The code of ``q lsb``
    is even if ``q + parity`` is.

    Examples
    --------
    >>> [round_exact(Fraction(-5, 2), Fraction(1), mode) for mode in list(Rounding)[:6]]
    [-2, -3, -3, -2, -2, -3]
    """
    q, nu = divmod(abs(x) / lsb, 1)
    odd = (q + parity) % 2 == 1
    tie = 2 * nu == 1
    match rounding if nu else Rounding.TOWARD_ZERO:
        case Rounding.NEAREST_EVEN:
            up = odd if tie else 2 * nu > 1
        case Rounding.NEAREST_ODD:
            up = not odd if tie else 2 * nu > 1
        case Rounding.NEAREST_AWAY:
            up = 2 * nu >= 1
        case Rounding.NEAREST_ZERO:
            up = 2 * nu > 1
        case Rounding.NEAREST_UP:
            up = x > 0 if tie else 2 * nu > 1
        case Rounding.NEAREST_DOWN:
            up = x < 0 if tie else 2 * nu > 1
        case Rounding.TOWARD_ZERO:
            up = False
        case Rounding.AWAY_FROM_ZERO:
            up = True
        case Rounding.DOWN:
            up = x < 0
        case Rounding.UP:
            up = x > 0
        case Rounding.TO_ODD:
            up = not odd
        case Rounding.STOCHASTIC:
            up = nu * 2**random_bits // 1 + random >= 2**random_bits
        case Rounding.STOCHASTIC_B:
            up = nu * 2 ** (random_bits + 1) // 1 + 2 * random + 1 >= 2 ** (random_bits + 1)
        case Rounding.STOCHASTIC_C:
            up = round(nu * 2**random_bits) + random >= 2**random_bits
    return -(q + up) if x < 0 else q + up


def floor_log2(x: Fraction) -> int:
    """Return the ``e`` with ``2^e <= x < 2^(e+1)`` of a positive rational; exact.

    Examples
    --------
    >>> floor_log2(Fraction(8)), floor_log2(Fraction(7)), floor_log2(Fraction(1, 3))
    (3, 2, -2)
    """
    e = x.numerator.bit_length() - x.denominator.bit_length()
    return e if Fraction(2) ** e <= x else e - 1
