"""What is known of the error of data: measured, not promised."""

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import version
from typing import Any, Self

from ... import __version__
from ..errors import RunError


def versions() -> dict[str, str]:
    """Return the versions that can change the last bits of data.

    Examples
    --------
    >>> sorted(versions())
    ['bitpde', 'numpy', 'python', 'scipy']
    """
    packages = {name: version(name) for name in ("numpy", "scipy")}
    return {"bitpde": __version__, "python": platform.python_version(), **packages}


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """How the data of a family were computed, and what their error was found to be.

    Errors are relative: root mean square over all times, points and channels of an instance,
    divided by that of the solution; of several instances, the largest.

    Parameters
    ----------
    family
        The JSON of the family.
    seed
        The seed of the instances.
    scheme
        How the equation is solved, in words: discretization, time stepping, tolerances.
    order_in_space, order_in_time
        The order of convergence that was measured on the instances checked; None where the scheme
        has none, being exact or converging faster than any power.
    self_convergence
        Difference between the data and a solution on a grid and with time steps twice as fine.
    residual
        The largest imbalance of what the equation conserves, or of its discrete form by an
        independent formula, relative to its largest term; ``residual_of`` says which.
    residual_of
        What ``residual`` is of.
    boundary_error
        The largest violation of the boundary conditions, relative to the largest value.
    estimated_error
        What all that says about the error of the data.
    instances
        The numbers of the instances that were checked.
    versions
        Of the software: see `versions`.
    """

    family: dict[str, Any]
    seed: int
    scheme: str
    order_in_space: float | None
    order_in_time: float | None
    self_convergence: float
    residual: float
    residual_of: str
    boundary_error: float
    estimated_error: float
    instances: tuple[int, ...]
    versions: dict[str, str] = field(default_factory=versions)

    def to_json(self) -> dict[str, Any]:
        """Return all fields as plain data."""
        return asdict(self) | {"instances": list(self.instances)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the certificate whose `to_json` is ``data``; raise `RunError` otherwise."""
        names = {each.name for each in fields(cls)}
        if not isinstance(data, Mapping) or set(data) != names:
            msg = f"{data!r} is no certificate: give one with the entries {sorted(names)}"
            raise RunError(msg)
        return cls(**{**data, "instances": tuple(data["instances"])})
