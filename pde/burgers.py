"""Burgers' equation with a steep internal layer."""

import math
from dataclasses import dataclass

import numpy as np

from ..emu import Node, ops
from .cole_hopf import burgers_solution
from .domains import box_points
from .problem import Array, Field, Fields, Problem
from .terms import slope

_VISCOSITY = 0.01 / math.pi


@dataclass(frozen=True, kw_only=True)
class Burgers(Problem):
    """``u_t + u u_x = (0.01 / pi) u_xx`` for x in (-1, 1) and t in (0, 1), from ``-sin(pi x)``.

    The walls hold ``u = 0``.  This is the test problem of Raissi, Perdikaris and Karniadakis (J.
    Comput. Phys. 378, 2019), after Basdevant et al. (Comput. Fluids 14, 1986).  Initial and
    boundary values are built in: ``u = -sin(pi x) + t (1 - x^2) N``.  The network is that of the
    first paper, eight layers of 20.

    Notes
    -----
    The solution is that of Cole and Hopf (`cole_hopf`).  A layer forms at x = 0 about t = 1/pi,
    0.01 wide and with slopes down to -152, so that N has a layer as well.

    Traps: the layer is a small part of the domain, in which a small relative L2 error says little:
    look at the error of ``u_xx``, of which the layer is all.  The solution without viscosity,
    ``u = -sin(pi (x - u t))`` with a jump at 0, has no layer at all and a small error in u.

    Examples
    --------
    >>> float(Burgers().exact(np.array([[-0.5, 0.0]]))[0, 0])
    1.0
    """

    name = "burgers"
    dimension = 2
    space = 1
    center = (0.0, 0.5)
    slopes = (0, 1)
    widths = (2, 20, 20, 20, 20, 20, 20, 20, 20, 1)

    @property
    def diffusivities(self) -> tuple[float, ...]:
        """0.01 / pi for x, 0 for t."""
        return (_VISCOSITY, 0.0)

    def residual(self, fields: Fields, points: Array) -> Node:
        """Return ``u_t + u u_x - nu u_xx``; a rounding for each operation."""
        advection = ops.multiply(fields.value, slope(fields, 0))
        return ops.subtract(ops.add(slope(fields, 1), advection), fields.diffusion)

    def domain_points(self, uniform: Array) -> Array:
        """Return points of [-1, 1) x [0, 1)."""
        return box_points(uniform, (-1.0, 0.0), (1.0, 1.0))

    def lift(self, points: Array) -> Array:
        """Return ``-sin(pi x)``."""
        return np.asarray(-np.sin(math.pi * points[:, :1]))

    def factor(self, points: Array) -> Array:
        """Return ``t (1 - x^2)``."""
        x, t = points[:, :1], points[:, 1:]
        return t * (1 - x) * (1 + x)

    def exact(self, points: Array) -> Array:
        """Return u, to about 1e-14."""
        return burgers_solution(points[:, :1], points[:, 1:], _VISCOSITY)[0]

    def exact_diffusion(self, points: Array) -> Array:
        """Return ``nu u_xx``, to about 1e-11."""
        return _VISCOSITY * burgers_solution(points[:, :1], points[:, 1:], _VISCOSITY)[1]

    def trivial_predictors(self) -> dict[str, Field]:
        """The initial value at all times, and the solution without viscosity."""
        return {"u at t = 0": self.lift, "no viscosity": _inviscid}


def _inviscid(points: Array) -> Array:
    """Return the limit of zero viscosity: ``-sin(pi y)`` with ``x = y - t sin(pi y)``.

    For x > 0 the y of the characteristic that arrives lies in [x, 1], where ``y - t sin(pi y) - x``
    is convex and changes its sign once; u is odd.  Bisection, to 2^-60.
    """
    x, t = np.abs(points[:, :1]), points[:, 1:]
    low, high = x, np.ones_like(x)
    for _ in range(60):
        middle = (low + high) / 2
        right = middle - t * np.sin(math.pi * middle) < x
        low, high = np.where(right, middle, low), np.where(right, high, middle)
    return np.asarray(-np.sign(points[:, :1]) * np.sin(math.pi * low))
