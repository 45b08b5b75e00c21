"""The Allen-Cahn equation: phases that separate within thin layers."""

import math
from dataclasses import dataclass

import numpy as np

from ..emu import Node, ops
from .allen_cahn_reference import AllenCahnSolver
from .domains import box_points
from .problem import Array, Field, Fields, Problem
from .terms import slope

_SOLVER = AllenCahnSolver()


@dataclass(frozen=True, kw_only=True)
class AllenCahn(Problem):
    """``u_t = 1e-4 u_xx + 5 u - 5 u^3`` for x in (-1, 1) and t in (0, 1), from ``x^2 cos(pi x)``.

    The walls hold ``u = -1``.  The equation and the initial value are those of Raissi, Perdikaris
    and Karniadakis (J. Comput. Phys. 378, 2019), whose walls are periodic: there the kink of the
    initial value makes u at the walls differ by about ``4 sqrt(1e-4 t / pi) exp(-10 t)``, 3e-3 at
    most.  Initial and boundary values are built in: ``u = x^2 cos(pi x) + t (1 - x^2) N``.  The
    network of four layers of 128 is our choice.

    Notes
    -----
    There is no closed solution; `AllenCahnSolver` gives one to 1e-9, in a few seconds when it is
    first asked for.

    Traps: u = 0 satisfies the equation, and so do 1 and -1, so that a small residual does not mean
    a small error; and ``1e-4 u_xx`` matters only in the layers about x = 0.5 and -0.5, without
    which ``v / sqrt(v^2 + (1 - v^2) exp(-10 t))``, with v the initial value, is the solution.

    Examples
    --------
    >>> float(AllenCahn().lift(np.array([[1.0, 0.5]]))[0, 0])
    -1.0
    """

    name = "allen-cahn"
    dimension = 2
    space = 1
    center = (0.0, 0.5)
    slopes = (1,)
    widths = (2, 128, 128, 128, 128, 1)

    @property
    def diffusivities(self) -> tuple[float, ...]:
        """1e-4 for x, 0 for t."""
        return (AllenCahnSolver.DIFFUSIVITY, 0.0)

    def residual(self, fields: Fields, points: Array) -> Node:
        """Return ``u_t - 1e-4 u_xx - 5 u + 5 u^3``; a rounding for each operation."""
        u = fields.value
        cube = ops.multiply(ops.multiply(u, u), u)
        motion = ops.subtract(slope(fields, 0), fields.diffusion)
        return ops.subtract(motion, ops.scale(ops.subtract(u, cube), 5.0))

    def domain_points(self, uniform: Array) -> Array:
        """Return points of [-1, 1) x [0, 1)."""
        return box_points(uniform, (-1.0, 0.0), (1.0, 1.0))

    def lift(self, points: Array) -> Array:
        """Return ``x^2 cos(pi x)``."""
        x = points[:, :1]
        return np.asarray(x**2 * np.cos(math.pi * x))

    def factor(self, points: Array) -> Array:
        """Return ``t (1 - x^2)``."""
        x, t = points[:, :1], points[:, 1:]
        return t * (1 - x) * (1 + x)

    def exact(self, points: Array) -> Array:
        """Return u, to 1e-9."""
        return _SOLVER.at(points[:, :1], points[:, 1:])

    def exact_diffusion(self, points: Array) -> Array:
        """Return ``1e-4 u_xx``, to 1e-7 of its L2 norm."""
        bend = _SOLVER.at(points[:, :1], points[:, 1:], order=2)
        return AllenCahnSolver.DIFFUSIVITY * bend

    def trivial_predictors(self) -> dict[str, Field]:
        """The initial value at all times, and the solution without diffusion."""
        return {"u at t = 0": self.lift, "no diffusion": self._reaction}

    def _reaction(self, points: Array) -> Array:
        """Return ``v / sqrt(v^2 + (1 - v^2) exp(-10 t))`` with v the initial value."""
        v = self.lift(points)
        return np.asarray(v / np.sqrt(v**2 + (1 - v**2) * np.exp(-10 * points[:, 1:])))
