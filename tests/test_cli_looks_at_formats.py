"""The commands that look at formats print the facts, write whole files, and lose none."""

import json
import math
import re
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bitpde.cli import main
from bitpde.formats import CATALOGUE, INT8, MXFP8_E4M3, Cast, unpack_codes
from bitpde.validation import NAMED

Out = pytest.CaptureFixture[str]


def run(*words: object) -> int:
    try:
        return main([str(word) for word in words])
    except SystemExit as leaving:  # argparse leaves this way
        return int(leaving.code or 0)


def printed(capsys: Out, *words: object) -> str:
    capsys.readouterr()
    assert run(*words) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


@pytest.fixture
def fails(tmp_path: Path, capsys: Out) -> Callable[..., str]:
    def check(status: int, *words: object) -> str:
        before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
        capsys.readouterr()
        assert run(*words) == status
        out, err = capsys.readouterr()
        assert out == ""
        assert re.fullmatch(r"bitpde: error: [^\n]+\n", err)
        assert {p: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()} == before
        return err

    return check


Fails = Callable[..., str]


@pytest.fixture
def array(tmp_path: Path) -> Path:
    x = np.random.default_rng(3).standard_normal((8, 64)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    return tmp_path / "x.npy"


def test_the_list_has_a_row_for_every_format(capsys: Out) -> None:
    out = printed(capsys, "formats")
    assert out == printed(capsys, "formats", "list")
    rows = {line.split()[0]: line for line in out.splitlines() if line}
    assert set(NAMED) <= set(rows)
    assert re.search(r"8 +S1 E4 M3 +7 +448 +2\^-6 +2\^-9 +NaN -0 +Minifloat", rows["OFP8_E4M3"])
    assert re.search(r"8\.25 +OFP8_E4M3 +1x32 +E8M0 ", rows["MXFP8_E4M3"])


def test_the_list_as_data_says_the_same_wherever_the_option_stands(capsys: Out) -> None:
    data = json.loads(printed(capsys, "formats", "--json"))
    assert list(data) == list(NAMED)
    assert data == json.loads(printed(capsys, "formats", "list", "--json"))
    assert data == json.loads(printed(capsys, "formats", "--json", "list"))
    assert (data["FP16"]["max"], data["FP16"]["min_subnormal"]) == ("65504", "1/16777216")


@pytest.mark.parametrize("name", [n for n in NAMED if n not in ("FP64", "FP32", "TF32")])
def test_shown_codes_are_what_they_decode_to(name: str, capsys: Out) -> None:
    data = json.loads(printed(capsys, "formats", "show", name, "--json"))
    format: Any = NAMED[name]
    if "codes" not in data:
        assert data["element"] in NAMED
        return
    for row in data["codes"]:
        value = format.decode(row["code"])
        if isinstance(value, Fraction):
            assert Fraction(row["exact"]) == value
        else:
            read = float(row["exact"])
            both = math.isnan(read) and math.isnan(value)
            assert both or (read == value and math.copysign(1, read) == math.copysign(1, value))
    text = printed(capsys, "formats", "show", name)
    codes = re.findall(r"^0x([0-9a-f]+) ", text, re.MULTILINE)
    assert [int(code, 16) for code in codes] == [
        row["code"] % 2**format.bits for row in data["codes"]
    ]


def test_all_codes_are_shown_on_request(capsys: Out) -> None:
    short = printed(capsys, "formats", "show", "INT10").splitlines()
    whole = printed(capsys, "formats", "show", "INT10", "--all").splitlines()
    assert sum(line.startswith("0x") for line in whole) == 1024
    assert any(line.startswith("...") for line in short)
    assert not any(line.startswith("...") for line in whole)


def test_a_block_points_to_its_element(capsys: Out) -> None:
    text = printed(capsys, "formats", "show", "MXFP8_E4M3")
    assert "bitpde formats show OFP8_E4M3 and bitpde formats show E8M0" in text
    assert "1 x 32: 32 elements share a scale" in text


def test_the_report_is_printed_and_the_codes_are_the_encoding(
    array: Path, capsys: Out, tmp_path: Path
) -> None:
    words = ("quantize", array, "--format", "MXFP8_E4M3", "--out", tmp_path / "out.npz")
    out = printed(capsys, *words)
    coded, counts = Cast(format=MXFP8_E4M3).encode_counted(np.load(array))
    assert re.search(rf"^saturated +{counts.saturated} ", out, re.MULTILINE)
    assert re.search(r"^bits per element +8\.25$", out, re.MULTILINE)
    with np.load(tmp_path / "out.npz", allow_pickle=False) as file:
        codes = unpack_codes(file["packed"], 8, tuple(file["shape"]), np.uint8)
        assert np.array_equal(codes, coded.codes)
        assert file["scales"].tobytes() == np.asarray(coded.scales, np.uint8).tobytes()
        assert json.loads(str(file["format"]))["kind"] == "Block"


def test_the_report_as_data_is_one_object(array: Path, capsys: Out) -> None:
    words = ("quantize", array, "--format", "int8", "--rounding", "toward-zero", "--json")
    data = json.loads(printed(capsys, *words))
    x = np.load(array).astype(np.float64)
    error = x - np.trunc(x)
    expected = 10 * math.log10(math.fsum((x * x).ravel()) / math.fsum((error * error).ravel()))
    assert data["sqnr_db"] == pytest.approx(expected, abs=1e-11)
    assert data["elements"] == x.size
    assert data["underflowed"] == np.count_nonzero(np.abs(x) < 1)


def test_stochastic_rounding_is_a_function_of_the_seed(
    array: Path, capsys: Out, tmp_path: Path
) -> None:
    words = ["quantize", array, "--format", "INT8", "--rounding", "stochastic"]
    packed = []
    for number, seed in enumerate((0, 0, 1)):
        out = tmp_path / f"{number}.npz"
        printed(capsys, *words, "--random-bits", 8, "--seed", seed, "--out", out)
        with np.load(out) as file:
            packed.append(file["packed"])
    assert np.array_equal(packed[0], packed[1])
    assert not np.array_equal(packed[0], packed[2])
    x, first = np.load(array).ravel(), unpack_codes(packed[0], 8, (512,), np.int8)
    assert np.all((np.floor(x) <= first) & (first <= np.ceil(x)))


@pytest.mark.parametrize("kind", ["png", "pdf", "svg"])
def test_pictures_are_drawn_of_the_kind_asked_for(
    kind: str, array: Path, capsys: Out, tmp_path: Path
) -> None:
    marks = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}
    path = tmp_path / f"formats.{kind}"
    names = ["OFP8_E4M3", "FP16", "MXFP4_E2M1", "E8M0", "INT8"]
    words = ("formats", "plot", *names, "UE4M3", "--out", path)
    assert printed(capsys, *words) == f"picture: {path}\n"
    first = path.read_bytes()
    assert first.startswith(marks[kind])
    if kind == "png":  # other kinds have random identifiers
        printed(capsys, *words, "--force")
        assert path.read_bytes() == first
    plot = tmp_path / f"x.{kind}"
    printed(capsys, "quantize", array, "--format", "OCP_E2M1", "--plot", plot)
    assert plot.read_bytes().startswith(marks[kind])
    assert (
        "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    )


@pytest.mark.parametrize(
    "values", [[], [0.0, -0.0], [np.nan, 1.0, np.inf], [1e-320, 1e-300, 1.7e308, -1.7e308], 3.5]
)
def test_every_array_can_be_reported_and_drawn(values: Any, capsys: Out, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array(values))
    words = ("quantize", tmp_path / "x.npy", "--format", "SMX_INT8")
    assert "SQNR" in printed(capsys, *words, "--plot", tmp_path / "x.png")
    assert json.loads(printed(capsys, *words, "--json"))["elements"] == np.size(values)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["formats", "show"], "required: NAME"),
        (["formats", "show", "E4M3"], "did you mean OFP8_E4M3 or IEEE_E4M3 or FNUZ_E4M3"),
        (["formats", "show", "FP32", "--all"], "leave --all out"),
        (["formats", "--markdown", "show", "FP16"], "--markdown writes the page of all formats"),
        (["formats", "plot", "--out", "x.png"], "required: NAME"),
        (["formats", "plot", "FP16"], "required: --out"),
        (["formats", "plot", "FP16", "--out", "x.jpg"], "let it end in .png, .pdf or .svg"),
        (["formats", "plot", "FP17", "--out", "x.png"], "did you mean FP16"),
        (["formats", "plot", "FP16", "--out", "nowhere/x.png"], "there is no folder nowhere"),
        (["quantize"], "required: FILE.npy, --format"),
        (["quantize", "none.npy", "--format", "INT8"], "there is no file none.npy"),
        (["quantize", "x.npy", "--format", "fp8"], "there is no format 'fp8'"),
        (["quantize", "x.npy", "--format", "E8M0"], "E8M0 holds scales only"),
        (["quantize", "x.npy", "--format", "INT8", "--rounding", "up-ish"], "toward_zero"),
        (["quantize", "x.npy", "--format", "INT8", "--overflow", "no"], "saturate_symmetric"),
        (["quantize", "x.npy", "--format", "INT8", "--nonfinite", "no"], "propagate"),
        (["quantize", "x.npy", "--format", "MXINT8", "--scale-rule", "no"], "rceil"),
        (["quantize", "x.npy", "--format", "NVFP4", "--scale-rule", "floor"], "ScaleRule.RANGE"),
        (["quantize", "x.npy", "--format", "INT8", "--random-bits", "3"], "takes no random bits"),
        (
            ["quantize", "x.npy", "--format", "INT8", "--rounding", "stochastic"],
            "give --random-bits 1",
        ),
        (["quantize", "x.npy", "--format", "INT8", "--seed", "3"], "--seed goes with stochastic"),
        (["quantize", "x.npy", "--format", "INT8", "--out", "x.npy"], "x.npy already exists"),
        (["quantize", "x.npy", "--format", "INT8", "--out", "."], "is a folder"),
        (["quantize", "x.npy", "--format", "INT8", "--plot", "x.gif"], ".png, .pdf or .svg"),
        (["quantize", "nan.npy", "--format", "INT8", "--out", "n.npz"], "x[1] is nan"),
        (["quantize", "nan.npy", "--format", "FP16", "--nonfinite", "raise"], "x[1] is nan"),
        (["quantize", "text.npy", "--format", "INT8"], "is no .npy file"),
        (["quantize", "x.npz", "--format", "INT8"], "is an archive"),
    ],
)
def test_errors_are_one_line_and_leave_no_file(
    words: list[str], said: str, fails: Fails, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "x.npy", np.ones(3))
    np.savez(tmp_path / "x.npz", x=np.ones(3))
    np.save(tmp_path / "nan.npy", np.array([1.0, np.nan]))
    (tmp_path / "text.npy").write_text("1 2 3")
    monkeypatch.chdir(tmp_path)
    assert said in fails(2, *words)


