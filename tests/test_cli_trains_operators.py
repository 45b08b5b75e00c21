"""``bitpde train-operator`` trains, quantizes and compares; its errors are a line with a remedy."""

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_families import Warmth

from bitpde.cli import main
from bitpde.pde import operators
from bitpde.pde.data import FAMILIES, open_dataset
from bitpde.pde.operators import load_operator

h5py = pytest.importorskip("h5py")
Fails = Callable[..., str]
TINY = shlex.split(
    "train-operator warmth --instances 3 --held-out 1 --width 4 --epochs 2 --qat-epochs 1"
    " --batch 8 --calibration 8 --ranges minmax --threads 1 --no-plot"
)
NAMES = ["float", "float again", "w8a8 PTQ", "w8a8 QAT", "mean", "persistence", "ridge"]


@pytest.fixture(autouse=True)
def catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES, "warmth", Warmth(points=8, steps=6))
    monkeypatch.setitem(FAMILIES, "plane", Warmth(points=6, space=2, steps=3))
    monkeypatch.setitem(FAMILIES, "flow", Warmth(points=8, steps=1, coefficient=True))


def run(*words: object) -> int:
    try:
        return main(list(map(str, words)))
    except SystemExit as leaving:  # argparse leaves this way
        return int(leaving.code or 0)


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Fails:
    def check(status: int, *words: object) -> str:
        before = tree(tmp_path)
        capsys.readouterr()
        assert run(*words) == status
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert err.startswith("bitpde: error: ")
        assert tree(tmp_path) == before
        return err

    return check


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the command, as JSON beside its folder."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(FAMILIES, "warmth", Warmth(points=8, steps=6))
        assert run(*TINY, "--out", folder) == 0
    return folder


def test_the_table_ends_it_and_everything_is_in_the_folder(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*TINY, "--out", finished, "--resume"]
    before = tree(finished)
    assert run(*words) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert [line[:12].strip() for line in out.splitlines()[1:8]] == NAMES
    assert out.startswith((finished / "table.txt").read_text().splitlines()[0])
    assert out.endswith(f"folder: {finished}\n")
    assert tree(finished) == before
    folders = {path.name for path in finished.iterdir() if path.is_dir()}
    assert folders == {"float", "float-again", "w8a8-ptq", "w8a8-qat"}
    assert load_operator(finished / "w8a8-qat").state.step == 2
    assert run(*words, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["predictor"] for row in told["rows"]] == NAMES
    assert told["folder"] == str(finished)


def test_the_three_splits_are_instances_of_their_own(finished: Path) -> None:
    with open_dataset(finished / "data.h5") as found:
        assert dict(found.splits) == {
            "train": range(3), "validation": range(3, 4), "test": range(4, 5)
        }  # fmt: skip
        pairs = operators.Pairs()
        samples = {name: pairs.of(found.split(name)) for name in found.splits}
    trained = load_operator(finished / "float").run
    assert trained.data == operators.samples_digest(samples["train"])
    config = json.loads((finished / "float" / "config.json").read_text())
    assert config["validation"] == operators.samples_digest(samples["validation"])
    whole = json.loads((finished / "config.json").read_text())
    assert whole["test"] == operators.samples_digest(samples["test"])


