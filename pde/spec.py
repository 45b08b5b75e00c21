"""Specifications as values: what they share, and the checks of their fields."""

import math
from collections.abc import Mapping
from typing import Any, Self, TypeVar

from ..formats import FormatError, spec_from_json, spec_to_json
from .errors import RunError

Wanted = TypeVar("Wanted")


class Spec:
    """Base of the frozen dataclasses of this folder: plain data that JSON can hold."""

    def to_json(self) -> dict[str, Any]:
        """Return the kind and all fields as plain data."""
        data: dict[str, Any] = spec_to_json(self)
        return data

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Return the value whose `to_json` is ``data``; raise `RunError` otherwise."""
        return read_spec(data, {cls.__name__: cls}, cls)


def read_spec(data: object, kinds: Mapping[str, type], wanted: type[Wanted]) -> Wanted:
    """Return the specification that ``data`` is the JSON of.

    Parameters
    ----------
    data
        What a ``to_json`` returned.
    kinds
        The classes that may occur in it, by name.
    wanted
        The class of the result, or a base of it.

    Raises
    ------
    RunError
        When ``data`` is anything else.

    Examples
    --------
    >>> from bitpde.pde import Linear
    >>> read_spec({"kind": "Linear", "initial": 0.5}, {"Linear": Linear}, Linear)
    Linear(initial=0.5)
    >>> read_spec({"kind": "Square"}, {"Linear": Linear}, Linear)
    Traceback (most recent call last):
    bitpde.pde.errors.RunError: kind is 'Square': known kinds are Linear
    """
    try:
        spec = spec_from_json(data, kinds)
    except FormatError as error:
        raise RunError(str(error)) from error
    if not isinstance(spec, wanted):
        msg = f"{data!r} is no {wanted.__name__}: give the JSON of one"
        raise RunError(msg)
    return spec


def require_integer(field: str, value: Any, *, least: int, most: int | None = None) -> None:
    """Raise unless ``value`` is an ``int`` (not a ``bool``) within the bounds that are given.

    Raises
    ------
    RunError
        Naming ``field``, the value and the remedy.

    Examples
    --------
    >>> require_integer("Run.steps", -3, least=1)
    Traceback (most recent call last):
    bitpde.pde.errors.RunError: Run.steps is -3: give an integer of at least 1
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not least <= value <= (value if most is None else most):
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        msg = f"{field} is {value!r}: give an integer {bounds}"
        raise RunError(msg)


def require_flag(field: str, value: Any) -> None:
    """Raise unless ``value`` is a ``bool``.

    Raises
    ------
    RunError
        Naming ``field``, the value and the remedy.

    Examples
    --------
    >>> require_flag("Run.unbiased", "no")
    Traceback (most recent call last):
    bitpde.pde.errors.RunError: Run.unbiased is 'no': give True or False
    """
    if not isinstance(value, bool):
        msg = f"{field} is {value!r}: give True or False"
        raise RunError(msg)


def settle_real(
    spec: object,
    name: str,
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    below: float = math.inf,
) -> None:
    """Check the field ``name`` of a frozen specification and store it as a ``float``.

    Storing it makes ``sigma=1`` and ``sigma=1.0`` the same value *and* the same JSON and digest.

    Parameters
    ----------
    spec, name
        The specification under construction and the field.
    above, least, below
        The value must be finite, ``> above``, ``>= least`` and ``< below``.

    Raises
    ------
    RunError
        Naming the field, the value and the remedy.

    Examples
    --------
    >>> from bitpde.pde import Constant
    >>> Constant(initial=1)
    Constant(initial=1.0)
    >>> Constant(initial=0.0)
    Traceback (most recent call last):
    bitpde.pde.errors.RunError: Constant.initial is 0.0: give a finite number above 0.0
    """
    value = getattr(spec, name)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and math.isfinite(value) and above < value < below and value >= least:
        object.__setattr__(spec, name, float(value))
        return
    bounds = [("above", above), ("of at least", least), ("below", below)]
    told = [f"{word} {bound!r}" for word, bound in bounds if math.isfinite(bound)]
    msg = f"{type(spec).__name__}.{name} is {value!r}: give a finite number {' and '.join(told)}"
    raise RunError(msg)
