r"""Smoke that rises in a closed box: velocities on the faces of cells, pressure by cosines.

    s_t + div(u s) = kappa Laplace s,
    u_t + u.grad u + grad p = nu Laplace u + B s e_y,   div u = 0,

in a square of N x N cells, through whose walls nothing flows, neither air nor smoke nor, the walls
being without friction, momentum along them.  The smoke sits at centres, the first velocity on faces
normal to x and the second on faces normal to y.  All differences are central and of order two;
those of transport are of fluxes, so that without viscosity they keep the kinetic energy, and always
the mass.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .trajectory import Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Smoke:
    """Smoke (N, N) and velocities on the inner faces, (N - 1, N) and (N, N - 1); or their rates."""

    density: Array
    x: Array
    y: Array

    def moved(self, rate: "Smoke", step: float) -> "Smoke":
        """Return ``self + step * rate``."""
        return Smoke(
            density=self.density + step * rate.density,
            x=self.x + step * rate.x,
            y=self.y + step * rate.y,
        )


Force = Callable[[float], Smoke]


@dataclass(frozen=True, kw_only=True)
class SmokeEquation:
    """The equation in a box of the side ``length``.

    Parameters
    ----------
    length, viscosity, diffusivity, buoyancy
        Of the box; nu, kappa and B.
    force
        A further rate of all at a time; none if left out.
    """

    length: float
    viscosity: float
    diffusivity: float
    buoyancy: float
    force: Force | None = None

    def rate(self, smoke: Smoke, t: float) -> Smoke:
        """Return the rates at ``t``, those of the velocities without divergence."""
        h = self.length / len(smoke.density)
        s = smoke.density
        lift = self.buoyancy * (s[:, 1:] + s[:, :-1]) / 2
        found = Smoke(
            density=self._density_rate(smoke, h),
            x=self._velocity_rate(smoke.x, smoke.y, h),
            y=self._velocity_rate(smoke.y.T, smoke.x.T, h).T + lift,
        )
        if self.force is not None:
            found = found.moved(self.force(t), 1.0)
        return without_divergence(found)

    def advanced(self, smoke: Smoke, t: float, step: float) -> Smoke:
        """Return what is at ``t + step``, by the classical Runge-Kutta method of order four.

        It is stable if, with cells of size h, ``8 step nu / h^2`` and ``step (|u| + |v|) / h`` are
        below 2.7, kappa in place of nu likewise.
        """
        first = self.rate(smoke, t)
        second = self.rate(smoke.moved(first, step / 2), t + step / 2)
        third = self.rate(smoke.moved(second, step / 2), t + step / 2)
        fourth = self.rate(smoke.moved(third, step), t + step)
        outer = smoke.moved(first, step / 6).moved(fourth, step / 6)
        return outer.moved(second, step / 3).moved(third, step / 3)

    def _density_rate(self, smoke: Smoke, h: float) -> Array:
        """Return ``div(kappa grad s - u s)``: of fluxes that vanish at walls."""
        s = smoke.density
        x = self.diffusivity * np.diff(s, axis=0) / h - smoke.x * (s[1:] + s[:-1]) / 2
        y = self.diffusivity * np.diff(s, axis=1) / h - smoke.y * (s[:, 1:] + s[:, :-1]) / 2
        return divergence(x, y) / h

    def _velocity_rate(self, along: Array, across: Array, h: float) -> Array:
        """Return ``nu Laplace u - (u u)_x - (u v)_y`` of the velocity along the first axis.

        At corners u is the mean of two faces; beyond a wall it is the same, so that nothing rubs.
        """
        u, v = _between_walls(along), _between_walls(across.T).T
        beyond = np.concatenate([along[:, :1], along, along[:, -1:]], axis=1)
        squares = ((u[1:] + u[:-1]) / 2) ** 2
        products = (beyond[:, 1:] + beyond[:, :-1]) / 2 * (v[1:] + v[:-1]) / 2
        transport = np.diff(squares, axis=0) + np.diff(products, axis=1)
        bend = np.diff(u, n=2, axis=0) + np.diff(beyond, n=2, axis=1)
        return np.asarray(self.viscosity * bend / h**2 - transport / h, np.float64)


def _between_walls(inner: Array) -> Array:
    """Return ``inner`` with a first and a last row of zeros."""
    return np.pad(inner, ((1, 1), (0, 0)))


def divergence(x: Array, y: Array) -> Array:
    """Return what flows out of each cell, (N, N), by inner faces (N - 1, N) and (N, N - 1).

    Examples
    --------
    >>> divergence(np.ones((1, 2)), np.zeros((2, 1))).tolist()
    [[1.0, 1.0], [-1.0, -1.0]]
    """
    rows, columns = np.diff(_between_walls(x), axis=0), np.diff(_between_walls(y.T), axis=0)
    return np.asarray(rows + columns.T, np.float64)


def without_divergence(smoke: Smoke) -> Smoke:
    """Return the same without the gradient that holds the divergence of its velocities.

    The discrete Laplacian of that gradient, with no flux through walls, has cosines for its
    eigenvectors.

    *Exactness*: roundings of two transforms.
    """
    from scipy.fft import dctn, idctn

    size = len(smoke.density)
    waves = 4 * np.sin(np.pi * np.arange(size) / (2 * size)) ** 2
    squares = waves[:, None] + waves
    squares[0, 0] = np.inf
    spectrum = dctn(divergence(smoke.x, smoke.y), type=2, norm="ortho")
    pressure = np.asarray(idctn(-spectrum / squares, type=2, norm="ortho"), np.float64)
    return Smoke(
        density=smoke.density,
        x=smoke.x - np.diff(pressure, axis=0),
        y=smoke.y - np.diff(pressure, axis=1),
    )
