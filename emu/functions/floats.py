"""The vector unit's functions in float64, each with a bound of its error.

Only IEEE additions, products, quotients and roots are used, in a fixed order, so that the bits do
not depend on the machine.  With ``u = 2^-53``, every result is wrong relatively by less than a
thousand u (gelu: some thousands), which the bounds declared here, `_LOOSE` and `_LOOSER`, exceed
by a wide margin; the argument is with each function.  Where a result is so near to a number of few
bits that float64 cannot say on which side it is, the nearest float64 on its side stands for it:
the two are on the same side of every number of at most 52 bits.

Preconditions of every function: arguments of at most 52 bits, from 2^-900 to 2^900 in magnitude.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from math import factorial
from typing import Any, Final

import numpy as np

from ..error_free import Floats
from .enclosures import fixed, ln2, pi

#: The result, and how far from it the function can be.
Bounded = tuple[Floats, Floats]

_LOOSE, _LOOSER = 2.0**-42, 2.0**-37
#: 1 / k!, k from 1.
_TAYLOR: Final = [1.0 / factorial(k) for k in range(1, 20)]
_INVERSE_ROOT_OF_2PI: Final = float.fromhex("0x1.9884533d43651p-2")
_INVERSE_LN2: Final = float.fromhex("0x1.71547652b82fep+0")


def _parts(x: Fraction, places: int, count: int) -> list[float]:
    """Numbers that sum to ``x``, the first ones multiples of ``2^-places``, ``2^-(2 places)``."""
    parts = []
    for k in range(1, count):
        parts.append(Fraction(fixed(x, k * places), 1 << k * places))
        x -= parts[-1]
    return [*map(float, parts), float(x)]


#: The first has exact products with integers below 2^13.
_LN2_HIGH, _LN2_LOW = _parts(Fraction(ln2(120), 1 << 120), 40, 2)
#: Of pi / 2; the first three have exact products with integers below 2^20.
_TURN: Final = _parts(Fraction(pi(200), 1 << 201), 32, 4)


def _series(coefficients: list[float], x: Floats) -> Floats:
    """``c0 + c1 x + ...`` by Horner's rule."""
    total = np.full_like(x, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = total * x + c
    return total


def _sided(result: Bounded, where: Any, limit: Floats | float, side: Floats | float) -> Bounded:
    """The same, but next to the limit, on a side of it, where ``where`` holds."""
    value, error = result
    near = np.nextafter(limit, side)
    return np.where(where, near, value), np.where(where, 0.0, error)


def _reduced(x: Floats) -> tuple[Floats, Floats]:
    """``n`` and ``x - n ln 2``, for ``|x| <= 700``: wrong by less than 2 u."""
    n = np.rint(x * _INVERSE_LN2)
    return n, (x - n * _LN2_HIGH) - n * _LN2_LOW


def _power(x: Floats) -> Floats:
    """``e^x`` for ``|x| <= 700``, relatively within 10 u: r is wrong by 2 u, the series by 6."""
    n, r = _reduced(x)
    return np.ldexp(1.0 + r * _series(_TAYLOR, r), n.astype(np.int32))


def _exp(x: Floats) -> Bounded:
    """Beyond 700 the result is as far beyond every format as at 700."""
    value = _power(np.clip(x, -700.0, 700.0))
    return _sided((value, _LOOSE * value), np.abs(x) < 2.0**-54, 1.0, np.where(x > 0, 2.0, 0.0))


def _difference_from_one(x: Floats) -> Floats:
    """``e^x - 1`` within 60 u: the subtraction makes the relative error at most 4 times larger."""
    small = np.abs(x) < 0.34
    r = np.where(small, x, 0.0)
    return np.where(small, r * _series(_TAYLOR, r), _power(np.clip(x, -700.0, 700.0)) - 1.0)


def _expm1(x: Floats) -> Bounded:
    value = _difference_from_one(x)
    result = _sided((value, _LOOSE * np.abs(value)), np.abs(x) < 2.0**-54, x, np.inf)
    return _sided(result, x < -40.0, -1.0, 0.0)


def _tanh(x: Floats) -> Bounded:
    """``t / (t + 2)`` with ``t = e^(2|x|) - 1``: within 60 u + 3 u."""
    t = _difference_from_one(2.0 * np.minimum(np.abs(x), 30.0))
    value = np.copysign(t / (t + 2.0), x)
    result = _sided((value, _LOOSE * np.abs(value)), np.abs(x) < 2.0**-27, x, 0.0)
    return _sided(result, np.abs(x) > 20.0, np.copysign(1.0, x), 0.0)


def _logistic(x: Floats) -> Floats:
    """``1 / (1 + e^-x)`` for ``|x| <= 700``, within 13 u."""
    t = _power(-np.abs(x))
    return np.where(x > 0, 1.0, t) / (1.0 + t)


def _sigmoid(x: Floats) -> Bounded:
    value = _logistic(np.clip(x, -700.0, 700.0))
    result = _sided((value, _LOOSE * value), np.abs(x) < 2.0**-53, 0.5, np.where(x > 0, 1.0, 0.0))
    return _sided(result, x > 40.0, 1.0, 0.0)


def _turned(x: Floats) -> tuple[Floats, Floats, Floats]:
    """``n``, the rest ``x - n pi/2``, and its error: 2 u, or 2^-90 if that is more.

    Up to 2^19 the first three subtractions are exact or rounded within u of their result, and the
    parts left out are below 2^-110.  Numbers beyond follow Payne and Hanek.
    """
    beyond = np.abs(x) > 2.0**19
    n = np.rint(np.where(beyond, 0.0, x) / _TURN[0])
    rest = np.where(beyond, 0.0, x)
    for part in _TURN:
        rest = rest - n * part
    error = np.full_like(x, 2.0**-80)
    if beyond.any():
        n[beyond], rest[beyond], error[beyond] = _turned_far(x[beyond])
    return n, rest, error


def _turned_far(x: Floats) -> tuple[Floats, Floats, Floats]:
    """The same for large numbers of 24 bits, with ``n`` modulo 4; of others nothing is claimed.

    ``x = M 2^e`` has ``M`` times the multiple ``2^e 2/pi`` modulo 4, of which five parts of 26 bits
    have exact products with ``M``.  The sum is wrong by less than 2^-50.
    """
    m, e = np.frexp(x)
    m, exponents = m * 2.0**24, e.astype(np.int64) - 24
    known, of = np.unique(exponents, return_inverse=True)
    parts = np.array([_multiple(k) for k in known.tolist()])[of]
    y = np.fmod(m * parts[:, 0], 4.0)
    n = np.rint(y)
    rest = y - n
    for k in range(1, 5):
        rest = rest + m * parts[:, k]
    whole = np.rint(rest)
    error = np.where(m == np.rint(m), 2.0**-48, np.inf)
    return n + whole, (rest - whole) * (_TURN[0] + _TURN[1]), error


@cache
def _multiple(e: int) -> list[float]:
    """``2^e 2/pi`` modulo 4 in five parts, the first a multiple of 2^-24, each 26 bits below."""
    wide = e + 160
    rest = ((1 << 2 * wide + 1) // pi(wide) >> 32) % (1 << 130)  # of 2^-128
    return [float((rest >> 104 - 26 * k) % (1 << 26)) * 2.0 ** (-24 - 26 * k) for k in range(5)]


def _sine_and_cosine(x: Floats) -> tuple[Floats, Floats, Floats]:
    """Both, and what the argument's error makes of them; the series are within 6 u."""
    n, r, error = _turned(x)
    square = -(r * r)
    sine = r * _series(_TAYLOR[::2], square)
    cosine = 1.0 + square * _series(_TAYLOR[1::2], square)
    quadrant = n.astype(np.int64) & 3
    swapped = quadrant % 2 == 1
    one = np.where(swapped, cosine, sine) * np.where(quadrant >= 2, -1.0, 1.0)
    other = np.where(swapped, sine, cosine) * np.where((quadrant == 1) | (quadrant == 2), -1.0, 1.0)
    return one, other, error


def _sin(x: Floats) -> Bounded:
    value, _, error = _sine_and_cosine(x)
    tiny = np.abs(x) < 2.0**-27
    return _sided((value, error + _LOOSE * np.abs(value)), tiny, x, 0.0)


def _cos(x: Floats) -> Bounded:
    _, value, error = _sine_and_cosine(x)
    return _sided((value, error + _LOOSE * np.abs(value)), np.abs(x) < 2.0**-27, 1.0, 0.0)


def _log(x: Floats) -> Bounded:
    """``e ln 2 + 2 atanh z``: z is within 2 u, the series 8; at ``e = 0`` nothing cancels."""
    m, e = np.frexp(x)
    low = m < 0.75
    m, e = np.where(low, 2.0 * m, m), e - low
    z = (m - 1.0) / (m + 1.0)
    value = 2.0 * z * _series([1.0 / k for k in range(1, 24, 2)], z * z)
    value = e * _LN2_HIGH + (value + e * _LN2_LOW)
    return value, _LOOSE * np.abs(value)


def _lower_tail(t: Floats) -> Bounded:
    """``Phi(-t)`` for t from 0 to 36, within 2^14 u: half less a series, or a fraction.

    Up to 2.25 half is at most 40 times what is left of it, and 40 terms are wrong by 3 u each.
    Above, Laplace's continued fraction has positive elements, so that the function is between two
    consecutive convergents, and that of 100 divisions is within 200 u.  The density's exponent,
    at most 648, is within u relatively.
    """
    density = _INVERSE_ROOT_OF_2PI * _power(-0.5 * t * t)
    near = np.minimum(t, 2.25)
    total = np.ones_like(t)
    for odd in range(81, 1, -2):
        total = 1.0 + total * (near * near / odd)
    far = np.maximum(t, 2.25)
    one = far
    for k in range(100, 0, -1):
        one = far + k / one
    other = far + 0.0
    for k in range(101, 0, -1):
        other = far + k / other
    value = np.where(t < 2.25, 0.5 - density * near * total, density / one)
    return value, _LOOSER * value + np.where(t < 2.25, 0.0, density * np.abs(1 / one - 1 / other))


def _gelu(x: Floats) -> Bounded:
    """``x Phi(x)``; x itself where ``Phi(-x) < 2^-54``, half of x where x is tiny."""
    tail, error = _lower_tail(np.minimum(np.abs(x), 36.0))
    size = np.where(x < 0, np.maximum(x, -36.0), x)
    value = size * np.where(x < 0, tail, 1.0 - tail)
    result = value, np.abs(size) * error + _LOOSER * np.abs(value)
    result = _sided(result, np.abs(x) < 2.0**-54, 0.5 * x, np.inf)
    return _sided(result, x > 8.5, x, 0.0)


def _gelu_tanh(x: Floats) -> Bounded:
    """``x sigmoid(y)``: y, at most 700, is within 6 u, which is as many times y u of the result."""
    kept = np.clip(x, -20.5, 20.5)
    y = 4.0 * _INVERSE_ROOT_OF_2PI * (kept + 0.044715 * (kept * kept * kept))
    value = kept * _logistic(y)
    result = _sided((value, _LOOSER * np.abs(value)), np.abs(x) < 2.0**-54, 0.5 * x, np.inf)
    return _sided(result, x > 7.5, x, 0.0)


def _sqrt(x: Floats) -> Bounded:
    value = np.sqrt(x)
    return value, _LOOSE * value


def _rsqrt(x: Floats) -> Bounded:
    value = 1.0 / np.sqrt(x)
    return value, _LOOSE * value


def _reciprocal(x: Floats) -> Bounded:
    value = 1.0 / x
    return value, _LOOSE * np.abs(value)


#: By name; log, sqrt and rsqrt take positive numbers.
BOUNDED: Final[dict[str, Callable[[Floats], Bounded]]] = {
    "tanh": _tanh,
    "sin": _sin,
    "cos": _cos,
    "exp": _exp,
    "expm1": _expm1,
    "log": _log,
    "sigmoid": _sigmoid,
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "sqrt": _sqrt,
    "rsqrt": _rsqrt,
    "reciprocal": _reciprocal,
}
