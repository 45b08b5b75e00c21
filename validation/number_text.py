"""Exact numbers as text: powers of two where they are short, and honest decimals."""

from decimal import Context, Decimal, Inexact
from fractions import Fraction

Number = Fraction | float

_SHORT = 6
_EXACT = Context(prec=12)
_ROUNDED = Context(prec=6)


def exact_text(value: Number) -> str:
    """``value`` without any loss: a short decimal, else a significand times a power of two.

    Parameters
    ----------
    value
        A dyadic rational, or a float for infinities, NaN and -0: what ``format.decode`` gives.

    Notes
    -----
    Exact: the text, read as arithmetic, is the value.

    Examples
    --------
    >>> [exact_text(Fraction(*pair)) for pair in ((448, 1), (3, 8), (1, 512), (-7, 512))]
    ['448', '0.375', '2^-9', '-1.75*2^-7']
    >>> exact_text((2 - Fraction(1, 2**23)) * 2**127), exact_text(Fraction(2**31 + 7))
    ('(2-2^-23)*2^127', '2147483655*2^0')
    """
    if isinstance(value, float):
        return _special(value)
    if value == 0:
        return "0"
    magnitude, minus = Fraction(abs(value)), "-" * (value < 0)
    decimal = decimal_text(magnitude)
    if "~" not in decimal and "e" not in decimal and len(decimal) <= _SHORT:
        return minus + decimal
    return minus + _power_text(magnitude)


def _power_text(value: Fraction) -> str:
    """A positive dyadic rational as ``2^e``, ``1.f*2^e``, ``(2-2^-p)*2^e`` or ``odd*2^e``."""
    odd, exponent = value.numerator, 1 - value.denominator.bit_length()
    while odd % 2 == 0:
        odd, exponent = odd // 2, exponent + 1
    places = odd.bit_length() - 1
    top = exponent + places
    if odd == 1:
        return f"2^{top}"
    if places <= _SHORT:
        return f"{odd / 2**places}" + (f"*2^{top}" if top else "")
    if odd == 2 ** (places + 1) - 1:
        return f"(2-2^{-places})*2^{top}"
    return f"{odd}*2^{exponent}"


def decimal_text(value: Number) -> str:
    """``value`` in decimal: exact with up to 12 digits, else six digits rounded, after a "~".

    Examples
    --------
    >>> decimal_text(Fraction(1, 512)), decimal_text(Fraction(1, 2**149))
    ('0.001953125', '~1.4013e-45')
    """
    if isinstance(value, float):
        return _special(value)
    context = _EXACT.copy()
    context.clear_flags()
    quotient = context.divide(Decimal(value.numerator), Decimal(value.denominator))
    mark = ""
    if context.flags[Inexact]:
        mark = "~"
        quotient = _ROUNDED.divide(Decimal(value.numerator), Decimal(value.denominator))
    quotient = quotient.normalize(context)
    plain = -4 <= quotient.adjusted() < 9
    return mark + (f"{quotient:f}" if plain else f"{quotient:e}")


def _special(value: float) -> str:
    return "NaN" if value != value else "-0" if value == 0 else "inf" if value > 0 else "-inf"
