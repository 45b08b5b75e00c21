"""Families by name: a new family is a new file and one line here."""

import math
from collections.abc import Mapping

from ..errors import RunError
from .burgers_family import BurgersFamily
from .burgers_initial import GaussianField
from .darcy_coefficients import ThresholdedField
from .darcy_family import DarcyFamily
from .family import Family
from .smoke_family import SmokeFamily
from .sorption_columns import VariedColumns
from .sorption_family import SorptionFamily
from .vorticity_family import VorticityFamily

#: The families that have a name.  ``burgers-steep`` is the hard viscosity, ``burgers-gaussian`` the
#: setting of Fourier neural operators; ``vorticity-chaotic`` begins with the fields of the program
#: that was published with them.
FAMILIES: dict[str, Family] = {
    "burgers": BurgersFamily(),
    "burgers-steep": BurgersFamily(diffusivity=0.001 / math.pi, refinement=16, steps=80),
    "burgers-gaussian": BurgersFamily(
        initial=GaussianField(), diffusivity=0.1, end_time=1.0, frames=11, steps=100
    ),
    "sorption": SorptionFamily(),
    "sorption-varied": SorptionFamily(columns=VariedColumns()),
    "darcy": DarcyFamily(),
    "darcy-field": DarcyFamily(coefficient=ThresholdedField()),
    "vorticity": VorticityFamily(),
    "vorticity-chaotic": VorticityFamily(viscosity=1e-4, refinement=2, scale=7**0.75),
    "smoke": SmokeFamily(),
}


def family_named(name: str) -> Family:
    """Return the default family called ``name``.

    Raises
    ------
    RunError
        Naming the families there are.

    Examples
    --------
    >>> family_named("no-such")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    bitpde.pde.errors.RunError: there is no family 'no-such': use one of ...
    """
    if name not in FAMILIES:
        msg = f"there is no family {name!r}: use one of {', '.join(FAMILIES) or '(none)'}"
        raise RunError(msg)
    return FAMILIES[name]


def family_from_json(data: object) -> Family:
    """Return the family whose `to_json` is ``data``, if one of its kind is in the catalogue.

    Raises
    ------
    RunError
        When there is none, or its fields cannot be used.
    """
    kinds = {type(family).__name__: type(family) for family in FAMILIES.values()}
    kind = data.get("kind") if isinstance(data, Mapping) else None
    if kind not in kinds:
        msg = f"a family of kind {kind!r}: known kinds are {', '.join(kinds) or '(none)'}"
        raise RunError(msg)
    return kinds[kind].from_json(data)
