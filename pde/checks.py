"""Checks of single fields, shared by every specification in this folder."""

import math
from collections.abc import Mapping
from typing import Any, TypeVar

from .errors import RunError

Spec = TypeVar("Spec")


def require_integer(field: str, value: object, *, least: int) -> None:
    """Raise unless ``value`` is an ``int`` (not a ``bool``) of at least ``least``.

    Raises
    ------
    RunError
        Naming ``field``, the value and the remedy.

    Examples
    --------
    >>> require_integer("Run.steps", 600, least=1)
    >>> require_integer("Run.steps", -3, least=1)
    Traceback (most recent call last):
    bitpde.pde.errors.RunError: Run.steps is -3: give an integer of at least 1
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        msg = f"{field} is {value!r}: give an integer of at least {least}"
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
    >>> from bitpde.pde.schedule import Constant
    >>> Constant(initial=1)
    Constant(initial=1.0)
    >>> Constant(initial=0.0)
    Traceback (most recent call last):
    bitpde.pde.errors.RunError: Constant.initial is 0.0: give a finite number above 0.0
    """
    value = getattr(spec, name)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        if above < value < below and value >= least:
            object.__setattr__(spec, name, float(value))
            return
    bounds = [("above", above), ("of at least", least), ("below", below)]
    told = [f"{word} {bound!r}" for word, bound in bounds if math.isfinite(bound)]
    msg = f"{type(spec).__name__}.{name} is {value!r}: give a finite number {' and '.join(told)}"
    raise RunError(msg)


def from_fields(specification: type[Spec], fields: object) -> Spec:
    """Build ``specification`` from the plain dictionary its ``to_json`` wrote.

    Raises
    ------
    RunError
        When ``fields`` is no dictionary, or has a field too many or too few.

    Examples
    --------
    >>> from bitpde.pde.schedule import Constant
    >>> from_fields(Constant, {"initial": 0.5})
    Constant(initial=0.5)
    >>> from_fields(Constant, {"rate": 0.5})
    Traceback (most recent call last):
    bitpde.pde.errors.RunError: Constant has the fields initial, not rate: correct the JSON
    """
    known = list(specification.__dataclass_fields__)  # type: ignore[attr-defined]
    name = specification.__name__
    if not isinstance(fields, Mapping) or sorted(fields) != sorted(known):
        found = ", ".join(map(str, fields)) if isinstance(fields, Mapping) else repr(fields)
        msg = f"{name} has the fields {', '.join(known)}, not {found or 'none'}: correct the JSON"
        raise RunError(msg)
    values: dict[str, Any] = dict(fields)
    return specification(**values)


def from_kind(catalogue: Mapping[str, type[Spec]], data: object, what: str) -> Spec:
    """Build the member of ``catalogue`` that ``data["kind"]`` names from the other entries.

    Raises
    ------
    RunError
        When ``data`` has no known ``kind``, or other fields than that kind has.
    """
    kind = data.get("kind") if isinstance(data, Mapping) else None
    if not isinstance(data, Mapping) or kind not in catalogue:
        msg = f"the kind of {what} is {kind!r}: use one of {', '.join(catalogue)}"
        raise RunError(msg)
    return from_fields(catalogue[kind], {k: v for k, v in data.items() if k != "kind"})
