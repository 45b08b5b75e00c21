"""Central differences: the classical stencil as nodes."""

from dataclasses import dataclass

import numpy as np

from .derivatives import Derivatives
from .engine import Engine
from .nodes import Array, Nodes
from .problem import Fields
from .sampled_fields import sampled_fields
from .solution import Solution
from .spec import settle_real
from .streams import Stream


@dataclass(frozen=True, kw_only=True)
class CentralDifferences(Engine):
    """``(u+ - u-) / 2h`` and ``sum_i a_i (u+ - 2 u + u-) / h^2``, with ``u+-`` at ``x +- h e_i``.

    Parameters
    ----------
    step
        h, between 1e-9 and 1e9, for every coordinate.

    Notes
    -----
    *Exactness*: slopes of polynomials of degree 2 and diffusion of degree 3; beyond, relative
    errors of order h^2.  The value is u itself, not a smoothed one.  A point costs a row, and two
    for each coordinate that the equation uses.
    """

    name = "central-differences"
    step: float = 0.03

    def __post_init__(self) -> None:
        settle_real(self, "step", above=1e-9, below=1e9)

    def rows(self, derivatives: Derivatives) -> int:
        """Return ``2 n + 1`` for n coordinates."""
        return 2 * len(derivatives.coordinates) + 1

    def nodes(self, derivatives: Derivatives) -> Nodes:
        """Return the stencil, the same for all points."""
        chosen, h = list(derivatives.coordinates), self.step
        signs = np.tile([1.0, -1.0], len(chosen))
        along = np.repeat(np.eye(derivatives.dimension)[chosen], 2, axis=0)
        offsets = np.concatenate([np.zeros((1, derivatives.dimension)), h * signs[:, None] * along])
        slopes = signs[:, None] * along[:, derivatives.slope_indices] / (2 * h)
        diffusion = along @ derivatives.factors / h**2
        return Nodes(
            offsets=offsets,
            value_weights=np.array([1.0] + [0.0] * len(signs)),
            slope_weights=np.concatenate([np.zeros_like(slopes[:1]), slopes]),
            diffusion_weights=np.concatenate([[-diffusion.sum()], diffusion]),
        )

    def fields(self, solution: Solution, points: Array, stream: Stream, step: int) -> Fields:
        """Return u and its derivatives."""
        return sampled_fields(solution, points, self.nodes(solution.problem.derivatives))
