"""Random periodic functions that Burgers' equation starts from."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..spec import Spec, require_integer, settle_real
from ..streams import Stream
from .trajectory import Array

#: Half the width in which a window rises: it is ``(1 + tanh(d / width)) / 2`` near an edge.
_WINDOW_RISE = 0.02


@dataclass(frozen=True, kw_only=True, eq=False)
class InitialValue:
    """A function of period 1.

    Parameters
    ----------
    at
        Its values at any points.
    breaks
        Points in [0, 1) where a derivative may jump; the function is smooth between them.
    parameters
        The numbers that make it, by name, where there are few.
    """

    at: Callable[[Array], Array]
    breaks: tuple[float, ...] = ()
    parameters: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SineWaves(Spec):
    """Sums of sine waves, some of them made positive or cut out by a window.

    ``sum_i a_i sin(2 pi k_i x + p_i)`` with a_i uniform in (0, 1), k_i in 1, ..., ``highest`` and
    p_i in (0, 2 pi).  Everything is exactly of period 1, and so is the window, a logistic function
    of a cosine, which rises from 0 to 1 about a point of (0.1, 0.45) and falls about one of (0.55,
    0.9).

    Parameters
    ----------
    waves
        The number of terms.
    highest
        The largest wave number.
    absolute
        The probability of the absolute value, times a random sign.  It has corners: its Fourier
        coefficients fall only as ``k^-2``, and the error of any grid at early times as ``1/N^2``.
        Viscosity rounds them, but not at once; the certificate says what is left.
    windowed
        The probability of a window.

    Examples
    --------
    >>> wave = SineWaves(waves=1).draw(seed=0, number=0)
    >>> bool(abs(wave.at(np.array([0.3])) - wave.at(np.array([1.3])))[0] < 1e-14)
    True
    """

    waves: int = 2
    highest: int = 4
    absolute: float = 0.1
    windowed: float = 0.1

    def __post_init__(self) -> None:
        require_integer("SineWaves.waves", self.waves, least=1)
        require_integer("SineWaves.highest", self.highest, least=1)
        for name in ("absolute", "windowed"):
            settle_real(self, name, least=0.0, below=1.0 + 2.0**-52)

    def draw(self, seed: int, number: int) -> InitialValue:
        """Return function ``number`` of ``seed``."""
        stream = Stream(seed=seed, name="data/burgers/waves")
        size, count, phase = stream.uniform((self.waves, 3), number).T
        count = 1 + np.floor(self.highest * count)
        phase = 2 * math.pi * phase
        rolls = Stream(seed=seed, name="data/burgers/shape").uniform((5,), number)
        sign = (-1.0 if rolls[1] < 0.5 else 1.0) if rolls[0] < self.absolute else 0.0
        edges = (0.1 + 0.35 * rolls[3], 0.55 + 0.35 * rolls[4])
        windowed = bool(rolls[2] < self.windowed)

        def at(x: Array) -> Array:
            u = (size * np.sin(2 * math.pi * count * x[..., None] + phase)).sum(axis=-1)
            u = sign * np.abs(u) if sign else u
            return np.asarray(u * _window(x, *edges) if windowed else u, np.float64)

        parameters = {"absolute_sign": sign, "windowed": float(windowed)}
        for i in range(self.waves):
            parameters |= {f"amplitude_{i}": size[i], f"wave_{i}": count[i], f"phase_{i}": phase[i]}
        start, end = edges if windowed else (0.0, 1.0)
        parameters |= {"window_start": start, "window_end": end}
        return InitialValue(
            at=at,
            breaks=_zeros(size, count.astype(int), phase) if sign else (),
            parameters={name: float(value) for name, value in parameters.items()},
        )


@dataclass(frozen=True, kw_only=True)
class GaussianField(Spec):
    """The Gaussian field ``N(0, scale^2 (-Laplacian + shift)^-2)``, of mean zero.

    The coefficients of ``sqrt(2) cos(2 pi k x)`` and ``sqrt(2) sin(2 pi k x)``, k = 1, ..., modes,
    have the standard deviation ``scale / ((2 pi k)^2 + shift)``; scale 25 and shift 25 are those of
    Li et al. (*Fourier neural operator*, 2021).  What the waves beyond the 128th would add is 6e-4
    of it.

    Examples
    --------
    >>> GaussianField().draw(seed=0, number=0).at(np.array([0.25, 0.5])).shape
    (2,)
    """

    scale: float = 25.0
    shift: float = 25.0
    modes: int = 128

    def __post_init__(self) -> None:
        settle_real(self, "scale", above=0.0)
        settle_real(self, "shift", least=0.0)
        require_integer("GaussianField.modes", self.modes, least=1)

    def draw(self, seed: int, number: int) -> InitialValue:
        """Return function ``number`` of ``seed``."""
        normal = Stream(seed=seed, name="data/burgers/field").normal((self.modes, 2), number)
        waves = 2 * math.pi * np.arange(1, self.modes + 1)
        cosine, sine = (math.sqrt(2) * self.scale / (waves**2 + self.shift))[:, None].T * normal.T

        def at(x: Array) -> Array:
            angle = x[..., None] * waves
            return np.asarray(np.cos(angle) @ cosine + np.sin(angle) @ sine, np.float64)

        return InitialValue(at=at)


def _window(x: Array, start: float, end: float) -> Array:
    """Return nearly 1 between start and end, nearly 0 elsewhere, of period 1 and analytic."""
    middle, half = math.pi * (start + end), math.pi * (end - start)
    level = np.cos(2 * math.pi * x - middle) - math.cos(half)
    slope = 2 * math.pi * math.sin(half)
    return np.asarray(0.5 + 0.5 * np.tanh(level / (slope * _WINDOW_RISE)), np.float64)


def _zeros(size: Array, count: NDArray[np.int_], phase: Array) -> tuple[float, ...]:
    """Return where the sum of waves vanishes, in [0, 1), and perhaps more points.

    With ``w = exp(2 pi i x)`` the sum is ``w^-K`` times a polynomial of degree 2 K: its zeros near
    the unit circle.
    """
    top = int(count.max())
    coefficients = np.zeros(2 * top + 1, np.complex128)
    half = size * np.exp(1j * phase) / 2j
    np.add.at(coefficients, top - count, half)
    np.add.at(coefficients, top + count, half.conj())
    roots = np.roots(coefficients)
    near = roots[np.abs(np.abs(roots) - 1) < 1e-6]
    return tuple(sorted(float(x) for x in (np.angle(near) / (2 * math.pi)) % 1.0))
