"""The column of `SorptionEquation` by finite volumes, each wall at a face."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import RunError
from .sorption_equation import SorptionEquation
from .spectral_grid import cell_centres
from .trajectory import Array


def _one(_: float) -> float:
    return 1.0


def _zero(_: float) -> float:
    return 0.0


def _no_source(_: float, x: Array) -> Array:
    return np.zeros_like(x)


@dataclass(frozen=True, kw_only=True)
class Forcing:
    """What the column is driven by, as functions of time: a manufactured solution has its own.

    Parameters
    ----------
    inlet
        The value u at x = 0.
    outlet
        ``u + D u_x`` at x = 1.
    source
        Of the mass, at (t, x): ``(u + c u^n)_t = D u_xx + source``.
    """

    inlet: Callable[[float], float] = _one
    outlet: Callable[[float], float] = _zero
    source: Callable[[float, Array], Array] = _no_source


@dataclass(frozen=True, kw_only=True, eq=False)
class SorptionSolution:
    """What `solve_sorption` returns.

    Parameters
    ----------
    values
        u at the centres of the cells, (T, N).
    inflow, outflow
        The mass that has passed x = 0 and x = 1 towards larger x, (T,): the fluxes of the scheme,
        integrated along with the equation.
    """

    values: Array
    inflow: Array
    outflow: Array


def solve_sorption(
    equation: SorptionEquation,
    initial: Array,
    times: Array,
    *,
    tolerance: float = 1e-7,
    forcing: Forcing | None = None,
) -> SorptionSolution:
    """Return u at all ``times``, for x in (0, 1), with ``u = 1`` at 0 and ``u + D u_x = 0`` at 1.

    The condition at 1 is an outlet: what diffuses out, ``-D u_x``, is carried off at speed 1.  As D
    is small it holds u near 0 there.  With the other sign, ``u = D u_x``, which is found in print,
    the wall feeds what it sees: a disturbance ``exp((x - 1) / D)`` grows at the rate ``1 / (R D)``.

    Fluxes of neighbours' differences, those at the walls over half a cell; LSODA in time.

    Parameters
    ----------
    initial
        u at ``times[0]`` at the centres of N cells, (N,), at least 0.
    times
        (T,), increasing.
    tolerance
        Relative; the absolute one is a hundredth of it.
    forcing
        Other conditions and a source; None for the above.

    Raises
    ------
    RunError
        If an argument cannot be used, or the integrator gives up or leaves u >= 0.

    *Exactness*: ``O(N^-2)`` where the solution is smooth, and the tolerance of LSODA.

    Examples
    --------
    >>> solution = solve_sorption(SorptionEquation(), np.full(32, 0.1), np.array([0.0, 100.0]))
    >>> solution.values.shape, round(float(solution.values[1, 4]), 3)
    ((2, 32), 0.462)
    """
    from scipy.integrate import solve_ivp

    _require_lawful(initial, times, tolerance)
    column = _Column(equation=equation, forcing=forcing or Forcing(), cells=initial.size)
    with np.errstate(over="ignore", invalid="ignore"):
        done = solve_ivp(
            column.rates,
            (float(times[0]), float(times[-1])),
            np.concatenate([[0.0], initial, [0.0]]),
            method="LSODA",
            t_eval=times,
            rtol=tolerance,
            atol=tolerance / 100,
            lband=1,
            uband=1,
        )
    if not done.success or not np.isfinite(done.y).all():
        why = "left the range of float64" if done.success else done.message
        msg = f"the sorption column failed after {done.t.size} of {times.size} times: {why}"
        raise RunError(msg)
    if done.y[1:-1].min() < -100 * tolerance:
        msg = f"a concentration of {done.y[1:-1].min():.2g} in the column: give a smaller tolerance"
        raise RunError(msg)
    return SorptionSolution(values=done.y[1:-1].T.copy(), inflow=done.y[0], outflow=done.y[-1])


@dataclass(frozen=True, kw_only=True)
class _Column:
    """The rates of the mass passed at 0, of u in each cell, and of the mass passed at 1.

    In this order each depends on its neighbours only, so that the Jacobian is tridiagonal.
    """

    equation: SorptionEquation
    forcing: Forcing
    cells: int

    def rates(self, t: float, state: Array) -> Array:
        flux = self._fluxes(t, state[1:-1])
        gain = (flux[:-1] - flux[1:]) * self.cells
        gain += self.forcing.source(t, cell_centres(self.cells))
        slowed = gain / self.equation.retardation(state[1:-1])
        return np.concatenate([flux[:1], slowed, flux[-1:]])

    def _fluxes(self, t: float, u: Array) -> Array:
        """Return the flux towards larger x through each face, (N + 1,).

        At the outlet the value at the face, w, is that of ``w + 2 N D (w - u) = r``.
        """
        slope, right = self.equation.diffusivity * self.cells, self.forcing.outlet(t)
        face = (right + 2 * slope * u[-1]) / (1 + 2 * slope)
        flux = np.empty(u.size + 1)
        flux[0] = 2 * slope * (self.forcing.inlet(t) - u[0])
        flux[1:-1] = slope * (u[:-1] - u[1:])
        flux[-1] = face - right
        return flux


def _require_lawful(initial: Array, times: Array, tolerance: float) -> None:
    if initial.ndim != 1 or initial.size < 4 or not (initial >= 0).all():
        msg = f"an initial value of shape {initial.shape}: give at least 4 numbers >= 0, (N,)"
        raise RunError(msg)
    if not np.isfinite(initial).all():
        msg = "an initial value that is not finite: give finite numbers"
        raise RunError(msg)
    if times.ndim != 1 or times.size < 2 or not (np.diff(times) > 0).all():
        msg = f"times {times}: give at least two, increasing"
        raise RunError(msg)
    if not 1e-13 <= tolerance < math.inf:
        msg = f"the tolerance is {tolerance}: give a finite number of at least 1e-13"
        raise RunError(msg)
