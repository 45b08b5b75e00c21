"""Polynomials that fit a function on a segment, found in rational arithmetic and rounded.

The polynomial of degree n through the function at Chebyshev's n + 1 nodes is near to the one of
least error.  Its highest coefficient is rounded first; the next one is that of the least-squares
fit, on the same nodes, to what is left, so that lower coefficients make good for the rounding of
higher ones.  No float is used: the bits do not depend on the machine.
"""

from fractions import Fraction
from functools import cache

from ...formats import Cast, Fixed, FormatError, Overflow, encode_exact
from ..errors import DatapathError
from .correct_rounding import enclosed

#: Chebyshev's nodes on [0, 1], ``(1 - cos((2 j + 1) pi / (2 n))) / 2``, in units of 2^-16.
_CHEBYSHEV = {2: (9598, 55938), 3: (4390, 32768, 61146), 4: (2494, 20228, 45308, 63042)}
_PLACES = 80


def fitted(
    function: str, start: Fraction, width: Fraction, formats: tuple[Fixed, ...]
) -> list[int]:
    """Codes of the coefficients of ``c0 + c1 t + ...`` for ``f(start + t width)``, t from 0 to 1.

    With a width of 0 only ``c0``, the function's value, is not 0.

    Raises
    ------
    DatapathError
        If a coefficient is beyond its format.
    FormatError
        If the function has no finite value at a node.

    Examples
    --------
    >>> fitted("exp", Fraction(0), Fraction(1), (Fixed(bits=8, fraction_bits=5),) * 2)
    [29, 54]
    """
    if not width:
        constant = _rounded(function, 0, _finite(function, start), formats[0])
        return [constant] + [0] * (len(formats) - 1)
    nodes, directions = _nodes(len(formats))
    rest = [_finite(function, start + t * width) for t in nodes]
    codes = [0] * len(formats)
    for k in reversed(range(len(formats))):
        direction = directions[k]
        best = _dot(rest, direction) / _dot(direction, direction)
        codes[k] = _rounded(function, k, best, formats[k])
        rest = [y - codes[k] * formats[k].lsb * t**k for y, t in zip(rest, nodes, strict=True)]
    return codes


def _finite(function: str, x: Fraction) -> Fraction:
    ends = enclosed(function, x if x else 0.0, _PLACES)
    if ends is None:
        msg = f"{function} of {x} is no number: choose segments away from it"
        raise FormatError(msg)
    return (ends[0] + ends[1]) / 2


@cache
def _nodes(count: int) -> tuple[list[Fraction], list[list[Fraction]]]:
    """The nodes, and on them every power less its projection on the lower ones."""
    nodes = [Fraction(node, 1 << 16) for node in _CHEBYSHEV[count]]
    directions: list[list[Fraction]] = []
    for k in range(count):
        rest = [t**k for t in nodes]
        for known in directions:
            share = _dot(rest, known) / _dot(known, known)
            rest = [y - share * z for y, z in zip(rest, known, strict=True)]
        directions.append(rest)
    return nodes, directions


def _dot(x: list[Fraction], y: list[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0))


def _rounded(function: str, k: int, x: Fraction, format: Fixed) -> int:
    try:
        return encode_exact(Cast(format=format, overflow=Overflow.RAISE), x)
    except FormatError as error:
        msg = f"coefficient {k} of {function} is {float(x)}, beyond {format}: give it more bits"
        raise DatapathError(msg) from error
