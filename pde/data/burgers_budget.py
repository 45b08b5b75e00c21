"""The energy that Burgers' equation loses, against what viscosity takes."""

import math

import numpy as np

from .burgers_solver import solve_burgers
from .trajectory import Array


def energy_imbalance(
    initial: Array, *, diffusivity: float, interval: float, frames: int, steps: int
) -> float:
    """Return the largest ``|E(t) - E(0) + int_0^t D| / E(0)`` over the frames.

    ``E = int u^2 / 2`` and ``D = diffusivity int u_x^2``.  Advection is in neither, and keeps E
    only if it is of the form that conserves it.  The integrals over space are exact for what the
    solver's grid holds; that over time is Simpson's, over all steps of `solve_burgers`, and misses
    some of the sudden loss of a start that is not smooth.

    The solver's series keeps this budget whether or not it resolves the solution: what it shows
    are a wrong equation and errors in time.

    Parameters
    ----------
    initial, diffusivity, interval, frames, steps
        As `solve_burgers` takes them; ``steps`` is even.

    Examples
    --------
    >>> wave = np.sin(2 * np.pi * np.arange(64) / 64)
    >>> energy_imbalance(wave, diffusivity=0.05, interval=0.1, frames=2, steps=20) < 1e-6
    True
    """
    simpson = np.full(steps + 1, 2.0)
    simpson[1::2], simpson[[0, -1]] = 4.0, 1.0
    simpson *= interval / (3 * steps)
    u, taken, worst, start = initial, 0.0, 0.0, math.nan
    for _ in range(frames - 1):
        path = solve_burgers(
            u, diffusivity=diffusivity, interval=interval / steps, frames=steps + 1, steps=1
        )
        energy, loss = _energy(path), _dissipation(path, diffusivity)
        start = energy[0] if math.isnan(start) else start
        taken += float(simpson @ loss)
        worst = max(worst, abs(float(energy[-1] - start) + taken) / float(start))
        u = path[-1]
    return worst


def _energy(u: Array) -> Array:
    return np.asarray((u * u).mean(axis=1) / 2, np.float64)


def _dissipation(u: Array, diffusivity: float) -> Array:
    """Return ``diffusivity int u_x^2`` of each row, by Parseval's theorem."""
    from scipy.fft import rfft

    count = u.shape[1]
    v = rfft(u) / count
    slopes = 2 * math.pi * np.arange(v.shape[1]) * np.abs(v)
    return np.asarray(2 * diffusivity * (slopes * slopes).sum(axis=1), np.float64)
