"""Burgers' equation is solved to the accuracy of Cole and Hopf's solution, and nothing folds back.

ETDRK4 is checked alone first: its weights against 40 digits, its order on an equation solved by
hand.
"""

import math
from itertools import pairwise

import mpmath
import numpy as np
import pytest

from bitpde.pde import RunError
from bitpde.pde.data import burgers_reference, solve_burgers
from bitpde.pde.data.etdrk4 import etdrk4
from bitpde.pde.data.spectral_grid import cell_centres, sampled_at_centres

NU = 0.01 / math.pi


def smooth(x: np.ndarray) -> np.ndarray:
    """Two waves and a mean, which moves them."""
    return np.asarray(
        0.4 * np.sin(2 * math.pi * x + 0.3) + 0.3 * np.sin(4 * math.pi * x + 2) + 0.2, np.float64
    )


def phi(order: int, z: mpmath.mpf) -> mpmath.mpf:
    """``sum_k z^k / (k + order)!``; its 60th term is below 1e-80 where z is below 1."""
    if abs(z) < 1:
        terms = [z**k / mpmath.factorial(k + order) for k in range(60)]
        return mpmath.mpf(mpmath.fsum(terms))
    value = mpmath.exp(z)
    for k in range(order):
        value = (value - 1 / mpmath.factorial(k)) / z
    return mpmath.mpf(value)


@pytest.mark.parametrize("z", [0.0, -1e-9, -1e-3, -0.5, -3.0, -40.0, -1e4])
def test_weights_are_those_of_cox_and_matthews(z: float) -> None:
    made = etdrk4(np.array([z / 0.25]), 0.25)
    with mpmath.workdps(40):
        p, whole, half = [phi(k, mpmath.mpf(z)) for k in range(4)], mpmath.exp(z), mpmath.exp(z / 2)
        wanted = [whole, half, phi(1, mpmath.mpf(z) / 2) / 8, (p[1] - 3 * p[2] + 4 * p[3]) / 4]
        wanted += [(2 * p[2] - 4 * p[3]) / 4, (4 * p[3] - p[2]) / 4]
    found = [made.whole, made.half, made.stage, made.first, made.middle, made.last]
    # Near z = 0 the numbers averaged are below 10 and carry some 20 roundings.
    for a, b in zip(found, wanted, strict=True):
        assert abs(a.item() - float(b)) <= 200 * 2.0**-53


def test_etdrk4_is_of_order_four() -> None:
    # v' = -5 v + v^2 from 1: v = 5 / (1 + 4 exp(5 t)).
    errors = []
    for steps in (16, 32, 64):
        step, v = etdrk4(np.array([-5.0]), 1 / steps), np.array([1.0 + 0j])
        for _ in range(steps):
            v = step(v, lambda v: v * v)
        errors.append(abs(v.item() - 5 / (1 + 4 * math.exp(5))))
    orders = [math.log2(a / b) for a, b in pairwise(errors)]
    assert all(abs(order - 4) < 0.1 for order in orders)


@pytest.mark.parametrize(
    ("diffusivity", "count", "steps"), [(0.1, 128, 400), (0.01, 256, 200), (NU, 768, 300)]
)
def test_the_solver_is_within_1e_8_of_cole_and_hopf(
    diffusivity: float, count: int, steps: int
) -> None:
    x = cell_centres(count)
    u = solve_burgers(smooth(x), diffusivity=diffusivity, interval=0.25, frames=3, steps=steps)
    found = sampled_at_centres(u, count // 32)
    for frame in (1, 2):
        exact = burgers_reference(smooth, cell_centres(32), 0.25 * frame, diffusivity=diffusivity)
        assert np.abs(found[frame] - exact).max() <= 1e-8 * np.abs(smooth(x)).max()


def test_what_is_kept_neither_gains_nor_loses_energy_without_viscosity() -> None:
    # A Galerkin truncation keeps the energy; products that fold back do not.  49 points keep 16
    # frequencies; 48 keep 15, the 16th being a third of 48.  Viscosity takes less than
    # 2 (2 pi 16)^2 1e-12 0.05 = 1e-9 of it; twice the steps change no more than 3e-11.
    for count in (48, 49):
        waves = np.fft.rfft(np.random.default_rng(0).standard_normal(count))
        start = np.fft.irfft(np.where(np.arange(waves.size) > (count - 1) // 3, 0, waves), n=count)
        u = solve_burgers(start, diffusivity=1e-12, interval=0.05, frames=2, steps=200)
        energy = (u**2).mean(axis=1)
        assert np.abs(u[0] - start).max() <= 1e-14
        assert abs(energy[1] / energy[0] - 1) <= 1e-9
        assert np.abs(u[1] - u[0]).max() > 0.5


def test_the_mean_is_kept() -> None:
    u = solve_burgers(smooth(cell_centres(96)), diffusivity=0.01, interval=0.1, frames=4, steps=50)
    # The frequency 0 is never changed; a transform of 96 numbers below 1 rounds a few times.
    assert np.abs(u.mean(axis=1) - 0.2).max() <= 16 * 2.0**-53


def test_the_grid_may_begin_anywhere() -> None:
    given = {"diffusivity": 0.02, "interval": 0.2, "frames": 2, "steps": 50}
    x = cell_centres(96)
    here, there = solve_burgers(smooth(x), **given), solve_burgers(smooth(x + 0.25), **given)
    # 50 steps of a dozen roundings each, of numbers below 1.
    assert np.abs(np.roll(here, -24, axis=1) - there).max() <= 1e-13


def test_leaving_the_range_is_an_error() -> None:
    wave = 100 * smooth(cell_centres(64))
    with pytest.raises(RunError, match="left the range of float64 before time 4: take more steps"):
        solve_burgers(wave, diffusivity=1e-4, interval=4.0, frames=4, steps=10)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"initial": np.zeros((2, 8))}, r"an initial value of shape \(2, 8\)"),
        ({"initial": np.full(8, math.nan)}, "give at least 4 finite numbers"),
        ({"diffusivity": 0.0}, "the diffusivity of Burgers' equation is 0.0: give a finite"),
        ({"interval": math.inf}, "the interval of Burgers' equation is inf"),
        ({"frames": 0}, "the frames of Burgers' equation is 0"),
        ({"steps": 1.5}, "the steps of Burgers' equation is 1.5"),
    ],
)
def test_what_cannot_be_used_is_refused(changes: dict[str, object], said: str) -> None:
    lawful = {"initial": np.zeros(8), "diffusivity": 0.1, "interval": 0.1, "frames": 2, "steps": 1}
    given = lawful | changes
    with pytest.raises(RunError, match=said):
        solve_burgers(given.pop("initial"), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_points_of_a_coarser_grid_are_points_of_the_same_function(factor: int) -> None:
    x, coarse = cell_centres(48), cell_centres(48 // factor)
    found = sampled_at_centres(np.array([smooth(x), smooth(x) ** 2]), factor)
    # Transforms of 48 numbers below 1.
    assert np.abs(found - [smooth(coarse), smooth(coarse) ** 2]).max() <= 64 * 2.0**-53
