"""Units of the vector unit as plain data, and back."""

from collections.abc import Mapping
from typing import Any, Final

from ..formats import SPEC_KINDS, FormatError, spec_from_json, spec_to_json
from .difference_unit import DifferenceUnit
from .errors import DatapathError
from .function_table import FunctionTable
from .function_units import RoundedFunction
from .piecewise import PiecewisePolynomial
from .softmax import Softmax

#: What the vector unit may consist of.
VectorUnit = RoundedFunction | FunctionTable | PiecewisePolynomial | Softmax | DifferenceUnit

_KINDS: Final[dict[str, type]] = {
    kind.__name__: kind
    for kind in (RoundedFunction, FunctionTable, PiecewisePolynomial, Softmax, DifferenceUnit)
}


def unit_to_json(unit: VectorUnit) -> dict[str, Any]:
    """The unit as plain data.

    Examples
    --------
    >>> from bitpde.formats import INT8, Cast
    >>> data = unit_to_json(RoundedFunction(function="exp", cast=Cast(format=INT8)))
    >>> data["kind"], data["function"], unit_from_json(data).cast.format == INT8
    ('RoundedFunction', 'exp', True)
    """
    data: dict[str, Any] = spec_to_json(unit)
    return data


def unit_from_json(data: Mapping[str, Any]) -> VectorUnit:
    """The unit that `unit_to_json` wrote.

    Raises
    ------
    DatapathError
        Naming the field that is unknown, missing or unlawful.
    """
    if not isinstance(data, Mapping):
        msg = f"a {type(data).__name__} is no unit: give what unit_to_json wrote"
        raise DatapathError(msg)
    try:
        spec = spec_from_json(dict(data), {**SPEC_KINDS, **_KINDS})
    except FormatError as error:
        msg = f"this is no unit: {error}"
        raise DatapathError(msg) from error
    if not isinstance(spec, VectorUnit):
        msg = f"this is a {type(spec).__name__}, no unit"
        raise DatapathError(msg)
    return spec
