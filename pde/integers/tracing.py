"""A network on a tape becomes a program."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from ...emu import Node, Tape, preset
from ..errors import RunError
from ..operators import OperatorNetwork, Quantization
from ..qat import Quantizing
from .grids import Grid, Widths
from .placing import Placing
from .program import KNOWN, Operation, Program, batch_multiples

Arrays = Mapping[str, NDArray[Any]]


def traced(
    network: OperatorNetwork,
    quantization: Quantization,
    arrays: Arrays,
    inputs: NDArray[Any],
    widths: Widths | None = None,
) -> Program:
    """Return the program of a quantized network.

    Parameters
    ----------
    network, quantization
        What is exported, and its quantizers.
    arrays
        All parameters by name, the network's and those of quantizers.
    inputs
        At least two samples in the units of the network, (B, *space, inputs): the ranges between
        products are theirs.
    widths
        Of integers of which the plan says nothing.

    Raises
    ------
    RunError
        If the network has operands that nothing quantizes, such as activations of 32 bits, or an
        operation that has no integer form, such as a transform in floating point.
    """
    if len(inputs) < 2:
        msg = f"{len(inputs)} samples: give at least two to calibrate with"
        raise RunError(msg)
    several = recorded(network, quantization, arrays, inputs)
    one = recorded(network, quantization, arrays, inputs[:1])
    program = _program(several, one, len(inputs))
    values = {index: node.value for index, node in several.nodes.items()}
    Placing(program, values, widths or Widths()).fill()
    return program


class Record:
    """A forward pass: its tape, what went in and out, all nodes, and the places of quantizers."""

    def __init__(self, tape: Tape, x: Node, y: Node, places: dict[int, str]) -> None:
        self.tape, self.input, self.output, self.places = tape, x, y, places
        self.nodes = {x.index: x}
        for entry in tape.entries:
            for node in (*entry.parents, entry.result):
                self.nodes[node.index] = node


def recorded(
    network: OperatorNetwork, quantization: Quantization, arrays: Arrays, inputs: NDArray[Any]
) -> Record:
    """Return the forward pass of the float simulator; leaves are parameters: all is recorded."""
    tape = Tape(preset("fp32"))
    nodes = {name: tape.parameter(array) for name, array in arrays.items()}
    numerics = quantization.numerics(nodes)
    x = tape.parameter(inputs)
    y = network.apply(nodes, x, numerics)
    kept = numerics.parameters if isinstance(numerics, Quantizing) else {}
    places = {each[0].index: place for place, each in kept.items()}
    return Record(tape, x, y, places)


def _program(several: Record, one: Record, batch: int) -> Program:
    shapes = {
        index: batch_multiples(one.nodes[index].shape, node.shape, batch)
        for index, node in several.nodes.items()
    }
    operations: list[Operation] = []
    needed = {several.output.index}
    for entry in reversed(several.tape.entries):
        if entry.result.index not in needed:
            continue
        operation = _operation(entry, shapes, several.places)
        operations.append(operation)
        needed.update(operation.operands)
    made = {each.result for each in operations}
    leaves = {
        index: _alike(several.nodes[index].value, shapes[index])
        for index in sorted(needed - made - {several.input.index})
    }
    return Program(
        operations=tuple(reversed(operations)), leaves=leaves, shapes=shapes,
        input=several.input.index, output=several.output.index,
    )  # fmt: skip


def _alike(value: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """A constant; of one that has a batch, the first sample, if all are the same."""
    if not any(n < 0 for n in shape):
        return value
    if shape[0] != -1 or any(n < 0 for n in shape[1:]) or (value != value[:1]).any():
        msg = f"a constant of shape {shape} differs from sample to sample: it cannot be exported"
        raise RunError(msg)
    return value[:1]


def _operation(entry: Any, shapes: dict[int, tuple[int, ...]], places: dict[int, str]) -> Operation:
    if entry.op not in KNOWN:
        known = ", ".join(KNOWN)
        msg = f"{entry.op} has no integer form: export networks of {known}"
        raise RunError(msg + "; of a Fourier neural operator, one without island")
    operands = tuple(node.index for node in entry.parents)
    about: Any = entry.saved
    place = ""
    match entry.op:
        case "learned_quantize":
            quantizer, format, _ = entry.saved
            operands, about = operands[:1], Grid.of(quantizer, format)
            place = places[entry.parents[1].index]
        case "layer_norm" | "group_norm":
            about = (entry.saved.groups, float(entry.saved.eps))
        case "take":
            where = entry.saved[-1]
            about = (len(entry.saved) - 1, where.start, where.stop)
        case "max_pool":
            about = entry.saved[0]
        case "scale":
            about = float(entry.saved)
        case "reshape" | "matmul" | "batched_matmul":
            about = None
    shape = shapes[entry.result.index]
    return Operation(
        name=entry.op, operands=operands, result=entry.result.index, shape=shape, about=about,
        place=place,
    )  # fmt: skip
