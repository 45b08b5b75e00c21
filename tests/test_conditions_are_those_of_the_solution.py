"""What a problem imposes, in its loss or in the shape of u, is true of its solution."""

import json
import math
from typing import Any

import numpy as np
import pytest
from problem_cases import CASES, uniform

from bitpde.pde.allen_cahn import AllenCahn
from bitpde.pde.burgers import Burgers
from bitpde.pde.errors import RunError
from bitpde.pde.heat import Heat
from bitpde.pde.heat_modes import HeatModes
from bitpde.pde.hjb import HJB
from bitpde.pde.hjb_log import HJBLog
from bitpde.pde.poisson_modes import PoissonModes
from bitpde.pde.problem import Array, Condition, Problem

COUNT = 500
SOFT = [(name, c.name) for name, case in CASES.items() for c in case.problem.conditions]
HARD = [name for name, case in CASES.items() if case.problem.constrained]
CLASSES = [AllenCahn, Burgers, HJB, HJBLog, Heat, HeatModes, PoissonModes]


def condition(name: str, called: str) -> tuple[Problem, Condition, Array]:
    """A condition of a problem, and points at which it asks for something."""
    problem = CASES[name].problem
    (found,) = [c for c in problem.conditions if c.name == called]
    return problem, found, found.points(uniform(COUNT, found.draws, f"sampling/{called}"))


@pytest.mark.parametrize(("name", "called"), SOFT)
def test_targets_are_values_of_the_solution(name: str, called: str) -> None:
    problem, found, points = condition(name, called)
    assert points.shape == (COUNT, problem.dimension)
    target = found.target(points)
    assert target.shape == (COUNT, 1)
    # Two formulas of one value.  On a sphere |x| is 1 to (d + 4) roundings, and |x|^2/(2d) to as
    # many of 1/d.  On a face x = 1, sin(k pi) differs from 0 by the rounding of k pi, at most
    # 2^-51 k for k <= 4, in a mean of the k.
    error = CASES[name].error + 8 * 2.0**-53
    assert np.abs(target - problem.exact(points)).max() <= error


@pytest.mark.parametrize(("name", "called"), SOFT)
def test_conditions_hold_where_they_say(name: str, called: str) -> None:
    problem, _, points = condition(name, called)
    space, center = points[:, : problem.space], np.array(problem.center)[: problem.space]
    if problem.name == "heat":
        radii = np.linalg.norm(space, axis=1)
        assert (radii < 1 + 60 * 2.0**-53).all()
        on_boundary = abs(radii - 1) <= 60 * 2.0**-53
    else:
        assert (np.abs(space - center) <= 0.5).all()
        on_boundary = (np.abs(space - center) == 0.5).any(axis=1)
    if called == "initial":
        assert (points[:, -1] == 0).all()
        assert np.count_nonzero(on_boundary) == 0
    else:
        assert on_boundary.all()
        if problem.space < problem.dimension:
            # Times of 500 points: 0.5 +- 6 standard deviations of their mean.
            assert abs(points[:, -1].mean() - 0.5) <= 6 * math.sqrt(1 / 12 / COUNT)


@pytest.mark.parametrize(("name", "called"), SOFT)
def test_weights_are_those_of_the_documents(name: str, called: str) -> None:
    problem, found, _ = condition(name, called)
    assert found.weight == {"poisson-modes": 300.0, "hjb-log": 30.0}.get(problem.name, 1000.0)


def where_nothing_is_free(problem: Problem, count: int) -> Array:
    """Points of the closed domain at which initial, terminal or boundary values are built in."""
    points = problem.domain_points(uniform(count, problem.draws, "sampling/domain"))
    if problem.name.startswith("hjb"):
        points[:, -1] = 1.0
    else:
        points[::3, 1] = 0.0
        points[1::3, 0], points[2::3, 0] = -1.0, 1.0
    return points


