"""Every kind of accumulator, by name: plain data that JSON can carry."""

from collections.abc import Mapping
from typing import Any, Final

from ..formats import SPEC_KINDS, FormatError, spec_from_json, spec_to_json
from .accumulator import ExactAccumulator, SequentialAccumulator
from .chunked_accumulator import ChunkedAccumulator
from .errors import DatapathError
from .fused_accumulator import FusedAccumulator, LateAddend
from .integer_accumulator import IntegerAccumulator
from .pinta_accumulator import PintaAccumulator
from .tree_accumulator import TreeAccumulator

#: What `dot` computes with.
DotAccumulator = (
    ExactAccumulator
    | SequentialAccumulator
    | TreeAccumulator
    | ChunkedAccumulator
    | IntegerAccumulator
    | FusedAccumulator
    | PintaAccumulator
)

#: For `spec_from_json`.
ACCUMULATOR_KINDS: Final[dict[str, type]] = {
    kind.__name__: kind
    for kind in (
        ExactAccumulator,
        SequentialAccumulator,
        TreeAccumulator,
        ChunkedAccumulator,
        IntegerAccumulator,
        FusedAccumulator,
        LateAddend,
        PintaAccumulator,
    )
}


def accumulator_to_json(accumulator: DotAccumulator) -> dict[str, Any]:
    """The accumulator as plain data.

    Examples
    --------
    >>> accumulator_to_json(IntegerAccumulator(bits=24))
    {'kind': 'IntegerAccumulator', 'bits': 24, 'overflow': 'saturate', 'terms': 1}
    """
    data: dict[str, Any] = spec_to_json(accumulator)
    return data


def accumulator_from_json(data: Mapping[str, Any]) -> DotAccumulator:
    """The accumulator that `accumulator_to_json` wrote.

    Raises
    ------
    DatapathError
        Naming the field that is unknown, missing or unlawful.
    """
    if not isinstance(data, Mapping):
        msg = f"a {type(data).__name__} is no accumulator: give what accumulator_to_json wrote"
        raise DatapathError(msg)
    try:
        spec = spec_from_json(dict(data), {**SPEC_KINDS, **ACCUMULATOR_KINDS})
    except FormatError as error:
        msg = f"this is no accumulator: {error}"
        raise DatapathError(msg) from error
    if not isinstance(spec, DotAccumulator):
        msg = f"this is a {type(spec).__name__}, no accumulator"
        raise DatapathError(msg)
    return spec
