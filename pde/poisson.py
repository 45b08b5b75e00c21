"""Poisson's equation on the unit square, with the solution sin(x1 + x2) / 2."""

from dataclasses import dataclass

import numpy as np

from ..emu import Node, ops
from .domains import cube_faces
from .problem import Array, Condition, Fields, Problem


@dataclass(frozen=True, kw_only=True)
class Poisson(Problem):
    """``u_11 + u_22 = -sin(x1 + x2)`` in (0, 1)^2, ``u = sin(x1 + x2) / 2`` on the boundary.

    A manufactured solution: each second derivative of ``sin(x1 + x2) / 2`` is its negative.  It is
    the 2-D test problem of He, Li, Shi, Gao et al. (arXiv 2206.14005's code) and of Lu, Tian,
    Zhao, Li and Zhang (arXiv 2512.09202).

    Notes
    -----
    The solution is smooth and almost quadratic: a least-squares quadratic reaches a relative L2
    error of 1 %.  A report shows that predictor beside any trained network.

    Examples
    --------
    >>> float(Poisson().exact(np.array([[0.0, 0.5]]))[0, 0])
    0.2397127693021015
    """

    name = "poisson"
    dimension = 2
    space = 2
    center = (0.5, 0.5)
    widths = (2, 256, 256, 256, 1)

    def residual(self, fields: Fields, points: Array) -> Node:
        """Return ``u_11 + u_22 + sin(x1 + x2)``."""
        return ops.subtract(fields.diffusion, fields.constant(self.exact_diffusion(points)))

    def domain_points(self, uniform: Array) -> Array:
        """Return the numbers: points of the open square (up to 2^-53)."""
        return uniform

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The values on the four sides, with weight 300."""
        return (
            Condition(name="boundary", weight=300.0, draws=3, points=cube_faces, target=self.exact),
        )

    def exact(self, points: Array) -> Array:
        """Return ``sin(x1 + x2) / 2``."""
        return np.asarray(np.sin(points.sum(axis=1, keepdims=True)) / 2)

    def exact_diffusion(self, points: Array) -> Array:
        """Return ``-sin(x1 + x2)``."""
        return np.asarray(-np.sin(points.sum(axis=1, keepdims=True)))
