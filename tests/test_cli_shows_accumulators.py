"""`bitpde emu` lists every preset with its source, shows one in full, and prints witnesses."""

import json
from pathlib import Path

import pytest

from bitpde.cli import main
from bitpde.emu import (
    ACCUMULATOR_PRESETS,
    accumulator_from_json,
    accumulator_preset,
    find_witness,
)
from bitpde.formats import OFP8_E4M3
from bitpde.validation import ACCUMULATOR_SOURCES

Out = pytest.CaptureFixture[str]
PAGE = Path(__file__).parents[1] / "docs" / "accumulators.md"
WITNESS = ("emu", "witness", "hopper_fp8", "cdna3_fp8", "--format", "OFP8_E4M3")


def printed(capsys: Out, *words: str) -> str:
    capsys.readouterr()
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_the_list_has_every_preset_with_its_source(capsys: Out) -> None:
    lines = printed(capsys, "emu", "list").splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(ACCUMULATOR_PRESETS)
    for line, name in zip(lines[1:], ACCUMULATOR_PRESETS, strict=True):
        assert line.endswith(ACCUMULATOR_SOURCES[name])
    data = json.loads(printed(capsys, "emu", "list", "--json"))
    assert list(data) == list(ACCUMULATOR_PRESETS) == list(ACCUMULATOR_SOURCES)


@pytest.mark.parametrize("name", ACCUMULATOR_PRESETS)
def test_show_says_every_field(name: str, capsys: Out) -> None:
    data = json.loads(printed(capsys, "emu", "show", name, "--json"))
    assert accumulator_from_json(data["spec"]) == accumulator_preset(name)
    assert (data["name"], data["source"]) == (name, ACCUMULATOR_SOURCES[name])
    text = printed(capsys, "emu", "show", name)
    assert json.loads(text[text.index("{") :]) == data["spec"]


def test_the_page_holds_the_table_that_the_command_writes(capsys: Out) -> None:
    table = printed(capsys, "emu", "list", "--markdown")
    assert table in PAGE.read_text(encoding="utf-8"), (
        "put it there again: bitpde emu list --markdown"
    )
    assert all(f"| `{name}` |" in table for name in ACCUMULATOR_PRESETS)


def test_a_witness_is_that_of_the_library(capsys: Out) -> None:
    units = accumulator_preset("hopper_fp8"), accumulator_preset("cdna3_fp8")
    found = find_witness(*units, OFP8_E4M3)
    assert found is not None
    assert printed(capsys, *WITNESS) == found.describe("hopper_fp8", "cdna3_fp8") + "\n"
    data = json.loads(printed(capsys, *WITNESS, "--json"))
    assert data == {"one": "hopper_fp8", "other": "cdna3_fp8", **found.to_json()}


@pytest.mark.parametrize(
    ("status", "words", "text"),
    [
        (1, (*WITNESS[:3], "hopper_fp8", *WITNESS[4:]), "hopper_fp8 and hopper_fp8 are equal"),
        (1, (*WITNESS, "--budget", "0"), "no witness among 0 dot products of OFP8_E4M3"),
        (2, (*WITNESS, "--budget", "-1"), "budget is -1"),
        (2, (*WITNESS, "--seed", "-1"), "--seed is -1"),
        (2, (*WITNESS[:-1], "MXINT8"), "choose a scalar format"),
        (2, (*WITNESS[:-1], "E4M3"), "there is no format"),
        (2, ("emu", "show", "hopper"), "unknown accumulator 'hopper'"),
        (2, ("emu", "witness", "hopper", *WITNESS[3:]), "unknown accumulator 'hopper'"),
    ],
)
def test_what_cannot_be_shown_is_one_line(
    status: int, words: tuple[str, ...], text: str, capsys: Out
) -> None:
    assert main(words) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert text in err
    assert err.count("\n") == 1
