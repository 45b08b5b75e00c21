"""Every kind of accumulator, by name: plain data that JSON can carry."""

from collections.abc import Mapping
from typing import Any, Final

from ...formats import spec_to_json
from ..spec_checks import read_spec
from .accumulator import ExactAccumulator, SequentialAccumulator
from .chunked import ChunkedAccumulator
from .fused import FusedAccumulator, LateAddend
from .integer import IntegerAccumulator
from .pinta import PintaAccumulator
from .tree import TreeAccumulator

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
    spec: DotAccumulator = read_spec(data, ACCUMULATOR_KINDS, DotAccumulator, "accumulator")
    return spec
