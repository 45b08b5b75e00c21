"""Trivial predictors: what a table of errors must be compared with before it means anything."""

import itertools

import numpy as np

from .field_errors import FieldErrors, relative_l2
from .problem import Problem
from .stein import Array


def polynomial_baselines(problem: Problem, points: Array) -> dict[str, FieldErrors]:
    """Return the errors of the best constant, linear and quadratic function on ``points``.

    Each is the least-squares fit to the exact solution on the very points it is tested on, so no
    function of its kind does better there.  Its Laplacian is that of the fitted polynomial.

    Parameters
    ----------
    problem
        The problem whose exact solution is fitted.
    points
        Test points, (P, D), P at least the number of coefficients.

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
    exact, laplacian = problem.exact(points), problem.laplacian(points)
    errors = {}
    for name, degree in (("constant", 0), ("linear", 1), ("quadratic", 2)):
        basis, curvature = _monomials(local, degree)
        coefficients = np.linalg.lstsq(basis, exact, rcond=None)[0]
        fitted = np.full_like(laplacian, (curvature @ coefficients).item())
        errors[name] = FieldErrors(
            solution=relative_l2(basis @ coefficients, exact),
            laplacian=relative_l2(fitted, laplacian),
        )
    return errors


def _monomials(points: Array, degree: int) -> tuple[Array, Array]:
    """Return all monomials up to ``degree`` <= 2 as columns, and their constant Laplacians."""
    columns, laplacians = [], []
    for power in range(degree + 1):
        for chosen in itertools.combinations_with_replacement(range(points.shape[1]), power):
            columns.append(points[:, chosen].prod(axis=1))
            laplacians.append(2.0 if power == 2 and chosen[0] == chosen[1] else 0.0)
    return np.stack(columns, axis=1), np.array(laplacians)
