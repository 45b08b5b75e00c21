"""Families by name: a new family is a new file and one line here."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from ..errors import RunError
from ..spec import read_spec
from .family import Family

#: The default family of each name.
FAMILIES: dict[str, Family] = {}


def family_named(name: str) -> Family:
    """Return the default family called ``name``.

    Raises
    ------
    RunError
        Naming the families there are.

    Examples
    --------
    >>> family_named("no-such")
    Traceback (most recent call last):
    bitpde.pde.errors.RunError: there is no family 'no-such': use one of ...
    """
    if name not in FAMILIES:
        msg = f"there is no family {name!r}: use one of {', '.join(FAMILIES) or '(none)'}"
        raise RunError(msg)
    return FAMILIES[name]


def family_from_json(data: object) -> Family:
    """Return the family whose `to_json` is ``data``, if it is of a kind in the catalogue.

    Raises
    ------
    RunError
        When it is not.
    """
    kinds: dict[str, type] = {}
    for family in FAMILIES.values():
        _collect(family, kinds)
    return read_spec(data, kinds, Family)  # type: ignore[type-abstract]


def _collect(spec: Any, kinds: dict[str, type]) -> None:
    """Add the class of a specification, and of those in its fields, under their names."""
    if isinstance(spec, tuple):
        for each in spec:
            _collect(each, kinds)
    elif is_dataclass(spec):
        kinds[type(spec).__name__] = type(spec)
        for each in fields(spec):
            _collect(getattr(spec, each.name), kinds)
    elif isinstance(spec, Mapping):
        for each in spec.values():
            _collect(each, kinds)
