"""Coefficients of Darcy flow: two values, by thresholding a random function of the point.

Each cell of the grid has the value of its centre: the cells are the definition of the problem.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from ..errors import RunError
from ..spec import Spec, require_integer, settle_real
from ..streams import Stream
from .gaussian_fields import cosine_field, cosine_waves
from .spectral_grid import cell_centres
from .trajectory import Array

_BUMPS = 5
_WIDTHS = (0.1, 0.3)


@dataclass(frozen=True, kw_only=True)
class DarcyCoefficient(Spec, ABC):
    """A distribution over coefficients that are ``low`` or ``high`` in each cell.

    Parameters
    ----------
    low, high
        The two values, positive.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        settle_real(self, "low", above=0.0)
        settle_real(self, "high", above=0.0)
        if self.low >= self.high:
            msg = f"{type(self).__name__} from {self.low} to {self.high}: give low below high"
            raise RunError(msg)

    @abstractmethod
    def level(self, seed: int, number: int, centres: Array) -> Array:
        """Return the function whose sign decides, at all pairs of ``centres``, (X, X)."""

    def cells(self, seed: int, number: int, points: int) -> Array:
        """Return the coefficient of each cell of a grid, (points, points).

        Examples
        --------
        >>> ThresholdedBumps().cells(seed=0, number=0, points=4).shape
        (4, 4)
        """
        centres = cell_centres(points)
        return np.where(self.level(seed, number, centres) > 0, self.high, self.low)


@dataclass(frozen=True, kw_only=True)
class ThresholdedBumps(DarcyCoefficient):
    """``high`` where a sum of five Gaussian bumps is above its mean over the unit square.

    ``sum_k A_k exp(-|x - c_k|^2 / (2 w_k^2))`` with A uniform in (-1, 1), w in (0.1, 0.3) and c in
    the square.  As a function is nowhere only above its mean, both values occur, but for cells too
    coarse to see them.
    """

    low: float = 0.1
    high: float = 1.0

    def level(self, seed: int, number: int, centres: Array) -> Array:
        """Return the sum of the bumps less its mean, at all pairs of ``centres``."""
        numbers = Stream(seed=seed, name="data/darcy/bumps").uniform((_BUMPS, 4), step=number)
        amplitude = 2 * numbers[:, 0] - 1
        width = (_WIDTHS[0] + (_WIDTHS[1] - _WIDTHS[0]) * numbers[:, 1])[:, None]
        x, y = (np.exp(-(((centres - c[:, None]) / width) ** 2) / 2) for c in numbers[:, 2:].T)
        mean = amplitude @ (_bump_mean(numbers[:, 2:], width).prod(axis=1))
        return np.asarray(np.einsum("k,ki,kj->ij", amplitude, x, y) - mean, np.float64)


def _bump_mean(centre: Array, width: Array) -> Array:
    """Return the mean over (0, 1) of each ``exp(-(x - centre)^2 / (2 width^2))``."""
    from scipy.special import erf

    ends = erf((1 - centre) / (2**0.5 * width)) + erf(centre / (2**0.5 * width))
    return np.asarray((np.pi / 2) ** 0.5 * width * ends, np.float64)


@dataclass(frozen=True, kw_only=True)
class ThresholdedField(DarcyCoefficient):
    """``high`` where a Gaussian field of covariance ``(-Laplace + 9)^-2`` is positive.

    The Laplacian has no flux through the wall; the field is that of Li et al. (*Fourier neural
    operator for parametric partial differential equations*, 2021), without its constant mode and
    with wave numbers up to ``modes`` along each axis (`cosine_field`).
    """

    low: float = 3.0
    high: float = 12.0
    modes: int = 63

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer("ThresholdedField.modes", self.modes, least=1)

    def level(self, seed: int, number: int, centres: Array) -> Array:
        """Return the Gaussian field at all pairs of ``centres``."""
        stream = Stream(seed=seed, name="data/darcy/field")
        normals = stream.normal((len(cosine_waves(self.modes)),), step=number)
        return cosine_field(normals, centres, centres, shift=9.0, power=2.0)


COEFFICIENTS: dict[str, type[DarcyCoefficient]] = {
    each.__name__: each for each in (ThresholdedBumps, ThresholdedField)
}
