"""The reference of Burgers' data is Cole and Hopf's solution for every viscosity.

The oracles are other forms of the transform: Fourier series of exp(A) where it has few digits, and
the mean of (x - y) / t over the whole line with 30 digits, where it has hundreds.
"""

import math

import mpmath
import numpy as np
import pytest

from bitpde.pde import RunError
from bitpde.pde.data import burgers_reference
from bitpde.pde.data.burgers_reference import _Panels, log_heat_kernel

MEAN, SIZES, WAVES, PHASES = 0.2, (0.4, 0.3), (1, 2), (0.3, 2.0)


def smooth(x: np.ndarray) -> np.ndarray:
    """The initial value: two waves and a mean."""
    terms = zip(SIZES, WAVES, PHASES, strict=True)
    waves = [a * np.sin(2 * math.pi * k * x + p) for a, k, p in terms]
    return np.asarray(MEAN + np.sum(waves, axis=0), np.float64)


def antiderivative(x: mpmath.mpf) -> mpmath.mpf:
    """Of the initial value, without its mean."""
    terms = zip(SIZES, WAVES, PHASES, strict=True)
    return -mpmath.fsum(
        a * mpmath.cos(2 * mpmath.pi * k * x + p) / (2 * mpmath.pi * k) for a, k, p in terms
    )


def by_series(x: np.ndarray, t: float, nu: float, count: int = 256) -> np.ndarray:
    """``-2 nu phi_x / phi`` by a Fourier series of ``phi``, moved along with the mean."""
    nodes = np.arange(count) / count
    integral = np.array([float(antiderivative(mpmath.mpf(y))) for y in nodes])
    k = 2j * math.pi * np.fft.fftfreq(count, 1 / count)
    phi = np.fft.fft(np.exp(-integral / (2 * nu))) * np.exp(nu * k**2 * t)
    waves = np.exp(k * (x - MEAN * t)[:, None])
    return np.asarray(MEAN - 2 * nu * ((waves @ (k * phi)) / (waves @ phi)).real, np.float64)


def by_origins(x: float, t: float, nu: float) -> float:
    """``m + <x - m t - y> / t`` by the trapezoidal rule on the line.

    The density of y is at least ``sqrt(2 nu / (1/t + 8))`` wide, for u0' is below 8, and a step of
    a third of this leaves ``exp(-2 pi^2 9)``, 77 digits; 12 widths of the Gaussian beyond the
    farthest origin, 0.7 t away, leave exp(-72) of the largest.
    """
    with mpmath.workdps(30):
        place = mpmath.mpf(x) - mpmath.mpf(MEAN) * t
        step = mpmath.sqrt(2 * nu / (1 / mpmath.mpf(t) + 8)) / 3
        reach = int((0.7 * t + 12 * mpmath.sqrt(2 * nu * t)) / step)
        away = [step * k for k in range(-reach, reach + 1)]
        powers = [-antiderivative(place - d) / (2 * nu) - d * d / (4 * nu * t) for d in away]
        masses = [mpmath.exp(power) for power in powers]
        return float(MEAN + mpmath.fdot(masses, away) / mpmath.fsum(masses) / t)


@pytest.mark.parametrize(
    ("nu", "t"), [(1.0, 0.01), (1.0, 0.5), (0.1, 0.1), (0.1, 2.0), (0.02, 1.0)]
)
def test_it_is_the_series_where_viscosity_is_large(nu: float, t: float) -> None:
    x = np.random.default_rng(0).random(40)
    found = burgers_reference(smooth, x, t, diffusivity=nu)
    # phi spans exp(0.09 / nu), 90 at most; 2 nu k multiplies its roundings.
    assert np.abs(found - by_series(x, t, nu)).max() <= 1e-12


@pytest.mark.parametrize("nu", [0.01 / math.pi, 0.001 / math.pi, 0.0001 / math.pi])
@pytest.mark.parametrize(("x", "t"), [(0.31, 0.1), (0.6, 0.5), (0.02, 1.0)])
def test_it_is_the_mean_over_origins_where_viscosity_is_small(
    nu: float, x: float, t: float
) -> None:
    found = burgers_reference(smooth, np.array([x]), t, diffusivity=nu)
    # Exponents of up to 0.1 / nu are rounded; those of 3000 are no exponentials of float64.
    assert abs(found.item() - by_origins(x, t, nu)) <= 0.1 / nu * 2.0**-50


