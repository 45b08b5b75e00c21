"""Where a function of the vector unit is exactly a number that can be written down.

At zeros, infinities and NaN this is IEEE 754-2019, 9.2.1, and for sigmoid and GELU, which are not
in it, the limit.  At other numbers exp, log, sine, tanh and their relatives are transcendental
(Lindemann; for erf Siegel), except log 1; roots and quotients may be rational.
"""

from fractions import Fraction
from math import copysign, inf, isqrt, nan
from typing import Final

from ..exact.operands import Number

_ONE, _HALF = Fraction(1), Fraction(1, 2)

#: At +0, at +infinity and at -infinity.
_AT: Final[dict[str, tuple[Number, Number, Number]]] = {
    "tanh": (0.0, _ONE, -_ONE),
    "sin": (0.0, nan, nan),
    "cos": (_ONE, nan, nan),
    "exp": (_ONE, inf, 0.0),
    "expm1": (0.0, inf, -_ONE),
    "log": (-inf, inf, nan),
    "sigmoid": (_HALF, _ONE, 0.0),
    "gelu": (0.0, inf, -0.0),
    "gelu_tanh": (0.0, inf, -0.0),
    "sqrt": (0.0, inf, nan),
    "rsqrt": (inf, 0.0, nan),
    "reciprocal": (inf, 0.0, -0.0),
}
#: At -0 these are what they are at +0; the others change their sign.
_SIGNLESS: Final = {"cos", "exp", "log", "sigmoid"}
#: NaN below zero.
_POSITIVE: Final = {"log", "sqrt", "rsqrt"}


def exact_value(name: str, x: Number) -> Number | None:
    """The function where it is a rational number, a zero, an infinity or NaN; else None.

    Examples
    --------
    >>> exact_value("log", -0.0), exact_value("rsqrt", Fraction(4, 9)), exact_value("exp", inf)
    (-inf, Fraction(3, 2), inf)
    >>> exact_value("gelu", -inf), exact_value("sin", inf), exact_value("exp", _ONE)
    (-0.0, nan, None)
    """
    if isinstance(x, float):
        return _special(name, x)
    number = Fraction(x)
    if name in _POSITIVE and x < 0:
        return nan
    match name:
        case "log":
            return 0.0 if x == 1 else None
        case "reciprocal":
            return 1 / number
        case "sqrt":
            return _rational_root(number)
        case "rsqrt":
            return _rational_root(1 / number)
    return None


def _special(name: str, x: float) -> Number:
    if x != x:
        return nan
    at_zero, above, below = _AT[name]
    if x != 0:
        return above if x > 0 else below
    if isinstance(at_zero, float) and name not in _SIGNLESS:
        return copysign(at_zero, x)
    return at_zero


def _rational_root(x: Fraction) -> Fraction | None:
    root = Fraction(isqrt(x.numerator), isqrt(x.denominator))
    return root if root * root == x else None
