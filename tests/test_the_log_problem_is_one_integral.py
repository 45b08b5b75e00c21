"""The reference of the HJB problem with logarithmic terminal data is right in any dimension.

The oracle integrates over the logarithm of the mixture's variable with 25 digits and an adaptive
rule; what the reference adds in float64 are roundings.
"""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitpde.pde import gamma_mixture
from bitpde.pde.errors import RunError
from bitpde.pde.gamma_mixture import Mixture
from bitpde.pde.hjb_log import HJBLog
from bitpde.pde.problem import Array

PLACES = ((1, 1.0), (2, 0.5), (20, 1.0), (100, 1.0), (250, 2.0))
UNIT = st.floats(0, 1, width=32)


def integral(square: mpmath.mpf, tau: mpmath.mpf, dimension: int, mu: float) -> mpmath.mpf:
    """``log(int v^(mu-1) exp(-v - square s) (1 + 4 tau v)^(-d/2) dv / Gamma(mu))``."""

    def integrand(y: mpmath.mpf) -> mpmath.mpf:
        v = mpmath.exp(y)
        spread = 1 + 4 * tau * v
        power = mpmath.mpf(dimension) / 2 * mpmath.log(spread)
        return mpmath.exp(mu * y - v - square * v / spread - power)

    middle = mpmath.log(mu / (1 + square + 2 * dimension * tau))
    cuts = [middle - 70 / mu, middle - 20 / mu, *(middle + k for k in (-8, -3, -1, 0, 1, 2, 4, 12))]
    return mpmath.log(mpmath.quad(integrand, cuts)) - mpmath.loggamma(mu)


def some_points(dimension: int, tau: float, seed: int) -> Array:
    place = np.random.default_rng(seed).random((1, dimension))
    return np.hstack([place, [[1 - tau]]])


@pytest.mark.parametrize(("dimension", "mu"), PLACES)
def test_value_and_laplacian_are_those_of_the_integral(dimension: int, mu: float) -> None:
    problem, points = HJBLog(space_dimension=dimension, mu=mu), some_points(dimension, 0.75, 1)
    with mpmath.workdps(25):
        square, h = mpmath.fsum(mpmath.mpf(float(x)) ** 2 for x in points[0, :-1]), mpmath.mpf(1e-6)
        low, mid, high = (
            -mpmath.log(2) - integral(square + k * h, mpmath.mpf(0.75), dimension, mu) / mu
            for k in (-1, 0, 1)
        )
        # Central differences of a function of square whose derivatives are below 1: h^2 = 1e-12,
        # and 1e-25 / h^2 = 1e-13 from the quadrature.
        first, second = (high - low) / (2 * h), (high - 2 * mid + low) / h**2
        laplacian = 2 * dimension * first + 4 * square * second
    # Exponents of size d, each rounded; sums of 201 positive terms.
    assert abs(problem.exact(points).item() - mid) <= 1e-10
    assert abs(problem.exact(points).item() - mid) <= 2.0**-52 * (8 + dimension)
    assert abs(problem.exact_diffusion(points).item() - laplacian) <= 1e-10 * (1 + abs(laplacian))
    slopes = problem.exact_slopes(points)[0]
    assert np.abs(slopes[:-1] - 2 * float(first) * points[0, :-1]).max() <= 1e-10
    kinetic = mu * 4 * square * first**2
    assert abs(slopes[-1] + laplacian - kinetic) <= 1e-10 * (1 + abs(laplacian))


@given(square=UNIT, tau=UNIT, mu=st.floats(0.1, 10), dimension=st.sampled_from([1, 3, 30, 1000]))
def test_the_mixture_is_finite_between_its_bounds(
    square: float, tau: float, mu: float, dimension: int
) -> None:
    # By Jensen, log E[f^-mu] >= -mu log E[f] for f = 1 + |X|^2; and f >= 1.
    r = np.array([[square * dimension]])
    value = Mixture.at(r, np.array([[tau]]), dimension, mu).logarithm.item()
    mean = 1 + square * dimension + 2 * dimension * tau
    assert -mu * np.log(mean) - 1e-10 <= value <= 1e-10


