"""Every error of the command line is one line that names the remedy, and nothing is lost by it."""

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bitpde import __version__
from bitpde.cli import main
from bitpde.emu import preset

TINY = shlex.split(
    "train poisson --width 4 --depth 1 --steps 3 --domain-points 3 --condition-points 3"
    " --test-points 20"
)
QUIET = [*TINY, "--no-plot", "--json"]


def run(*words: object) -> int:
    try:
        return main([str(word) for word in words])
    except SystemExit as leaving:  # argparse leaves this way
        return int(leaving.code or 0)


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "run"
    assert run(*QUIET, "--out", folder) == 0
    return folder


@pytest.fixture
def fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def check(status: int, *words: object) -> str:
        before = tree(tmp_path)
        capsys.readouterr()
        assert run(*words) == status
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("bitpde: error: ")
        assert err.count("\n") == 1
        assert err.endswith("\n")
        assert tree(tmp_path) == before
        return err

    return check


Fails = Callable[..., str]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--datapath", "fp7"], "smx8"),
        (["--datapath", "nowhere/fp7.json"], "there is no file nowhere/fp7.json"),
        (["--datapath", "smx8", "--datapath", "smx8"], "each name once"),
        (["--steps", "-3"], "Run.steps is -3: give an integer of at least 1"),
        (["--steps", "many"], "invalid int value: 'many'"),
        (["--seed", "-1"], "Run.seed is -1"),
        (["--pairs", "0", "--engine", "monte-carlo"], "SteinMonteCarlo.pairs is 0"),
        (["--pairs", "4"], "the engine gauss-hermite has no pairs"),
        (["--engine", "guess"], "there is no engine 'guess': use one of"),
        (["--sigma", "0"], "SteinGaussHermite.sigma is 0.0"),
        (["--sigma", "nan"], "SteinGaussHermite.sigma is nan"),
        (["--sigma", "1e-200"], "SteinGaussHermite.sigma is 1e-200: give a finite number above"),
        (["--order", "1000000"], "SteinGaussHermite.order is 1000000: give an integer from 3 to"),
        (["--width", "10" * 20], "give an integer from 1 to 1048576"),
        (["--test-points", "10" * 20], "Run.test_points is 10101"),
        (["--order", "2"], "SteinGaussHermite.order is 2"),
        (["--level", "2", "--engine", "sparse-grid"], "SteinSparseGrid.level is 2"),
        (["--learning-rate", "0"], "Linear.initial is 0.0"),
        (["--condition-weight", "-1"], "Run.condition_weights is (-1.0,)"),
        (["--domain-points", "0"], "Run.domain_points is 0"),
        (["--width", "0"], "--width is 0"),
        (["--depth", "0"], "--depth is 0"),
        (["--threads", "0"], "the number of threads is 0"),
        (["--resume"], "there is no run in"),
        (["--bogus"], "unrecognized arguments: --bogus"),
        (["--two\nlines"], "unrecognized arguments: --two lines"),
    ],
)
def test_bad_options_of_train(words: list[str], said: str, fails: Fails, tmp_path: Path) -> None:
    assert said in fails(2, *QUIET, "--out", tmp_path / "run", *words)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "required: COMMAND: see bitpde --help"),
        (["dance"], "invalid choice: 'dance'"),
        (["train"], "required: PROBLEM"),
        (["train", "laplace"], "there is no problem 'laplace': use one of poisson"),
        (["datapath"], "required: ACTION"),
        (["datapath", "show"], "required: NAME"),
        (["datapath", "show", "fp7"], "unknown datapath 'fp7'"),
        (["formats", "x"], "invalid choice: 'x'"),
    ],
)
def test_bad_commands(words: list[str], said: str, fails: Fails) -> None:
    assert said in fails(2, *words)


def _machine(**changes: Any) -> str:
    data = preset("smx8").to_json()
    return json.dumps({**data, "name": "mine", **changes})


