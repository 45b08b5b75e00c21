"""One format described line by line for a reader."""

from fractions import Fraction

from ..formats import Block
from .format_facts import Binade, binades, block_facts, code_text, runs_text, scalar_facts
from .named_formats import NAMED, AnyFormat, Scalar, name_of, source_of
from .number_text import decimal_text, exact_text

Lines = list[tuple[str, ...]]

_SHOWN = 3


def scalar_lines(name: str, format: Scalar) -> Lines:
    """Label and text of every fact of a scalar format.

    Examples
    --------
    >>> from bitpde.formats import OFP8_E4M3
    >>> scalar_lines("OFP8_E4M3", OFP8_E4M3)[6]
    ('least normal', '2^-6 = 0.015625')
    """
    facts = scalar_facts(format)
    fields = facts.fields if facts.bias is None else f"{facts.fields}, bias {facts.bias}"
    numbers = {
        "largest": facts.max,
        "least": facts.min,
        "least normal": facts.min_normal,
        "largest subnormal": facts.max_subnormal,
        "least positive": facts.least_positive,
    }
    lines = [*_head(name, format), ("bits", f"{facts.bits}: {fields}")]
    lines += [(label, _both(value)) for label, value in numbers.items() if value is not None]
    for word, runs in facts.specials.items():
        codes = sum(last - first + 1 for first, last in runs)
        count = f" ({codes:,} codes)" if codes > len(runs) else ""
        lines.append((word, runs_text(runs, format.bits) + count))
    return lines


def step_rows(format: Scalar) -> Lines:
    """A header, then a row for each run of values one step (ulp) apart; few of many binades.

    Examples
    --------
    >>> from bitpde.formats import INT8
    >>> step_rows(INT8)[1]
    ('all', '0x01', '1', '127', '1')
    """
    rows: Lines = [("binade", "first code", "from", "to", "ulp")]
    found = list(binades(format))
    gap = ("...",) * len(rows[0])
    if len(found) <= 16:
        return [*rows, *(_step(binade, format.bits) for binade in found)]
    one = next((i for i, binade in enumerate(found) if binade.low == 1), 0)
    last = -1
    for index, binade in enumerate(found):
        near = index < _SHOWN or abs(index - one) < _SHOWN or index >= len(found) - _SHOWN
        if near:
            rows += [gap] * (index > last + 1)
            rows.append(_step(binade, format.bits))
            last = index
    return rows


def block_lines(name: str, format: Block) -> tuple[Lines, list[str]]:
    """The same of a block, and the names of its element and its scale, if they have some."""
    facts = block_facts(format)
    element, scale = name_of(facts.element), name_of(facts.scale)
    rows, columns = facts.tile
    lines: Lines = [
        *_head(name, format),
        ("tile", f"{rows} x {columns}: {rows * columns} elements share a scale"),
        ("element", f"{element}: {facts.element.bits} bits"),
        ("scale", f"{scale}: {facts.scale.bits} bits"),
        ("bits per element", f"{decimal_text(facts.bits_per_element)}, scale included"),
        ("largest", _both(facts.max)),
        ("least positive", _both(facts.least_positive)),
    ]
    if format.tensor_scale:
        lines.append(("tensor scale", "a binary32 multiplies all of it; the extremes leave it out"))
    return lines, [word for word in (element, scale) if word in NAMED]


def _head(name: str, format: AnyFormat) -> Lines:
    """What it is called, where it comes from, and how to write it."""
    source = source_of(name)
    lines: Lines = [("format", name), ("written", repr(format))]
    return lines if source is None else [lines[0], ("source", source), lines[1]]


def _step(binade: Binade, bits: int) -> tuple[str, ...]:
    numbers = (exact_text(number) for number in (binade.low, binade.high, binade.ulp))
    return (binade.name, code_text(binade.code, bits), *numbers)


def _both(value: Fraction) -> str:
    """The exact text, and the decimal where it says something else."""
    exact, decimal = exact_text(value), decimal_text(value)
    if exact == decimal:
        return exact
    return f"{exact} ({decimal})" if decimal.startswith("~") else f"{exact} = {decimal}"
