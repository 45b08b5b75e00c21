"""What every specification of a unit demands of its fields, and how it is read from JSON."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ..formats import SPEC_KINDS, FormatError, spec_from_json
from .errors import DatapathError


def require_types(spec: Any) -> None:
    """Require that fields declared as one class hold an instance of just that class.

    Raises
    ------
    DatapathError
        Naming the field, the value and the class.
    """
    for field in fields(spec):
        value = getattr(spec, field.name)
        if isinstance(field.type, type) and type(value) is not field.type:
            kind = type(spec).__name__
            msg = f"{field.name} of {kind} is {value!r}: give a plain {field.type.__name__}"
            raise DatapathError(msg)


def require_range(spec: Any, name: str, least: int, greatest: int) -> None:
    """Require that an integer field lies within a range, its ends included.

    Raises
    ------
    DatapathError
        Naming the field, the value and the range.
    """
    value = getattr(spec, name)
    if type(value) is not int or not least <= value <= greatest:
        msg = f"{name} of {type(spec).__name__} is {value!r}: choose {least} to {greatest}"
        raise DatapathError(msg)


def read_spec(data: Any, kinds: Mapping[str, type], wanted: Any, noun: str) -> Any:
    """The specification that ``{noun}_to_json`` wrote, of one of the ``wanted`` classes.

    Raises
    ------
    DatapathError
        Naming the field that is unknown, missing or unlawful, or what the data is instead.
    """
    if not isinstance(data, Mapping):
        msg = f"a {type(data).__name__} is no {noun}: give what {noun}_to_json wrote"
        raise DatapathError(msg)
    try:
        spec = spec_from_json(dict(data), {**SPEC_KINDS, **kinds})
    except FormatError as error:
        msg = f"this is no {noun}: {error}"
        raise DatapathError(msg) from error
    if not isinstance(spec, wanted):
        msg = f"this is a {type(spec).__name__}, no {noun}"
        raise DatapathError(msg)
    return spec
