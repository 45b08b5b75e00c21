"""The named formats as tables: for a terminal, for Markdown, and as plain data."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from ..formats import Block, spec_to_json
from .format_facts import BlockFacts, ScalarFacts, block_facts, scalar_facts
from .named_formats import NAMED, SOURCES, AnyFormat, name_of, source_of
from .number_text import decimal_text, exact_text

Rows = list[tuple[str, ...]]

_NONE: Final = "-"
_SCALAR: Final = (
    "format", "bits", "fields", "bias", "max", "min normal", "min positive", "specials", "kind",
    "source",
)  # fmt: skip
_BLOCK: Final = (
    "format", "bits per element", "element", "tile", "scale", "max", "min positive", "source",
)  # fmt: skip
_MARKDOWN: Final = """\
# The named formats

`bitpde formats --markdown` writes this page; `bitpde formats show NAME` says more of each.
Numbers are exact: `(2-2^-23)*2^127` is (2 - 2⁻²³) · 2¹²⁷. The least positive value is the least
subnormal where there are any. The specials are those of infinity, NaN and -0 that have a code.

## Scalar formats

`S`, `E` and `M` count the bits of sign, exponent and trailing significand; `q` is the integer that
the code is.

{scalars}

## Block formats

A tile of rows x columns shares a scale, whose byte is shared out among its elements. The extremes
are those of an element times those of the scale; a scale of the whole tensor comes on top.

{blocks}
"""


def scalar_rows() -> Rows:
    """A header, then one row per scalar format.

    Examples
    --------
    >>> dict(zip(*[row for row in scalar_rows() if row[0] in ("format", "OFP8_E4M3")]))["max"]
    '448'
    """
    rows: Rows = [_SCALAR]
    for name, format in NAMED.items():
        if isinstance(format, Block):
            continue
        facts = scalar_facts(format)
        numbers = (facts.max, facts.min_normal, facts.least_positive)
        rows.append(
            (
                name,
                str(facts.bits),
                facts.fields,
                _NONE if facts.bias is None else str(facts.bias),
                *(_NONE if number is None else exact_text(number) for number in numbers),
                " ".join(word for word in facts.specials if word != "-inf") or _NONE,
                type(format).__name__,
                SOURCES[name],
            )
        )
    return rows


def block_rows() -> Rows:
    """A header, then one row per block format.

    Examples
    --------
    >>> [row[1:5] for row in block_rows() if row[0] == "SMX_INT8"]
    [('8.5', 'INT8', '4x4', 'E8M0')]
    """
    rows: Rows = [_BLOCK]
    for name, format in NAMED.items():
        if not isinstance(format, Block):
            continue
        facts = block_facts(format)
        rows.append(
            (
                name,
                decimal_text(facts.bits_per_element),
                name_of(facts.element),
                "x".join(map(str, facts.tile)),
                name_of(facts.scale),
                exact_text(facts.max),
                exact_text(facts.least_positive),
                SOURCES[name],
            )
        )
    return rows


def formats_markdown() -> str:
    """The page of the named formats."""
    return _MARKDOWN.format(scalars=_markdown(scalar_rows()), blocks=_markdown(block_rows()))


def format_json(name: str, format: AnyFormat) -> dict[str, Any]:
    """A format and its facts as plain data; numbers as exact fractions in a string.

    Examples
    --------
    >>> data = format_json("OCP_E2M1", NAMED["OCP_E2M1"])
    >>> data["spec"]["kind"], data["max"], data["min_subnormal"], data["specials"]
    ('Minifloat', '6', '1/2', {'-0': [[8, 8]]})
    """
    head = {"name": name, "source": source_of(name), "spec": spec_to_json(format)}
    if isinstance(format, Block):
        return head | _block_json(block_facts(format))
    return head | _scalar_json(scalar_facts(format))


def number_json(value: Fraction | float | None) -> str | None:
    """A number as JSON can hold it exactly: ``"7/512"``, ``"inf"``, ``"NaN"``, ``"-0"``."""
    return exact_text(value) if isinstance(value, float) else None if value is None else str(value)


def _scalar_json(facts: ScalarFacts) -> dict[str, Any]:
    numbers = ("max", "min", "min_normal", "max_subnormal", "min_subnormal", "least_positive")
    return {
        "bits": facts.bits,
        "fields": facts.fields,
        "bias": facts.bias,
        **{word: number_json(getattr(facts, word)) for word in numbers},
        "specials": {word: [list(run) for run in runs] for word, runs in facts.specials.items()},
    }


def _block_json(facts: BlockFacts) -> dict[str, Any]:
    return {
        "bits_per_element": float(facts.bits_per_element),
        "tile": list(facts.tile),
        "element": name_of(facts.element),
        "scale": name_of(facts.scale),
        "max": number_json(facts.max),
        "least_positive": number_json(facts.least_positive),
    }


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; what may be read as markup is code."""
    lines = ["| " + " | ".join(rows[0]) + " |", "|---" * len(rows[0]) + "|"]
    for name, *cells in rows[1:]:
        marked = [f"`{cell}`" if {"^", "*", "_"} & set(cell) else cell for cell in cells]
        lines.append("| " + " | ".join([f"`{name}`", *marked]) + " |")
    return "\n".join(lines)
