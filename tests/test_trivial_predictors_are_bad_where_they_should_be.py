"""The errors of predictors that need no training are those that the documents state.

They are those of one sample, whose numbers are a function of a name, stated with two or three
digits: 5 % covers that.  What they say about the whole domain: an error is the root of a quotient
of two means over N = 20,000 points.  Where squares are at most c times their mean, the mean of the
sample is within ``6 sqrt((c - 1) / N)`` of it, relatively, at six standard deviations; c = 9 (the
peak of `HeatModes`) gives 12 %, both means 24 % and the root 12 %.
"""

import numpy as np
import pytest
from problem_cases import CASES, uniform

from bitpde.pde.allen_cahn import AllenCahn
from bitpde.pde.burgers import Burgers
from bitpde.pde.heat import Heat
from bitpde.pde.heat_modes import HeatModes
from bitpde.pde.hjb import HJB
from bitpde.pde.hjb_log import HJBLog
from bitpde.pde.poisson_modes import PoissonModes
from bitpde.pde.problem import Array, Problem
from bitpde.pde.trivial_errors import trivial_errors, trivial_table

STATED: list[tuple[Problem, dict[str, float]]] = [
    (PoissonModes(), {"constant": 0.895, "affine": 0.895, "radial": 0.78}),
    (HJB(), {"constant": 0.125, "sum x": 0.0545, "sum x + 1/2": 0.0273}),
    (
        HJBLog(),
        {
            "constant": 0.193,
            "affine": 0.0425,
            "radial": 0.0122,
            "u at t = 1": 0.487,
            "log((1 + |x|^2 + 2 d (1 - t)) / 2)": 0.0342,
        },
    ),
    (Heat(), {"constant": 0.494, "affine": 1.64e-4, "t": 8.42e-3, "t + 1/(2(d+2))": 1.64e-4}),
    (
        HeatModes(),
        {
            "constant": 0.911,
            "affine": 0.590,
            "radial": 0.894,
            "u at t = 0": 0.625,
            "mean diffusivity": 0.168,
        },
    ),
    (Burgers(), {"constant": 1.0, "affine": 0.817, "u at t = 0": 0.59, "no viscosity": 0.069}),
    (
        AllenCahn(),
        {"constant": 0.953, "radial": 0.476, "u at t = 0": 0.671, "no diffusion": 6.7e-3},
    ),
]


def test_points(problem: Problem) -> Array:
    return problem.domain_points(uniform(20_000, problem.draws, "sampling/test"))


test_points.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.parametrize(("problem", "stated"), STATED, ids=[one.name for one, _ in STATED])
def test_the_stated_errors_are_measured(problem: Problem, stated: dict[str, float]) -> None:
    errors = trivial_errors(problem, test_points(problem))
    assert set(stated) <= set(errors)
    for name, error in stated.items():
        assert errors[name] == pytest.approx(error, rel=0.05), name


@pytest.mark.parametrize("dimension", [2, 10, 100])
def test_conduction_by_direction_has_no_cheap_predictor(dimension: int) -> None:
    # The least is 0.37, at d = 2: 12 % less would be 0.325.
    problem = HeatModes(space_dimension=dimension)
    points = test_points(problem)
    errors = trivial_errors(problem, points)
    exact = problem.exact(points)
    rest = exact - points[:, -1:]
    errors["t + const"] = float(np.linalg.norm(rest - rest.mean()) / np.linalg.norm(exact))
    aware = {"mean diffusivity"}  # solves an equation; only its anisotropy is missing
    assert min(error for name, error in errors.items() if name not in aware) > 0.3
    assert errors["mean diffusivity"] > 0.1


def test_waves_decay_by_direction() -> None:
    problem = HeatModes()
    assert problem.rates == pytest.approx([0.605, 1.395], rel=1e-3)
    vectors = problem.wave_vectors
    assert np.linalg.norm(vectors, axis=0) == pytest.approx([4.0, 4.0])
    assert vectors[:, 0] @ vectors[:, 1] == 0
    assert np.abs(vectors.sum(axis=0)).max() <= 1e-14


def test_affine_solutions_are_found_by_affine_fits() -> None:
    assert trivial_errors(HJB(), test_points(HJB()))["affine"] < 1e-13
    assert trivial_errors(Heat(), test_points(Heat()))["radial"] < 1e-13


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_every_mode_counts_as_much(missing: int) -> None:
    # Midpoints of 64 x 64 cells integrate products of these modes exactly.
    problem = PoissonModes()
    axis = (np.arange(64) + 0.5) / 64
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    fewer = PoissonModes(highest=4 - missing)
    exact = problem.exact(points)
    known = fewer.exact(points) * (4 - missing) / 4
    error = np.linalg.norm(exact - known) / np.linalg.norm(exact)
    assert abs(error - np.sqrt(missing / 4)) <= 1e-13
    bends = [problem.exact_diffusion(points), fewer.exact_diffusion(points) * (4 - missing) / 4]
    error = np.linalg.norm(bends[0] - bends[1]) / np.linalg.norm(bends[0])
    k4 = np.arange(1, 5) ** 4
    assert abs(error - np.sqrt(k4[4 - missing :].sum() / k4.sum())) <= 1e-13


def test_the_table_has_a_line_for_each_predictor() -> None:
    problem = CASES["hjb-3"].problem
    lines = trivial_table(problem, test_points(problem)[:100]).splitlines()
    names = ["constant", "affine", "radial", "sum x", "sum x + 1/2"]
    assert [line[:11].rstrip() for line in lines] == names
