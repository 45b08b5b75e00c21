"""What a format can say, as exact numbers: extremes, steps and special codes."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

from ..formats import Block, Fixed, Minifloat, PowerOfTwo
from .named_formats import Scalar
from .number_text import exact_text

_SPECIALS: Final = ("inf", "-inf", "NaN", "-0")


@dataclass(frozen=True, kw_only=True)
class ScalarFacts:
    """The facts of a scalar format; numbers are exact, None is what the format does not have.

    Parameters
    ----------
    bits
        Width of a code.
    fields
        What the bits are, from the top: ``"S1 E4 M3"``, or the integer ``q`` and its unit.
    bias
        What is subtracted from the exponent field.
    max, min
        The largest and the least finite value.
    least_positive
        The least positive value.
    min_normal, max_subnormal
        On either side of the border between normal and subnormal numbers.
    specials
        The codes of NaN, infinities and -0, as runs of consecutive codes by what they stand for.
    """

    bits: int
    fields: str
    bias: int | None
    max: Fraction
    min: Fraction
    least_positive: Fraction
    min_normal: Fraction | None
    max_subnormal: Fraction | None
    specials: dict[str, list[tuple[int, int]]]

    @property
    def min_subnormal(self) -> Fraction | None:
        """The least positive value where it is subnormal."""
        return None if self.max_subnormal is None else self.least_positive


@dataclass(frozen=True, kw_only=True)
class BlockFacts:
    """The facts of a block format: its storage, and the extremes over all scales."""

    bits_per_element: Fraction
    tile: tuple[int, int]
    element: Fixed | Minifloat
    scale: Scalar
    max: Fraction
    least_positive: Fraction


class Binade(NamedTuple):
    """Values ``low <= |x| <= high`` that are ``ulp`` apart, and the code of ``low``."""

    name: str
    low: Fraction
    high: Fraction
    ulp: Fraction
    code: int


def scalar_facts(format: Scalar) -> ScalarFacts:
    """What a scalar format can say.

    Examples
    --------
    >>> from bitpde.formats import OFP8_E4M3
    >>> facts = scalar_facts(OFP8_E4M3)
    >>> facts.fields, facts.max, facts.min_normal, facts.max_subnormal
    ('S1 E4 M3', Fraction(448, 1), Fraction(1, 64), Fraction(7, 512))
    >>> facts.specials
    {'NaN': [(127, 127), (255, 255)], '-0': [(128, 128)]}
    """
    high, low, least = _extremes(format)
    normal = subnormal = None
    if isinstance(format, Minifloat):
        border = Fraction(2) ** format.emin
        normal = border if border <= high else None
        subnormal = border - least if format.significand_bits else None
    return ScalarFacts(
        bits=format.bits,
        fields=_fields(format),
        bias=None if isinstance(format, Fixed) else format.bias,
        max=high,
        min=low,
        least_positive=least,
        min_normal=normal,
        max_subnormal=subnormal,
        specials=special_codes(format),
    )


def block_facts(format: Block) -> BlockFacts:
    """What a block format can say.

    Examples
    --------
    >>> from bitpde.formats import MXFP4_E2M1
    >>> facts = block_facts(MXFP4_E2M1)
    >>> facts.bits_per_element, facts.max == 6 * 2**127
    (Fraction(17, 4), True)
    """
    high, _, least = _extremes(format.element)
    greatest, _, smallest = _extremes(format.scale)
    return BlockFacts(
        bits_per_element=format.bits_per_element,
        tile=format.tile,
        element=format.element,
        scale=format.scale,
        max=high * greatest,
        least_positive=least * smallest,
    )


def binades(format: Scalar) -> Iterator[Binade]:
    """The positive values in runs of one step each, from the least: its subnormals, its binades.

    Examples
    --------
    >>> from bitpde.formats import OCP_E2M1
    >>> [(b.name, str(b.low), str(b.high), str(b.ulp)) for b in binades(OCP_E2M1)]
    [('subnormal', '1/2', '1/2', '1/2'), ('2^0', '1', '3/2', '1/2'), ('2^1', '2', '3', '1'), \
('2^2', '4', '6', '2')]
    """
    high, _, least = _extremes(format)
    if isinstance(format, Fixed):
        yield Binade("all", least, high, least, 1)
        return
    trailing = format.significand_bits if isinstance(format, Minifloat) else 0
    first = format.emin
    code = int(2**trailing)
    if isinstance(format, PowerOfTwo):
        code = 0
    elif trailing:
        yield Binade("subnormal", least, Fraction(2) ** first - least, least, 1)
    for exponent in range(first, format.emax + 1):
        low, ulp = Fraction(2) ** exponent, Fraction(2) ** (exponent - trailing)
        yield Binade(f"2^{exponent}", low, min(high, 2 * low - ulp), ulp, code)
        code += int(2**trailing)


def special_codes(format: Scalar) -> dict[str, list[tuple[int, int]]]:
    """The codes that are no nonzero number, by what they stand for, as runs (first, last).

    Codes change their kind only beside one that the format names (largest, infinity, NaN), or at
    the sign; so a look at these tells the runs also of formats too wide to enumerate.
    """
    if isinstance(format, Fixed):
        return {}
    end = 2**format.bits
    ordinals = {0, format.nan_code}
    if isinstance(format, Minifloat):
        ordinals |= {format.max_ordinal, format.infinity_code}
    halves = (0, end // 2)
    marks = {n + half + after for n in ordinals if n is not None for half in halves
             for after in (0, 1)}  # fmt: skip
    starts = sorted(mark for mark in marks if mark < end)
    runs: dict[str, list[tuple[int, int]]] = {}
    for start, stop in zip(starts, [*starts[1:], end], strict=True):
        value = format.decode(start)
        if isinstance(value, float):
            found = runs.setdefault(exact_text(value), [])
            if found and found[-1][1] == start - 1:
                start = found.pop()[0]
            found.append((start, stop - 1))
    return {word: runs[word] for word in _SPECIALS if word in runs}


def code_text(code: int, bits: int) -> str:
    """``code`` in hexadecimal with all its digits; a negative one in two's complement.

    Examples
    --------
    >>> code_text(126, 8), code_text(-128, 8), code_text(5, 6)
    ('0x7e', '0x80', '0x05')
    """
    return f"0x{code % 2**bits:0{-(-bits // 4)}x}"


def runs_text(runs: list[tuple[int, int]], bits: int) -> str:
    """Runs of codes in hexadecimal: ``"0x7d-0x7f, 0xfd-0xff"``."""
    words = []
    for first, last in runs:
        ends = [code_text(first, bits), code_text(last, bits)]
        words.append("-".join(dict.fromkeys(ends)))
    return ", ".join(words)


def is_signed(format: Scalar) -> bool:
    """Whether the format has negative values."""
    return not isinstance(format, PowerOfTwo) and format.min < 0


def _extremes(format: Scalar) -> tuple[Fraction, Fraction, Fraction]:
    """The largest, the least and the least positive value."""
    if isinstance(format, PowerOfTwo):
        least = Fraction(2) ** format.emin
        return Fraction(2) ** format.emax, least, least
    return format.max, format.min, format.lsb


def _fields(format: Scalar) -> str:
    if isinstance(format, PowerOfTwo):
        return f"E{format.exponent_bits}"
    sign = "S1 " if is_signed(format) else ""
    if isinstance(format, Minifloat):
        return f"{sign}E{format.exponent_bits} M{format.significand_bits}"
    unit = f"*{exact_text(format.lsb)}" if format.fraction_bits else ""
    return f"{'' if sign else 'unsigned '}q{unit}"
