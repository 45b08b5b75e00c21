"""The vector unit's functions as mpmath knows them: rationals that are right to hundreds of bits.

Nothing of `bitpde.emu` is used.  A result is on the side of every border of two codes on which the
function is, for formats within 2^-300 and 2^300 (for wider ones ask for more bits).
"""

from fractions import Fraction
from functools import lru_cache
from math import inf, isqrt, nan
from typing import Any

import mpmath

from bitpde.formats import Cast, FormatError, encode_exact

Number = Fraction | float

NAMES = [
    "tanh", "sin", "cos", "exp", "expm1", "log", "sigmoid", "gelu", "gelu_tanh", "sqrt", "rsqrt",
    "reciprocal",
]  # fmt: skip
#: at +0, -0, infinity, -infinity: the rows of IEEE 754-2019, table 9.1, and limits
SPECIAL: dict[str, list[Number]] = {
    "tanh": [0.0, -0.0, Fraction(1), Fraction(-1)],
    "sin": [0.0, -0.0, nan, nan],
    "cos": [Fraction(1), Fraction(1), nan, nan],
    "exp": [Fraction(1), Fraction(1), inf, 0.0],
    "expm1": [0.0, -0.0, inf, Fraction(-1)],
    "log": [-inf, -inf, inf, nan],
    "sigmoid": [Fraction(1, 2), Fraction(1, 2), Fraction(1), 0.0],
    "gelu": [0.0, -0.0, inf, -0.0],
    "gelu_tanh": [0.0, -0.0, inf, -0.0],
    "sqrt": [0.0, -0.0, inf, nan],
    "rsqrt": [inf, -inf, 0.0, nan],
    "reciprocal": [inf, -inf, 0.0, -0.0],
}


def _gelu(x: Any) -> Any:
    return x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def _gelu_tanh(x: Any) -> Any:
    inner = mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf(44715) / 10**6 * x**3)
    return x / 2 * (1 + mpmath.tanh(inner))


_MP: dict[str, Any] = {
    "tanh": mpmath.tanh,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
}


def rational(x: Any) -> Fraction:
    """Return what an mpf is."""
    sign, mantissa, exponent, _ = x._mpf_
    return (-1) ** int(sign) * int(mantissa) * Fraction(2) ** int(exponent)


def truth(name: str, x: Number, least: int = 1500) -> Number:
    """Return the function of a number: exact where it is rational, else to hundreds of bits."""
    if isinstance(x, float) and x != x:
        return nan
    if isinstance(x, float):
        place = 2 + (x < 0) if x else int(str(x)[0] == "-")
        return SPECIAL[name][place]
    return _of_a_number(name, x, least)


@lru_cache(maxsize=1 << 17)
def _of_a_number(name: str, x: Fraction, least: int) -> Number:
    if name in ("log", "sqrt", "rsqrt") and x < 0:
        return nan
    if name in ("sqrt", "rsqrt", "reciprocal"):
        return _algebraic(name, x)
    if name == "log" and x == 1:
        return 0.0
    if name in _FAR and abs(x) > (30 if name.startswith("gelu") else 200):
        return _FAR[name](x)
    if name == "gelu_tanh" and abs(x) > 5:
        least = max(least, 3300)
    with mpmath.workprec(least):
        return rational(_MP[name](mpmath.mpf(x.numerator) / x.denominator))


#: A number of 600 bits on the side of 0, 1, x and of the end of every format on which the truth is.
_TINY = Fraction(1, 2**600)
_FAR: dict[str, Any] = {
    "tanh": lambda x: (1 - _TINY) if x > 0 else _TINY - 1,
    "exp": lambda x: 1 / _TINY if x > 0 else _TINY,
    "expm1": lambda x: 1 / _TINY if x > 0 else _TINY - 1,
    "sigmoid": lambda x: 1 - _TINY if x > 0 else _TINY,
    "gelu": lambda x: x - _TINY if x > 0 else -_TINY,
    "gelu_tanh": lambda x: x - _TINY if x > 0 else -_TINY,
}


def _algebraic(name: str, x: Fraction) -> Fraction:
    if name != "sqrt":
        x = 1 / x
    if name == "reciprocal":
        return x
    root = isqrt(int(x * 4**600))
    return Fraction(2 * root + (root * root != x * 4**600), 2**601)


def code_or_none(cast: Cast, x: Number, draw: int = 0) -> int | None:
    """Return the code that the definition of the cast gives a number; None if it refuses."""
    try:
        return encode_exact(cast, x, draw)
    except FormatError:
        return None
