"""Estimators by name: a new one is a new class and one line here."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from .errors import RunError
from .monte_carlo import SteinMonteCarlo
from .quadrature import SteinGaussHermite, SteinSparseGrid
from .stein import Estimator

ESTIMATORS: dict[str, type[SteinGaussHermite] | type[SteinSparseGrid] | type[SteinMonteCarlo]] = {
    estimator.name: estimator for estimator in (SteinGaussHermite, SteinSparseGrid, SteinMonteCarlo)
}


def estimator_named(name: str, options: Mapping[str, Any]) -> Estimator:
    """Return the estimator ``name`` with the options that are not None, defaults for the rest.

    Raises
    ------
    RunError
        For an unknown ``name``, an option this estimator does not have, or an unlawful value.

    Examples
    --------
    >>> estimator_named("gauss-hermite", {"sigma": 0.05, "pairs": None})
    SteinGaussHermite(sigma=0.05, order=3)
    >>> estimator_named("gauss-hermite", {"pairs": 512})
    Traceback (most recent call last):
    bitpde.pde.errors.RunError: the estimator gauss-hermite has no pairs: it has sigma, order
    """
    if name not in ESTIMATORS:
        msg = f"there is no estimator {name!r}: use one of {', '.join(ESTIMATORS)}"
        raise RunError(msg)
    given = {option: value for option, value in options.items() if value is not None}
    known = [field.name for field in fields(ESTIMATORS[name])]
    for option in given:
        if option not in known:
            msg = f"the estimator {name} has no {option}: it has {', '.join(known)}"
            raise RunError(msg)
    return ESTIMATORS[name](**given)
