"""Every cast to at most 8 bits gives the reference's codes, and the check would say if it did not.

The default run looks at every breakpoint and its neighbours and at a spaced sample; all 2^32
inputs take ``python -m bitpde.validation.exhaustive``.
"""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bitpde.formats import (
    INT8,
    OCP_E2M1,
    OFP8_E4M3,
    Cast,
    FormatError,
    Overflow,
    Rounding,
    thread_count,
)
from bitpde.validation import Mismatch, Tally, check_every, check_some, exhaustive, sweep, sweep_log
from bitpde.validation.breakpoints import PATTERNS, REFUSED, Staircase, staircase
from bitpde.validation.sweep_workers import worker_processes
from bitpde.validation.targets import lawful_casts, targets

TARGETS = targets()
ONE = ["--formats", "INT4", "--overflows", "saturate", "--sample", "50"]


@pytest.mark.parametrize("name", TARGETS)
def test_every_cast_agrees_with_the_reference_around_every_breakpoint(name: str) -> None:
    for cast in lawful_casts(TARGETS[name]):
        tally = check_some(cast, 500)
        assert tally.first == (), cast
        assert tally.inputs > 500
        assert tally.mismatches == 0


@pytest.mark.parametrize(
    "start", [0, 2**31 - 3000, 0x3F7FF000, 0x7F7FF000, 0xC2FFF000, PATTERNS - 9]
)
def test_a_walk_finds_nothing_either_where_encoding_is_right(start: int) -> None:
    for overflow in (Overflow.SATURATE, Overflow.RAISE, Overflow.WRAP):
        stop = min(start + 6000, PATTERNS)
        tally = check_every(Cast(format=INT8, overflow=overflow), start=start, stop=stop)
        assert tally == Tally(inputs=stop - start, mismatches=0)


def test_a_walk_takes_every_pattern_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    monkeypatch.setattr(sweep, "_walk", lambda *given: seen.append(given[-2:]))
    check_every(Cast(format=INT8))
    seen.sort()
    assert seen[0][0] == 0
    assert seen[-1][1] == PATTERNS
    assert all(before[1] == after[0] for before, after in pairwise(seen))


def test_a_share_is_walked_in_chunks_without_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "CHUNK", 1000)
    start, counts, seen = 0x42FD0000, [], []
    true = Cast.encode

    def encode(cast: Cast, x: Any) -> Any:
        seen.extend(x.view(np.uint32).tolist())
        return true(cast, x)

    monkeypatch.setattr(Cast, "encode", encode)
    tally = check_every(Cast(format=INT8), start=start, stop=start + 4321, progress=counts.append)
    assert sorted(seen) == list(range(start, start + 4321))
    assert sum(counts) == tally.inputs == 4321


def shifted(cast: Cast, piece: int, by: int) -> Staircase:
    """Return the cast's staircase with one breakpoint moved."""
    stairs = staircase(cast)
    starts = stairs.starts.copy()
    starts[piece] += by
    return Staircase(cast=cast, starts=starts, outcomes=stairs.outcomes)


@pytest.mark.parametrize("piece", [1, 60, 126, 127, 200])
def test_one_wrong_code_among_all_is_found_and_named(piece: int) -> None:
    cast = Cast(format=OFP8_E4M3)
    stairs = staircase(cast)
    place = int(stairs.starts[piece])
    found, before = int(stairs.outcomes[piece]), int(stairs.outcomes[piece - 1])
    wrong = Mismatch(bits=place, expected=before, found=found)
    reference = shifted(cast, piece, 1)
    walk = check_every(cast, reference=reference, start=place - 700, stop=place + 700)
    assert walk == Tally(inputs=1400, mismatches=1, first=(wrong,))
    spots = check_some(cast, 100, reference=reference)
    assert (spots.mismatches, spots.first) == (1, (wrong,))


def test_another_tie_rule_is_found_at_the_ties() -> None:
    even = Cast(format=OCP_E2M1)
    away = Cast(format=OCP_E2M1, rounding=Rounding.NEAREST_AWAY)
    tally = check_some(away, 1000, reference=staircase(even))
    # The ties of E2M1 whose lower neighbour is even: 0.25, 1.25, 2.5 (and 5 goes up in neither
    # way otherwise: 4 is even), with both signs.
    ties = np.array([m.bits for m in tally.first], np.uint32).view(np.float32)
    assert tally.mismatches == 8
    assert ties.tolist() == [0.25, 1.25, 2.5, 5.0, -0.25]


def test_a_wrong_refusal_is_found_in_both_directions() -> None:
    raising = Cast(format=INT8, overflow=Overflow.RAISE)
    clamping = Cast(format=INT8)
    start, stop = 0x42FEFFF0, 0x42FF0010  # 127.5 and what follows is beyond
    tally = check_every(raising, reference=staircase(clamping), start=start, stop=stop)
    assert tally.mismatches == 16
    assert tally.first == (Mismatch(bits=0x42FF0000, expected=127, found=None),)
    tally = check_every(clamping, reference=staircase(raising), start=start, stop=stop)
    assert tally.mismatches == 16
    assert tally.first == (Mismatch(bits=0x42FF0000, expected=None, found=127),)
    later = shifted(raising, int(np.searchsorted(staircase(raising).starts, 0x42FF0000)), 3)
    tally = check_every(raising, reference=later, start=start, stop=stop)
    assert tally.mismatches == 3
    sooner = shifted(raising, int(np.searchsorted(staircase(raising).starts, 0x42FF0000)), -3)
    tally = check_every(raising, reference=sooner, start=start, stop=stop)
    assert tally.mismatches == 3
    assert tally.first[0].bits == 0x42FF0000 - 3


