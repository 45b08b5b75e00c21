"""Smaller dot products than a given one: the order of witnesses, and the steps down it."""

from collections.abc import Iterator
from math import frexp, ldexp

#: The operands ``a`` and ``b`` of a dot product.
Vectors = tuple[tuple[float, ...], tuple[float, ...]]


def size_of(pair: Vectors) -> tuple[int, int, int]:
    """The length, then the costs of all operands added up: what makes a witness small.

    Examples
    --------
    >>> size_of(((1.0, -6.0), (0.0, 0.25)))
    (2, 5, 4)
    """
    costs = [cost(x) for side in pair for x in side]
    return len(pair[0]), sum(bits for bits, _ in costs), sum(size for _, size in costs)


def cost(x: float) -> tuple[int, int]:
    """Bits set in the significand, with one for a minus sign, and the size of the exponent.

    Zeros cost nothing.

    Examples
    --------
    >>> cost(0.0), cost(1.0), cost(-6.0), cost(2.0**-9)
    ((0, 0), (1, 0), (3, 2), (1, 9))
    """
    if x == 0:
        return 0, 0
    fraction, exponent = frexp(abs(x))
    return int(ldexp(fraction, 53)).bit_count() + (x < 0), abs(exponent - 1)


def without(pair: Vectors, run: int) -> list[Vectors]:
    """The pair without ``run`` neighbouring products, from every ``run``-th place on.

    Examples
    --------
    >>> without(((1.0, 2.0), (3.0, 4.0)), 1)
    [((2.0,), (4.0,)), ((1.0,), (3.0,))]
    """
    a, b = pair
    last = len(a) - run
    firsts = sorted({*range(0, last, run), last}) if last else []
    return [(a[:n] + a[n + run :], b[:n] + b[n + run :]) for n in firsts]


def simpler(pair: Vectors) -> list[Vectors]:
    """Pairs of the same length that cost less, the least costly first.

    One operand is replaced, or all of one magnitude, or all are scaled by powers of two.  Whether a
    format has the new operands is for the caller to see.
    """
    least = size_of(pair)
    found = {candidate for candidate in _changed(pair) if size_of(candidate) < least}
    return sorted(found, key=lambda candidate: (size_of(candidate), candidate))


def _changed(pair: Vectors) -> Iterator[Vectors]:
    a, b = pair
    for power in (-1, 1, -2, 2, -4, 4, -8, 8):
        yield _scaled(a, power), b
        yield a, _scaled(b, power)
        yield _scaled(a, power), _scaled(b, power)
        yield _scaled(a, power), _scaled(b, -power)
    for magnitude in sorted({abs(x) for x in a + b} - {0.0}):
        places = [[k for k, x in enumerate(side) if abs(x) == magnitude] for side in pair]
        for choice in _below(magnitude):
            yield _with(a, places[0], choice), _with(b, places[1], choice)
            for group in (places[0], *([k] for k in places[0])):
                yield _with(a, group, choice), b
            for group in (places[1], *([k] for k in places[1])):
                yield a, _with(b, group, choice)


def _scaled(x: tuple[float, ...], power: int) -> tuple[float, ...]:
    return tuple(ldexp(value, power) for value in x)


def _with(x: tuple[float, ...], places: list[int], choice: float) -> tuple[float, ...]:
    """``x`` with ``choice`` in these places, times the sign of what was there."""
    changed = list(x)
    for k in places:
        changed[k] = choice if x[k] > 0 or not choice else -choice
    return tuple(changed)


def _below(magnitude: float) -> list[float]:
    """What may replace a magnitude: 0, powers of two, itself with one bit less or with a sign.

    The powers of a power of two are those nearer to 1; the others have any within 2^24.

    Examples
    --------
    >>> _below(4.0)
    [0.0, 0.25, -0.25, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0, 4.0, -4.0, -4.0]
    """
    fraction, exponent = frexp(magnitude)
    integer, reach = int(ldexp(fraction, 53)), abs(exponent - 1)
    rest = integer & (integer - 1)
    reach = max(reach, 24) if rest else reach
    fewer = ldexp(float(rest), exponent - 53)
    sizes = {*(ldexp(1.0, k) for k in range(-reach, reach + 1)), fewer} - {0.0}
    return [0.0, *(sign * x for x in sorted(sizes) for sign in (1, -1)), -magnitude]
