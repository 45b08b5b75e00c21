"""Elementwise operations on single numbers in rational arithmetic: the slow twins.

A zero, an infinity or NaN is a float, which can say -0; every other number is a Fraction.  Sums and
products are in ``emu/exact/operands.py``.
"""

from fractions import Fraction
from math import copysign, inf, isqrt, nan

from ..exact.operands import Number

_RELATIVE_PLACES, _ABSOLUTE_PLACES = 140, 300


def divide(x: Number, y: Number) -> Number:
    """The exact quotient; IEEE 754-2019 6.1, 7.2 and 7.3 where it is none.

    Examples
    --------
    >>> divide(Fraction(1), Fraction(-3)), divide(Fraction(-1), 0.0), divide(0.0, -0.0)
    (Fraction(-1, 3), -inf, nan)
    """
    if isinstance(x, Fraction) and isinstance(y, Fraction):
        return x / y
    a, b = _sign_or_special(x), _sign_or_special(y)
    if b != 0:
        return a / b
    return copysign(inf, a) * copysign(1.0, b) if abs(a) > 0 else nan


def square_root(x: Number) -> Number:
    """The square root, an irrational one with a last bit that says so; -0 stays, below it is NaN.

    *Exactness*: the result is on the side of the root of every number of at most 140 bits, and of
    every multiple of 2^-300, so that a rounding to those is the root's.

    Examples
    --------
    >>> square_root(Fraction(9, 4)), square_root(-0.0), square_root(Fraction(-1))
    (Fraction(3, 2), -0.0, nan)
    >>> root = square_root(Fraction(2))
    >>> 0 < abs(root**2 - 2) < Fraction(1, 2**290)
    True
    """
    if isinstance(x, float):
        return nan if x < 0 else x
    if x < 0:
        return nan
    leading = x.numerator.bit_length() - x.denominator.bit_length()
    places = max(_ABSOLUTE_PLACES, _RELATIVE_PLACES - leading // 2 + 1)
    scaled = x * 4**places
    root = isqrt(scaled.numerator // scaled.denominator)
    return Fraction(2 * root + (root**2 != scaled), 2 ** (places + 1))


def extreme(x: Number, y: Number, *, largest: bool, number: bool) -> Number:
    """The lesser or the larger of two numbers, -0 below +0; IEEE 754-2019, 9.6.

    With ``number`` a NaN gives way to a number, and without it prevails.

    Examples
    --------
    >>> extreme(0.0, -0.0, largest=False, number=False)
    -0.0
    >>> [extreme(nan, 0.0, largest=True, number=number) for number in (False, True)]
    [nan, 0.0]
    """
    if x != x or y != y:
        return (x if y != y else y) if number else nan
    first_below = x < y or (x == y and _sign(x) < _sign(y))
    return x if first_below != largest else y


def _sign(x: Number) -> float:
    return copysign(1.0, x) if isinstance(x, float) else 1.0 if x > 0 else -1.0


def _sign_or_special(x: Number) -> float:
    """A float that divides to the same zero, infinity or NaN."""
    return x if isinstance(x, float) else _sign(x)
