"""The commands that look at formats print the facts, write whole files, and lose none."""

import json
import math
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bitpde.cli import main
from bitpde.formats import (
    CAST_PRESETS,
    CATALOGUE,
    INT8,
    MXFP4_E2M1,
    MXFP8_E4M3,
    NVFP4,
    UINT8,
    Affine,
    Cast,
    Coded,
    NonFinite,
    Overflow,
    RandomBits,
    Rounding,
    ScaleRule,
    format_named,
    microxcaling,
    spec_to_json,
    torchao,
)
from bitpde.validation import NAMED, exact_text, format_called

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
    whole = ["--all"] * (format.bits <= 8)
    text = printed(capsys, "formats", "show", name, *whole)
    codes = re.findall(r"^0x([0-9a-f]+) ", text, re.MULTILINE)
    assert [int(code, 16) for code in codes] == [
        row["code"] % 2**format.bits for row in data["codes"]
    ]


@pytest.mark.parametrize("columns", [20, 60, 200])
@pytest.mark.parametrize("name", ["OFP8_E4M3", "OCP_E2M1", "INT8", "E8M0", "Binary3p1se"])
def test_short_lists_stand_side_by_side_and_read_down(
    name: str, columns: int, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    format: Any = format_called(name)
    text = printed(capsys, "formats", "show", name)
    rows = [line.split("  |  ") for line in text[text.index("\ncode ") + 1 :].splitlines()]
    assert {cell.split() == ["code", "fields", "value"] for cell in rows[0]} == {True}
    down = [cell for column in zip_longest(*rows[1:], fillvalue="") for cell in column if cell]
    found = [(int(first, 16), "".join(bits), value) for first, *bits, value in map(str.split, down)]
    assert found == [
        (code % 2**format.bits, f"{code % 2**format.bits:0{format.bits}b}", exact_text(value))
        for code, value in ((code, format.decode(code)) for code in format.codes())
    ]


# A column is 4 + 2 + 10 + 2 + 11 characters wide: 0xff, 1 1111 111 and -1.875*2^-6.  Two of them
# and what stands between take 63, three take 97.
@pytest.mark.parametrize(
    ("columns", "lines"), [(1, 257), (62, 257), (63, 129), (None, 129), (96, 129), (97, 87)]
)
def test_as_many_columns_are_shown_as_fit_80_where_there_is_no_terminal(
    columns: int | None, lines: int, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_terminal(*arguments: object) -> None:
        raise OSError

    monkeypatch.setenv("COLUMNS", "" if columns is None else str(columns))
    monkeypatch.setattr("os.get_terminal_size", no_terminal)
    text = printed(capsys, "formats", "show", "OFP8_E4M3")
    table = text[text.index("\ncode ") + 1 :].splitlines()
    assert len(table) == lines
    assert max(map(len, table)) <= max(columns or 80, 29)


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


def test_the_report_is_printed_and_the_file_is_the_encoding(
    array: Path, capsys: Out, tmp_path: Path
) -> None:
    words = ("quantize", array, "--format", "MXFP8_E4M3", "--out", tmp_path / "out.npz")
    out = printed(capsys, *words)
    coded, counts = Cast(format=MXFP8_E4M3).encode_counted(np.load(array))
    assert re.search(rf"^saturated +{counts.saturated} ", out, re.MULTILINE)
    assert re.search(r"^bits per element +8\.25$", out, re.MULTILINE)
    assert Coded.load(tmp_path / "out.npz").equals(coded)
    coded.save(tmp_path / "saved.npz")
    assert (tmp_path / "saved.npz").read_bytes() == (tmp_path / "out.npz").read_bytes()


@pytest.mark.parametrize("preset", CAST_PRESETS)
def test_a_preset_is_the_cast_of_that_name(
    preset: str, array: Path, capsys: Out, tmp_path: Path
) -> None:
    name = "UE4M3" if preset == "p3109_v4" else "MXINT8"
    words = ("quantize", array, "--format", name, "--preset", preset, "--json")
    data = json.loads(printed(capsys, *words, "--out", tmp_path / "out.npz"))
    cast = CAST_PRESETS[preset](format_named(name))
    assert data["cast"] == spec_to_json(cast)
    assert Coded.load(tmp_path / "out.npz").equals(cast.encode(np.load(array)))


def test_what_presets_and_random_bits_leave_open_is_lawful(array: Path, capsys: Out) -> None:
    no_bits = "--rounding stochastic_b --random-bits 0"
    words = {"NVFP4": "--preset torchao --scale-rule range", "INT8": no_bits}
    casts = torchao(NVFP4, rule=ScaleRule.RANGE), Cast(format=INT8, rounding=Rounding.STOCHASTIC_B)
    for (name, options), cast in zip(words.items(), casts, strict=True):
        said = printed(capsys, "quantize", array, "--format", name, *options.split(), "--json")
        assert json.loads(said)["cast"] == spec_to_json(cast)


def test_an_option_stands_in_place_of_the_presets_policy(array: Path, capsys: Out) -> None:
    words = ["quantize", array, "--format", "MXFP4_E2M1", "--preset", "microxcaling"]
    words += ["--scale-rule", "rceil", "--rounding", "down", "--overflow", "raise"]
    data = json.loads(printed(capsys, *words, "--nonfinite", "element", "--json"))
    preset = microxcaling(MXFP4_E2M1)
    assert data["cast"] == spec_to_json(
        replace(
            preset,
            rounding=Rounding.DOWN,
            overflow=Overflow.RAISE,
            nonfinite=NonFinite.ELEMENT,
            scaling=replace(preset.scaling, rule=ScaleRule.RCEIL),
        )
    )
    said = printed(capsys, *words)
    assert re.search(r"^cast +down, raise, propagate, scale rule rceil$", said, re.MULTILINE)


def test_integers_with_a_scale_are_affine(array: Path, capsys: Out, tmp_path: Path) -> None:
    words = ("quantize", array, "--format", "uint8", "--scale", 0.1, "--zero-point", 128)
    assert "zero point 128" in printed(capsys, *words, "--out", tmp_path / "out.npz")
    format = Affine(element=UINT8, scale=(float(np.float32(0.1)),), zero_point=(128,))
    assert Coded.load(tmp_path / "out.npz").equals(Cast(format=format).encode(np.load(array)))


def test_the_help_names_every_policy(capsys: Out) -> None:
    words = set(re.split(r"[\s,]+", printed(capsys, "quantize", "--help")))
    for kind in (Rounding, Overflow, NonFinite, ScaleRule):
        assert {member.value for member in kind} <= words
    assert set(CAST_PRESETS) <= words


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
    cast = Cast(format=INT8, rounding=Rounding.STOCHASTIC, random_bits=8)
    for seed in (0, 1):
        out = tmp_path / f"{seed}.npz"
        printed(capsys, *words, "--random-bits", 8, "--seed", seed, "--out", out)
        assert Coded.load(out).equals(cast.encode(np.load(array), rng=RandomBits(seed=seed)))
    first, second = (Coded.load(tmp_path / f"{seed}.npz") for seed in (0, 1))
    assert not first.equals(second)


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
        (["quantize", "x.npy", "--format", "INT8", "--scale-rule", "ceil"], "is for blocks"),
        (["quantize", "x.npy", "--format", "INT8", "--preset", "no"], "torchao, cublas"),
        (["quantize", "x.npy", "--format", "INT8", "--preset", "p3109_v4"], "has no cast to INT8"),
        (["quantize", "x.npy", "--format", "FP16", "--scale", "1"], "such as UINT8"),
        (["quantize", "x.npy", "--format", "INT8", "--scale", "1e-60"], "--scale is 1e-60: give"),
        (["quantize", "x.npy", "--format", "INT8", "--scale", "1e60"], "--scale is 1e+60: give"),
        (["quantize", "x.npy", "--format", "INT8", "--scale", "nan"], "--scale is nan: give"),
        (["quantize", "x.npy", "--format", "INT8", "--zero-point", "1"], "goes with --scale"),
        (["quantize", "x.npy", "--format", "INT8", "--out", "x.bin"], "let it end in .npz"),
        (["quantize", "x.npy", "--format", "NVFP4", "--scale-rule", "floor"], "ScaleRule.RANGE"),
        (["quantize", "x.npy", "--format", "INT8", "--random-bits", "3"], "takes no random bits"),
        (
            ["quantize", "x.npy", "--format", "INT8", "--rounding", "stochastic"],
            "give --random-bits 0 to 32",
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
