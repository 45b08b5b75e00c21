"""How well a problem is solved without solving it: the errors that a trained network must beat."""

from itertools import combinations_with_replacement

import numpy as np

from .field_errors import relative_l2
from .problem import Array, Problem


def trivial_errors(problem: Problem, points: Array) -> dict[str, float]:
    """Return the relative L2 errors of u on ``points``, by the name of the predictor.

    First three least-squares fits to the exact values at these very points: the constant, the
    affine function of all coordinates, and the quadratic one of ``|x|^2``, ``|x - center|^2`` and t
    (the *radial* fit).  Then the `Problem.trivial_predictors`.

    Examples
    --------
    >>> from bitpde.pde.heat import Heat
    >>> from bitpde.pde.streams import Stream
    >>> heat, stream = Heat(space_dimension=10), Stream(seed=0, name="sampling/test")
    >>> points = heat.domain_points(stream.uniform((1000, heat.draws), 0))
    >>> {name: round(error, 3) for name, error in trivial_errors(heat, points).items()}
    {'constant': 0.46, 'affine': 0.011, 'radial': 0.0, 't': 0.068, 't + 1/(2(d+2))': 0.011}
    """
    exact = problem.exact(points)
    errors = {
        name: relative_l2(basis @ np.linalg.lstsq(basis, exact, rcond=None)[0], exact)
        for name, basis in _bases(problem, points).items()
    }
    for name, predictor in problem.trivial_predictors().items():
        errors[name] = relative_l2(predictor(points), exact)
    return errors


def _bases(problem: Problem, points: Array) -> dict[str, Array]:
    """Return the functions of each fit as columns, (P, number of functions)."""
    local, one = points - problem.center, np.ones((len(points), 1))
    squares = [(x[:, : problem.space] ** 2).sum(axis=1, keepdims=True) for x in (points, local)]
    seen = np.hstack([one, *squares, local[:, problem.space :]])
    pairs = combinations_with_replacement(range(seen.shape[1]), 2)
    radial = np.stack([seen[:, i] * seen[:, j] for i, j in pairs], axis=1)
    return {"constant": one, "affine": np.hstack([one, local]), "radial": radial}


def trivial_table(problem: Problem, points: Array) -> str:
    """Return `trivial_errors` as lines of text, one a predictor."""
    errors = trivial_errors(problem, points)
    width = max(map(len, errors))
    return "\n".join(f"{name.ljust(width)}  {error:.2e}" for name, error in errors.items()) + "\n"
