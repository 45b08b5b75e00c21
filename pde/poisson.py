"""Poisson's equation on the unit square, with the solution sin(x1 + x2) / 2."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .cube import face_points, interior_points
from .problem import Problem
from .streams import Stream


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
    center = (0.5, 0.5)

    def exact(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``sin(x1 + x2) / 2``."""
        return np.asarray(np.sin(points.sum(axis=1, keepdims=True)) / 2)

    def laplacian(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``-sin(x1 + x2)``."""
        return np.asarray(-np.sin(points.sum(axis=1, keepdims=True)))

    def source(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``-sin(x1 + x2)``."""
        return np.asarray(-np.sin(points.sum(axis=1, keepdims=True)))

    def domain_points(self, count: int, stream: Stream, step: int) -> NDArray[np.float64]:
        """Return points uniform in the open square (up to 2^-53)."""
        return interior_points(count, self.dimension, stream, step)

    def boundary_points(self, count: int, stream: Stream, step: int) -> NDArray[np.float64]:
        """Return points uniform on the four sides."""
        return face_points(count, self.dimension, stream, step)
