"""The matrices of Fourier transforms of few modes: cosines and sines, each rounded once.

Of an angle ``2 pi k j / n`` only ``k j mod n`` matters, an integer, which is folded into an eighth
of a turn before any number is rounded: quarters of a turn are exact, symmetries hold bit for bit.
"""

from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..errors import DatapathError
from ..functions.enclosures import Enclosure, pi, sine_and_cosine

Matrix = NDArray[np.float64]
#: How many along the only axis, or along each of two.
Modes = tuple[int, ...]


def require_modes(space: tuple[int, ...], modes: Modes) -> None:
    """Require that a grid has the modes.

    Raises
    ------
    DatapathError
        Unless it has.
    """
    if len(space) not in (1, 2):
        msg = f"space of shape {space}: modes are those of a line or a plane"
        raise DatapathError(msg)
    most = (*(n // 2 for n in space[:-1]), space[-1] // 2 + 1 if space[-1] else 0)
    if len(modes) != len(space) or not all(1 <= m <= n for m, n in zip(modes, most, strict=True)):
        msg = f"modes {modes} of space of shape {space}: give one number for each axis, from 1 to "
        raise DatapathError(msg + " and ".join(str(n) for n in most))


def mode_count(modes: Modes) -> int:
    """How many there are in all: along the first of two axes each number has two signs."""
    return modes[0] if len(modes) == 1 else 2 * modes[0] * modes[1]


def samples_and_channels(shape: tuple[int, ...], modes: Modes) -> tuple[int, int]:
    """B and C of an array of modes (K, B, 2 C).

    Raises
    ------
    DatapathError
        If it has another shape.
    """
    if len(shape) != 3 or shape[0] != mode_count(modes) or shape[2] % 2:
        msg = f"shape {shape} holds no modes {modes}: give ({mode_count(modes)}, B, 2 C)"
        raise DatapathError(msg)
    return shape[1], shape[2] // 2


def two_sided(n: int, modes: int) -> NDArray[np.int64]:
    """The frequencies ``0 .. modes - 1`` and ``-modes .. -1`` of n cells, modulo n."""
    return np.concatenate([np.arange(modes), np.arange(n - modes, n)])


def multiplicity(n: int, modes: int) -> Matrix:
    """How often each of the frequencies ``0 .. modes - 1`` is in a real field of n cells.

    Twice, for a frequency stands for its negative as well, but once where both are the same: the
    mean, and n/2.
    """
    frequencies = np.arange(modes)
    return np.where((frequencies == 0) | (2 * frequencies == n), 1.0, 2.0)


@lru_cache(maxsize=32)
def analysis(n: int, modes: int) -> Matrix:
    """Real fields to modes: (n, 2 modes), ``cos`` and then ``-sin`` of ``2 pi k j / n``.

    Examples
    --------
    >>> analysis(4, 2).tolist()
    [[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, -1.0], [1.0, -1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 1.0]]
    """
    cosines, sines = _waves(n, np.arange(modes))
    return _frozen(np.hstack([cosines, 0.0 - sines]))


@lru_cache(maxsize=32)
def synthesis(n: int, modes: int) -> Matrix:
    """Modes to real fields: (2 modes, n), the transpose of `analysis` times `multiplicity`."""
    return _frozen(analysis(n, modes).T * np.tile(multiplicity(n, modes), 2)[:, None])


@lru_cache(maxsize=32)
def complex_analysis(n: int, modes: int) -> Matrix:
    """Complex fields to the `two_sided` modes: (2 n, 4 modes), real parts before imaginary ones."""
    cosines, sines = _waves(n, two_sided(n, modes))
    return _frozen(np.block([[cosines, 0.0 - sines], [sines, cosines]]))


@lru_cache(maxsize=32)
def complex_synthesis(n: int, modes: int) -> Matrix:
    """The `two_sided` modes to complex fields: the transpose of `complex_analysis`."""
    return _frozen(np.ascontiguousarray(complex_analysis(n, modes).T))


def _waves(n: int, frequencies: NDArray[np.int64]) -> tuple[Matrix, Matrix]:
    """``cos`` and ``sin`` of ``2 pi k j / n``: rows j, columns k."""
    cosines, sines = _turn(n)
    places = np.outer(np.arange(n), frequencies) % n
    return cosines[places], sines[places]


@lru_cache(maxsize=32)
def _turn(n: int) -> tuple[Matrix, Matrix]:
    """``cos`` and ``sin`` of ``2 pi j / n`` for j from 0 to n - 1, to nearest float64."""
    cosines, sines = np.empty(n), np.empty(n)
    for j in range(n):
        quarter, rest = divmod(4 * j, n)
        swapped = 2 * rest > n
        c, s = _eighth(Fraction(n - rest if swapped else rest, n))
        c, s = (s, c) if swapped else (c, s)
        cosines[j], sines[j] = ((c, s), (0.0 - s, c), (0.0 - c, 0.0 - s), (s, 0.0 - c))[quarter]
    return cosines, sines


@lru_cache(maxsize=1 << 14)
def _eighth(part: Fraction) -> tuple[float, float]:
    """``cos`` and ``sin`` of ``part`` of a quarter turn, from 0 to 1/2, to nearest float64."""
    if part == 0:
        return 1.0, 0.0  # whose enclosure would not say so
    angle = part * Fraction(pi(140), 1 << 141)
    sine, cosine = sine_and_cosine(angle, 120)
    return _nearest(cosine), _nearest(sine)


def _nearest(value: Enclosure) -> float:
    """The float64 nearest to a number, from its enclosure."""
    low, high = (float(end) for end in value.ends)
    if low != high:
        msg = f"{value} does not say which float64 is nearest: enclose the number more narrowly"
        raise DatapathError(msg)
    return low


def _frozen(matrix: Matrix) -> Matrix:
    matrix.setflags(write=False)
    return matrix
