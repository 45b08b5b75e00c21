"""Trivial predictors: what a table of errors must be compared with before it means anything."""

import itertools
import math

import numpy as np

from .field_errors import FieldErrors, relative_l2
from .nodes import Array
from .problem import Field, Problem

#: Coefficients of a fit: more take longer than a training.
_MOST = 512


def polynomial_baselines(problem: Problem, points: Array) -> dict[str, FieldErrors]:
    """Return the errors of the best constant, linear and quadratic function on ``points``.

    Each is the least-squares fit to the exact solution on the very points it is tested on, so no
    function of its kind does better there.  Its diffusion term is that of the fitted polynomial.
    A fit with more coefficients than half the points, or than 512, is left out.  The problem's own
    `trivial_predictors` follow, with the diffusion term by central differences.

    Parameters
    ----------
    problem
        The problem whose exact solution is fitted.
    points
        Test points, (P, D).

    Examples
    --------
    >>> from bitpde.pde import Poisson
    >>> axis = (np.arange(50) + 0.5) / 50
    >>> points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    >>> errors = polynomial_baselines(Poisson(), points)
    >>> {name: round(error.solution, 3) for name, error in errors.items()}
    {'constant': 0.275, 'linear': 0.098, 'quadratic': 0.01}
    """
    local = points - problem.center
    exact, diffusion = problem.exact(points), problem.exact_diffusion(points)
    errors = {}
    for name, degree in (("constant", 0), ("linear", 1), ("quadratic", 2)):
        if math.comb(problem.dimension + degree, degree) > min(len(points) // 2, _MOST):
            continue
        basis, curvature = _monomials(local, degree, problem.diffusivities)
        coefficients = np.linalg.lstsq(basis, exact, rcond=None)[0]
        fitted = np.full_like(diffusion, (curvature @ coefficients).item())
        errors[name] = FieldErrors(
            solution=relative_l2(basis @ coefficients, exact),
            diffusion=relative_l2(fitted, diffusion),
        )
    for name, formula in problem.trivial_predictors().items():
        errors[name] = FieldErrors(
            solution=relative_l2(formula(points), exact),
            diffusion=relative_l2(_diffusion(formula, points, problem.diffusivities), diffusion),
        )
    return errors


def _monomials(points: Array, degree: int, diffusivities: tuple[float, ...]) -> tuple[Array, Array]:
    """Return all monomials up to ``degree`` <= 2 as columns, and their constant diffusion terms."""
    columns, diffusions = [], []
    for power in range(degree + 1):
        for chosen in itertools.combinations_with_replacement(range(points.shape[1]), power):
            columns.append(points[:, chosen].prod(axis=1))
            square = power == 2 and chosen[0] == chosen[1]
            diffusions.append(2.0 * diffusivities[chosen[0]] if square else 0.0)
    return np.stack(columns, axis=1), np.array(diffusions)


def _diffusion(formula: Field, points: Array, diffusivities: tuple[float, ...]) -> Array:
    """``sum_i a_i u_ii`` of a formula by central differences of step 2^-10."""
    step, here = 2.0**-10, formula(points)
    total = np.zeros_like(here)
    for i, factor in enumerate(diffusivities):
        if factor:
            offset = step * np.eye(points.shape[1])[i]
            total += factor * (formula(points + offset) - 2 * here + formula(points - offset))
    return total / step**2
