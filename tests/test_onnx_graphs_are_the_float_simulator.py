"""onnxruntime gets the float simulator's codes from an exported graph, or the next ones.

Its rewritings of quantized graphs are off: they multiply in 16-bit lanes that saturate on some
processors, and quantize activations anew.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from integer_cases import NETWORKS, case

from bitpde.emu import Tape, preset
from bitpde.pde import RunError
from bitpde.pde.integers import onnx_model, save_onnx, simulator_codes, traced

Array = np.ndarray[Any, Any]
SCENARIOS = {"fno line": "w8a8", "unet plane": "w4a4"}


def run(model: bytes, x: Array) -> dict[str, Array]:
    """Return what a runtime makes of a model."""
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"input": x}), strict=True))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_runtime_makes_the_same_codes(name: str) -> None:
    pytest.importorskip("onnx")
    given = case(name, SCENARIOS.get(name, "w8a16"))
    x = np.concatenate([given.inputs, given.inputs[:1]])  # another batch than it was traced with
    found = run(onnx_model(traced(*given), places=True).SerializeToString(), x)
    wanted = simulator_codes(given.network, given.quantization, given.arrays, x)
    output = found.pop("output")
    assert found.keys() == {k for k in wanted if k not in given.arrays}
    # The runtime adds in another order, so that floats differ in their last bits, and a number
    # next to the middle of two integers may fall on its other side.
    for place, codes in found.items():
        distance = np.abs(codes.astype(np.int64) - wanted[place].astype(np.int64))
        assert distance.max() <= 1, place
        assert (distance > 0).mean() < 0.02, place
    tape = Tape(preset("fp32"))
    nodes = {k: tape.constant(array) for k, array in given.arrays.items()}
    numerics = given.quantization.numerics(nodes)
    y = given.network.apply(nodes, tape.constant(x), numerics).value
    # One level of 16 bits of the last operand, in a few of its channels.
    assert np.abs(output - y).max() <= 2.0**-13 * np.abs(y).max()


def test_widths_without_a_type_are_clipped() -> None:
    pytest.importorskip("onnx")
    given = case("unet plane", "w4a4")
    x = 50 * given.inputs
    found = run(onnx_model(traced(*given), places=True).SerializeToString(), x)
    assert found["down0a/input"].min() == 0
    assert found["down0a/input"].max() == 15
    assert np.array_equal(found["down0a/input"], simulator_codes(*given[:3], x)["down0a/input"])


def test_a_model_is_written_whole(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    given = case("fno line", "w4a8")
    save_onnx(traced(*given), tmp_path / "net.onnx")
    model = (tmp_path / "net.onnx").read_bytes()
    assert run(model, given.inputs)["output"].shape == (4, 8, 2)


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(RunError, match=r"install bitpde\[onnx\]"):
        onnx_model(traced(*case("fno line", "w4a8")))