def test_matplotlib_is_asked_for_only_where_a_picture_is(
    array: Path, fails: Fails, capsys: Out, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for missing in ("matplotlib", "rich"):
        monkeypatch.setitem(sys.modules, missing, None)
    printed(capsys, "formats")
    printed(capsys, "quantize", array, "--format", "INT8")
    said = "bitpde: error: matplotlib not installed: run pip install 'bitpde[app]'\n"
    assert fails(2, "formats", "plot", "FP16", "--out", tmp_path / "a.png") == said
    assert fails(2, "quantize", array, "--format", "INT8", "--plot", tmp_path / "a.png") == said


@pytest.mark.parametrize("stop", [KeyboardInterrupt, MemoryError])
def test_what_is_stopped_leaves_no_file(
    stop: type[BaseException],
    array: Path,
    capsys: Out,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def halfway(file: Any, **entries: Any) -> None:
        file.write(b"half of it")
        raise stop

    monkeypatch.setattr(np, "savez", halfway)
    words = ("quantize", array, "--format", "INT8", "--out", tmp_path / "out.npz")
    assert run(*words) == (130 if stop is KeyboardInterrupt else 1)
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["x.npy"]


def test_a_terminal_gets_the_columns_that_fit(capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run("formats") == 0
    out, err = capsys.readouterr()
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in out.splitlines()]
    assert max(map(len, lines)) <= 60
    assert all(any(line.split()[:1] == [name] for line in lines) for name in CATALOGUE)
    assert "source: on a terminal of" in err


def test_an_encoded_format_is_found_by_any_case(array: Path, capsys: Out) -> None:
    data = json.loads(printed(capsys, "quantize", array, "--format", "Int8", "--json"))
    assert data["bytes_after"] == Cast(format=INT8).encode(np.load(array)).nbytes
