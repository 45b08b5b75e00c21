"""Casts agree with every peer that is installed, but for the differences the register explains.

A few thousand values for each format; ``python -m bitpde.validation.peers`` takes as many as asked.
The comparison itself is tested with peers made up here, which depart from us in a known place.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bitpde.formats import MXFP8_E4M3, OFP8_E4M3, Cast
from bitpde.validation.peers import PEERS, Explanation, Outcome, Pair, PeerError, Sources, compare
from bitpde.validation.peers.__main__ import main
from bitpde.validation.peers.cases import blocks, generator, magnitudes, near, nudge, scalars
from bitpde.validation.peers.log import markdown, read_log, tally_line
from bitpde.validation.peers.pair import Array, Chunk, read_codes

CHECKOUTS = {name: os.environ.get(f"BITPDE_{name.upper()}") for name in ("microxcaling", "torchao")}
SOURCES = Sources(**{name: Path(path) for name, path in CHECKOUTS.items() if path})


@pytest.mark.filterwarnings("ignore")  # those of the peers
@pytest.mark.parametrize("name", PEERS)
def test_no_difference_is_left_unexplained(name: str) -> None:
    try:
        pairs = list(PEERS[name](SOURCES))
    except PeerError as error:
        pytest.skip(str(error))
    # Hundreds of pairs: a prime stride still meets every format and every mode.
    pairs = pairs[:: {"apytypes": 7, "gfloat": 13}.get(name, 1)]
    tallies = list(compare(pairs, 4096))
    assert [tally.first for tally in tallies if tally.unexplained] == []
    assert all(tally.compared > 0 for tally in tallies)


CAST = Cast(format=OFP8_E4M3)


def off_at(value: float, explanation: tuple[Explanation, ...] = ()) -> Pair:
    """A peer that adds one to the code of one value and agrees elsewhere."""

    def theirs(x: Array, bits: Array | None) -> Outcome:
        words = read_codes(CAST.encode(x)).words
        return Outcome(words=np.where(x == value, words + np.uint64(1), words))

    def chunks(count: int) -> Iterator[Chunk]:
        yield np.arange(count, dtype=np.float32), None

    return Pair(
        peer="made up", version="1", format="OFP8_E4M3", mode="m", cast=CAST, theirs=theirs,
        read=read_codes, chunks=chunks, explanations=explanation,
    )  # fmt: skip


def test_a_difference_is_found_and_shown() -> None:
    (tally,) = compare([off_at(7)], 100)
    assert (tally.compared, tally.differences, tally.unexplained) == (100, 1, 1)
    assert tally.first is not None
    assert tally.first["input"] == ["40e00000"]
    assert tally.first["ours"] == ["4e"]
    assert tally.first["theirs"] == ["4f"]


def test_an_explanation_takes_off_what_it_covers_and_nothing_else() -> None:
    covering = Explanation(row="D0", covers=lambda cast, x, bits: x == 7)
    (tally,) = compare([off_at(7, (covering,))], 100)
    assert (tally.differences, tally.unexplained, tally.explained) == (1, 0, {"D0": 1})
    (tally,) = compare([off_at(8, (covering,))], 100)
    assert (tally.differences, tally.unexplained, tally.explained) == (1, 1, {})
    assert tally.first is not None


def test_a_scale_that_differs_makes_its_whole_tile_differ() -> None:
    ours = read_codes(Cast(format=MXFP8_E4M3).encode(np.ones((2, 64))))
    assert ours.scales is not None
    scales = ours.scales.copy()
    scales[1, 1] += 1
    different = ours.differs(replace(ours, scales=scales))
    assert different[1, 32:].all()
    assert different.sum() == 32


def test_inputs_are_the_same_at_every_call_and_reach_the_corners() -> None:
    for dtype in (np.float32, np.float64):
        x, again = (scalars(OFP8_E4M3, generator("t"), 2**14, dtype) for _ in range(2))
        assert x.tobytes() == again.tobytes()
        assert np.isnan(x).any()
        assert np.isinf(x).any()
        assert (np.signbit(x) & (x == 0)).any()
        ties = magnitudes(OFP8_E4M3)
        ties = (ties[1:] + ties[:-1]) / 2
        assert np.isin(ties, np.abs(x)).mean() > 0.9
    tiles = blocks(OFP8_E4M3, generator("t"), 4096)
    maximum = np.abs(tiles).max(axis=1)
    assert (maximum == 0).any()
    assert np.isnan(maximum).any()
    assert np.isinf(maximum).any()
    assert (maximum < 2.0**-126).any()
    assert (maximum == np.finfo(np.float32).max).any()


def test_numbers_near_a_grid_stay_within_it() -> None:
    x = near(np.array([0.0, 1.0, 3.0]), generator("t"), 1000)
    assert np.abs(x).max() <= 3
    assert nudge(np.array([0.0, np.inf]), np.array([1, 1])).tolist() == [0.0, np.inf]


def test_a_log_is_read_back_and_tabled(tmp_path: Path) -> None:
    tallies = list(compare([off_at(7)], 100))
    path = tmp_path / "log"
    path.write_text("\n".join(['{"count": 1}', *map(tally_line, tallies)]))
    assert read_log(path) == tallies
    assert markdown(tallies).splitlines()[-1] == "| made up | 1 | OFP8_E4M3 | 1 | 100 | 1 | - | 1 |"


def test_the_command_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "microxcaling"]) == 2
    error = capsys.readouterr().err
    assert "--microxcaling PATH" in error or "bitpde[peers-torch]" in error
    assert error.count("\n") == 1


def test_the_command_names_the_extra(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("bitpde.validation.peers.pair.import_module", missing)
    assert main(["--only", "ml_dtypes"]) == 2
    assert "pip install 'bitpde[peers]'" in capsys.readouterr().err


def test_the_command_writes_a_log_and_its_status_says_whether_all_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    for value, status in ((7.0, 1), (-1.0, 0)):
        monkeypatch.setitem(PEERS, "torch", lambda sources, value=value: iter([off_at(value)]))
        assert main(["--only", "torch", "--count", "64", "--log", str(path), "--json"]) == status
        shown = capsys.readouterr()
        assert json.loads(shown.out)["unexplained"] == status
        assert ("first difference" in shown.err) == bool(status)
        assert [tally.compared for tally in read_log(path)] == [64]
    assert main(["--table", str(path)]) == 0
    assert capsys.readouterr().out.startswith("| peer | version |")
    assert main(["--table", str(tmp_path / "none")]) == 2
