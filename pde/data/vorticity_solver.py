"""Vorticity at some times, and when a solution is refused."""

import math
from collections.abc import Callable

import numpy as np

from ..errors import RunError
from .trajectory import Array
from .vorticity_equation import VorticityEquation

_WHOLE = 1e-9
_ALLOWANCE = 2.0


def solve_vorticity(
    start: Array,
    times: Array,
    *,
    viscosity: float,
    step: float,
    forcing: Array | Callable[[float], Array] | None = None,
    mean_flow: tuple[float, float] = (0.0, 0.0),
) -> Array:
    r"""Return the vorticity at ``times``, (T, N, N), on the unit torus (`VorticityEquation`).

    The root mean square of the vorticity is at most ``|w_0| + int |f| dt`` at all times, which
    advection does not change and diffusion diminishes.  A solution of more than twice that, or not
    finite, has left the range of the method and is refused.

    Parameters
    ----------
    start
        The vorticity at ``times[0]``, (N, N), of mean zero; waves that the equation does not keep
        are cut off.
    times
        Increasing; each interval is a whole number of steps.
    viscosity
        nu, not negative.
    step
        Of time.
    forcing
        f, (N, N), or a function of time; none if left out.
    mean_flow
        A uniform velocity that is added to that of the vorticity.

    Raises
    ------
    RunError
        If these do not fit each other, or the step is too large.

    Examples
    --------
    >>> x = np.arange(8) / 8
    >>> start = np.outer(np.cos(2 * np.pi * x), np.cos(2 * np.pi * x))
    >>> w = solve_vorticity(start, np.array([0.0, 1.0]), viscosity=0.01, step=0.5)
    >>> decay = np.exp(-0.08 * np.pi**2)
    >>> bool(np.abs(w[1] - decay * start).max() < 1e-15)
    True
    """
    _require_start(start, times)
    _require_numbers(viscosity, step)
    push = _as_function(forcing, start)
    equation = VorticityEquation(len(start), viscosity, push, mean_flow)
    w = equation.spectrum(start)
    fields, bound = [equation.field(w)], _size(start)
    with np.errstate(over="ignore", invalid="ignore"):
        for t, interval in zip(times[:-1], np.diff(times), strict=True):
            for at in t + step * np.arange(steps_between(float(interval), step)):
                w = equation.advanced(w, float(at), step)
                bound += step * _size(push(float(at) + step / 2))
            fields.append(equation.field(w))
            _require_bounded(fields[-1], bound, float(t + interval), step)
    return np.stack(fields)


def _as_function(
    forcing: Array | Callable[[float], Array] | None, start: Array
) -> Callable[[float], Array]:
    if callable(forcing):
        return forcing
    field = np.zeros_like(start) if forcing is None else forcing
    if field.shape != start.shape or not np.isfinite(field).all():
        msg = (
            f"a forcing of shape {field.shape}: give a finite one of the vorticity's {start.shape}"
        )
        raise RunError(msg)
    return lambda _: field


def _size(field: Array) -> float:
    """Return the root mean square."""
    return float(np.sqrt(np.mean(field * field)))


def steps_between(interval: float, step: float) -> int:
    """Return how many steps an interval has."""
    count = round(interval / step)
    if count < 1 or abs(interval / step - count) > _WHOLE * count:
        msg = f"an interval of {interval} with steps of {step}: give steps that divide it"
        raise RunError(msg)
    return count


def _require_start(start: Array, times: Array) -> None:
    if start.ndim != 2 or start.shape[0] != start.shape[1] or len(start) < 4:
        msg = f"a vorticity of shape {start.shape}: give (N, N), N at least 4"
        raise RunError(msg)
    if not np.isfinite(start).all() or abs(start.mean()) > _WHOLE * _size(start):
        msg = f"a vorticity of mean {start.mean()}: on a torus it is finite and of mean zero"
        raise RunError(msg)
    if times.ndim != 1 or not times.size or not (np.diff(times) > 0).all():
        msg = f"times {times}: give increasing ones"
        raise RunError(msg)


def _require_numbers(viscosity: float, step: float) -> None:
    if not (0 <= viscosity < math.inf and 0 < step < math.inf):
        msg = f"a viscosity of {viscosity} and a step of {step}: give finite ones, 0 or more and "
        raise RunError(msg + "more than 0")


def _require_bounded(field: Array, bound: float, t: float, step: float) -> None:
    size = _size(field)
    if not size <= _ALLOWANCE * bound:
        msg = (
            f"the vorticity at t = {t:g} has a root mean square of {size:.3g}, and at most "
            f"{bound:.3g} is possible: the step of {step:g} is too large; take half of it"
        )
        raise RunError(msg)
