"""The reference of the Allen-Cahn problem is converged, and solves its equation and conditions."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from bitpde.pde.allen_cahn import AllenCahn
from bitpde.pde.allen_cahn_reference import AllenCahnSolver
from bitpde.pde.errors import RunError
from bitpde.pde.patches import Patches, lobatto_points
from bitpde.pde.problem import Array

SOLVER = AllenCahnSolver()


def some_points() -> tuple[Array, Array]:
    """Points everywhere, many of them in the layers and at the walls, some early."""
    rng = np.random.default_rng(1)
    x, t = 2 * rng.random((20_000, 1)) - 1, rng.random((20_000, 1))
    x[:5000] = 0.5 + 0.05 * rng.normal(size=(5000, 1))
    x[5000:7000] = -1 + 0.01 * rng.random((2000, 1))
    t[6000:8000] *= 0.01
    return x, t


def assert_agree(other: AllenCahnSolver, value: float, inner: float, norm: float) -> None:
    """u everywhere, D u_xx away from walls and start, and its L2 norm."""
    x, t = some_points()
    assert np.abs(SOLVER.at(x, t) - other.at(x, t)).max() <= value
    bends = [1e-4 * solver.at(x, t, order=2) for solver in (SOLVER, other)]
    away = (np.abs(x) < 0.95) & (t > 0.05)
    assert np.abs(bends[0] - bends[1])[away].max() <= inner
    assert np.linalg.norm(bends[0] - bends[1]) <= norm * np.linalg.norm(bends[0])


def test_a_coarser_solution_differs_by_less_than_1e_8() -> None:
    # Spectral convergence: what the coarser one is off bounds what the finer one is.
    coarse = AllenCahnSolver(degree=20, times=40, tolerance=1e-9)
    assert_agree(coarse, value=1e-8, inner=3e-6, norm=2e-5)


@pytest.mark.exhaustive
def test_a_finer_solution_differs_by_less_than_1e_9() -> None:
    edges = (0, 0.1, 0.25, 0.4, 0.46, 0.48, 0.5, 0.52, 0.54, 0.6, 0.75, 0.9, 0.97, 0.99, 0.998, 1.0)
    fine = AllenCahnSolver(degree=28, times=80, tolerance=3e-12, edges=edges)
    assert_agree(fine, value=1e-9, inner=1e-7, norm=1e-5)


def test_finite_differences_converge_to_it() -> None:
    # Central differences on n intervals of [0, 1] are off by a series in h^2 once the layer of
    # 0.006 is resolved; extrapolation leaves h^4: a sixteenth of (coarse - fine) is generous.
    coarse, fine = finite_differences(2000), finite_differences(4000)[::2]
    extrapolated = fine + (fine - coarse) / 3
    x = np.linspace(0, 1, 2001)[:, None]
    spectral = SOLVER.at(x, np.ones_like(x))[:, 0]
    assert np.abs(extrapolated - spectral).max() <= np.abs(fine - coarse).max() / 16
    assert np.abs(fine - coarse).max() <= 1e-3


def finite_differences(count: int) -> Array:
    """u at t = 1 on a uniform grid of [0, 1], by the second-order scheme."""
    x = np.linspace(0, 1, count + 1)
    rate = 1e-4 * count**2

    def motion(_: float, u: Array) -> Array:
        around = np.concatenate([u[1:2], u, [-1.0]])
        return rate * (around[2:] - 2 * u + around[:-2]) + 5 * u - 5 * u**3

    start = (x**2 * np.cos(math.pi * x))[:-1]
    done = solve_ivp(
        motion, (0, 1), start, method="LSODA", lband=1, uband=1, rtol=1e-10, atol=1e-12
    )
    return np.append(done.y[:, -1], -1.0)


def test_the_solution_starts_and_ends_where_it_should() -> None:
    x = np.linspace(-1, 1, 2001)[:, None]
    start = AllenCahn().lift(np.hstack([x, 0 * x]))
    # A polynomial of degree 24 on each interval is x^2 cos(pi x) to rounding.
    assert np.abs(SOLVER.at(x, 0 * x) - start).max() <= 1e-13
    times = np.linspace(0, 1, 1001)[:, None]
    for wall in (-1.0, 1.0):
        assert np.abs(SOLVER.at(np.full_like(times, wall), times) + 1).max() <= 1e-13


def test_the_solution_is_even_and_smooth_where_intervals_meet() -> None:
    _, t = some_points()
    rng = np.random.default_rng(2)
    x = rng.random((len(t), 1))
    for order, sign in ((0, 1), (1, -1), (2, 1)):
        assert (SOLVER.at(x, t, order) == sign * SOLVER.at(-x, t, order)).all()
    for edge in SOLVER.edges[1:-1]:
        left = np.full_like(t, np.nextafter(edge, 0))
        right = np.full_like(t, edge)
        assert np.abs(SOLVER.at(left, t) - SOLVER.at(right, t)).max() <= 1e-12
        slopes = [SOLVER.at(place, t, order=1) for place in (left, right)]
        # A derivative of degree 24 on an interval of 0.03 loses up to 24^2 * 2/0.03 of 2^-53.
        assert np.abs(slopes[0] - slopes[1]).max() <= 24**2 * 2 / 0.03 * 1e-13


def test_the_solution_stays_between_minus_one_and_one() -> None:
    x, t = some_points()
    assert np.abs(SOLVER.at(x, t)).max() <= 1 + 1e-9


def test_patches_differentiate_polynomials_and_obey_their_laws() -> None:
    # 3 - x^2 has slope 0 at the left end and 2 at the right end: every law holds, so the free
    # values give all, and the second derivative is -2.
    patches = Patches(edges=(0.0, 0.3, 0.5, 1.0), degree=6)
    values = 3 - patches.points**2
    free = patches.free(values)
    assert free.shape == (3 * 5,)
    assert np.abs(patches.completed(free, 2.0) - values).max() <= 1e-12
    matrix, vector = patches.second_derivative(2.0)
    assert np.abs(matrix @ free + vector + 2).max() <= 1e-9
    spectra = patches.coefficients(patches.points**3)
    # On the first interval x = 0.15 (1 + s), and (1 + s)^3 = (10 T_0 + 15 T_1 + 6 T_2 + T_3) / 4.
    expected = 0.15**3 * np.array([10, 15, 6, 1, 0, 0, 0]) / 4
    assert np.abs(spectra[0] - expected).max() <= 1e-15
    assert lobatto_points(8)[[0, 4, 8]] == pytest.approx([-1, 0, 1], abs=1e-16)


@pytest.mark.parametrize("place", [(1.001, 0.5), (0.5, -0.001), (0.5, 1.001), (math.nan, 0.5)])
def test_places_outside_are_refused(place: tuple[float, float]) -> None:
    with pytest.raises(RunError, match="outside of"):
        AllenCahn().exact(np.array([place]))


def test_an_integration_that_fails_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = SimpleNamespace(success=False, t=[0.0, 0.5], message="the step is too small")
    monkeypatch.setattr("scipy.integrate.solve_ivp", lambda *_, **__: failed)
    with pytest.raises(RunError, match=r"failed at t = 0\.5: the step is too small"):
        AllenCahnSolver(degree=4, times=2).solve()


def test_without_diffusion_the_predictor_solves_the_reaction() -> None:
    # Bernoulli's equation u' = 5 u - 5 u^3 from v, by its own derivative: u'/u = 5 (1 - u^2).
    predictor = AllenCahn().trivial_predictors()["no diffusion"]
    points = AllenCahn().domain_points(np.random.default_rng(0).random((500, 2)))
    h = 2.0**-10
    sides = [predictor(points + np.array([0.0, k * h])) for k in (-2, -1, 1, 2)]
    slope = (8 * (sides[2] - sides[1]) - (sides[3] - sides[0])) / (12 * h)
    u = predictor(points)
    # h^4/30 times a fifth derivative, below 10^5 times u: 3e-9; rounding 1e-12.
    assert np.abs(slope - 5 * u + 5 * u**3).max() <= 1e-8