def test_a_cast_that_takes_what_its_kernel_refuses_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sweep, "_is_taken", lambda cast, bits: True)
    tally = check_every(Cast(format=INT8), start=2**31 - 10, stop=2**31)
    assert [m.bits for m in tally.first] == [2**31 - 1]
    tally = check_some(Cast(format=INT8), 10)
    assert [m.bits for m in tally.first] == [0x7F800000, 2**31 - 1, 0xFF800000, PATTERNS - 1]
    assert tally.mismatches == 4


def test_the_command_says_what_it_found_and_goes_on_from_its_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log.jsonl"
    assert exhaustive.main([*ONE, "--roundings", "up", "--log", str(log)]) == 0
    first = capsys.readouterr().out
    assert first.splitlines()[0].startswith("INT4 up saturate: ")
    with log.open("a") as file:
        file.write('{"format": "INT4", "roun')  # cut off
    assert exhaustive.main([*ONE, "--roundings", "up", "down", "--log", str(log)]) == 0
    capsys.readouterr()
    assert [line["rounding"] for line in sweep_log.lines(log)] == ["up", "down"]
    monkeypatch.setattr(exhaustive, "check_some", pytest.fail)
    both = [*ONE, "--roundings", "up", "down", "--log", str(log)]
    assert exhaustive.main([*both, "--json"]) == 0
    known = json.loads(capsys.readouterr().out)
    assert [line["mismatches"] for line in known["casts"]] == [0, 0]
    assert exhaustive.main([*both, "--table"]) == 0
    assert capsys.readouterr().out.count("| INT4 | 2 | 0 |") == 1
    # Neither a sample nor what other code has answered is an answer for all inputs by this code.
    cast = next(iter(lawful_casts(TARGETS["INT4"])))
    whole = sweep_log.line_of("INT4", cast, Tally(inputs=PATTERNS, mismatches=0), 1.0)
    assert sweep_log.answer([whole], cast, PATTERNS) == whole
    assert sweep_log.answer([{**whole, "inputs": 9999}], cast, PATTERNS) is None
    assert sweep_log.answer([{**whole, "digest": "0"}], cast, PATTERNS) is None


def test_processes_measure_what_one_process_measures() -> None:
    cast = Cast(format=INT8, overflow=Overflow.WRAP)
    with worker_processes(2) as pool:
        tallies = [pool.submit(check_some, cast, 1000 + k) for k in range(3)]
        assert [tally.result() for tally in tallies] == [
            check_some(cast, 1000 + k) for k in range(3)
        ]
        assert pool.submit(thread_count).result() == 1


def test_lines_come_in_order_also_of_policies_that_are_one_computation() -> None:
    chosen = [("OCP_E2M1", cast) for cast in lawful_casts(TARGETS["OCP_E2M1"])]
    asked: list[Cast] = []

    def measure(name: str, cast: Cast) -> exhaustive.Answer:
        asked.append(cast)
        tally = Tally(inputs=9, mismatches=0)
        return lambda: sweep_log.line_of(name, cast, tally, 1.0)

    found = list(exhaustive._answers(chosen, [], 9, measure))
    policies = [(cast.rounding.value, cast.overflow.value) for _, cast in chosen]
    assert [(line["rounding"], line["overflow"]) for line in found] == policies
    assert len(asked) == sum("same_as" not in line for line in found) < len(chosen)
    before = len(asked)
    again = list(exhaustive._answers(chosen, found, 9, measure))
    assert again == found
    assert len(asked) == before


def test_a_mismatch_is_named_and_is_the_exit_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Mismatch(bits=0x3F000000, expected=0, found=1)
    tally = Tally(inputs=50, mismatches=1, first=(wrong,))
    monkeypatch.setattr(exhaustive, "check_some", lambda cast, inputs: tally)
    words = [*ONE, "--roundings", "up", "--log", str(tmp_path / "log")]
    assert exhaustive.main(words) == 1
    assert "  0x3f000000 (0.5): expected 0, found 1\n" in capsys.readouterr().out
    monkeypatch.undo()
    assert exhaustive.main(words) == 1  # the log remembers
    assert exhaustive.main([*words, "--table"]) == 1


def test_an_interruption_keeps_what_is_finished(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    true = exhaustive.check_some

    def check(cast: Cast, inputs: int) -> Tally:
        if cast.rounding is Rounding.DOWN:
            raise KeyboardInterrupt
        return true(cast, inputs)

    monkeypatch.setattr(exhaustive, "check_some", check)
    assert exhaustive.main([*ONE, "--log", str(log)]) == 130
    assert "go on" in capsys.readouterr().err
    done = [line["rounding"] for line in sweep_log.lines(log)]
    assert done == [mode.value for mode in Rounding if mode.code < Rounding.DOWN.code]


def test_bad_words_are_one_line_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.json"
    other.write_text("[1, 2]\n")
    for words in (["--sample", "0"], ["--table"], [*ONE, "--log", str(other)]):
        assert exhaustive.main(words) == 2
        assert capsys.readouterr().err.startswith("bitpde: error: ")
    with pytest.raises(FormatError, match="no log of checks"):
        sweep_log.lines(other)


@pytest.mark.exhaustive
def test_all_of_float32_to_int8_and_e4m3_agrees() -> None:
    for cast in (Cast(format=INT8), Cast(format=OFP8_E4M3)):
        assert check_every(cast) == Tally(inputs=PATTERNS, mismatches=0)
        assert (staircase(cast).outcomes == REFUSED).sum() in (0, 2)
