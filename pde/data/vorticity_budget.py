"""The enstrophy budget ``dZ/dt = -2 nu P + <f w>``, by formulas that its solver does not use."""

import numpy as np

from .trajectory import Array


def enstrophy(w: Array) -> Array:
    """Return ``Z = <w^2> / 2``, the mean over the torus, of fields (..., N, N).

    Examples
    --------
    >>> float(enstrophy(np.array([[1.0, -1.0], [-1.0, 1.0]])))
    0.5
    """
    return np.asarray((w**2).mean(axis=(-2, -1)) / 2)


def enstrophy_terms(w: Array, forcing: Array, viscosity: float) -> tuple[Array, Array]:
    """Return ``-2 nu P = -nu <|grad w|^2>`` and ``<f w>`` of fields (..., N, N).

    Examples
    --------
    >>> x = np.arange(8) / 8
    >>> w = np.outer(np.cos(2 * np.pi * x), np.ones(8))
    >>> loss, gain = enstrophy_terms(w, w, 0.1)
    >>> round(float(loss) / (-0.1 * 4 * np.pi**2 / 2), 12), round(float(gain), 12)
    (1.0, 0.5)
    """
    waves = 2j * np.pi * np.fft.fftfreq(w.shape[-1], 1 / w.shape[-1])
    spectrum = np.fft.fft2(w)
    slopes = (np.fft.ifft2(waves[:, None] * spectrum).real, np.fft.ifft2(waves * spectrum).real)
    loss = -viscosity * sum((slope**2).mean(axis=(-2, -1)) for slope in slopes)
    return np.asarray(loss), np.asarray((w * forcing).mean(axis=(-2, -1)))


def enstrophy_imbalance(w: Array, times: Array, forcing: Array, viscosity: float) -> float:
    """Return the imbalance of the budget from the first to the last time, over its largest term.

    The terms are integrated as splines of degree up to five through all times.

    Parameters
    ----------
    w
        The vorticity at many times, (T, N, N), T at least 2.
    times
        These times, (T,).
    forcing
        f, (N, N).
    viscosity
        nu.
    """
    from scipy.interpolate import make_interp_spline

    degree = min(5, len(times) - 1)
    integrals = [
        float(make_interp_spline(times, rate, k=degree).integrate(times[0], times[-1]))
        for rate in enstrophy_terms(w, forcing, viscosity)
    ]
    change = float(enstrophy(w[-1]) - enstrophy(w[0]))
    return abs(change - sum(integrals)) / max(abs(term) for term in (change, *integrals))
