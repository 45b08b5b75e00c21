"""How far integers are from the float simulator, layer by layer and altogether."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from ..operators import OperatorNetwork, Quantization
from .network import IntegerNetwork
from .tracing import Arrays, recorded


class Levels(NamedTuple):
    """What differs at one place.

    Attributes
    ----------
    alone, share
        The largest difference of codes in levels, and the share of codes that differ, where all
        layers before this one were given the float simulator's codes.
    together
        The largest difference where the integers run by themselves.
    """

    alone: int
    share: float
    together: int


def level_differences(
    integers: IntegerNetwork,
    network: OperatorNetwork,
    quantization: Quantization,
    arrays: Arrays,
    inputs: NDArray[Any],
) -> dict[str, Levels]:
    """Return by place how integers differ from the float simulator of the same network.

    Parameters
    ----------
    integers
        What `exported` made of the others.
    network, quantization, arrays
        As `exported` took them.
    inputs
        Samples in the units of the network.

    Raises
    ------
    RunError
        If the network of integers is of others.
    """
    wanted = simulator_codes(network, quantization, arrays, inputs)
    if not integers.places.keys() <= wanted.keys():
        lost = sorted(integers.places.keys() - wanted.keys())
        msg = f"the simulator has no quantizers {', '.join(lost)}: give what was exported"
        raise RunError(msg)
    codes = integers.input.encode(inputs)
    given = {place: wanted[place] for place in integers.places}
    alone = integers.run(codes, replaced=given, every=True)
    together = integers.run(codes, every=True)
    return {
        place: Levels(
            _largest(alone[place], given[place]),
            float(np.mean(alone[place] != given[place])),
            _largest(together[place], given[place]),
        )
        for place in integers.places
    }


def simulator_codes(
    network: OperatorNetwork, quantization: Quantization, arrays: Arrays, inputs: NDArray[Any]
) -> dict[str, NDArray[Any]]:
    """Return by place the codes that the float simulator's quantizers make."""
    record = recorded(network, quantization, arrays, inputs)
    quantized = (entry for entry in record.tape.entries if entry.op == "learned_quantize")
    return {record.places[entry.parents[1].index]: entry.saved[2] for entry in quantized}


def _largest(a: NDArray[Any], b: NDArray[Any]) -> int:
    return int(np.abs(a.astype(np.int64) - b.astype(np.int64)).max(initial=0))
