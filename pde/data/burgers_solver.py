"""Burgers' equation on the unit circle, by Fourier series in space and ETDRK4 in time."""

import math
from collections.abc import Callable

import numpy as np

from ..errors import RunError
from ..spec import require_integer
from .etdrk4 import Complex, Etdrk4, etdrk4
from .trajectory import Array


def solve_burgers(
    initial: Array, *, diffusivity: float, interval: float, frames: int, steps: int
) -> Array:
    r"""Return the solution of ``u_t + (u^2 / 2)_x = diffusivity u_xx``, x in (0, 1), periodic.

    Frequencies of at least a third of the grid's are removed, from the initial value once and from
    the square at each stage; those that are left see none that folded back (the rule of 2/3).

    Parameters
    ----------
    initial
        The values at time 0 on a uniform grid, (N,), wherever it begins.
    diffusivity
        The number that multiplies ``u_xx``, as it stands: no factor of pi is in it.
    interval
        The time from one frame to the next.
    frames
        The number of times, T, with time 0.
    steps
        The number of time steps from one frame to the next.

    Returns
    -------
    (T, N), at the points of ``initial``.

    Raises
    ------
    RunError
        If an argument cannot be used, or the solution left the range of float64.

    *Exactness*: the error falls faster than any power of N where the solution is smooth, and as
    ``(interval / steps)^4``.  The mean is kept, up to rounding.

    Examples
    --------
    >>> wave = np.sin(2 * np.pi * np.arange(64) / 64)
    >>> u = solve_burgers(wave, diffusivity=0.05, interval=0.1, frames=2, steps=20)
    >>> u.shape, round(float(abs(u[1]).max()), 4)
    ((2, 64), 0.8174)
    """
    from scipy.fft import irfft, rfft

    _require_lawful(initial, diffusivity, interval, frames, steps)
    count = initial.size
    waves = np.arange((count + 2) // 3, dtype=np.float64)
    half_slope = 1j * math.pi * waves

    def advection(v: Complex) -> Complex:
        u = irfft(v, n=count)
        return np.asarray(-half_slope * rfft(u * u)[: waves.size], np.complex128)

    step = etdrk4(-diffusivity * (2 * math.pi * waves) ** 2, interval / steps)
    v = np.asarray(rfft(initial)[: waves.size], np.complex128)
    values = np.empty((frames, count))
    values[0] = irfft(v, n=count)
    for frame in range(1, frames):
        v = _advanced(v, step, advection, steps)
        values[frame] = irfft(v, n=count)
        _require_finite(values[frame], frame * interval)
    return values


def _advanced(
    v: Complex, step: Etdrk4, advection: Callable[[Complex], Complex], steps: int
) -> Complex:
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            v = step(v, advection)
    return v


def _require_finite(frame: Array, time: float) -> None:
    if not np.isfinite(frame).all():
        msg = f"Burgers' equation left the range of float64 before time {time:g}: take more steps, "
        raise RunError(msg + "a finer grid or a larger diffusivity")


def _require_lawful(
    initial: Array, diffusivity: float, interval: float, frames: int, steps: int
) -> None:
    require_integer("the frames of Burgers' equation", frames, least=1)
    require_integer("the steps of Burgers' equation", steps, least=1)
    if initial.ndim != 1 or initial.size < 4 or not np.isfinite(initial).all():
        msg = f"an initial value of shape {initial.shape}: give at least 4 finite numbers, (N,)"
        raise RunError(msg)
    for name, value in (("diffusivity", diffusivity), ("interval", interval)):
        if not 0 < value < math.inf:
            msg = f"the {name} of Burgers' equation is {value}: give a finite number above 0"
            raise RunError(msg)
