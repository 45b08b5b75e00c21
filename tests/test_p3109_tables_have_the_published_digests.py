"""Every decode table of the P3109 draft of 3 to 16 bits is ours, code by code.

The published tables are known by digest. A decoder written from the draft alone reproduces all
of them, so that the digests are of what they should be.  The library's formats do, in arrays
wherever their values are binary64 numbers.
"""

import json
from fractions import Fraction
from math import isinf, isnan
from pathlib import Path

import numpy as np
import pytest
from p3109_oracle import Format, formats

from bitpde.formats import Coded, Minifloat, p3109
from bitpde.validation import p3109_tables
from bitpde.validation.p3109_tables import TableError, table_digest, value_text

DIGESTS = p3109_tables.load()


def float_text(x: float) -> str:
    if isnan(x) or isinf(x):
        return str(x)
    return rational_text(Fraction(x))


def rational_text(x: Fraction) -> str:
    return value_text(x.numerator, 1 - x.denominator.bit_length())


def oracle_table(f: Format) -> list[str]:
    pairs = map(f.pair, range(2**f.k))
    return [pair if isinstance(pair, str) else value_text(*pair) for pair in pairs]


def ours(f: Format) -> Minifloat:
    return p3109(f.k, f.p, signed=f.signed, extended=f.extended)


def differing_oracle(bits: range) -> list[str]:
    return [str(f) for f in formats(bits) if table_digest(oracle_table(f)) != DIGESTS[str(f)]]


def differing_arrays(bits: range) -> list[str]:
    found = []
    for f in formats(bits):
        if not ours(f).fits_binary64:
            continue
        codes = np.arange(2**f.k).astype(ours(f).code_dtype)
        values = Coded(format=ours(f), codes=codes).values().tolist()
        if table_digest(map(float_text, values)) != DIGESTS[str(f)]:
            found.append(str(f))
    return found


def decoded(f: Format) -> str:
    values = map(ours(f).decode, range(2**f.k))
    return table_digest(
        rational_text(v) if isinstance(v, Fraction) else float_text(v) for v in values
    )


def test_there_is_a_digest_of_every_format() -> None:
    assert sorted(DIGESTS) == sorted(map(str, formats(range(3, 17))))
    assert DIGESTS["Binary3p1se"] == DIGESTS["Binary3p2se"]  # the only two with the same values
    assert len(set(DIGESTS.values())) == len(DIGESTS) - 1


def test_a_decoder_of_the_draft_alone_gives_the_published_tables() -> None:
    assert differing_oracle(range(3, 11)) == []


def test_arrays_of_codes_decode_to_the_published_tables() -> None:
    assert differing_arrays(range(3, 11)) == []


def test_single_codes_decode_to_the_published_tables() -> None:
    assert [str(f) for f in formats(range(3, 9)) if decoded(f) != DIGESTS[str(f)]] == []


@pytest.mark.exhaustive
def test_wide_tables_are_the_published_ones() -> None:
    assert differing_oracle(range(11, 17)) == []
    assert differing_arrays(range(11, 17)) == []
    beyond = [f for f in formats(range(11, 17)) if not ours(f).fits_binary64]
    assert [str(f) for f in beyond if decoded(f) != DIGESTS[str(f)]] == []


def test_one_wrong_code_changes_the_digest() -> None:
    f = Format(8, 3, True, True)
    table = oracle_table(f)
    for code in (0x00, 0x01, 0x7E, 0x80, 0xFF):
        wrong = [*table[:code], value_text(3, 700), *table[code + 1 :]]
        assert table_digest(wrong) != DIGESTS[str(f)]
    assert table_digest(table[:-1]) != DIGESTS[str(f)]


ROWS = "codepoint,value,subnormal\n0x0,0x0p+0, \n0x1,0x0.8p-1,*\n0x2,0x1.1p+2, \n0x3,-Inf, \n"


def test_a_checkout_is_compared_with_the_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "K8" / "Binary8p3se.csv"
    table.parent.mkdir()
    table.write_text(ROWS)
    assert list(p3109_tables.published_values(table)) == ["0", "0x1p-2", "0x11p-2", "-inf"]
    assert p3109_tables.main(["--tables", str(tmp_path)]) == 1
    report = capsys.readouterr().out.splitlines()
    assert "Binary8p3se DIFFERS" in report
    assert "Binary8p3sf is missing from the checkout" in report
    assert report[-1] == "0 of 504 tables match"


def test_published_digests_are_recorded_and_read_again(tmp_path: Path) -> None:
    (tmp_path / "Binary2p1se.csv").write_text(ROWS)
    found = p3109_tables.published_digests(tmp_path)
    record = tmp_path / "digests.json"
    p3109_tables.write(found, "abc", record)
    assert p3109_tables.load(record) == found
    assert json.loads(record.read_text())["commit"] == "abc"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ROWS.replace("0x2,", "0x7,"), "stands where 0x2 was expected"),
        (ROWS.replace("0x1.1p+2", "four"), "not 'code,value,mark'"),
        (ROWS.replace("0x3,-Inf, ", "0x3"), "not 'code,value,mark'"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "Binary2p1se.csv").write_text(text)
    with pytest.raises(TableError, match=message):
        p3109_tables.published_digests(tmp_path)


def test_an_empty_checkout_and_a_broken_record_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert p3109_tables.main(["--tables", str(tmp_path)]) == 2
    assert "holds no Binary" in capsys.readouterr().err
    (tmp_path / "digests.json").write_text("[]")
    with pytest.raises(TableError, match="no file of P3109 table digests"):
        p3109_tables.load(tmp_path / "digests.json")
