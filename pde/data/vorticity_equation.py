r"""The vorticity equation on the unit torus, by its Fourier coefficients.

    w_t + (u + U).grad w = nu Laplace w + f,   u = (psi_y, -psi_x),   -Laplace psi = w.

Only waves up to ``(N - 1) // 3`` are kept along each axis: products of two of them then have no
aliases among those that are kept.  Diffusion is solved exactly, through the factor
``exp(-nu |k|^2 t)``; what is left is advanced by the classical Runge-Kutta method of order four.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .trajectory import Array

Spectrum = NDArray[np.complex128]


class VorticityEquation:
    """The equation on N x N points, N at least 4.

    Parameters
    ----------
    points
        N.
    viscosity
        nu.
    forcing
        f at a time, (N, N); entry (i, j) belongs to the point ``(i, j) / N``, from any origin.
    mean_flow
        U, which transports the vorticity and does not change.
    """

    def __init__(
        self,
        points: int,
        viscosity: float,
        forcing: Callable[[float], Array],
        mean_flow: tuple[float, float],
    ) -> None:
        whole = np.fft.fftfreq(points, 1 / points)[:, None]
        half = np.arange(points // 2 + 1.0)
        self._kept = np.maximum(np.abs(whole), half) <= (points - 1) // 3
        kx, ky = 2 * np.pi * whole, 2 * np.pi * half
        squares = kx**2 + ky**2
        stream = 1 / np.where(squares > 0, squares, np.inf)
        one = np.ones_like(squares)
        self._factors = 1j * np.stack([ky * stream, -kx * stream, kx * one, ky * one])
        self._decay = viscosity * squares
        self._forcing = forcing
        self._mean_flow = mean_flow
        self.points = points

    def spectrum(self, field: Array) -> Spectrum:
        """Return the coefficients of a field that are kept, (N, N // 2 + 1)."""
        from scipy.fft import rfft2

        return np.asarray(rfft2(field) * self._kept, np.complex128)

    def field(self, spectrum: Spectrum) -> Array:
        """Return the field of some coefficients, (N, N)."""
        from scipy.fft import irfft2

        return np.asarray(irfft2(spectrum, s=(self.points, self.points)), np.float64)

    def tendency(self, w: Spectrum, t: float) -> Spectrum:
        """Return the coefficients of ``f - (u + U).grad w``."""
        from scipy.fft import irfft2

        u, v, w_x, w_y = irfft2(self._factors * w, s=(self.points, self.points))
        advection = (u + self._mean_flow[0]) * w_x + (v + self._mean_flow[1]) * w_y
        return self.spectrum(self._forcing(t) - advection)

    def advanced(self, w: Spectrum, t: float, step: float) -> Spectrum:
        """Return the coefficients at ``t + step``; the error of a step is of order ``step^5``."""
        half = np.exp(-self._decay * step / 2)
        whole = half * half
        first = step * self.tendency(w, t)
        second = step * self.tendency(half * (w + first / 2), t + step / 2)
        third = step * self.tendency(half * w + second / 2, t + step / 2)
        fourth = step * self.tendency(whole * w + half * third, t + step)
        sum_of_all = whole * (w + first / 6) + half * (second + third) / 3 + fourth / 6
        return np.asarray(sum_of_all, np.complex128)
