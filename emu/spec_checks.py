"""What every accumulator demands of its fields."""

from dataclasses import fields
from typing import Any

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
