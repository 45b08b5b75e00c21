"""The trivial predictors are the best of their kind on the points they are tested on."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitpde.emu import Node
from bitpde.pde import Fields, Poisson, Problem, Stream, polynomial_baselines, relative_l2

Array = NDArray[np.float64]
Field = Callable[[Array], Array]
POINTS = Stream(seed=0, name="sampling/test").uniform((500, 2), 0)
COEFFICIENTS = st.floats(-3, 3)


@dataclass(frozen=True, kw_only=True)
class Quadratic(Problem):
    """u = 2 + x1 - x2 + 3 x1^2 + x1 x2 - x2^2, of which ``u_11 + 2 u_22`` is 2."""

    name = "quadratic"
    dimension = 2
    space = 2
    center = (0.5, 0.5)
    widths = (2, 1)

    @property
    def diffusivities(self) -> tuple[float, ...]:
        return (1.0, 2.0)

    def residual(self, fields: Fields, points: Array) -> Node:
        return fields.diffusion

    def exact(self, points: Array) -> Array:
        x, y = points[:, :1], points[:, 1:]
        return 2 + x - y + 3 * x * x + x * y - y * y

    def exact_diffusion(self, points: Array) -> Array:
        return np.full((len(points), 1), 2.0)

    def domain_points(self, uniform: Array) -> Array:
        return uniform

    def trivial_predictors(self) -> dict[str, Field]:
        return {"twice": lambda points: 2 * self.exact(points), "itself": self.exact}


def test_a_quadratic_solution_is_found_with_its_diffusion() -> None:
    # Six unknowns, 500 points, a basis of condition below 100: errors of some 1e-13 at most.
    errors = polynomial_baselines(Quadratic(), POINTS)
    assert errors["quadratic"].solution < 1e-13
    assert errors["quadratic"].diffusion < 1e-12
    assert errors["linear"].diffusion == errors["constant"].diffusion == 1.0
    assert errors["constant"].solution > errors["linear"].solution > 0.01


def test_formulas_of_the_problem_are_measured_as_they_are() -> None:
    # Second differences of numbers below 8 with the step 2^-10 round by 2^-53 8 4 2^20 3 < 4e-9.
    errors = polynomial_baselines(Quadratic(), POINTS)
    assert list(errors) == ["constant", "linear", "quadratic", "twice", "itself"]
    assert errors["twice"].solution == 1.0
    assert abs(errors["twice"].diffusion - 1.0) < 1e-8
    assert errors["itself"].solution == 0.0
    assert errors["itself"].diffusion < 1e-8


def test_a_fit_needs_twice_as_many_points_as_coefficients() -> None:
    assert "quadratic" not in polynomial_baselines(Poisson(), POINTS[:11])
    assert "quadratic" in polynomial_baselines(Poisson(), POINTS[:12])


def test_the_best_constant_is_the_mean() -> None:
    # |u - mean|^2 = |u|^2 - n mean^2; all sums of 500 terms of one sign, good to 1e-13.
    u = Poisson().exact(POINTS)
    exact = math.sqrt(1 - len(u) * u.mean() ** 2 / (u**2).sum())
    assert polynomial_baselines(Poisson(), POINTS)["constant"].solution == pytest.approx(
        exact, rel=1e-12
    )


@given(c=st.tuples(*[COEFFICIENTS] * 6))
def test_no_polynomial_of_the_degree_does_better(c: tuple[float, ...]) -> None:
    # 1e-12 grants the fit its own rounding.
    x, y = POINTS[:, :1], POINTS[:, 1:]
    terms = [np.ones_like(x), x, y, x * x, x * y, y * y]
    u, best = Poisson().exact(POINTS), polynomial_baselines(Poisson(), POINTS)
    for name, count in (("constant", 1), ("linear", 3), ("quadratic", 6)):
        other = sum(a * t for a, t in zip(c[:count], terms[:count], strict=True))
        assert relative_l2(np.asarray(other), u) >= best[name].solution - 1e-12


def test_the_predictors_of_poisson_are_the_known_ones() -> None:
    # On a fine grid of the square: 0.27, 0.098 and 0.010, to the digits the literature gives.
    axis = (np.arange(200) + 0.5) / 200
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    errors = polynomial_baselines(Poisson(), grid)
    assert [float(f"{error.solution:.2g}") for error in errors.values()] == [0.27, 0.098, 0.010]


@given(scale=st.floats(1e-3, 1e3), shift=st.floats(-1, 1))
def test_the_relative_error_does_not_depend_on_units(scale: float, shift: float) -> None:
    assert relative_l2(np.array([3.0, -4.0]), np.zeros(2)) == pytest.approx(12.5**0.5, rel=1e-15)
    truth = np.array([3.0, -4.0])
    estimate = truth + shift
    want = abs(shift) * math.sqrt(2) / 5
    assert relative_l2(scale * estimate, scale * truth) == pytest.approx(want, rel=1e-12, abs=1e-15)
