"""Poisson's equation on the unit square, with a solution of several frequencies."""

import math
from dataclasses import dataclass

import numpy as np

from ..emu import Node, ops
from .domains import cube_faces
from .problem import Array, Condition, Fields, Problem
from .spec import require_integer


@dataclass(frozen=True, kw_only=True)
class PoissonModes(Problem):
    """``u_11 + u_22 = -2 pi^2 mean_k(k^2 s_k)`` in (0, 1)^2, ``u = 0`` on the boundary.

    The solution is ``u = mean_k s_k`` with ``s_k = sin(k pi x1) sin(k pi x2)``, k = 1 ... highest:
    manufactured, the harder companion of `Poisson`.

    Parameters
    ----------
    highest
        The highest k, 1 to 64.

    Notes
    -----
    The *mean* of the modes stays within [-1, 1], and its modes are orthogonal and of one norm:
    a predictor that knows all but m of the K modes has a relative L2 error of ``sqrt(m / K)`` in
    u.  The Laplacian weighs mode k by ``k^2``, so that the same predictor without the highest of
    four has an error of 85 % there.

    The boundary weight 300 is that of `Poisson`, and near ``4 pi^4 = 390``, at which an error of u
    costs as much on the boundary as one of the same mean square in the lowest mode inside.  The
    network is that of `Poisson`.

    Traps: u is symmetric about the middle, so a linear fit is no better than a constant; u = 0
    satisfies the boundary condition and has an error of 1.

    Examples
    --------
    >>> float(PoissonModes(highest=1).exact(np.array([[0.5, 0.5]]))[0, 0])
    1.0
    """

    highest: int = 4

    name = "poisson-modes"
    dimension = 2
    space = 2
    center = (0.5, 0.5)
    widths = (2, 256, 256, 256, 1)

    def __post_init__(self) -> None:
        require_integer("PoissonModes.highest", self.highest, least=1, most=64)

    def residual(self, fields: Fields, points: Array) -> Node:
        """Return ``u_11 + u_22 + 2 pi^2 mean_k(k^2 s_k)``; one rounding of the source, one more."""
        return ops.subtract(fields.diffusion, fields.constant(self.exact_diffusion(points)))

    def domain_points(self, uniform: Array) -> Array:
        """Return the numbers themselves: points of [0, 1)^2."""
        return uniform

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """``u = 0`` on the four sides."""
        return (
            Condition(
                name="boundary",
                weight=300.0,
                draws=3,
                points=cube_faces,
                target=lambda points: np.zeros((len(points), 1)),
            ),
        )

    def exact(self, points: Array) -> Array:
        """Return ``mean_k sin(k pi x1) sin(k pi x2)``."""
        return np.asarray(self._modes(points).mean(axis=1, keepdims=True))

    def exact_diffusion(self, points: Array) -> Array:
        """Return ``-2 pi^2 mean_k k^2 sin(k pi x1) sin(k pi x2)``."""
        factors = -2 * (math.pi * np.arange(1, self.highest + 1)) ** 2
        return np.asarray((factors * self._modes(points)).mean(axis=1, keepdims=True))

    def _modes(self, points: Array) -> Array:
        """Return ``sin(k pi x1) sin(k pi x2)``, (P, highest)."""
        waves = np.sin(math.pi * points[:, :, None] * np.arange(1, self.highest + 1))
        return np.asarray(waves.prod(axis=1))