def test_a_file_is_trained_on_as_it_is_divided(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train-operator", finished / "data.h5", *TINY[2:]]
    assert run(*words, "--out", tmp_path / "a", "--json") == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    want = json.loads((finished / "summary.json").read_text())["rows"]
    for row in (*rows, *want):
        row.pop("seconds")
    assert rows == want


@pytest.mark.parametrize(("count", "train"), [(6, range(3)), (20, range(2, 19))])
def test_a_file_of_others_is_divided_in_order(
    count: int, train: range, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Of 20 instances PDEBench's readers test on the first two, and train on the others, of which
    # the last is kept for validation; of 6 there is no tenth, and the first three are for training.
    values = np.random.default_rng(0).standard_normal((count, 3, 8)).astype("f4")
    with h5py.File(tmp_path / "theirs.h5", "w") as raw:
        raw["tensor"] = values
    words = ["train-operator", tmp_path / "theirs.h5", *TINY[2:], "--periodic", "--json"]
    words += ["--instances", len(train)] if count == 6 else ["--instances", 100]
    assert run(*words, "--out", tmp_path / "a") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["reduction"]["periodic"] is True
    found = load_operator(tmp_path / "a" / "float").run
    samples = {
        "data": operators.one_step(values[train.start : train.stop, ..., None], inputs=1),
        "test": operators.one_step(values[:2, ..., None], inputs=1),
        "validation": operators.one_step(values[-1:, ..., None], inputs=1),
    }
    assert found.data == operators.samples_digest(samples["data"])
    assert found.network.to_json()["padding"] == 0
    if count == 20:
        assert told["test"]["digest"] == operators.samples_digest(samples["test"])
        config = json.loads((tmp_path / "a" / "float" / "config.json").read_text())
        assert config["validation"] == operators.samples_digest(samples["validation"])


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("warmth --model unet --qat w6a8 --qat w8a16 --scheme minmax --per-tensor", {}),
        ("warmth --model transformer --ranges percentile --resolution 2 --means", {}),
        ("plane --frames 2 --stride 1 --loss mse", {"inputs": 2, "dimension": 2}),
        ("flow --model unet --datapath smx8", {"inputs": 1}),
    ],
)
def test_options_say_what_is_trained(
    words: str, wanted: dict[str, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = shlex.split(words)
    options = TINY[2:-1] if given[0] == "plane" else TINY[2:]
    words_of = [given[0], *options, *given[1:], "--out", tmp_path / "a", "--json"]
    assert run("train-operator", *words_of) == 0
    assert (tmp_path / "a" / "picture.png").exists() == (given[0] == "plane")
    rows = [row["predictor"] for row in json.loads(capsys.readouterr().out)["rows"]]
    told = json.loads((tmp_path / "a" / "config.json").read_text())
    run_told = told["run"]
    assert {name: run_told["network"][name] for name in wanted} == wanted
    assert ("persistence" in rows) == (given[0] != "flow")
    assert ("grid alone" in rows) == ("--resolution" in given)
    assert told["reduction"]["means"] == ("--means" in given)
    assert run_told["loss"] == ("mse" if "mse" in given else "relative")
    assert run_told["datapath"]["name"] == ("smx8" if "smx8" in given else "fp32")
    model = given[given.index("--model") + 1] if "--model" in given else "fno"
    assert run_told["network"]["kind"].lower() == model
    for plan in told["plans"]:
        assert plan["learner"] == ("min and max" if "minmax" in given else "step and offset")
        assert plan["per_channel"] == plan["per_mode"] == ("--per-tensor" not in given)
        rule = "percentile" if "percentile" in given else "minmax"
        assert plan["weight_ranges"]["rule"] == plan["activation_ranges"]["rule"] == rule
    names = [f"w{plan['weight_bits']}a{plan['activation_bits']}" for plan in told["plans"]]
    assert names == (["w6a8", "w8a16"] if "w6a8" in given else ["w8a8"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["warmth", "--qat", "8a8"], "'8a8' is no scenario"),
        (["warmth", "--qat", "w17a8"], "Plan.weight_bits is 17"),
        (["warmth", "--qat", "w8a8", "--qat", "w8a8"], "give each scenario once"),
        (["warmth", "--batch", "0"], "argument --batch: give an integer of at least 1"),
        (["warmth", "--epochs", "many"], "argument --epochs: invalid int value: 'many'"),
        (["warmth", "--seed", "-1"], "argument --seed: give an integer of at least 0"),
        (["warmth", "--learning-rate", "0"], "Linear.initial is 0.0"),
        (["warmth", "--qat-rate", "nan"], "Linear.initial is nan"),
        (["warmth", "--model", "gnn"], "invalid choice: 'gnn'"),
        (["warmth", "--datapath", "fp7"], "smx8"),
        (["warmth", "--resume"], "there is no run in "),
        (["burgundy"], "there is no family 'burgundy': use one of "),
    ],
)
def test_bad_options_leave_nothing_behind(
    words: list[str], said: str, fails: Fails, tmp_path: Path
) -> None:
    options = [word for word in TINY[2:] if word != "--no-plot"]
    kept = [*options, *words[1:], "--no-plot", "--out", tmp_path / "a"]
    assert said in fails(2, "train-operator", words[0], *kept)


def test_a_file_that_is_not_there_is_named(fails: Fails, tmp_path: Path) -> None:
    assert "nowhere.h5: No such file" in fails(
        1, "train-operator", tmp_path / "nowhere.h5", *TINY[2:], "--out", tmp_path / "a"
    )


def test_a_folder_in_use_and_another_run_are_refused(finished: Path, fails: Fails) -> None:
    words = [*TINY, "--out", finished]
    assert "already exists and is not empty: choose another folder, or resume" in fails(2, *words)
    other = [*words, "--resume", "--loss", "mse"]
    assert 'is of another run (run.loss was "relative", is "mse")' in fails(2, *other)
    assert "holds other data" in fails(1, *words, "--resume", "--seed", 1, "--json")


@pytest.mark.parametrize("missing", ["matplotlib", "rich"])
def test_a_missing_extra_is_named(
    missing: str, fails: Fails, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    said = fails(2, *(word for word in TINY if word != "--no-plot"), "--out", tmp_path / "a")
    assert said == f"bitpde: error: {missing} not installed: run pip install 'bitpde[app]'\n"


def test_ctrl_c_says_how_to_go_on_and_it_does(
    finished: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "a folder"
    plain: Any = Warmth.instance

    def stopped(self: Warmth, seed: int, number: int) -> Any:
        if number == 2:
            raise KeyboardInterrupt
        return plain(self, seed, number)

    steps: Any = operators.train.training_step

    def interrupted(*words: Any) -> Any:
        if words[3].step == 2 and words[1].quantizers:
            raise KeyboardInterrupt
        return steps(*words)

    words = [*TINY, "--out", str(folder)]
    monkeypatch.setattr(Warmth, "instance", stopped)
    assert run(*words) == 130
    err = capsys.readouterr().err
    asked = shlex.join(["bitpde", *words])
    assert err == f"bitpde: interrupted: what is done is in {folder}; to go on: {asked}\n"
    monkeypatch.setattr(Warmth, "instance", plain)
    monkeypatch.setattr("bitpde.pde.operators.train.training_step", interrupted)
    words[words.index("--qat-epochs") + 1] = "2"
    assert run(*words) == 130
    err = capsys.readouterr().err
    asked = shlex.join(["bitpde", *words, "--resume"])
    assert err == f"bitpde: interrupted: what is done is in {folder}; to go on: {asked}\n"
    monkeypatch.setattr("bitpde.pde.operators.train.training_step", steps)
    assert run(*shlex.split(asked)[1:], "--json") == 0
    told = json.loads(capsys.readouterr().out)
    want = json.loads((finished / "summary.json").read_text())
    assert told["runs"]["float"]["run"] == want["runs"]["float"]["run"]
    assert told["runs"]["w8a8 QAT"]["steps"] == 4


def test_the_picture_is_drawn(
    finished: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Path] = []
    monkeypatch.setattr(operators, "plot_comparison", lambda found, path: drawn.append(path))
    words = [word for word in TINY if word != "--no-plot"]
    assert run(*words, "--out", finished, "--resume", "--json") == 0
    assert drawn == [finished / "picture.png"]


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train-operator", "--help") == 0
    out, err = capsys.readouterr()
    assert "bitpde train-operator burgers" in out.split("examples:")[1]
    assert "exit status:" in out
    assert err == ""
