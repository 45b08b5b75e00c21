"""``bitpde verify`` carries out the check that was asked for, and its status is the outcome."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bitpde.cli import main
from bitpde.formats import OFP8_E4M3, Cast
from bitpde.validation import exhaustive, p3109_tables
from bitpde.validation.peers import PEERS, Outcome, Pair, PeerError
from bitpde.validation.peers.pair import read_codes

Out = pytest.CaptureFixture[str]

SMALL = ("--exhaustive", "--formats", "INT4", "--roundings", "up", "--overflows", "raise")


def run(*words: object) -> int:
    try:
        return main(["verify", *map(str, words)])
    except SystemExit as leaving:  # argparse leaves this way
        return int(leaving.code or 0)


def one_error(capsys: Out, *words: object) -> str:
    capsys.readouterr()
    assert run(*words) == 2
    err = capsys.readouterr().err
    assert re.fullmatch(r"bitpde: error: [^\n]+\n", err)
    return err


def test_casts_are_held_to_rational_arithmetic(capsys: Out) -> None:
    assert run(*SMALL, "--sample", 99) == 0
    assert capsys.readouterr().out.endswith("1 casts, 189 inputs, 0 mismatches\n")
    for words in (["--json", *SMALL], [*SMALL, "--json"]):
        assert run(*words, "--sample", 99) == 0
        assert json.loads(capsys.readouterr().out)["inputs"] == 189


def test_a_mismatch_is_the_status(capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    check = exhaustive.check_some
    wrong = monkeypatch.setattr
    wrong(exhaustive, "check_some", lambda *words: replace(check(*words), mismatches=3))
    assert run(*SMALL, "--sample", 99) == 1
    assert "3 mismatches" in capsys.readouterr().out


def test_an_interrupted_sweep_says_how_to_go_on(
    capsys: Out, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(exhaustive, "check_some", stop)
    for words, said in (([], "interrupted\n"), (["--log", tmp_path / "log"], "from its --log\n")):
        assert run(*SMALL, "--sample", 99, *words) == 130
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert err.endswith(said)


def peer(code: int) -> Pair:
    """A peer that adds ``code`` to the code of 7 and agrees elsewhere."""
    cast = Cast(format=OFP8_E4M3)

    def theirs(x: Any, bits: Any) -> Outcome:
        words = read_codes(cast.encode(x)).words
        return Outcome(words=np.where(x == 7, words + np.uint64(code), words))

    def chunks(count: int) -> Iterator[Any]:
        yield np.arange(count, dtype=np.float32), None

    return Pair(
        peer="made up", version="1", format="OFP8_E4M3", mode="m", cast=cast, theirs=theirs,
        read=read_codes, chunks=chunks, explanations=(),
    )  # fmt: skip


@pytest.mark.parametrize("status", [0, 1])
def test_a_difference_from_a_peer_is_the_status(
    status: int, capsys: Out, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(PEERS, "torch", lambda sources: iter([peer(status)]))
    log = tmp_path / "log"
    assert run("--json", "--peers", "--only", "torch", "--count", 64, "--log", log) == status
    assert json.loads(capsys.readouterr().out)["unexplained"] == status
    assert run("--peers", "--table", log) == 0
    assert f"| made up | 1 | OFP8_E4M3 | 1 | 64 | {status} |" in capsys.readouterr().out


def test_a_peer_that_is_missing_is_named(capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(sources: object) -> Iterator[Pair]:
        msg = "it is not here:\npip install it"
        raise PeerError(msg)

    monkeypatch.setitem(PEERS, "torch", missing)
    assert "it is not here: pip install it" in one_error(capsys, "--peers", "--only", "torch")


def test_published_tables_are_held_to_their_digests(
    capsys: Out, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    table = "codepoint,value,subnormal\n0x0,0x0p+0, \n0x1,Inf, \n"
    (tmp_path / "Binary3p1se.csv").write_text(table)
    digest = p3109_tables.table_digest(["0", "inf"])
    for recorded, status in ((digest, 0), ("another", 1)):
        monkeypatch.setattr(p3109_tables, "load", lambda r=recorded: {"Binary3p1se": r})
        assert run("--p3109", tmp_path) == status
        out = capsys.readouterr().out
        assert out.endswith(f"1 tables, {status} differences\n")
        assert ("Binary3p1se DIFFERS" in out) == bool(status)
        assert run("--p3109", tmp_path, "--json") == status
        assert len(json.loads(capsys.readouterr().out)["differences"]) == status


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--exhaustive", "--sample", "0"], "--sample is 0"),
        (["--exhaustive", "--table"], "name it with --log"),
        (["--exhaustive", "--peers"], "see bitpde verify --exhaustive --help"),
        (["--peers", "--only", "nobody"], "see bitpde verify --peers --help"),
        (["--p3109"], "expected one argument"),
        (["--p3109", "nowhere"], "nowhere holds no Binary"),
        (["--p3109", ".", "--peers"], "not allowed with"),
        (["mine.json", "--p3109", "nowhere"], "leave the file out"),
        (["nowhere.json"], "nowhere.json"),
    ],
)
def test_errors_are_one_line(words: list[str], said: str, capsys: Out) -> None:
    assert said in one_error(capsys, *words)


@pytest.mark.parametrize(
    ("words", "said"),
    [([], "--exhaustive"), (["--exhaustive"], "--sample N"), (["--peers"], "--torchao PATH")],
)
def test_the_help_of_each_check_has_examples(words: list[str], said: str, capsys: Out) -> None:
    assert run(*words, "--help") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith(" ".join(["usage: bitpde verify", *words]))
    assert said in out
    assert "examples:\n  bitpde verify" in out


@pytest.mark.parametrize("module", ["exhaustive", "peers", "p3109_tables"])
def test_each_check_runs_as_a_module_too(module: str) -> None:
    command = [sys.executable, "-W", "error", "-m", f"bitpde.validation.{module}", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: ")
