"""Quantized networks as ONNX graphs with pairs of QuantizeLinear and DequantizeLinear.

Such a graph says what the float simulator does: operands of products are integers times steps,
everything between is in 32-bit floats, and a runtime is free to add in any order.  Its codes are
the simulator's but where two floats on either side of the middle between two integers differ.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np

from ..errors import RunError
from .program import Program

#: Of the operators: the first with 16-bit integers in QuantizeLinear.
OPSET: Final = 21
_IR: Final = 10


def onnx_model(program: Program, *, places: bool = False) -> Any:
    """Return the ONNX model of a program.

    Parameters
    ----------
    program
        What `traced` made; the input and the output of the model are floats in the units of the
        network, (B, *space, C).
    places
        Whether the codes of every quantizer come out too, under the names of their places.

    Raises
    ------
    RunError
        If the extra ``onnx`` is not installed.
    """
    try:
        from onnx import TensorProto, checker, helper, numpy_helper
    except ImportError as error:
        msg = "ONNX models need the package onnx: install bitpde[onnx]"
        raise RunError(msg) from error
    from .onnx_nodes import OnnxNodes

    nodes = OnnxNodes(program)
    for each in program.operations:
        nodes.add(each)
    nodes.nodes.append(helper.make_node("Identity", [nodes.name(program.output)], ["output"]))
    outputs = [_value(helper, "output", TensorProto.FLOAT, program.shapes[program.output])]
    types = {each.place: each for each in program.operations if each.place in nodes.codes}
    for place, name in nodes.codes.items() if places else ():
        nodes.nodes.append(helper.make_node("Identity", [name], [place]))
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(types[place].about.dtype))
        outputs.append(_value(helper, place, kind, types[place].shape))
    graph = helper.make_graph(
        nodes.nodes,
        "bitpde",
        [_value(helper, "input", TensorProto.FLOAT, program.shapes[program.input])],
        outputs,
        [numpy_helper.from_array(value, name) for name, value in nodes.constants.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=_IR,
        producer_name="bitpde",
    )  # fmt: skip
    checker.check_model(model, full_check=True)
    return model


def save_onnx(program: Program, path: Path) -> None:
    """Write the ONNX model of a program.

    Raises
    ------
    RunError
        If the extra ``onnx`` is not installed.
    OSError
        If the folder cannot be written.
    """
    from ..files import write_atomically

    write_atomically(path, onnx_model(program).SerializeToString())


def _value(helper: Any, name: str, kind: int, shape: tuple[int, ...]) -> Any:
    """A tensor that goes in or comes out; sides of the batch are named."""
    sides = [n if n >= 0 else ("batch" if n == -1 else f"{-n} batch") for n in shape]
    return helper.make_tensor_value_info(name, kind, sides)