def test_corners_are_integrated_up_to_them() -> None:
    # |sin(2 pi (x - c))| over one arch has the integral (1 - cos(2 pi y)) / (2 pi), y from its
    # corner; two arches make a period, and 1 / pi is that of one.
    corner, nu, t, x = 0.1234, 0.01, 0.3, 0.2

    def wave(x: np.ndarray) -> np.ndarray:
        return np.abs(np.sin(2 * math.pi * (x - corner)))

    def integral(y: mpmath.mpf) -> mpmath.mpf:
        arch = mpmath.floor(2 * y)
        rest = y - arch / 2
        return arch / mpmath.pi + (1 - mpmath.cospi(2 * rest)) / (2 * mpmath.pi)

    def mass(y: mpmath.mpf) -> mpmath.mpf:
        return mpmath.exp(-integral(y) / (2 * nu) - (x - corner - y) ** 2 / (4 * nu * t))

    found = burgers_reference(wave, np.array([x]), t, diffusivity=nu, breaks=(corner, corner + 0.5))
    with mpmath.workdps(20):
        # Origins are within 1 t, and 12 standard deviations of 0.08, of x.
        cuts = [mpmath.mpf(k) / 4 for k in range(-5, 5)]
        whole, moment = (
            mpmath.mpf(mpmath.quad(part, cuts, method="gauss-legendre"))
            for part in (mass, lambda y: (x - corner - y) * mass(y))
        )
    # Exponents of up to 16 are rounded, and mpmath is asked for 20 digits.
    assert abs(found.item() - float(moment / whole / t)) <= 16 * 2.0**-50


def test_integrals_are_those_of_the_formula() -> None:
    panels = _Panels.of(smooth, (0.123,), 64)
    wanted = [
        float(antiderivative(mpmath.mpf(y)) - antiderivative(mpmath.mpf(0)) + MEAN * y)
        for y in panels.nodes
    ]
    # Sums of up to 64 panels, each rounded to 2^-53 of its size.
    assert np.abs(panels.integrals - wanted).max() <= 16 * 2.0**-53
    assert abs(panels.mean - MEAN) <= 4 * 2.0**-53
    assert abs(panels.weights.sum() - 1) <= 16 * 2.0**-53


@pytest.mark.parametrize("spread", [0.02, 0.1, 0.7, 3.0])
def test_the_heat_kernel_is_that_of_poisson_summation(spread: float) -> None:
    x, k = np.linspace(-2, 2, 41), np.arange(1, 30)
    series = 1 + 2 * np.cos(2 * math.pi * x[:, None] * k) @ np.exp(-4 * math.pi**2 * spread * k**2)
    wanted = np.log(series * math.sqrt(4 * math.pi * spread))
    # At spread 0.02 the series cancels from 1 to 1e-5.
    assert np.abs(log_heat_kernel(x, spread) - wanted).max() <= 1e-10


def test_the_start_is_the_start() -> None:
    x = np.array([0.1, 0.9])
    assert (burgers_reference(smooth, x, 0.0, diffusivity=0.1) == smooth(x)).all()
    early = burgers_reference(smooth, x, 1e-6, diffusivity=0.1)
    # u_t is below 0.1 u_xx + u u_x < 10.
    assert np.abs(early - smooth(x)).max() <= 1e-5


def test_corners_that_are_not_told_are_refused() -> None:
    with pytest.raises(RunError, match=r"2048 panels and half as many differ by .*: give breaks"):
        burgers_reference(
            lambda x: np.abs(np.sin(2 * math.pi * (x - 0.1234))), np.array([0.13]), 0.01,
            diffusivity=0.001,
        )  # fmt: skip


@pytest.mark.parametrize(("t", "nu"), [(-1.0, 0.1), (math.nan, 0.1), (1.0, 0.0), (1.0, math.inf)])
def test_other_times_and_viscosities_are_refused(t: float, nu: float) -> None:
    with pytest.raises(RunError, match="give t >= 0 and diffusivity > 0, both finite"):
        burgers_reference(smooth, np.zeros(1), t, diffusivity=nu)
