"""Families by name: a new family is a new file and one line here."""

from collections.abc import Mapping

from ..errors import RunError
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