@given(tau=st.just(0.0) | UNIT, mu=st.floats(0.1, 10))
def test_without_diffusion_it_is_the_power_itself(tau: float, mu: float) -> None:
    # After no time (1 + |x|^2)^-mu; and of a constant function, |x| = 0 in dimension 0, always 1.
    square = np.array([[0.0, 0.5, 1.0, 300.0]]).T
    power = Mixture.at(square, 0 * square, 7, mu).logarithm
    assert np.abs(power + mu * np.log1p(square)).max() <= 1e-13 * (1 + mu * 6)
    assert abs(Mixture.at(np.zeros((1, 1)), np.full((1, 1), tau), 0, mu).logarithm.item()) <= 1e-13


def test_the_moments_at_the_end_are_those_of_a_gamma_distribution() -> None:
    # At tau = 0, s = v has the density of shape mu and rate 1 + square.
    square, mu = np.array([[0.0], [3.0], [99.0]]), 2.5
    end = Mixture.at(square, 0 * square, 50, mu)
    assert np.abs(end.mean * (1 + square) / mu - 1).max() <= 1e-13
    assert np.abs(end.variance * (1 + square) ** 2 / mu - 1).max() <= 1e-13


@pytest.mark.parametrize("dimension", [1, 20, 1000])
def test_a_thousand_dimensions_neither_under_nor_overflow(dimension: int) -> None:
    problem = HJBLog(space_dimension=dimension)
    points = np.array([[0.0], [0.5], [1.0]]) + np.zeros(dimension + 1)
    for field in (problem.exact, problem.exact_diffusion, problem.exact_slopes):
        assert np.isfinite(field(points)).all()


def test_points_do_not_see_their_neighbours() -> None:
    problem = HJBLog(space_dimension=3)
    points = np.random.default_rng(0).random((5000, 4))
    together = problem.exact(points)
    assert (together[4321:4323] == problem.exact(points[4321:4323])).all()
    assert problem.exact(points[:0]).shape == (0, 1)


@pytest.mark.parametrize("mu", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("dimension", [1, 20, 1000])
def test_half_the_nodes_would_do(
    dimension: int, mu: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gamma_mixture, "_AGREEMENT", 2e-12)
    numbers = np.random.default_rng(5).random((500, 2))
    numbers[:4] = [[0, 0], [0, 1], [1, 0], [1, 1]]
    square, tau = numbers[:, :1] * dimension, numbers[:, 1:]
    assert np.isfinite(Mixture.at(square, tau, dimension, mu).variance).all()


def test_a_place_the_quadrature_cannot_reach_is_refused() -> None:
    with pytest.raises(RunError, match="two quadratures"):
        Mixture.at(np.ones((1, 1)), np.ones((1, 1)), 100, 1000.0)
    with np.errstate(invalid="ignore"), pytest.raises(RunError, match="two quadratures"):
        Mixture.at(np.ones((1, 1)), -np.ones((1, 1)), 100, 1.0)


def test_the_solution_is_the_mean_over_diffused_places() -> None:
    # Cole and Hopf: exp(-mu u) = E[((1 + |x + sqrt(2 tau) Z|^2) / 2)^-mu].  With 10^5 normal
    # vectors the mean has its sample's standard error; 6 of them miss 2e-9 of all seeds.
    problem = HJBLog(space_dimension=20, mu=2.0)
    points = some_points(20, 0.4, 3)
    normal = np.random.default_rng(4).normal(size=(100_000, 20))
    places = points[:, :-1] + np.sqrt(2 * 0.4) * normal
    sample = ((1 + (places**2).sum(axis=1)) / 2) ** -2.0
    expected = np.exp(-2.0 * problem.exact(points).item())
    assert abs(sample.mean() - expected) <= 6 * sample.std() / np.sqrt(len(sample))
