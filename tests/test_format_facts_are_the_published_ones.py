"""What is said of a format is what its standard prints, and what enumerating its codes finds."""

import math
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from format_cases import EXTRA
from hypothesis import given
from hypothesis import strategies as st

from bitpde.cli import main
from bitpde.formats import CATALOGUE, Block, Fixed, FormatError, Minifloat, PowerOfTwo
from bitpde.validation import (
    NAMED,
    SOURCES,
    binades,
    block_facts,
    code_row,
    decimal_text,
    exact_text,
    format_called,
    scalar_facts,
    source_of,
    value_table,
)

SCALARS: dict[str, Any] = {n: f for n, f in {**NAMED, **EXTRA}.items() if not isinstance(f, Block)}
AT_MOST_16 = {name: format for name, format in SCALARS.items() if format.bits <= 16}
#: Those of more than 12 bits take a while.
EVERY = [
    pytest.param(name, marks=[pytest.mark.exhaustive] if format.bits > 12 else [])
    for name, format in AT_MOST_16.items()
]

#: OFP8 v1.0, OCP MX v1.0 section 5.3, IEEE 754-2019 section 3.6, P3109 Interim Report v4.0, and
#: the documentation of the others: the largest number, the least normal one, the largest and least
#: subnormal ones, and the codes of NaN and infinity.
PUBLISHED: dict[str, tuple[object, ...]] = {
    "OFP8_E4M3": ("448", "1/64", "7/512", "1/512", [127, 255], []),
    "OFP8_E5M2": ("57344", "1/16384", "3/65536", "1/65536",
                  [0x7D, 0x7E, 0x7F, 0xFD, 0xFE, 0xFF], [0x7C, 0xFC]),
    "OCP_E3M2": ("28", "1/4", "3/16", "1/16", [], []),
    "OCP_E2M3": ("15/2", "1", "7/8", "1/8", [], []),
    "OCP_E2M1": ("6", "1", "1/2", "1/2", [], []),
    "FP16": ("65504", "1/16384", "1023/16777216", "1/16777216",
             [*range(0x7C01, 0x8000), *range(0xFC01, 0x10000)], [0x7C00, 0xFC00]),
    "OCP_INT8": ("127/64", None, None, None, [], []),
    "INT8": ("127", None, None, None, [], []),
    "UINT8": ("255", None, None, None, [], []),
    "IEEE_E4M3": ("240", "1/64", "7/512", "1/512",
                  [*range(0x79, 0x80), *range(0xF9, 0x100)], [0x78, 0xF8]),
    "FNUZ_E4M3": ("240", "1/128", "7/1024", "1/1024", [0x80], []),
    "FNUZ_E5M2": ("57344", "1/32768", "3/131072", "1/131072", [0x80], []),
    "FNUZ_E4M3_B11": ("30", "1/1024", "7/8192", "1/8192", [0x80], []),
    "UE4M3": ("448", "1/64", "7/512", "1/512", [0x7F], []),
    "BINARY8P3SE": ("49152", "1/32768", "3/131072", "1/131072", [0x80], [0x7F, 0xFF]),
    "BINARY8P4SE": ("224", "1/128", "7/1024", "1/1024", [0x80], [0x7F, 0xFF]),
    "BINARY4P2SF": ("3", "1/2", "1/4", "1/4", [8], []),
    "BINARY8P1UF": (str(2**126), f"1/{2**127}", None, None, [0xFF], []),
}  # fmt: skip


def special(format: Any, *words: str) -> list[int]:
    runs = [run for word in words for run in scalar_facts(format).specials.get(word, [])]
    return sorted(code for first, last in runs for code in range(first, last + 1))


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_extremes_are_those_of_the_standard(name: str) -> None:
    facts = scalar_facts(SCALARS[name])
    numbers = (facts.max, facts.min_normal, facts.max_subnormal, facts.min_subnormal)
    found = tuple(None if number is None else str(number) for number in numbers)
    nan, infinite = special(SCALARS[name], "NaN"), special(SCALARS[name], "inf", "-inf")
    assert (*found, nan, infinite) == PUBLISHED[name]


