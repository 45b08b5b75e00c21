"""The reference of Burgers' problem is that of Cole and Hopf, in its layer as elsewhere.

The oracle takes the other form of the transform, ``u = (x - mean(y)) / t`` with the mean over the
origins y of what arrives at x, with 30 digits.
"""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitpde.pde.burgers import Burgers
from bitpde.pde.cole_hopf import burgers_solution
from bitpde.pde.errors import RunError

NU = 0.01 / math.pi
NUMBERS = np.random.default_rng(0).random((24, 2))
LAYER, REST = NUMBERS[:12] * [[0.05, 1.0]], 2 * NUMBERS[12:] - [[1.0, 0.0]]
POINTS = [(float(x), float(0.1 + 0.9 * (t % 1))) for x, t in (*LAYER, *REST)]


def density(x: mpmath.mpf, t: mpmath.mpf, y: mpmath.mpf) -> mpmath.mpf:
    """Of the origin y of what arrives at x, but for a factor."""
    nu = mpmath.mpf(NU)
    return mpmath.exp(-mpmath.cospi(y) / (2 * mpmath.pi * nu) - (x - y) ** 2 / (4 * nu * t))


def oracle(x: mpmath.mpf, t: mpmath.mpf) -> mpmath.mpf:
    """u by the trapezoidal rule of step 1/300.

    The density is narrow, but not below a standard deviation s of ``sqrt(nu t) / 2 > 0.0089``, and
    the error of the rule is ``exp(-2 pi^2 s^2 300^2)``: 60 digits.
    """
    reach = int(300 * (t + 18 * mpmath.sqrt(NU * t)))
    origins = [x + mpmath.mpf(k) / 300 for k in range(-reach, reach + 1)]
    masses = [density(x, t, y) for y in origins]
    return (x - mpmath.fdot(masses, origins) / mpmath.fsum(masses)) / t


@pytest.mark.parametrize(("x", "t"), POINTS)
def test_value_and_second_derivative_are_those_of_the_transform(x: float, t: float) -> None:
    found = burgers_solution(np.array([[x]]), np.array([[t]]), NU)
    with mpmath.workdps(30):
        h = mpmath.mpf(2) ** -26
        low, mid, high = (oracle(mpmath.mpf(x) + k * h, mpmath.mpf(t)) for k in (-1, 0, 1))
        bend = (high - 2 * mid + low) / h**2
    # u varies over 0.01 by 2: its fourth derivative is below 1e10, times h^2 / 12 = 2e-17.  The
    # reference: weights with exponents of up to 150, rounded, in means of numbers up to
    # (1 / (2 nu))^2 = 25,000, which is the size of u_xx.
    assert abs(found[0].item() - mid) <= 150 * 2.0**-52
    assert abs(found[1].item() - bend) <= 150 * 2.0**-52 / (2 * NU) ** 2 + 1e-6


@pytest.mark.parametrize(("x", "t"), POINTS[::12])
def test_the_oracle_does_not_depend_on_its_rule(x: float, t: float) -> None:
    with mpmath.workdps(20):
        place, time = mpmath.mpf(x), mpmath.mpf(t)
        reach = time + 18 * mpmath.sqrt(NU * time)
        cuts = mpmath.linspace(place - reach, place + reach, 17)
        grid = mpmath.linspace(place - reach, place + reach, 400)
        top = max(density(place, time, y) for y in grid)  # the rule stops at absolute errors
        mass, moment = (
            mpmath.mpf(mpmath.quad(part, cuts, method="gauss-legendre"))
            for part in (
                lambda y: density(place, time, y) / top,
                lambda y: y * density(place, time, y) / top,
            )
        )
        assert abs((place - moment / mass) / time - oracle(place, time)) <= 1e-13


def test_the_steepest_slope_is_the_published_one() -> None:
    # Basdevant et al. (1986): |u_x| at x = 0 is largest, 152.00516, at t = 1.6037 / pi.  A rounded
    # time of a maximum enters squared.  Central differences of order 8 in the layer of 0.01.
    h, t = 2.0**-12, np.full((4, 1), 1.6037 / math.pi)
    u = burgers_solution(np.array([[h], [2 * h], [3 * h], [4 * h]]), t, NU)[0]
    slope = 2 / h * (np.array([4 / 5, -1 / 5, 4 / 105, -1 / 280]) @ u).item()
    assert abs(slope + 152.00516) <= 6e-6


@given(x=st.floats(-1, 1, width=32), t=st.floats(0, 1, width=32))
def test_the_solution_is_odd_and_periodic_and_keeps_its_bounds(x: float, t: float) -> None:
    place, time = np.array([[x], [-x], [x + 2]]), np.full((3, 1), t)
    u, bend = burgers_solution(place, time, NU)
    # 50 cos(pi x) is an exponent: 50 * 2^-51 of the weights, whose mean is u; x + 2 is rounded in
    # the layer of slope 152.
    assert np.abs(u[:2].sum()) <= 4e-14
    assert np.abs(u[0] - u[2]) <= 152 * 2.0**-51 + 4e-14
    assert np.abs(bend[:2].sum()) <= 4e-14 / NU**2
    assert np.abs(u).max() <= 1 + 1e-14


def test_the_walls_and_the_start_hold() -> None:
    times = np.linspace(0, 1, 101)[:, None]
    for wall in (-1.0, 0.0, 1.0):
        assert np.abs(burgers_solution(np.full_like(times, wall), times, NU)[0]).max() <= 2e-14
    places = np.linspace(-1, 1, 101)[:, None]
    u, bend = burgers_solution(places, 0 * places, NU)
    assert np.abs(u + np.sin(math.pi * places)).max() <= 1e-15
    # The third central moment of a point is 0, up to the rounding of its mean.
    assert np.abs(bend - math.pi**2 * np.sin(math.pi * places)).max() <= 1e-10


def test_points_do_not_see_their_neighbours() -> None:
    points = np.random.default_rng(0).random((3000, 2))
    together = Burgers().exact(points)
    assert (together[1234:1236] == Burgers().exact(points[1234:1236])).all()
    assert Burgers().exact(points[:0]).shape == (0, 1)


def test_times_too_long_for_the_quadrature_are_refused() -> None:
    # In z the exponent has the second derivative -2 - 2 pi t at its sharpest.
    places = np.linspace(-1, 1, 201)[:, None]
    with pytest.raises(RunError, match="two quadratures"):
        burgers_solution(places, np.full_like(places, 1.8), NU)


@pytest.mark.parametrize("t", [-0.001, 1.84, math.nan])
def test_times_the_nodes_do_not_reach_are_refused(t: float) -> None:
    # 576 * 0.01 / pi is 1.83.
    with pytest.raises(RunError, match="give 0 <= t <= 576 viscosities"):
        burgers_solution(np.zeros((2, 1)), np.array([[0.5], [t]]), NU)


def test_without_viscosity_waves_break() -> None:
    # The predictor solves u = -sin(pi (x - u t)), is odd, and jumps at 0 once t > 1/pi.
    inviscid = Burgers().trivial_predictors()["no viscosity"]
    points = Burgers().domain_points(np.random.default_rng(0).random((2000, 2)))
    u = inviscid(points)
    assert np.abs(u + np.sin(math.pi * (points[:, :1] - u * points[:, 1:]))).max() <= 1e-14
    assert (inviscid(points * [[-1.0, 1.0]]) == -u).all()
    just_right, before = np.array([[1e-9, 0.5]]), np.array([[1e-9, 0.3]])
    assert inviscid(just_right).item() < -0.9
    assert abs(inviscid(before).item()) < 1e-7
