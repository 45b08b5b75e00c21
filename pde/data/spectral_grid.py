"""Periodic functions at the centres of cells, on finer and coarser grids of (0, 1)."""

import numpy as np

from .trajectory import Array


def cell_centres(count: int) -> Array:
    """Return ``(i + 1/2) / count``, (count,); one rounding each.

    Examples
    --------
    >>> cell_centres(4)
    array([0.125, 0.375, 0.625, 0.875])
    """
    return (np.arange(count) + 0.5) / count


def sampled_at_centres(values: Array, factor: int) -> Array:
    """Return the values at the centres of cells ``factor`` times as wide.

    The trigonometric polynomial through ``values`` is moved by half the difference of the widths,
    and every ``factor``-th value is taken: point values, not averages, and no Gibbs oscillations,
    whether or not the coarser grid resolves the function.

    Parameters
    ----------
    values
        At the centres of N cells, (..., N), without a component at the frequency N / 2.
    factor
        A divisor of N.

    Examples
    --------
    >>> wave = np.cos(2 * np.pi * cell_centres(12))
    >>> bool(abs(sampled_at_centres(wave, 4) - np.cos(2 * np.pi * cell_centres(3))).max() < 1e-15)
    True
    """
    from scipy.fft import irfft, rfft

    count = values.shape[-1]
    waves = np.arange(count // 2 + 1)
    turn = np.exp(1j * np.pi * waves * (factor - 1) / count)
    moved = irfft(rfft(values) * turn, n=count)
    return np.ascontiguousarray(moved[..., ::factor])