@pytest.mark.parametrize("name", HARD)
def test_the_network_has_no_say_where_values_are_known(name: str) -> None:
    problem = CASES[name].problem
    points = where_nothing_is_free(problem, COUNT)
    assert (problem.factor(points) == 0).all()
    # exact(), which knows nothing of lift(), has the error of its method; sin(pi) is not quite 0.
    error = max(CASES[name].error, 1e-9 * (name == "allen-cahn"))
    assert np.abs(problem.lift(points) - problem.exact(points)).max() <= error


@pytest.mark.parametrize("name", HARD)
def test_the_network_decides_everywhere_else(name: str) -> None:
    problem = CASES[name].problem
    points = problem.domain_points(uniform(COUNT, problem.draws, "sampling/domain"))
    assert (problem.factor(points) > 0).all()


@pytest.mark.parametrize("name", CASES)
def test_a_problem_has_conditions_or_constraints(name: str) -> None:
    problem = CASES[name].problem
    both = problem.name == "hjb-log"
    assert problem.constrained + (problem.conditions != ()) == 1 + both
    assert HJBLog(boundary=False).conditions == ()


def test_the_network_of_the_affine_problem_is_the_constant_one() -> None:
    problem = HJB()
    points = problem.domain_points(uniform(COUNT, problem.draws, "sampling/domain"))
    network = (problem.exact(points) - problem.lift(points)) / problem.factor(points)
    # u and the lift are at most 21, a rounding of 2^-49 each, divided by 1 - t.
    assert (np.abs(network - 1) <= 2.0**-48 / problem.factor(points)).all()


@pytest.mark.parametrize("name", CASES)
def test_sizes_fit_together(name: str) -> None:
    problem = CASES[name].problem
    assert len(problem.center) == problem.dimension
    assert (problem.widths[0], problem.widths[-1]) == (problem.dimension, 1)
    assert all(0 <= axis < problem.dimension for axis in problem.slopes)
    assert problem.space in (problem.dimension, problem.dimension - 1)
    points = problem.domain_points(uniform(3, problem.draws, "sampling/domain"))
    for field in (problem.exact, problem.exact_diffusion, problem.lift, problem.factor):
        assert (field(points).shape, field(points).dtype) == ((3, 1), np.float64)
    for predictor in problem.trivial_predictors().values():
        assert predictor(points).shape == (3, 1)


@pytest.mark.parametrize("name", CASES)
def test_a_problem_is_a_value(name: str) -> None:
    problem = CASES[name].problem
    again = type(problem).from_json(json.loads(json.dumps(problem.to_json())))
    assert again == problem
    assert hash(again) == hash(problem)
    scope = {cls.__name__: cls for cls in CLASSES}
    assert eval(repr(problem), scope) == problem


def test_names_are_distinct() -> None:
    assert len({cls.name for cls in CLASSES}) == len(CLASSES)


@pytest.mark.parametrize("bad", [0, -1, 2.0, True, "3", 10**6])
def test_dimensions_are_checked(bad: Any) -> None:
    for cls in (HJB, HJBLog, Heat, HeatModes):
        with pytest.raises(RunError, match=f"{cls.__name__}.space_dimension is"):
            cls(space_dimension=bad)
    with pytest.raises(RunError, match=r"PoissonModes\.highest is"):
        PoissonModes(highest=bad)


@pytest.mark.parametrize("bad", [0.0, 0.05, 10.5, math.nan, math.inf, "1"])
def test_the_cost_of_control_is_checked(bad: Any) -> None:
    with pytest.raises(RunError, match=r"HJBLog\.mu is"):
        HJBLog(mu=bad)
    assert HJBLog(mu=10) == HJBLog(mu=10.0)


@pytest.mark.parametrize("bad", [0, 1, None, "no"])
def test_a_boundary_is_there_or_not(bad: Any) -> None:
    with pytest.raises(RunError, match=r"HJBLog\.boundary is .*: give True or False"):
        HJBLog(boundary=bad)
