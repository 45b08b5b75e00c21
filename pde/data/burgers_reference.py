r"""The solution of Burgers' equation on the unit circle: Cole and Hopf's integral, in logarithms.

Let ``m`` be the mean of u at t = 0, and ``A(y) = -int_0^y (u0 - m) / (2 nu)``, which is periodic.
With the heat kernel G of the circle, and a Galilean shift,

    u(x, t) = m + int (u0(y) - m) w(y) dy / int w(y) dy,  w(y) = exp(A(y)) G(x - m t - y, nu t).

The weights range over hundreds of orders of magnitude where nu is small, and so the exponents are
formed first and the largest is subtracted.  (A Fourier transform of ``exp(A)`` cannot do that.)
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import RunError
from .trajectory import Array

_NODES = 16
_ROWS = 64
_AGREEMENT = 1e-10
_FEWEST = 64
_PANELS = (128, 256, 512, 1024, 2048)
_NEGLIGIBLE = 37.0


def burgers_reference(
    value: Callable[[Array], Array],
    x: Array,
    t: float,
    *,
    diffusivity: float,
    breaks: Sequence[float] = (),
) -> Array:
    """Return the solution at time t that is ``value`` at time 0, (P,).

    Integrals over one period, and the antiderivative in A, are by Gauss-Legendre rules of 16 nodes
    on 64 intervals, cut at ``breaks``; on 128 and so on until two results in turn agree.

    Parameters
    ----------
    value
        A function of period 1, which is smooth between ``breaks``.
    x
        Points, (P,).
    t
        At least 0.
    diffusivity
        The coefficient of ``u_xx``; any size.
    breaks
        Points in [0, 1) where a derivative of ``value`` jumps.

    Raises
    ------
    RunError
        For arguments that cannot be used, and where 1024 and 2048 intervals still differ by more
        than 1e-10 of max ``|value|``.

    *Exactness*: twice the intervals square the error at least, and the finer of two results that
    agree is returned.  So roundings remain: some 2^-52 times the range of the exponents A.

    Examples
    --------
    >>> def wave(x):
    ...     return np.sin(2 * np.pi * x)
    >>> u = burgers_reference(wave, np.array([0.4]), 0.1, diffusivity=0.01)
    >>> round(float(u[0]), 6)
    0.877875
    """
    if not (0 <= t < math.inf and 0 < diffusivity < math.inf):
        msg = f"t = {t}, diffusivity = {diffusivity}: give t >= 0 and diffusivity > 0, both finite"
        raise RunError(msg)
    if t == 0:
        return value(x)
    gap, coarse = math.inf, _Panels.of(value, breaks, _FEWEST).solution(x, t, diffusivity)
    for count in _PANELS:
        panels = _Panels.of(value, breaks, count)
        fine = panels.solution(x, t, diffusivity)
        gap = float(np.abs(fine - coarse).max(initial=0.0))
        if gap <= _AGREEMENT * np.abs(panels.values).max():
            return fine
        coarse = fine
    msg = f"{_PANELS[-1]} panels and half as many differ by {gap:.1e} at t = {t:g}: give breaks "
    raise RunError(msg + "where the initial value is not smooth, or a larger diffusivity")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Panels:
    """Nodes and weights on one period, the function there, and its integral from 0."""

    nodes: Array
    weights: Array
    values: Array
    integrals: Array
    mean: float

    @classmethod
    def of(cls, value: Callable[[Array], Array], breaks: Sequence[float], panels: int) -> "_Panels":
        place, weight, partial = _gauss_rule()
        cuts = np.concatenate([np.arange(panels + 1) / panels, np.asarray(breaks, np.float64) % 1])
        edges = np.unique(cuts)
        half = np.diff(edges)[:, None] / 2
        nodes = edges[:-1, None] + half * (1 + place)
        values = value(nodes)
        wholes = (half * values * weight).sum(axis=1)
        before = np.concatenate([[0.0], np.cumsum(wholes)[:-1]])
        return cls(
            nodes=nodes.ravel(),
            weights=(half * weight).ravel(),
            values=values.ravel(),
            integrals=(before[:, None] + half * (values @ partial.T)).ravel(),
            mean=float(wholes.sum()),
        )

    def solution(self, x: Array, t: float, diffusivity: float) -> Array:
        """Return the quotient of the integrals at points x, some rows at a time."""
        exponent = (self.mean * self.nodes - self.integrals) / (2 * diffusivity)
        rest = self.values - self.mean
        u = np.empty(x.size)
        for begin in range(0, x.size, _ROWS):
            away = x[begin : begin + _ROWS, None] - self.mean * t - self.nodes
            powers = exponent + log_heat_kernel(away, diffusivity * t)
            masses = self.weights * np.exp(powers - powers.max(axis=1, keepdims=True))
            u[begin : begin + _ROWS] = self.mean + (masses @ rest) / masses.sum(axis=1)
        return u


def log_heat_kernel(x: Array, spread: float) -> Array:
    """Return the logarithm of ``sum_j exp(-(x + j)^2 / (4 spread))`` over all integers j.

    The nearest image is taken out of the sum, in which terms below exp(-37) are left out.

    Examples
    --------
    >>> float(log_heat_kernel(np.array([1.0]), 1e-6)[0])
    0.0
    """
    near = x - np.round(x)
    images = math.floor(0.5 + math.sqrt(0.25 + _NEGLIGIBLE * 4 * spread))
    others = np.zeros_like(near)
    for j in range(1, images + 1):
        others += np.exp(-(j * j + 2 * j * near) / (4 * spread))
        others += np.exp(-(j * j - 2 * j * near) / (4 * spread))
    return np.asarray(np.log1p(others) - near * near / (4 * spread), np.float64)


def _gauss_rule() -> tuple[Array, Array, Array]:
    """Return nodes and weights on (-1, 1), and the matrix that integrates from -1 to each node."""
    from numpy.polynomial import legendre

    place, weight = legendre.leggauss(_NODES)
    degree = np.arange(_NODES)[:, None]
    coefficients = (degree + 0.5) * legendre.legvander(place, _NODES - 1).T * weight
    partial = legendre.legval(place, legendre.legint(coefficients, lbnd=-1.0))
    return place, weight, np.asarray(partial.T, np.float64)