def test_the_ends_of_the_binary_formats_are_those_of_ieee() -> None:
    for name, largest, normal, least in (
        ("FP64", (2 - Fraction(1, 2**52)) * 2**1023, -1022, -1074),
        ("FP32", (2 - Fraction(1, 2**23)) * 2**127, -126, -149),
        ("BF16", (2 - Fraction(1, 2**7)) * 2**127, -126, -133),
    ):
        facts = scalar_facts(SCALARS[name])
        ends = (largest, Fraction(2) ** normal, Fraction(2) ** least)
        assert (facts.max, facts.min_normal, facts.min_subnormal) == ends


def test_a_scale_has_no_zero_and_one_nan() -> None:
    facts = scalar_facts(SCALARS["E8M0"])  # OCP MX v1.0, table 7
    assert (facts.max, facts.least_positive) == (2**127, Fraction(1, 2**127))
    assert facts.specials == {"NaN": [(255, 255)]}
    assert facts.min > 0


@pytest.mark.parametrize("name", EVERY)
def test_facts_are_what_the_codes_say(name: str) -> None:
    format = AT_MOST_16[name]
    values = {code: format.decode(code) for code in format.codes()}
    finite = [value for value in values.values() if isinstance(value, Fraction)]
    facts = scalar_facts(format)
    assert (facts.max, facts.min) == (max(finite), min(finite))
    assert facts.least_positive == min(value for value in finite if value > 0)
    if isinstance(format, Minifloat):
        border = Fraction(2) ** format.emin
        assert facts.min_normal == min((v for v in finite if v >= border), default=None)
        assert facts.max_subnormal == max((v for v in finite if 0 < v < border), default=None)
    tests = {
        "NaN": math.isnan,
        "inf": lambda v: v == math.inf,
        "-inf": lambda v: v == -math.inf,
        "-0": lambda v: v == 0,
    }
    for word, test in tests.items():
        codes = [c for c, v in values.items() if isinstance(v, float) and test(v)]
        assert special(format, word) == codes, word


@pytest.mark.parametrize("name", EVERY)
def test_binades_hold_every_positive_value_one_step_apart(name: str) -> None:
    format = AT_MOST_16[name]
    decoded = (format.decode(code) for code in format.codes())
    positive = sorted({v for v in decoded if isinstance(v, Fraction) and v > 0})
    found: list[Fraction] = []
    for binade in binades(format):
        assert format.decode(binade.code) == binade.low
        run = [v for v in positive if binade.low <= v <= binade.high]
        assert {b - a for a, b in pairwise(run)} <= {binade.ulp}
        found += run
    assert found == positive


@pytest.mark.parametrize("name", EVERY)
def test_consecutive_ordinals_are_consecutive_values(name: str) -> None:
    rows = [row for row in value_table(AT_MOST_16[name], whole=True) if row is not None]
    assert [row.code for row in rows] == list(AT_MOST_16[name].codes())
    values = {row.ordinal: row.value for row in rows if row.ordinal is not None}
    places = sorted(values)
    assert places == list(range(places[0], places[-1] + 1))
    assert all(values[a] < values[b] for a, b in pairwise(places))
    bits = [row.fields.replace(" ", "") for row in rows]
    assert [int(word, 2) for word in bits] == [
        row.code % 2 ** AT_MOST_16[name].bits for row in rows
    ]


def test_a_long_table_leaves_out_codes_and_says_so() -> None:
    for name in ("FP16", "FP32", "FP64", "INT16"):
        format = SCALARS[name]
        rows = list(value_table(format))
        shown = [row.code for row in rows if row]
        assert (shown[0], shown[-1]) == (format.codes()[0], format.codes()[-1])
        assert sum(b > a + 1 for a, b in pairwise(shown)) == rows.count(None)
        assert any(row and row.value == 1 for row in rows)
        assert any(row and row.value == scalar_facts(format).max for row in rows)
        assert len(rows) < 100


def test_a_format_too_wide_to_list_says_so() -> None:
    with pytest.raises(FormatError, match="leave --all out"):
        value_table(SCALARS["FP32"], whole=True)


