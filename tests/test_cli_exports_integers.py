"""A trained folder becomes integers, golden codes and a report that belong together."""

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from operator_runs import TRAIN, tiny

from bitpde.cli import main
from bitpde.formats import set_thread_count
from bitpde.pde.integers import Widths, exported, level_differences, load_network
from bitpde.pde.operators import OperatorOutcome, load_operator, read_calibration, train_operator

RUN = tiny("w8a8", epochs=1)
Trained = tuple[Path, OperatorOutcome]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """The folder of a quantized training, and what it found."""
    folder = tmp_path_factory.mktemp("trained") / "w8a8-qat"
    set_thread_count(1)
    yield folder, train_operator(RUN, TRAIN, folder)
    set_thread_count(None)


def export(trained: Trained, out: Path, words: str = "") -> int:
    return main(["integers", "export", str(trained[0]), "--out", str(out), *shlex.split(words)])


def test_the_fields_that_showed_the_ranges_are_kept(trained: Trained) -> None:
    shown = TRAIN.batch(RUN.stream("calibration"), 0, RUN.calibration)
    assert np.array_equal(read_calibration(trained[0], RUN.digest()), shown.inputs)


@pytest.mark.parametrize("words", ["", "--rule single --finer 0 --samples 3"])
def test_the_files_are_the_network_and_what_it_does(
    trained: Trained, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "chip"
    assert export(trained, out, f"{words} --json") == 0
    told = json.loads(capsys.readouterr().out)
    assert {path.name for path in out.iterdir()} == {"network.npz", "golden.npz", "report.json"}
    report = json.loads((out / "report.json").read_text())
    assert told == {"folder": str(out), **report}
    network = load_network(out / "network.npz")
    found, seen = trained[1], read_calibration(trained[0], RUN.digest())
    x = RUN.scaling.inputs.scaled(seen)
    given = RUN.network, found.quantization, found.arrays
    few = x[: 3 if words else 16]
    want = exported(*given, few, rule=network.rule, widths=Widths(finer=0 if words else 16))
    assert report["network"] == network.digest() == want.digest()
    assert (report["rule"], report["plan"]) == ("single" if words else "double", "w8a8")
    levels = level_differences(network, *given, x)
    assert report["levels"] == {place: each._asdict() for place, each in levels.items()}
    with np.load(out / "golden.npz") as golden:
        assert np.array_equal(golden["input"], network.input.encode(few))
        assert np.array_equal(golden["output"], network.run(golden["input"])["output"])
    units, grid = report["units"]["inputs"], report["input"]
    told_step = units["deviations"][0] * grid["steps"][0]
    back = units["means"][0] + told_step * (
        network.input.encode(few).astype(int) - grid["zeros"][0]
    )
    clipped = np.abs(seen[: len(few)] - back) > 0.501 * told_step  # learned ranges may cut ends off
    assert clipped.mean() < 0.2


def test_codes_of_this_machine_are_held_to_golden_ones(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "chip"
    assert export(trained, out) == 0
    places = load_network(out / "network.npz").places
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1 : len(places) + 1]] == list(places)
    assert lines[-1] == f"folder: {out}"
    words = ["integers", "check", str(out / "network.npz")]
    assert main([*words, str(out / "golden.npz")]) == 0
    assert set(capsys.readouterr().out.split()[4::2]) == {"0"}
    with np.load(out / "golden.npz") as golden:
        entries = {name: golden[name] for name in golden.files}
    entries["output"][0, :2] += 1
    np.savez(tmp_path / "other.npz", **entries)
    assert main([*words, str(tmp_path / "other.npz"), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told == {**dict.fromkeys(places, 0), "output": 2}


def test_a_network_is_shown_step_by_step(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "chip"
    assert export(trained, out) == 0
    network = load_network(out / "network.npz")
    capsys.readouterr()
    assert main(["integers", "show", str(out / "network.npz")]) == 0
    lines = capsys.readouterr().out.splitlines()
    kinds = [line.split()[0] for line in lines[1 : len(network.steps) + 1]]
    assert kinds == [type(step).__name__ for step in network.steps]
    assert sum(place in line for line in lines for place in network.places) == len(network.places)
    assert lines[-1].endswith(network.digest()[:12])
    assert main(["integers", "show", str(out / "network.npz"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["arrays"].keys() == network.arrays.keys()
    assert len(told["steps"]) == len(network.steps)


def test_what_cannot_be_exported_is_refused_and_nothing_is_written(
    trained: Trained,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    floating = tmp_path / "float"
    train_operator(tiny(epochs=0), TRAIN, floating)
    comparison = tmp_path / "several"
    comparison.mkdir()
    config = json.loads((floating / "config.json").read_text())
    (comparison / "config.json").write_text(json.dumps({**config, "plans": []}))
    monkeypatch.setitem(sys.modules, "onnx", None)
    out = str(tmp_path / "chip")
    for words, said in {
        f"{floating} --out {out}": "is a training in floating point",
        f"{comparison} --out {out}": "holds several trainings",
        f"{tmp_path / 'none'} --out {out}": "holds no run",
        f"{trained[0]} --out {floating}": "already exists and is not empty",
        f"{trained[0]} --out {out} --samples 1": "give at least 2",
        f"{trained[0]} --out {out} --finer 17": "finer",
        f"{trained[0]} --out {out} --onnx": "bitpde[onnx]",
    }.items():
        assert main(["integers", "export", *shlex.split(words)]) == 2
        out_text, err = capsys.readouterr()
        assert (out_text, err.count("\n")) == ("", 1)
        assert said in err
    assert not Path(out).exists()
    assert load_operator(floating).state.step == 0


def test_the_simulator_is_written_as_a_graph(trained: Trained, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    assert export(trained, tmp_path / "chip", "--onnx") == 0
    model = onnx.load(tmp_path / "chip" / "model.onnx")
    assert [each.name for each in model.graph.input] == ["input"]
    assert "QuantizeLinear" in {node.op_type for node in model.graph.node}
