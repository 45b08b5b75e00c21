"""Poisson's source is the Laplacian of its solution, and its points lie where they should."""

import math

import mpmath
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitpde.emu import Tape, preset
from bitpde.pde import Fields, Poisson, Stream

COORDINATES = st.floats(0, 1, width=32)
POISSON = Poisson()


def exact_fields(points: NDArray[np.float64]) -> Fields:
    """The solution and its Laplacian as numbers on a tape."""
    tape = Tape(preset("exact"))
    value, diffusion = POISSON.exact(points), POISSON.exact_diffusion(points)
    return Fields(value=tape.constant(value), slopes=None, diffusion=tape.constant(diffusion))


@given(x1=COORDINATES, x2=COORDINATES)
def test_the_source_is_the_laplacian_of_the_solution(x1: float, x2: float) -> None:
    # The oracle differentiates the solution numerically with 60 digits.  float64: the sum x1 + x2
    # is rounded (error 2^-53 of at most 2), sine and halving add one unit: 4 * 2^-53 in all.
    with mpmath.workdps(60):

        def u(a: mpmath.mpf, b: mpmath.mpf) -> mpmath.mpf:
            return mpmath.sin(a + b) / 2

        at = (mpmath.mpf(x1), mpmath.mpf(x2))
        laplacian = mpmath.diff(u, at, (2, 0)) + mpmath.diff(u, at, (0, 2))
        point = np.array([[x1, x2]])
        assert abs(POISSON.exact(point).item() - u(*at)) <= 4 * 2.0**-53
        assert abs(POISSON.exact_diffusion(point).item() - laplacian) <= 4 * 2.0**-53
        assert POISSON.residual(exact_fields(point), point).value.item() == 0.0


def test_domain_points_fill_the_square_evenly() -> None:
    uniform = Stream(seed=0, name="sampling/domain").uniform((20_000, POISSON.draws), 0)
    points = POISSON.domain_points(uniform)
    assert points.shape == (20_000, 2)
    assert ((points >= 0) & (points < 1)).all()
    # Each of 16 cells holds a binomial count; 6 standard deviations miss 3e-8 of all seeds.
    cells = np.bincount((4 * points).astype(int) @ [4, 1], minlength=16)
    assert np.abs(cells - 1250).max() < 6 * math.sqrt(1250 * 15 / 16)


def test_boundary_points_fill_the_four_sides_evenly() -> None:
    (boundary,) = POISSON.conditions
    stream = Stream(seed=0, name="sampling/boundary")
    points = boundary.points(stream.uniform((20_000, boundary.draws), 0))
    assert (boundary.target(points) == POISSON.exact(points)).all()
    sides = [points[points[:, axis] == end] for axis in (0, 1) for end in (0.0, 1.0)]
    assert sum(map(len, sides)) == len(points) == 20_000
    for index, side in enumerate(sides):
        free = side[:, 1 - index // 2]
        assert ((free >= 0) & (free < 1)).all()
        # 5000 points a side, 1250 a quarter of it; 6 standard deviations of the binomial counts.
        assert abs(len(side) - 5000) < 6 * math.sqrt(5000 * 3 / 4)
        quarters = np.histogram(free, bins=4, range=(0, 1))[0]
        assert np.abs(quarters - 1250).max() < 6 * math.sqrt(1250 * 15 / 16)


def test_the_smoothed_solution_is_a_multiple_of_the_solution() -> None:
    # E[sin(x1 + x2 + s)] with s ~ N(0, 2 sigma^2) is exp(-sigma^2) sin(x1 + x2): the figure of 1 %
    # in the docs of `stein`.  Gauss-Hermite with 12 nodes has an error far below 1e-13 here.
    nodes, weights = np.polynomial.hermite_e.hermegauss(12)
    sigma, x = 0.1, 0.8
    mean = (weights / weights.sum()) @ np.sin(x + math.sqrt(2) * sigma * nodes)
    assert abs(mean / math.sin(x) - math.exp(-(sigma**2))) < 1e-13
    assert 0.0099 < 1 - math.exp(-(sigma**2)) < 0.01
