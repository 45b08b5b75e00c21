"""Engines without samples: the forward Laplacian, and its estimate along random directions."""

from dataclasses import dataclass

import numpy as np

from .derivatives import Derivatives
from .engine import Engine
from .jets import jet_fields
from .nodes import Array
from .problem import Fields
from .solution import Solution
from .spec import require_integer
from .streams import Stream


@dataclass(frozen=True, kw_only=True)
class ForwardLaplacian(Engine):
    """Derivatives along all coordinates that the equation uses, through every layer; exact.

    A point costs 2 rows and one for each coordinate.  See `jets`.

    Notes
    -----
    *Exactness*: the roundings of the datapath alone; nothing is smoothed, sampled or truncated.
    """

    name = "forward-laplacian"

    def fields(self, solution: Solution, points: Array, stream: Stream, step: int) -> Fields:
        """Return u and its derivatives."""
        derivatives = solution.problem.derivatives
        chosen = list(derivatives.coordinates)
        directions = np.eye(derivatives.dimension)[chosen]
        return jet_fields(solution, points, directions, derivatives.factors[chosen])

    def rows(self, derivatives: Derivatives) -> int:
        """Return 2 and the number of coordinates."""
        return 2 + len(derivatives.coordinates)


@dataclass(frozen=True, kw_only=True)
class HutchinsonTaylor(Engine):
    """First derivatives along the coordinates, exact; the diffusion term along random directions.

    Each of the ``probes`` has independent coordinates ``+-sqrt(a_i)`` with equal chances, so that
    the mean of ``v^T H v`` is ``sum_i a_i u_ii`` (Hutchinson 1989; the diffusivities a_i must not
    be negative).

    Parameters
    ----------
    probes
        Directions per point, 1 to 2^20.

    Notes
    -----
    *Exactness*: unbiased, with the variance ``2 sum_(i != j) a_i a_j u_ij^2 / probes``: exact where
    the mixed derivatives vanish.
    """

    name = "hutchinson"
    probes: int = 16

    def __post_init__(self) -> None:
        require_integer("HutchinsonTaylor.probes", self.probes, least=1, most=2**20)

    def fields(self, solution: Solution, points: Array, stream: Stream, step: int) -> Fields:
        """Return u, its slopes, and an estimate of the diffusion term."""
        derivatives = solution.problem.derivatives
        chosen = derivatives.slope_indices
        draw = stream.uniform((len(points), self.probes, derivatives.dimension), step)
        probes = np.where(draw < 0.5, -1.0, 1.0) * np.sqrt(derivatives.factors)
        slopes = np.broadcast_to(
            np.eye(derivatives.dimension)[chosen], (len(points), len(chosen), probes.shape[2])
        )
        weights = np.array([0.0] * len(chosen) + [1 / self.probes] * self.probes)
        return jet_fields(solution, points, np.concatenate([slopes, probes], axis=1), weights)

    def rows(self, derivatives: Derivatives) -> int:
        """Return 2, the number of slopes and that of probes."""
        return 2 + len(derivatives.slope_indices) + self.probes
