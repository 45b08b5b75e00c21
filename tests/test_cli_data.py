"""``bitpde data`` generates, shows, checks and exports; its errors are one line with a remedy."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_families import Warmth

from bitpde.cli import main
from bitpde.pde import data
from bitpde.pde.data import FAMILIES, Counts, generate, open_dataset, plot_dataset

h5py = pytest.importorskip("h5py")
Fails = Callable[..., str]
COUNTS = Counts(train=1, validation=0, test=0)
SMALL = ("--train", 2, "--validation", 1, "--test", 1, "--seed", 5, "--workers", 1)


@pytest.fixture(autouse=True)
def catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES, "warmth", Warmth())
    monkeypatch.setitem(FAMILIES, "broken", Warmth(fails=(2,)))


def run(*words: object) -> int:
    try:
        return main(["data", *map(str, words)])
    except SystemExit as leaving:  # argparse leaves this way
        return int(leaving.code or 0)


@pytest.fixture
def fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Fails:
    def check(status: int, *words: object) -> str:
        before = {path: path.read_bytes() for path in tmp_path.rglob("*")}
        capsys.readouterr()
        assert run(*words) == status
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert err.startswith("bitpde: error: ")
        assert {path: path.read_bytes() for path in tmp_path.rglob("*")} == before
        return err

    return check


@pytest.fixture
def file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "warmth.h5"
    assert run("generate", "warmth", "--out", path, *SMALL, "--json") == 0
    capsys.readouterr()
    return path


def test_what_is_generated_is_what_was_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.h5"
    words = ("generate", "warmth", "--out", path, *SMALL, "--points", 9, "--dtype", "float64")
    assert run(*words) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("scheme")
    assert out.endswith(f"file: {path}\n")
    with open_dataset(path) as found:
        assert found.values.dtype == np.float64
        assert dict(found.splits) == {
            "train": range(2),
            "validation": range(2, 3),
            "test": range(3, 4),
        }
        exact = Warmth(points=9).instance(5, 3)
        np.testing.assert_array_equal(found.split("test").values[0], exact.values)
    before = path.read_bytes()
    assert run(*words, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["file"] == str(path)
    assert told["certificate"]["instances"] == [0, 2, 3]
    assert path.read_bytes() == before


def test_the_list_names_every_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["family", *FAMILIES]
    assert "Waves that decay" in lines[-1]
    assert len({line.split(maxsplit=1)[1] for line in lines}) == len(lines)  # no two are alike
    assert run("list", "--json") == 0
    assert json.loads(capsys.readouterr().out)["warmth"] == Warmth().to_json()


def test_what_is_shown_is_what_the_file_holds(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("show", file, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    with open_dataset(file) as found:
        assert found.certificate is not None
        assert shown["certificate"] == json.loads(json.dumps(found.certificate.to_json()))
        numbers = found.parameters["amplitude"]
        assert shown["parameters"]["amplitude"] == [numbers.min(), numbers.max()]
    assert (shown["layout"], shown["shape"]) == ("bitpde", [4, 3, 6, 1])
    assert shown["splits"] == {"train": [0, 2], "validation": [2, 3], "test": [3, 4]}
    assert run("show", file) == 0
    out = capsys.readouterr().out
    assert "certificate: estimated error" in out
    assert "float32" in out


def test_of_a_file_of_others_nothing_is_known_of_the_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with h5py.File(tmp_path / "a", "w") as raw:
        raw["tensor"] = np.zeros((3, 2, 4), "f4")
        raw.attrs["Nu"] = np.nan
    assert run("show", tmp_path / "a", "--json") == 0
    assert json.loads(capsys.readouterr().out)["parameters"] == {"Nu": ["nan", "nan"]}
    assert run("show", tmp_path / "a") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["certificate", "none"] in lines
    assert ["layout", "pdebench"] in lines


def test_a_picture_is_drawn(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate(Warmth(space=2, coefficient=True), tmp_path / "b", COUNTS, seed=0, workers=1)
    plot: Any = plot_dataset
    monkeypatch.setattr(data, "plot_dataset", lambda *words: plot(*words, instances=1))
    for path in (file, tmp_path / "b"):
        assert run("show", path, "--plot", tmp_path / "a.png") == 0
        assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
        (tmp_path / "a.png").unlink()


def test_a_check_that_fails_is_status_1(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", file, "--instances", 4) == 0
    assert "the same bits: 0, 1, 2, 3" in capsys.readouterr().out
    with h5py.File(file, "r+") as raw:
        raw["values"][1] *= 2
    assert run("check", file, "--instances", 4, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert [each["check"] for each in found if each["verdict"] == "fail"] == ["instances"]


@pytest.mark.parametrize("layout", ["pdebench", "pdebench-samples"])
def test_an_export_has_the_same_numbers(
    layout: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = file.with_name("out")
    assert run("export", file, "--layout", layout, "--out", out) == 0
    assert capsys.readouterr().out == f"4 instances as {layout}: {out}\n"
    with open_dataset(file) as whole, open_dataset(out) as found:
        assert found.layout == layout
        assert found.values[:].tobytes() == whole.values[:].tobytes()
    assert run("export", file, "--layout", layout, "--out", f"{out}2", "--json") == 0
    assert json.loads(capsys.readouterr().out)["instances"] == 4


def test_an_export_never_overwrites(file: Path, fails: Fails) -> None:
    assert "is there already" in fails(2, "export", file, "--layout", "pdebench", "--out", file)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["burgundy"], "there is no family 'burgundy': use one of "),
        (["warmth", "--train", "-1"], "Counts.train is -1"),
        (["warmth", "--train", "0", "--validation", "0", "--test", "0"], "Counts of no instances"),
        (["warmth", "--seed", "-1"], "the seed of a data set is -1"),
        (["warmth", "--workers", "0"], "workers is 0"),
        (["warmth", "--dtype", "float16"], "invalid choice: 'float16'"),
    ],
)
def test_bad_options_of_generate(words: list[str], said: str, fails: Fails, tmp_path: Path) -> None:
    assert said in fails(2, "generate", *words, "--out", tmp_path / "a.h5")


def test_a_family_without_points_refuses_them(
    fails: Fails, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Warmth, "to_json", lambda self: {"kind": "Warmth"})
    words = ("generate", "warmth", "--points", 8, "--out", tmp_path / "a.h5")
    assert "has no points to choose: leave --points out" in fails(2, *words)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ([], 2, "required: ACTION"),
        (["generate", "warmth"], 2, "required: --out"),
        (["show", "nowhere.h5"], 1, "nowhere.h5: No such file"),
        (["check", __file__], 1, "it is neither HDF5 nor MATLAB"),
        (["export", "a.h5", "--out", "b.h5"], 2, "required: --layout"),
    ],
)
def test_bad_commands(words: list[str], status: int, said: str, fails: Fails) -> None:
    assert said in fails(status, *words)


def test_a_file_of_other_data_and_an_instance_that_fails_are_one_line(
    file: Path, fails: Fails, capsys: pytest.CaptureFixture[str]
) -> None:
    other = ("generate", "warmth", "--out", file, *SMALL, "--seed", 6, "--json")
    assert "(seed was 5, is 6)" in fails(1, *other)
    broken = ("generate", "broken", "--out", file.with_name("b.h5"), *SMALL, "--json")
    assert run(*broken) == 1
    err = capsys.readouterr().err
    told = "instance 2: instance 2 is one of those that fail"
    assert err == f"bitpde: error: 1 of 4 instances failed (2); {told}\n"
    assert "3 of 4 instances are done" in fails(1, "show", file.with_name("b.h5"))


@pytest.mark.parametrize("missing", ["h5py", "rich"])
def test_a_missing_extra_is_named(
    missing: str, fails: Fails, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    said = fails(2, "generate", "warmth", "--out", tmp_path / "a.h5", *SMALL)
    extra = {"h5py": "data", "rich": "app"}[missing]
    assert said.startswith(f"bitpde: error: {missing} ")
    assert said.endswith(f"not installed: run pip install 'bitpde[{extra}]'\n")


def test_ctrl_c_keeps_what_is_done_and_the_same_words_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain: Any = Warmth.instance

    def stopped(self: Warmth, seed: int, number: int) -> Any:
        if number == 2:
            raise KeyboardInterrupt
        return plain(self, seed, number)

    path = tmp_path / "a.h5"
    words = ("generate", "warmth", "--out", path, *SMALL, "--json")
    monkeypatch.setattr(Warmth, "instance", stopped)
    assert run(*words) == 130
    out, err = capsys.readouterr()
    assert (out, err) == (
        "",
        f"bitpde: interrupted: what is done is in {path}; the same words go on\n",
    )
    monkeypatch.setattr(Warmth, "instance", plain)
    assert run(*words) == 0
    with h5py.File(path) as raw:
        assert raw["done"][()].all()


@pytest.mark.parametrize("action", ["generate", "show", "check", "export"])
def test_help_has_examples(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(action, "--help") == 0
    out, err = capsys.readouterr()
    assert f"bitpde data {action} " in out.split("examples:")[1]
    assert err == ""
