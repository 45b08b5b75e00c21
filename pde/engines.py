"""Engines by name: a new one is a new class and one line here."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from .central_differences import CentralDifferences
from .engine import Engine
from .errors import RunError
from .exact_engines import ForwardLaplacian, HutchinsonTaylor
from .monte_carlo import SteinMonteCarlo, SteinPlain, SteinSobol
from .quadrature import SteinGaussHermite, SteinSparseGrid

ENGINES: dict[str, type[Any]] = {
    engine.name: engine
    for engine in (
        SteinGaussHermite,
        SteinSparseGrid,
        SteinMonteCarlo,
        SteinSobol,
        SteinPlain,
        CentralDifferences,
        HutchinsonTaylor,
        ForwardLaplacian,
    )
}


def engine_named(name: str, options: Mapping[str, Any]) -> Engine:
    """Return the engine ``name`` with the options that are not None, defaults for the rest.

    Raises
    ------
    RunError
        For an unknown ``name``, an option this engine does not have, or an unlawful value.

    Examples
    --------
    >>> engine_named("gauss-hermite", {"sigma": 0.05, "pairs": None})
    SteinGaussHermite(sigma=0.05, order=3)
    >>> engine_named("gauss-hermite", {"pairs": 512})
    Traceback (most recent call last):
    bitpde.pde.errors.RunError: the engine gauss-hermite has no pairs: it has sigma, order
    """
    if name not in ENGINES:
        msg = f"there is no engine {name!r}: use one of {', '.join(ENGINES)}"
        raise RunError(msg)
    given = {option: value for option, value in options.items() if value is not None}
    known = [field.name for field in fields(ENGINES[name])]
    for option in given:
        if option not in known:
            has = f"it has {', '.join(known)}" if known else "it has no options"
            msg = f"the engine {name} has no {option}: {has}"
            raise RunError(msg)
    engine: Engine = ENGINES[name](**given)
    return engine
