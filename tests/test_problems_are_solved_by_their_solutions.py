"""The residual of every problem vanishes at its exact solution, whose derivatives are right."""

import numpy as np
import pytest
from problem_cases import CASES, Case, first, inner_points, second

from bitpde.emu import Tape, preset
from bitpde.pde.errors import RunError
from bitpde.pde.hjb_log import HJBLog
from bitpde.pde.problem import Array, Fields

#: What a computed solution may be off in ``D u_xx``, away from the corners: tests of the solvers
#: show it against finer ones.
DIFFUSION_ERRORS = {"allen-cahn": 1e-7, "burgers": 1e-11}
VALUE_ERRORS = {"allen-cahn": 1e-9}

cases = pytest.mark.parametrize("name", CASES)


def some_points(case: Case) -> Array:
    """Points at which all of a problem's derivatives cost little; some in the layers."""
    points = inner_points(case.problem, 400 if case.problem.space == 1 else 8)
    if case.problem.name in ("burgers", "allen-cahn"):
        layer = 0.0 if case.problem.name == "burgers" else 0.5
        points[::2, 0] = layer + 0.05 * points[::2, 0]
    return points


def slopes(case: Case, points: Array) -> tuple[Array, Array]:
    """The slopes that the problem names, and how wrong each may be."""
    parts = [first(case, points, axis) for axis in case.problem.slopes]
    values, errors = zip(*parts, strict=True) if parts else ((), ())
    empty = np.zeros((len(points), 0))
    return np.hstack([empty, *values]), np.hstack([empty, *errors])


def residual(case: Case, points: Array, value: Array, slope: Array, diffusion: Array) -> Array:
    """What the problem says is zero, of numbers on a tape that does not round below float64."""
    tape = Tape(preset("exact"))
    fields = Fields(
        value=tape.constant(value),
        slopes=tape.constant(slope) if case.problem.slopes else None,
        diffusion=tape.constant(diffusion),
    )
    return np.asarray(case.problem.residual(fields, points).value)


@cases
def test_the_residual_vanishes_at_the_solution(name: str) -> None:
    # The residual is a function of numbers with the errors given above.  To first order it moves
    # by the error of each times the derivative by it, taken here by a central difference of the
    # residual itself, which is a polynomial of degree 3 at most; a factor 2 covers higher orders.
    # The operations of the residual round sums of at most d terms: 4 d 2^-53 of the largest.  A
    # diffusion that is given by a formula multiplies u by less than 1000: 2 d, or 2 pi^2 k^2.
    case = CASES[name]
    points = some_points(case)
    value, diffusion = case.problem.exact(points), case.problem.exact_diffusion(points)
    slope, slope_error = slopes(case, points)
    found = residual(case, points, value, slope, diffusion)
    size = max(1.0, float(np.abs(diffusion).max()), float((slope**2).sum(1).max(initial=0.0)))
    allowed = np.full((len(points), 1), 4 * case.problem.dimension * 2.0**-53 * size)
    allowed += DIFFUSION_ERRORS.get(name, case.error * 1e3) * 2
    h = 2.0**-10
    moved = [residual(case, points, value + s * h, slope, diffusion) for s in (1, -1)]
    allowed += np.abs(moved[0] - moved[1]) / h * VALUE_ERRORS.get(name, case.error)
    for k in range(slope.shape[1]):
        step = h * np.eye(slope.shape[1])[k]
        moved = [residual(case, points, value, slope + s * step, diffusion) for s in (1, -1)]
        allowed += np.abs(moved[0] - moved[1]) / h * slope_error[:, k : k + 1]
    assert (np.abs(found) <= allowed).all()
    # The test would be empty if it allowed much: less than 1e-5 of the largest term.
    assert float(np.median(allowed)) < 1e-5 * size


@cases
def test_the_residual_needs_every_field(name: str) -> None:
    case = CASES[name]
    points = some_points(case)
    value, diffusion = case.problem.exact(points), case.problem.exact_diffusion(points)
    slope, _ = slopes(case, points)
    found = residual(case, points, value, slope, diffusion)
    assert (np.abs(residual(case, points, value, slope, diffusion + 1) - found) > 0.5).all()
    for k in range(slope.shape[1]):
        other = slope + 0.5 * np.eye(slope.shape[1])[k]
        assert (np.abs(residual(case, points, value, other, diffusion) - found) > 1e-4).any()


@cases
def test_the_diffusion_is_that_of_the_solution(name: str) -> None:
    case = CASES[name]
    points = some_points(case)
    total, allowed = np.zeros((len(points), 1)), np.zeros((len(points), 1))
    for axis, factor in enumerate(case.problem.diffusivities):
        if factor:
            value, error = second(case, points, axis)
            total += factor * value
            allowed += factor * error
    found = case.problem.exact_diffusion(points)
    allowed += DIFFUSION_ERRORS.get(name, 2.0**-40)
    assert (np.abs(found - total) <= allowed).all()
    assert float(np.median(allowed)) < 1e-5 * max(1.0, float(np.abs(found).max()))


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("hjb-log")])
def test_the_slopes_of_the_reference_are_those_of_the_solution(name: str) -> None:
    case = CASES[name]
    assert isinstance(case.problem, HJBLog)
    points = some_points(case)
    found, (expected, allowed) = case.problem.exact_slopes(points), slopes(case, points)
    assert (np.abs(found - expected) <= allowed).all()
    assert allowed.max() < 1e-9


@cases
def test_diffusivities_are_those_of_space(name: str) -> None:
    problem = CASES[name].problem
    assert len(problem.diffusivities) == problem.dimension
    assert min(problem.diffusivities[: problem.space]) > 0
    assert not any(problem.diffusivities[problem.space :])


def test_an_equation_with_slopes_refuses_fields_without() -> None:
    case = CASES["heat-2"]
    one = Tape(preset("exact")).constant(np.ones((1, 1)))
    with pytest.raises(RunError, match="no slopes"):
        case.problem.residual(Fields(value=one, slopes=None, diffusion=one), np.ones((1, 3)))
