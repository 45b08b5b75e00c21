"""Specs to JSON and back: any frozen dataclass of numbers, strings, enums, tuples and specs.

A spec becomes ``{"kind": class name, field: value, ...}``.  Reading is strict: an unknown kind, a
missing or an unknown field is an error, so that a typing slip never becomes a default.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Any

from .errors import FormatError


def check_fields(spec: Any) -> None:
    """Require that the fields of a spec declared as one class hold an instance of just that class.

    Examples
    --------
    >>> from bitpde.formats import Fixed
    >>> Fixed(bits=8.0)
    Traceback (most recent call last):
        ...
    bitpde.formats.errors.FormatError: bits of a Fixed is 8.0: give a plain int
    """
    for f in fields(spec):
        value = getattr(spec, f.name)
        if isinstance(f.type, type) and type(value) is not f.type:
            msg = (
                f"{f.name} of a {type(spec).__name__} is {value!r}: give a plain {f.type.__name__}"
            )
            raise FormatError(msg)


def spec_to_json(spec: Any) -> Any:
    """Plain dicts, lists, strings and numbers that say what ``spec`` is.

    Examples
    --------
    >>> from bitpde.formats import INT8
    >>> spec_to_json(INT8)
    {'kind': 'Fixed', 'bits': 8, 'fraction_bits': 0, 'signed': True}
    """
    if is_dataclass(spec) and not isinstance(spec, type):
        entries = {f.name: spec_to_json(getattr(spec, f.name)) for f in fields(spec)}
        return {"kind": type(spec).__name__, **entries}
    if isinstance(spec, Enum):
        return spec.value
    if isinstance(spec, list | tuple):
        return [spec_to_json(item) for item in spec]
    if isinstance(spec, str | int | float | bool | None):
        return spec
    msg = f"{spec!r} has no JSON form: use numbers, strings, enums, tuples and specs"
    raise FormatError(msg)


def spec_from_json(data: Any, kinds: Mapping[str, type]) -> Any:
    """The spec that `spec_to_json` wrote; ``kinds`` gives the classes by name.

    Raises
    ------
    FormatError
        Naming the kind or the field that is unknown, missing or unlawful.
    """
    if isinstance(data, list):
        return tuple(spec_from_json(item, kinds) for item in data)
    if not isinstance(data, dict):
        return data
    kind = kinds.get(str(data.get("kind")))
    if kind is None:
        msg = f"kind is {data.get('kind')!r}: known kinds are {', '.join(sorted(kinds))}"
        raise FormatError(msg)
    entries = {name: value for name, value in data.items() if name != "kind"}
    known = {f.name: f for f in fields(kind)}
    needed = {n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING}
    wrong = sorted((set(entries) - set(known)) | (needed - set(entries)))
    if wrong:
        msg = f"{kind.__name__} has unknown or missing fields {wrong}: its fields are {list(known)}"
        raise FormatError(msg)
    values = {n: _field(kind, n, known[n].type, v, kinds) for n, v in entries.items()}
    try:
        return kind(**values)
    except TypeError as error:
        msg = f"{kind.__name__} cannot be made from {entries}: {error}"
        raise FormatError(msg) from error


def _field(kind: type, name: str, annotation: Any, value: Any, kinds: Mapping[str, type]) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        try:
            return annotation(value)
        except ValueError as error:
            lawful = [member.value for member in annotation]
            msg = f"{name} of {kind.__name__} is {value!r}: choose one of {lawful}"
            raise FormatError(msg) from error
    if annotation is int and type(value) is not int:
        msg = f"{name} of {kind.__name__} is {value!r}: give an integer"
        raise FormatError(msg)
    return spec_from_json(value, kinds)
