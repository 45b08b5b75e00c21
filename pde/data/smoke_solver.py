"""Smoke at some times, and when a solution is refused."""

import math

import numpy as np

from ..errors import RunError
from .smoke_equation import Smoke, SmokeEquation
from .trajectory import Array
from .vorticity_solver import steps_between

_ALLOWANCE = 2.0


def solve_smoke(
    start: Smoke, times: Array, *, equation: SmokeEquation, step: float
) -> tuple[Smoke, ...]:
    r"""Return smoke and velocities at each of ``times``.

    Without a force, the root mean square of the smoke never grows, and that of the velocity by at
    most B times it in a unit of time.  A solution of more than twice that, or not finite, has left
    the range of the method and is refused.

    Parameters
    ----------
    start
        At ``times[0]``, its velocities without divergence.
    times
        Increasing; each interval is a whole number of steps.
    equation
        What to solve.
    step
        Of time.

    Raises
    ------
    RunError
        If the steps do not fit the times, or are too large.

    Examples
    --------
    >>> still = Smoke(density=np.ones((4, 4)), x=np.zeros((3, 4)), y=np.zeros((4, 3)))
    >>> box = SmokeEquation(length=1.0, viscosity=0.1, diffusivity=0.1, buoyancy=1.0)
    >>> later = solve_smoke(still, np.array([0.0, 0.1]), equation=box, step=0.05)[1]
    >>> bool(np.abs(later.y).max() < 1e-15)  # smoke everywhere lifts nothing
    True
    """
    found = [start]
    with np.errstate(over="ignore", invalid="ignore"):
        for t, interval in zip(times[:-1], np.diff(times), strict=True):
            smoke = found[-1]
            for at in t + step * np.arange(steps_between(float(interval), step)):
                smoke = equation.advanced(smoke, float(at), step)
            found.append(smoke)
            if equation.force is None:
                _require_bounded(start, smoke, float(t + interval - times[0]) * equation.buoyancy)
    return tuple(found)


def _sizes(smoke: Smoke) -> tuple[float, float]:
    """Return the root mean squares of the smoke and of the velocity."""
    speed = (np.sum(smoke.x**2) + np.sum(smoke.y**2)) / smoke.density.size
    return math.sqrt(np.mean(smoke.density**2)), math.sqrt(speed)


def _require_bounded(start: Smoke, smoke: Smoke, push: float) -> None:
    (density, speed), (first, initial) = _sizes(smoke), _sizes(start)
    most = initial + abs(push) * first
    if not (density <= _ALLOWANCE * first and speed <= _ALLOWANCE * most):
        msg = (
            f"smoke and velocity have root mean squares of {density:.3g} and {speed:.3g}, and at "
            f"most {first:.3g} and {most:.3g} are possible: the step is too large; take half of it"
        )
        raise RunError(msg)
