"""A Hamilton-Jacobi-Bellman equation in many dimensions whose solution is affine."""

from dataclasses import dataclass

import numpy as np

from ..emu import Node, ops
from .derived import derive
from .network import Activation
from .problem import Array, Field, Fields, Problem
from .spec import require_integer
from .terms import slope, squared_gradient


@dataclass(frozen=True, kw_only=True)
class HJB(Problem):
    """``u_t + Laplacian u - |grad u|^2 / d = -2`` in (0, 1)^d x (0, 1), ``u = sum x`` at t = 1.

    The solution is ``u = sum x + 1 - t``.  With d = 20, where 1/d is the published 0.05, this is
    the 20-D problem of the public code that Lu, Tian, Zhao, Li and Zhang (arXiv 2512.09202) build
    on.  As there, the terminal condition is built in, ``u = sum x + (1 - t) N``, and the network
    has two layers of 512 sines.

    Parameters
    ----------
    space_dimension
        d, 1 to 4096.

    Notes
    -----
    Traps: under its constraint the network that solves it is the *constant* 1, so it tells neither
    derivative engines nor ranks apart; and a least-squares affine fit has no error at all.  Report
    the error of N, and see `HJBLog` for a solution that bends.

    Examples
    --------
    >>> hjb = HJB(space_dimension=2)
    >>> float(hjb.exact(np.array([[0.25, 0.5, 0.75]]))[0, 0])
    1.0
    """

    space_dimension: int = 20

    name = "hjb"
    activation = Activation.SINE

    def __post_init__(self) -> None:
        d = self.space_dimension
        require_integer("HJB.space_dimension", d, least=1, most=4096)
        center, slopes = (0.5,) * (d + 1), tuple(range(d + 1))
        derive(self, dimension=d + 1, space=d, center=center, slopes=slopes)
        derive(self, widths=(d + 1, 512, 512, 1))

    def residual(self, fields: Fields, points: Array) -> Node:
        """Return ``u_t + Laplacian u - |grad u|^2 / d + 2``."""
        source = fields.constant(np.full((len(points), 1), 2.0))
        drift = ops.add(slope(fields, self.space), fields.diffusion)
        kinetic = squared_gradient(fields, self.space, 1 / self.space)
        return ops.add(ops.subtract(drift, kinetic), source)

    def domain_points(self, uniform: Array) -> Array:
        """Return the numbers themselves: points of [0, 1)^(d + 1)."""
        return uniform

    def lift(self, points: Array) -> Array:
        """Return ``sum x``, the terminal value."""
        return np.asarray(points[:, :-1].sum(axis=1, keepdims=True))

    def factor(self, points: Array) -> Array:
        """Return ``1 - t``."""
        return 1 - points[:, -1:]

    def exact(self, points: Array) -> Array:
        """Return ``sum x + 1 - t``."""
        return self.lift(points) + self.factor(points)

    def exact_diffusion(self, points: Array) -> Array:
        """Return 0."""
        return np.zeros((len(points), 1))

    def trivial_predictors(self) -> dict[str, Field]:
        """The networks 0 and 1/2."""
        return {
            "sum x": self.lift,
            "sum x + 1/2": lambda points: self.lift(points) + 0.5,
        }
