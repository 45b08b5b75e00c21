"""Numbers enclosed between two integers: pi, the logarithm of 2, exp, sin, cos and log, proved.

An `Enclosure` is ``low 2^-places <= x <= high 2^-places``.  The series are summed in Python's
integers, where every division rounds down and costs less than one unit; the argument about each
series says by how many units its sum can be wrong, and the enclosure is that much wider.
"""

from fractions import Fraction
from functools import cache
from typing import NamedTuple

from ..exact.operands import leading_exponent


class Enclosure(NamedTuple):
    """A real between ``low 2^-places`` and ``high 2^-places``."""

    low: int
    high: int
    places: int

    @property
    def ends(self) -> tuple[Fraction, Fraction]:
        """Both ends as rationals."""
        unit = Fraction(2) ** -self.places
        return self.low * unit, self.high * unit

    def shifted(self, exponent: int) -> "Enclosure":
        """The number times ``2^exponent``; exact."""
        return self._replace(places=self.places - exponent)


def around(middle: int, radius: int, places: int) -> Enclosure:
    """What is within ``radius`` units of ``middle``."""
    return Enclosure(middle - radius, middle + radius, places)


def between(low: Fraction, high: Fraction, places: int) -> Enclosure:
    """What is between two rationals, which are rounded outward.

    Examples
    --------
    >>> between(Fraction(1, 3), Fraction(1, 3), 4)
    Enclosure(low=5, high=6, places=4)
    """
    down = fixed(low, places)
    return Enclosure(down, -fixed(-high, places), places)


def fixed(x: Fraction, places: int) -> int:
    """``floor(x 2^places)``."""
    if places >= 0:
        return (x.numerator << places) // x.denominator
    return x.numerator // (x.denominator << -places)


@cache
def ln2(places: int) -> int:
    """The natural logarithm of 2, ``2 atanh(1/3)``, to within two units of ``2^-places``."""
    guard = places.bit_length() + 8
    return 2 * _inverse(3, places + guard, 1) >> guard


@cache
def pi(places: int) -> int:
    """Pi to within two units of ``2^-places`` (Machin: ``16 atan(1/5) - 4 atan(1/239)``).

    Examples
    --------
    >>> pi(20) / 2**20
    3.141592025756836
    """
    guard = places.bit_length() + 8
    wide = places + guard
    return (16 * _inverse(5, wide, -1) - 4 * _inverse(239, wide, -1)) >> guard


def _inverse(k: int, places: int, sign: int) -> int:
    """atanh(1/k), or with a negative sign atan(1/k); wrong by two units a term at the most."""
    power, total, odd = (1 << places) // k, 0, 1
    while power:
        total += power // odd
        power, odd = sign * power // (k * k), odd + 2
    return total


def exp(x: Fraction, places: int) -> Enclosure:
    """``e^x``, by Taylor's series of ``x - n ln 2``, relatively to about ``2^-places``.

    The reduced argument is at most 0.36 in magnitude and wrong by ``2 |n| + 2`` units; each of k
    terms is wrong by less than 4 units, and the rest of the series is below the last one.

    Examples
    --------
    >>> [float(end) for end in exp(Fraction(1), 60).ends]
    [2.718281828459045, 2.7182818284590455]
    """
    n = 0
    if abs(x) > Fraction(11, 32):
        rough = leading_exponent(x) + 64
        n = round(Fraction(fixed(x, rough), ln2(rough)))
    reduced = fixed(x, places) - n * (ln2(places) if n else 0)
    term = total = 1 << places
    k = 0
    while abs(term) > 1:
        k += 1
        term = (term * reduced >> places) // k
        total += term
    return around(total, 4 * k + 4 * abs(n) + 12, places).shifted(n)


def sine_and_cosine(x: Fraction, places: int) -> tuple[Enclosure, Enclosure]:
    """``sin x`` and ``cos x`` to within a few units of ``2^-places``.

    The argument is reduced to ``|x - n pi/2| < 0.79`` with so many places of pi that it is wrong by
    less than 3 units; each of k terms is wrong by less than 4, the rest is below the last one.

    Examples
    --------
    >>> [float(part.ends[0]) for part in sine_and_cosine(Fraction(10) ** 22, 60)]
    [-0.8522008497671888, 0.5232147853951389]
    """
    n, reduced = 0, fixed(x, places)
    if abs(x) > Fraction(3, 4):
        extra = leading_exponent(x) + 4
        wide, turn = fixed(x, places + extra), pi(places + extra) >> 1
        n = (2 * wide + turn) // (2 * turn)
        reduced = (wide - n * turn) >> extra
    square = reduced * reduced >> places
    sums = []
    for first, k in ((reduced, 1), (1 << places, 0)):
        term = total = first
        while abs(term) > 1:
            term = -(term * square >> places) // ((k + 1) * (k + 2))
            total += term
            k += 2
        sums.append(around(total, 2 * k + 16, places))
    sine, cosine = sums
    return [
        (sine, cosine),
        (cosine, _negative(sine)),
        (_negative(sine), _negative(cosine)),
        (_negative(cosine), sine),
    ][n % 4]


def _negative(x: Enclosure) -> Enclosure:
    return Enclosure(-x.high, -x.low, x.places)


def log(x: Fraction, places: int) -> Enclosure:
    """The natural logarithm of a positive number, ``e ln 2 + 2 atanh((m - 1) / (m + 1))``.

    ``m`` is from 3/4 to 3/2, so that the argument is at most 1/5; each of k terms is wrong by less
    than 3 units, and the rest of the series is below the last one.

    Examples
    --------
    >>> float(log(Fraction(10), 60).ends[0])
    2.3025850929940455
    """
    e = leading_exponent(x * Fraction(4, 3))
    m = x / Fraction(2) ** e
    power = fixed((m - 1) / (m + 1), places)
    square = power * power >> places
    total, odd = 0, 1
    while abs(power) > 1:
        total += power // odd
        power, odd = power * square >> places, odd + 2
    return around(2 * total + e * (ln2(places) if e else 0), 3 * odd + 2 * abs(e) + 12, places)