def _tile(tile: list[int]) -> str:
    cast = preset("smx8").to_json()["activation"]
    return _machine(activation={**cast, "format": {**cast["format"], "tile": tile}})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100_000,
        "[]",
        "3",
        "null",
        '"smx8"',
        "{}",
        _machine(kind="Toaster"),
        _machine(colour="red"),
        _machine(activation="INT8"),
        _machine(accumulator=None),
        _machine(name="../escape"),
        _machine(name=""),
        _machine(name=7),
        _tile([3]),
        _tile([0, 4]),
        _tile([-4, 4]),
        _tile([4, 4, 4]),
        _tile([2, 4]),
        _tile([8, 8]),
        _tile([]),
    ],
)
def test_files_that_are_no_datapath(text: str, fails: Fails, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(text)
    fails(2, *QUIET, "--out", tmp_path / "run", "--datapath", file)
    assert not (tmp_path / "run").exists()


def test_a_file_of_bytes_is_no_datapath(fails: Fails, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_bytes(b"\xff\xfe\x00")
    assert "is no JSON" in fails(2, *QUIET, "--out", tmp_path / "run", "--datapath", file)


def test_a_run_folder_in_use_is_not_touched(finished: Path, fails: Fails, tmp_path: Path) -> None:
    folder = shutil.copytree(finished, tmp_path / "run")
    assert "already exists and is not empty" in fails(2, *QUIET, "--out", folder)
    assert "smx8.seed was 0, is 1" in fails(2, *QUIET, "--out", folder, "--resume", "--seed", 1)


def test_any_folder_in_use_is_not_touched(fails: Fails, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    assert "already exists and is not empty" in fails(2, *QUIET, "--out", tmp_path)
    assert "there is no run in" in fails(2, *QUIET, "--out", tmp_path, "--resume")


def test_a_folder_that_cannot_be_made(fails: Fails, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "file" in fails(1, *QUIET, "--out", tmp_path / "file" / "run")
    assert "already exists" in fails(2, *QUIET, "--out", tmp_path / "file")


def test_a_folder_that_cannot_be_written(
    fails: Fails, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path / "run"))

    monkeypatch.setattr(Path, "mkdir", deny)
    assert "run: Permission denied" in fails(1, *QUIET, "--out", tmp_path / "run")


@pytest.mark.parametrize("damage", ["garbage", "half", "missing"])
def test_a_corrupt_checkpoint(damage: str, finished: Path, fails: Fails, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    path = folder / "fp32" / "checkpoint.npz"
    whole = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(b"garbage" if damage == "garbage" else whole[: len(whole) // 2])
    said = fails(1, *QUIET, "--out", folder, "--resume")
    assert f"the checkpoint {path} cannot be read" in said
    assert f"rename {path.with_name('checkpoint.previous.npz')}" in said


def test_a_checkpoint_with_a_nan(finished: Path, fails: Fails, tmp_path: Path) -> None:
    from bitpde.pde.archive import contents_digest

    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    path = folder / "smx8" / "checkpoint.npz"
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files if name != "sha256"}
    arrays["parameter_0"][0, 0] = np.nan
    with path.open("wb") as file:
        np.savez(file, sha256=np.array(contents_digest(arrays)), **arrays)
    assert "holds a number that is not finite" in fails(1, *QUIET, "--out", folder, "--resume")


def test_a_damaged_configuration(finished: Path, fails: Fails, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    (folder / "config.json").write_text("{")
    assert "is no JSON" in fails(2, *QUIET, "--out", folder, "--resume")


@pytest.mark.parametrize("name", ["fp32", "smx8"])
def test_a_training_that_diverges(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = [*QUIET, "--datapath", name, "--learning-rate", 1e38, "--out", tmp_path / "run"]
    assert run(*words) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "at step" in err
    assert (tmp_path / "run" / name / "checkpoint.npz").exists()


def test_more_than_memory_holds(fails: Fails, tmp_path: Path, monkeypatch: Any) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise MemoryError

    monkeypatch.setattr(sys.modules["bitpde.pde.gradients"], "loss_terms", refuse)
    assert run(*QUIET, "--out", tmp_path / "run") == 1
    shutil.rmtree(tmp_path / "run")
    monkeypatch.setattr(sys.modules["bitpde.pde.study"], "claim_folder", refuse)
    assert "not enough memory: use fewer points" in fails(1, *QUIET, "--out", tmp_path / "run")


@pytest.mark.parametrize(
    ("missing", "words"), [("rich", [*TINY, "--no-plot"]), ("matplotlib", [*TINY, "--json"])]
)
def test_a_missing_extra_is_named_before_any_work(
    missing: str, words: list[str], fails: Fails, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    said = fails(2, *words, "--out", tmp_path / "run")
    assert said == f"bitpde: error: {missing} not installed: run pip install 'bitpde[app]'\n"
    assert not (tmp_path / "run").exists()


def test_extras_are_not_asked_for_where_they_are_not_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for missing in ("rich", "matplotlib"):
        monkeypatch.setitem(sys.modules, missing, None)
    assert run(*QUIET, "--out", tmp_path / "run") == 0


def test_ctrl_c_says_how_to_go_on_and_the_command_works(
    finished: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = sys.modules["bitpde.pde.train"]
    step, calls = module.training_step, []

    def stopped(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 5:  # two steps into fp32
            raise KeyboardInterrupt
        return step(*arguments)

    folder = tmp_path / "a folder"
    monkeypatch.setattr(module, "training_step", stopped)
    assert run(*QUIET, "--out", folder) == 130
    monkeypatch.undo()
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f"the state is in {folder}/smx8/checkpoint.npz and {folder}/fp32/checkpoint.npz" in err
    program, *words = shlex.split(err.split("to go on: ")[1])
    assert program == "bitpde"
    assert words[-1] == "--resume"
    assert run(*words) == 0
    resumed, whole = (json.loads((f / "summary.json").read_text()) for f in (folder, finished))
    for summary in (resumed, whole):
        for row in summary["rows"]:
            row.pop("seconds")
    assert resumed == whole


def test_json_is_one_object_and_agrees_with_the_summary(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(*QUIET, "--out", tmp_path / "run") == 0
    out, err = capsys.readouterr()
    data = json.loads(out)
    assert err == ""
    assert data.pop("folder") == str(tmp_path / "run")
    assert data == json.loads((tmp_path / "run" / "summary.json").read_text())
    names = [row["predictor"] for row in data["rows"]]
    assert names == ["smx8", "fp32", "constant", "linear", "quadratic"]


def test_the_table_the_picture_and_the_files(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    assert run(*TINY, "--out", folder) == 0
    out, err = capsys.readouterr()
    assert err == ""
    table = (folder / "table.txt").read_text()
    assert out == f"{table}folder: {folder}\n"
    assert "one seed (0)" in table
    assert (folder / "poisson.png").read_bytes().startswith(b"\x89PNG")
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")} == {
        *("config.json", "summary.json", "table.txt", "poisson.png"),
        *(f"{n}/config.json" for n in ("smx8", "fp32")),
        *(f"{n}/metrics.csv" for n in ("smx8", "fp32")),
        *(f"{n}/checkpoint.npz" for n in ("smx8", "fp32")),
        *(f"{n}/checkpoint.previous.npz" for n in ("smx8", "fp32")),
    }


@pytest.mark.parametrize("name", ["smx8", "exact"])
def test_a_datapath_shown_is_one_to_train_on(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run("datapath", "show", name, "--json") == 0
    file = tmp_path / "mine.json"
    file.write_text(capsys.readouterr().out)
    assert run(*QUIET, "--out", tmp_path / "run", "--datapath", file) == 0
    assert (tmp_path / "run" / name / "metrics.csv").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["datapath", "list"], "SMX_INT12"),
        (["datapath", "show", "fp32"], "digest"),
        (["formats"], "OFP8_E4M3"),
    ],
)
def test_lists_name_what_there_is(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("words", [["datapath", "list", "--json"], ["formats", "--json"]])
def test_lists_are_json_on_request(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*words) == 0
    assert isinstance(json.loads(capsys.readouterr().out), dict)


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["datapath", "show", "-h"]])
def test_help_is_on_standard_output(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*words) == 0
    out, err = capsys.readouterr()
    assert out.startswith("usage: bitpde")
    assert err == ""


def test_the_program_starts_without_numpy() -> None:
    script = "import sys; from bitpde.cli import main; main(['--version'])"
    check = f"import atexit, sys; atexit.register(lambda: print('numpy' in sys.modules)); {script}"
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["bitpde", __version__, "False"]
