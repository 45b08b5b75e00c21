"""Units of the vector unit as plain data, and back."""

from collections.abc import Mapping
from typing import Any, Final

from ...formats import spec_to_json
from ..spec_checks import read_spec
from .difference_unit import DifferenceUnit
from .piecewise import PiecewisePolynomial
from .softmax import AnyFunctionUnit, Softmax
from .table import FunctionTable
from .units import RoundedFunction

#: What the vector unit may consist of.
VectorUnit = AnyFunctionUnit | Softmax | DifferenceUnit

UNIT_KINDS: Final[dict[str, type]] = {
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
    spec: VectorUnit = read_spec(data, UNIT_KINDS, VectorUnit, "unit")
    return spec
