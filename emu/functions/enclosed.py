"""The vector unit's functions of a rational number, enclosed as tightly as asked.

Each takes the number, not 0, how many ``places`` the enclosure should have relatively, and a
``reach``.  Beyond it, in magnitude, an argument of an exponential is taken for the reach itself:
the result is then no enclosure, but on the same side of 0, of 1 and of every number whose exponent
or last place is well within the reach, which is all that a rounding asks.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from math import isqrt
from typing import Final

from ..exact.operands import leading_exponent
from .enclosures import Enclosure, around, between, exp, fixed, log, pi, sine_and_cosine

Enclosing = Callable[[Fraction, int, int], Enclosure]

#: Of the tanh form of GELU (arXiv 1606.08415, 2).
CUBIC: Final = Fraction(44715, 1_000_000)


def _clamped(x: Fraction, reach: int) -> Fraction:
    return max(Fraction(-reach), min(Fraction(reach), x))


def _small(x: Fraction) -> int:
    """Places that are zeros ahead of the number's leading bit."""
    return max(0, -leading_exponent(x))


def _exp(x: Fraction, places: int, reach: int) -> Enclosure:
    return exp(_clamped(x, reach), places)


def _expm1(x: Fraction, places: int, reach: int) -> Enclosure:
    low, high = exp(_clamped(x, reach), places + _small(x)).ends
    return between(low - 1, high - 1, places + 2 * _small(x))


def _log(x: Fraction, places: int, _reach: int) -> Enclosure:
    return log(x, places + _small(x - 1))


def _sin(x: Fraction, places: int, _reach: int) -> Enclosure:
    return sine_and_cosine(x, places + 2 * _small(x))[0]


def _cos(x: Fraction, places: int, _reach: int) -> Enclosure:
    return sine_and_cosine(x, places)[1]


def _tanh(x: Fraction, places: int, reach: int) -> Enclosure:
    """``(1 - t) / (1 + t)`` with ``t = exp(-2|x|)``."""
    wide = places + 2 * _small(x)
    low, high = exp(-2 * abs(_clamped(x, reach)), wide).ends
    ends = (1 - high) / (1 + high), (1 - low) / (1 + low)
    return between(*(ends if x > 0 else (-ends[1], -ends[0])), wide)


def _sigmoid(x: Fraction, places: int, reach: int) -> Enclosure:
    """``1 / (1 + t)``, or ``t / (1 + t)`` for a negative number, with ``t = exp(-|x|)``."""
    t = exp(-abs(_clamped(x, reach)), places)
    low, high = t.ends
    if x > 0:
        return between(1 / (1 + high), 1 / (1 + low), places)
    return between(low / (1 + low), high / (1 + high), t.places)


@cache
def _inverse_root_of_2pi(places: int) -> Enclosure:
    """``1 / sqrt(2 pi)``."""
    low, high = (isqrt((1 << 3 * places) // (2 * pi(places) + error)) for error in (4, -4))
    return Enclosure(low, high + 1, places)


def _gelu(x: Fraction, places: int, reach: int) -> Enclosure:
    """``x Phi(x)``, Phi the distribution of the normal law; ``(1 + erf(x / sqrt 2)) / 2``.

    ``Phi(|x|) - 1/2`` is the density times ``sum t^(2k+1) / (1 3 5 ... (2k+1))``, whose terms are
    positive and rounded both ways.
    """
    t = min(abs(x), Fraction(isqrt(2 * reach) + 1))
    if x > 0 and t * t > 2 * places:
        return _gelu_far(x, t, places)
    if x < 0:
        places += fixed(t * t, 0) + 2 * max(0, leading_exponent(t)) + 4
    square = t * t
    low, high, odd = fixed(t, places), -fixed(-t, places), 1
    total_low, total_high = low, high
    while odd < 2 * square or high > 2:
        odd += 2
        low = low * square.numerator // (square.denominator * odd)
        high = -(-high * square.numerator // (square.denominator * odd))
        total_low, total_high = total_low + low, total_high + high
    unit = Fraction(1, 1 << places)
    density = _density(square, places)
    half = Fraction(1, 2)
    ends = (
        half + total_low * unit * density[0],
        half + (total_high + 2 * high) * unit * density[1],  # terms that are left halve at least
    )
    size = abs(x) if x > 0 else t
    if x < 0:
        ends = -(1 - ends[0]), -(1 - ends[1])
    return between(size * ends[0], size * ends[1], places + _small(x))


def _gelu_far(x: Fraction, t: Fraction, places: int) -> Enclosure:
    """``x (1 - Phi(-t))`` by ``t / (1 + t^2) < Phi(-t) / density < 1 / t`` (Gordon 1941)."""
    low, high = _density(t * t, places)
    ends = x * (1 - high / t), x * (1 - low * t / (1 + t * t))
    return between(*ends, 2 * places + fixed(t * t, 0))


def _density(square: Fraction, places: int) -> tuple[Fraction, Fraction]:
    """Ends of the normal density where the argument's square is ``square``."""
    root, power = _inverse_root_of_2pi(places).ends, exp(-square / 2, places).ends
    return root[0] * power[0], root[1] * power[1]


def _gelu_tanh(x: Fraction, places: int, reach: int) -> Enclosure:
    """``x / 2 (1 + tanh y) = x sigmoid(2 y)``, with ``y = sqrt(2/pi) (x + 0.044715 x^3)``."""
    inner = 4 * (x + CUBIC * x**3)
    scale = _inverse_root_of_2pi(places + max(0, leading_exponent(inner))).ends
    arguments = sorted(scale[k] * inner for k in (0, 1))
    low = _sigmoid(arguments[0], places, reach).ends[0]
    high = _sigmoid(arguments[1], places, reach).ends[1]
    least, most = sorted((x * low, x * high))
    return between(least, most, places - leading_exponent(least))


def _sqrt(x: Fraction, places: int, _reach: int) -> Enclosure:
    wide = places - leading_exponent(x) // 2
    root = isqrt(fixed(x, 2 * wide))
    return Enclosure(root, root + 1, wide)


def _rsqrt(x: Fraction, places: int, reach: int) -> Enclosure:
    return _sqrt(1 / x, places, reach)


def _reciprocal(x: Fraction, places: int, _reach: int) -> Enclosure:
    return around(fixed(1 / x, places + leading_exponent(x)), 1, places + leading_exponent(x))


#: By name; log, sqrt and rsqrt take positive numbers.
ENCLOSED: Final[dict[str, Enclosing]] = {
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
