"""Estimators by name: a new one is a new class and one line here."""

from collections.abc import Mapping

from .checks import from_kind
from .errors import RunError
from .monte_carlo import SteinMonteCarlo
from .quadrature import SteinGaussHermite, SteinSparseGrid
from .stein import Estimator

ESTIMATORS: dict[str, type[Estimator]] = {
    estimator.kind: estimator
    for estimator in (SteinGaussHermite, SteinSparseGrid, SteinMonteCarlo)
}


def estimator_from_json(data: object) -> Estimator:
    """Return the estimator whose ``to_json`` is ``data``.

    Raises
    ------
    RunError
        When ``data`` does not describe an estimator.

    Examples
    --------
    >>> estimator_from_json({"kind": "sparse-grid", "sigma": 0.1, "level": 3})
    SteinSparseGrid(sigma=0.1, level=3)
    """
    return from_kind(ESTIMATORS, data, "the estimator")


def estimator_named(kind: str, options: Mapping[str, float | int | None]) -> Estimator:
    """Return the estimator ``kind`` with the options that are not None, defaults for the rest.

    Raises
    ------
    RunError
        For an unknown ``kind``, or an option this kind does not have.

    Examples
    --------
    >>> estimator_named("gauss-hermite", {"sigma": 0.05, "pairs": None})
    SteinGaussHermite(sigma=0.05, order=3)
    >>> estimator_named("gauss-hermite", {"pairs": 512})
    Traceback (most recent call last):
    bitpde.pde.errors.RunError: the estimator gauss-hermite has no pairs: it has sigma, order
    """
    if kind not in ESTIMATORS:
        msg = f"there is no estimator {kind!r}: use one of {', '.join(ESTIMATORS)}"
        raise RunError(msg)
    given = {name: value for name, value in options.items() if value is not None}
    defaults = {k: v for k, v in ESTIMATORS[kind]().to_json().items() if k != "kind"}
    for name in given:
        if name not in defaults:
            msg = f"the estimator {kind} has no {name}: it has {', '.join(defaults)}"
            raise RunError(msg)
    return estimator_from_json({"kind": kind, **defaults, **given})
