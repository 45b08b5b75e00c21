"""Maps of uniform numbers onto boxes, cubes, balls and spheres keep inside them, and uniform."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problem_cases import CASES, uniform

from bitpde.pde.domains import ball_points, box_points, cube_faces, sphere_points, with_time
from bitpde.pde.problem import Array, Problem

COUNT = 20_000
NUMBERS = st.sampled_from([0.0, 2.0**-53, 0.25, 0.5 - 2.0**-53, 0.5, 0.75, 1 - 2.0**-53])

cases = pytest.mark.parametrize("name", CASES)


def assert_mean(values: Array, expected: float, variance: float) -> None:
    """The mean of independent values is within 6 standard deviations: one seed in 5e8 is not."""
    assert abs(values.mean() - expected) <= 6 * math.sqrt(variance / values.size)


def assert_uniform(values: Array) -> None:
    """Values of [0, 1) have the first two moments of uniform ones, and fill four quarters."""
    assert_mean(values, 1 / 2, 1 / 12)
    assert_mean(values**2, 1 / 3, 4 / 45)
    assert_mean(np.floor(4 * values) == 1, 1 / 4, 3 / 16)


@pytest.mark.parametrize("dimension", [1, 2, 3, 20, 100])
def test_a_ball_is_filled_evenly(dimension: int) -> None:
    # |x|^d is uniform; x_i has the mean 0 and the variance 1/(d + 2); x_i^4 the mean
    # 3/((d + 2)(d + 4)) (integrate over the ball in polar coordinates), x_i x_j that over 3.
    points = ball_points(uniform(COUNT, dimension + 1, "ball"))
    assert points.shape == (COUNT, dimension)
    assert_uniform(np.linalg.norm(points, axis=1) ** dimension)
    second, fourth = 1 / (dimension + 2), 3 / ((dimension + 2) * (dimension + 4))
    for axis in {0, dimension // 2, dimension - 1}:
        assert_mean(points[:, axis], 0.0, second)
        assert_mean(points[:, axis] ** 2, second, fourth - second**2)
    if dimension > 1:
        assert_mean(points[:, 0] * points[:, -1], 0.0, fourth / 3)


@pytest.mark.parametrize("dimension", [1, 2, 3, 20, 100])
def test_a_sphere_is_covered_evenly(dimension: int) -> None:
    points = sphere_points(uniform(COUNT, dimension, "sphere"))
    lengths = np.linalg.norm(points, axis=1)
    # Quotients, squares and both sums of d of them: d + 4 roundings at most.
    assert np.abs(lengths - 1).max() <= (dimension + 4) * 2.0**-53
    second, fourth = 1 / dimension, 3 / (dimension * (dimension + 2))
    assert_mean(points[:, 0], 0.0, second)
    assert_mean(points[:, -1] ** 2, second, max(fourth - second**2, 1e-30))
    if dimension > 1:
        assert_mean(points[:, 0] * points[:, -1], 0.0, fourth / 3)
    if dimension == 3:  # Archimedes: each coordinate is uniform
        assert_uniform((points[:, 1] + 1) / 2)


@pytest.mark.parametrize("dimension", [1, 2, 3, 20])
def test_the_faces_of_a_cube_are_covered_evenly(dimension: int) -> None:
    points = cube_faces(uniform(COUNT, dimension + 1, "faces"))
    assert points.shape == (COUNT, dimension)
    share = 1 / (2 * dimension)
    for axis in range(dimension):
        for end in (0.0, 1.0):
            here = points[points[:, axis] == end]
            assert_mean(points[:, axis] == end, share, share * (1 - share))
            for other in {0, dimension - 1} - {axis}:
                assert_uniform(here[:, other])
    ends = np.count_nonzero((points == 0) | (points == 1), axis=1)
    assert (ends == 1).all()


@given(st.lists(NUMBERS, min_size=4, max_size=4))
def test_no_number_leaves_its_domain(numbers: list[float]) -> None:
    row = np.array([numbers])
    # A ball of radius 1 + 8 * 2^-53: see the lengths on the sphere.
    assert np.linalg.norm(ball_points(row)) <= 1 + 8 * 2.0**-53
    assert abs(np.linalg.norm(sphere_points(row)) - 1) <= 8 * 2.0**-53
    faces = cube_faces(row)
    assert ((faces == 0) | (faces == 1)).any()
    assert ((faces >= 0) & (faces <= 1)).all()
    box = box_points(row[:, :2], (-1.0, 0.0), (1.0, 1.0))
    assert (box >= [-1.0, 0.0]).all()
    assert (box < [1.0, 1.0]).all()


def test_opposite_numbers_are_opposite_directions() -> None:
    # floor(2^52 u) + 1/2 is symmetric about 2^51: 1 - 2^-52 - u is the mirror of a multiple u.
    numbers = np.floor(uniform(100, 3, "mirror") * 2.0**52) * 2.0**-52
    mirrored = sphere_points(1 - 2.0**-52 - numbers)
    # ndtri is symmetric to a few units.
    assert np.abs(mirrored + sphere_points(numbers)).max() <= 2.0**-48


def test_time_is_the_last_coordinate() -> None:
    space = uniform(5, 2, "space")
    assert (with_time(space, 0.25)[:, 2] == 0.25).all()
    assert (with_time(space, np.arange(5.0)[:, None])[:, 2] == np.arange(5)).all()
    assert (with_time(space, 1.0)[:, :2] == space).all()


def in_unit_coordinates(problem: Problem, points: Array) -> Array:
    """Coordinates of a box as fractions of it; those of a ball are left out."""
    if problem.name == "heat":
        return points[:, -1:]
    halves = np.ones(problem.dimension) / 2
    if problem.name in ("burgers", "allen-cahn"):
        halves[0] = 1.0
    return np.asarray((points - problem.center) / (2 * halves) + 0.5)


@cases
def test_domain_points_fill_the_domain(name: str) -> None:
    problem = CASES[name].problem
    points = problem.domain_points(uniform(COUNT, problem.draws, "sampling/domain"))
    assert points.shape == (COUNT, problem.dimension)
    unit = in_unit_coordinates(problem, points)
    assert ((unit >= 0) & (unit < 1)).all()
    for axis in {0, unit.shape[1] // 2, unit.shape[1] - 1}:
        assert_uniform(unit[:, axis])
    if problem.name == "heat":
        radii = np.linalg.norm(points[:, :-1], axis=1)
        assert (radii <= 1 + 8 * 2.0**-53).all()
        assert_uniform(radii**problem.space)


@cases
def test_times_and_places_are_independent(name: str) -> None:
    problem = CASES[name].problem
    points = problem.domain_points(uniform(COUNT, problem.draws, "sampling/domain"))
    local = points - problem.center
    last = local[:, -1]
    # Independent and of mean zero: the variance of the product is that of the factors.
    for first in (local[:, 0], local[:, 0] ** 2 - np.mean(local[:, 0] ** 2)):
        assert_mean(first * last, 0.0, float(np.mean(first**2) * np.mean(last**2)))
