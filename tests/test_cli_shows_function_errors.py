"""`bitpde emu function` prints the largest errors that the library proves."""

import json
from pathlib import Path

import pytest

from bitpde.cli import main
from bitpde.emu import FunctionTable, RoundedFunction, maximum_error, unit_to_json
from bitpde.formats import OFP8_E4M3, Cast, Fixed

Out = pytest.CaptureFixture[str]
COMMAND = ("emu", "function", "tanh", "--format", "OFP8_E4M3")


def printed(capsys: Out, *words: str) -> str:
    capsys.readouterr()
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_the_errors_are_those_of_the_library(capsys: Out) -> None:
    unit = RoundedFunction(function="tanh", cast=Cast(format=OFP8_E4M3))
    found = maximum_error(unit, OFP8_E4M3)
    first, absolute, ulps = printed(capsys, *COMMAND).splitlines()
    assert first == f"tanh of the {found.operands} operands of OFP8_E4M3"
    assert absolute.split()[2] == f"{float(found.absolute.high):.6g}"
    assert ulps.split()[-1] == f"{found.ulps.code:#x}"
    data = json.loads(printed(capsys, *COMMAND, "--json"))
    assert data["ulps"] == {"error": float(found.ulps.high), "code": found.ulps.code}
    some = json.loads(printed(capsys, *COMMAND, "--within", "0", "1/2", "--json"))
    assert 0 < some["operands"] < data["operands"]


def test_a_unit_in_a_file_is_compared(capsys: Out, tmp_path: Path) -> None:
    q = Cast(format=Fixed(bits=9, fraction_bits=6))
    unit = FunctionTable(function="tanh", input=q, address_bits=6, entry=q, output=q)
    path = tmp_path / "unit.json"
    path.write_text(json.dumps(unit_to_json(unit)), encoding="utf-8")
    data = json.loads(printed(capsys, *COMMAND, "--unit", str(path), "--json"))
    assert data["absolute"]["error"] == float(maximum_error(unit, OFP8_E4M3).absolute.high)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("emu", "function", "tan", *COMMAND[3:]), "there is no function 'tan'"),
        ((*COMMAND[:4], "MXINT8"), "choose a scalar format"),
        ((*COMMAND[:4], "FP32"), "at most 16 bits"),
        ((*COMMAND, "--unit", "nowhere.json"), "--unit nowhere.json"),
        ((*COMMAND, "--within", "90000", "90001"), "no operand in"),
    ],
)
def test_what_cannot_be_compared_is_one_line(
    words: tuple[str, ...], text: str, capsys: Out
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert text in err
    assert err.count("\n") == 1
