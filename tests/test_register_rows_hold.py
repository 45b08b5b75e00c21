"""Every row of the register of disagreements: ours is as recorded, theirs too, and they differ.

Our side needs no peer.  A peer's side is computed again where that very version of it is found:
installed, or for microxcaling and torchao in a checkout named by an environment variable.
"""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bitpde.formats import Cast, Rounding
from bitpde.validation import REGISTER, RegisterError, Row, load_register, recompute
from bitpde.validation.peers import PEERS, PeerError, Sources, explanations, recompute_theirs
from bitpde.validation.peers.pair import read_values
from bitpde.validation.peers.rows import result_of_words

ROWS = load_register()
CHECKOUTS = {name: os.environ.get(f"BITPDE_{name.upper()}") for name in ("microxcaling", "torchao")}
SOURCES = Sources(**{name: Path(path) for name, path in CHECKOUTS.items() if path})

EXPLANATIONS = [
    *explanations.MICROXCALING,
    *explanations.GFLOAT,
    *explanations.TORCHAO_EVEN,
    *explanations.TORCHAO_RCEIL,
    *explanations.TORCHAO_NVFP4,
]


def gives_theirs(row: Row, cast: Cast) -> bool:
    """Whether a cast of ours gives what the row says of the other, in codes or else in values."""
    ours = recompute(row, cast)
    if ours.refused or row.theirs.refused or row.theirs.codes:
        return ours == row.theirs
    coded = cast.encode(row.x, row.random)
    return result_of_words(read_values(coded), values=True) == row.theirs


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.id)
def test_ours_is_as_recorded(row: Row) -> None:
    assert recompute(row) == row.ours


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.id)
def test_theirs_differs_and_a_cast_that_agrees_gives_it(row: Row) -> None:
    assert not gives_theirs(row, row.cast)
    assert row.agreeing is None or gives_theirs(row, row.agreeing)


@pytest.mark.filterwarnings("ignore")  # those of the peers
@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.id)
def test_theirs_is_as_recorded(row: Row) -> None:
    try:
        version, theirs = recompute_theirs(row, SOURCES)
    except PeerError as error:
        pytest.skip(str(error))
    if version != row.version:
        pytest.skip(f"found {row.peer} {version}, the row is about {row.version}")
    assert theirs == row.theirs


@pytest.mark.parametrize("explanation", EXPLANATIONS, ids=lambda each: each.row)
def test_an_explanation_covers_what_differs_in_its_row(
    explanation: explanations.Explanation,
) -> None:
    row = ROWS[explanation.row]
    covered = explanation.covers(row.cast, row.x, row.random)
    assert covered.shape == row.x.shape
    if row.theirs.codes:
        different = np.array(
            [a != b for a, b in zip(row.ours.codes, row.theirs.codes, strict=True)]
        )
        pairs = zip(row.ours.scales, row.theirs.scales, strict=True)
        tiles = np.array([a != b for a, b in pairs], bool)
        if tiles.size:
            different |= np.repeat(tiles, different.size // tiles.size)
    else:
        ours = read_values(row.cast.encode(row.x, row.random)).words.ravel()
        different = np.array([f"{int(w):016x}" for w in ours]) != np.array(row.theirs.values)
    assert different.any()
    assert covered.ravel()[different].all()


def test_every_row_names_its_question_its_rule_and_a_source() -> None:
    assert len(ROWS) == len(json.loads(REGISTER.read_text())["rows"])
    for row in ROWS.values():
        assert row.id.startswith("D")
        assert row.peer in PEERS
        assert row.question.endswith("?")
        assert row.decided_by
        assert row.reference.startswith("https://")


def test_a_wrong_row_would_be_seen() -> None:
    row = ROWS["D18-ties"]
    wrong = replace(row, cast=replace(row.cast, rounding=Rounding.NEAREST_AWAY))
    assert recompute(wrong) != wrong.ours


@pytest.mark.parametrize("text", ["", "{}", '{"rows": [{"id": "D1"}]}', '{"rows": 1}'])
def test_a_file_that_is_no_register_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "register.json"
    path.write_text(text)
    with pytest.raises(RegisterError, match=r"register\.json is no register"):
        load_register(path)