@pytest.mark.parametrize("name", [n for n, f in NAMED.items() if isinstance(f, Block)])
def test_the_extremes_of_a_block_are_those_of_element_and_scale(name: str) -> None:
    block = NAMED[name]
    assert isinstance(block, Block)
    facts, element = block_facts(block), scalar_facts(block.element)
    scale = scalar_facts(block.scale)
    assert facts.max == element.max * scale.max
    assert facts.least_positive == element.least_positive * scale.least_positive


def read(text: str) -> Fraction:
    """The number an exact text says, by arithmetic on its characters alone."""
    if text.startswith("-"):
        return -read(text[1:])
    if "*" in text:
        first, second = text.split("*")
        return read(first) * read(second)
    if text.startswith("("):
        first, second = text[1:-1].split("-", 1)
        return read(first) - read(second)
    if "^" in text:
        base, exponent = text.split("^")
        return Fraction(base) ** int(exponent)
    return Fraction(text)


dyadic = st.builds(
    lambda odd, exponent: odd * Fraction(2) ** exponent,
    st.one_of(
        st.integers(-(2**60), 2**60),
        st.integers(-300, 300),
        st.integers(1, 60).map(lambda places: 2**places - 1),
    ),
    st.integers(-1100, 1100),
)


@given(dyadic)
def test_exact_text_says_the_number(value: Fraction) -> None:
    assert read(exact_text(value)) == value


@given(dyadic)
def test_a_decimal_is_exact_or_marked_and_near(value: Fraction) -> None:
    text = decimal_text(value)
    if text.startswith("~"):
        assert Fraction(text[1:]) != value or len(text) < 13
        assert abs(Fraction(text[1:]) - value) <= abs(value) / (2 * 10**5)  # six digits
    else:
        assert Fraction(text) == value


def test_what_is_no_rational_has_a_name() -> None:
    specials = (math.nan, math.inf, -math.inf, -0.0)
    assert [exact_text(value) for value in specials] == ["NaN", "inf", "-inf", "-0"]
    assert [decimal_text(value) for value in specials] == ["NaN", "inf", "-inf", "-0"]


def test_every_format_has_a_source() -> None:
    assert set(SOURCES) == set(NAMED)
    assert set(CATALOGUE) <= set(NAMED)
    assert all(source_of(name.lower()) == source for name, source in SOURCES.items())
    assert source_of("binary12P5ue") == SOURCES["BINARY8P3SE"]
    assert source_of("Binary2p1se") is None


@pytest.mark.parametrize("name", NAMED)
def test_a_name_means_its_format_in_upper_and_lower_case(name: str) -> None:
    assert format_called(name) == NAMED[name]
    assert format_called(name.lower()) == NAMED[name]


@pytest.mark.parametrize(
    ("name", "near"), [("E4M3", "OFP8_E4M3"), ("FP61", "FP16"), ("mxfp8", "MXFP8_E5M2")]
)
def test_an_unknown_name_is_met_with_those_like_it(name: str, near: str) -> None:
    with pytest.raises(FormatError, match=f"there is no format '{name}': did you mean .*{near}"):
        format_called(name)


def test_the_page_of_formats_is_what_the_command_writes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["formats", "--markdown"]) == 0
    page = Path(__file__).parents[1] / "docs" / "catalogue.md"
    written = capsys.readouterr().out
    assert page.read_text(encoding="utf-8") == written, (
        "write it again: bitpde formats --markdown > docs/catalogue.md"
    )
    assert all(f"| `{name}` |" in written for name in NAMED)


def test_the_row_of_a_code_is_read_from_its_bits() -> None:
    fixed, scale = Fixed(bits=4, fraction_bits=1), PowerOfTwo()
    assert code_row(fixed, -3)[1:] == ("1101", -3, Fraction(-3, 2))
    assert code_row(scale, 128)[1:] == ("10000000", 128, 2)
    e2m1 = NAMED["OCP_E2M1"]
    assert isinstance(e2m1, Minifloat)
    assert code_row(e2m1, 8)[1:3] == ("1 00 0", 0)
