"""Ball arithmetic for error bounds: what a machine holds, as an exact number and a radius.

The center is what exact arithmetic would hold, the radius how far the machine can be from it.  All
of it is rational, so that a bound is a theorem and not one more approximation.
"""

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from math import inf, nextafter
from typing import NamedTuple

from ...formats import Cast, Fixed, Minifloat, Overflow, Rounding
from ..exact.operands import leading_exponent

#: The grain of a zero, which is a whole number of anything.
ANY_GRAIN = 1 << 20

_SATURATES = (Overflow.SATURATE, Overflow.SATURATE_FINITE, Overflow.SATURATE_SYMMETRIC)


@lru_cache(maxsize=4096)
def two_to(exponent: int) -> Fraction:
    """``2^exponent``."""
    return Fraction(2) ** exponent


@lru_cache(maxsize=64)
def range_of(cast: Cast) -> tuple[Fraction, Fraction]:
    """The least and the greatest number that a cast leaves in a scalar format."""
    format = cast.format
    if not isinstance(format, Fixed | Minifloat):
        raise Unbounded
    if cast.overflow is Overflow.SATURATE_SYMMETRIC:
        return Fraction(max(format.min, -format.max)), Fraction(format.max)
    return Fraction(format.min), Fraction(format.max)


class Unbounded(Exception):
    """The machine may hold an infinity or NaN, from which no distance is finite."""


class Ball(NamedTuple):
    """A number of the machine: within ``radius`` of ``center``, a whole number of ``2^grain``."""

    center: Fraction
    radius: Fraction
    grain: int

    @property
    def reach(self) -> Fraction:
        """Bound of the magnitude of what the machine holds."""
        return abs(self.center) + self.radius

    @property
    def least(self) -> Fraction:
        """Lower bound of that magnitude."""
        return max(abs(self.center) - self.radius, Fraction(0))

    def moved(self, radius: Fraction) -> "Ball":
        """The same after a step that moves the number by at most ``radius``."""
        return self._replace(radius=self.radius + radius)

    def around(self, center: Fraction) -> "Ball":
        """The same numbers as seen from another center."""
        return self._replace(center=center, radius=self.radius + abs(self.center - center))


def exactly(x: Fraction) -> Ball:
    """The ball of a number the machine holds as it is.

    Examples
    --------
    >>> exactly(Fraction(3, 8))
    Ball(center=Fraction(3, 8), radius=Fraction(0, 1), grain=-3)
    """
    if not x:
        return Ball(x, Fraction(0), ANY_GRAIN)
    low = x.numerator & -x.numerator
    return Ball(x, Fraction(0), low.bit_length() - x.denominator.bit_length())


def total(balls: Iterable[Ball]) -> Ball:
    """The exact sum of what the machine holds: centers and radii add up.

    Examples
    --------
    >>> total([exactly(Fraction(1)), exactly(Fraction(3))]).grain
    2
    """
    center, radius, grain = Fraction(0), Fraction(0), ANY_GRAIN
    for ball in balls:
        center, radius, grain = center + ball.center, radius + ball.radius, min(grain, ball.grain)
    return Ball(center, radius, grain) if radius else exactly(center)


def loss(rounding: Rounding, place: int, x: Ball) -> Fraction:
    """How far rounding to a whole number of ``2^place`` can move a number of the ball.

    Nothing where it is one already; half a step to nearest; and less than a step otherwise, which
    for numbers that are whole numbers of ``2^grain`` is a step less ``2^grain``.  What is rounded
    to nearest or toward zero never moves farther than to zero.

    Examples
    --------
    >>> x = exactly(Fraction(5, 4))
    >>> [str(loss(mode, 0, x)) for mode in (Rounding.NEAREST_EVEN, Rounding.DOWN)], loss(
    ...     Rounding.DOWN, -2, x)
    (['1/2', '3/4'], Fraction(0, 1))
    """
    if place <= x.grain:
        return Fraction(0)
    step = two_to(place)
    if rounding.name.startswith("NEAREST"):
        return min(step / 2, x.reach)
    most = step - two_to(x.grain)
    return min(most, x.reach) if rounding is Rounding.TOWARD_ZERO else most


def place_of(format: Fixed | Minifloat, x: Ball) -> int:
    """Exponent of the greatest distance of neighbours in the format within reach of the ball."""
    if isinstance(format, Fixed):
        return format.lsb_min
    if not x.reach:
        return format.lsb_min
    return max(leading_exponent(x.reach), format.emin) - format.significand_bits


def rounded_ball(cast: Cast, x: Ball) -> Ball:
    """What a rounding of the accumulator makes of the ball.

    Raises
    ------
    Unbounded
        If the format's range may be left, and its policy is neither to saturate nor to wrap.
    """
    format = cast.format
    if not isinstance(format, Fixed | Minifloat):
        raise Unbounded
    y = x.moved(loss(cast.rounding, place_of(format, x), x))
    return limited_ball(x, y, *range_of(cast), cast.overflow)


def limited_ball(x: Ball, y: Ball, least: Fraction, greatest: Fraction, overflow: Overflow) -> Ball:
    """``y``, the rounding of ``x``, in a register that ends at ``least`` and ``greatest``.

    Inside, nothing happens.  A register that saturates stops at its end: where the exact sum s is
    inside, that is nearer to s than it was; where s is outside, the error is the larger of what it
    was and the distance of s from the range.  One that wraps is anywhere in its range.
    """
    if least <= x.center - x.radius and x.center + x.radius <= greatest:
        return y
    s = y.center
    anywhere = max(s - least, greatest - s)
    if overflow in _SATURATES:
        radius = min(max(y.radius, least - s, s - greatest), anywhere)
    elif overflow is Overflow.WRAP:
        radius = anywhere
    else:
        raise Unbounded
    grain = min(y.grain, exactly(least).grain, exactly(greatest).grain)
    return Ball(s, radius, grain)


def flushed_ball(format: Fixed | Minifloat, x: Ball) -> Ball:
    """What remains of a number where the subnormal ones of a float format count as zero.

    Zero is ``|center|`` away, and no subnormal number is farther from zero than the largest one.
    """
    if isinstance(format, Fixed) or x.grain >= format.emin:
        return x
    normal = two_to(format.emin)
    if x.least >= normal:
        return x
    lost = x.radius + normal - two_to(format.lsb_min)
    return x._replace(radius=max(x.radius, min(abs(x.center), lost)))


def upward(x: Fraction) -> float:
    """The least float64 that is not below a rational number that is not negative.

    Examples
    --------
    >>> upward(Fraction(1, 3)) > Fraction(1, 3), upward(Fraction(1, 2**1080)), upward(
    ...     Fraction(10) ** 400)
    (True, 5e-324, inf)
    """
    try:
        nearest = float(x)
    except OverflowError:
        return inf
    if nearest == inf or Fraction(nearest) >= x:
        return nearest
    return nextafter(nearest, inf)
