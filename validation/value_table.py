"""Every code of a format and what it stands for."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..formats import Fixed, FormatError, Minifloat
from .format_facts import code_text, is_signed
from .named_formats import Scalar
from .number_text import Number, decimal_text, exact_text

#: More codes than this are shown in part unless all are asked for.
WHOLE = 256
#: Formats above this width have too many codes to list.
WIDEST = 20
_ENDS, _AROUND = 8, 4


class CodeRow(NamedTuple):
    """One code: its bits by field, its place among the values, its value."""

    code: int
    fields: str
    ordinal: int | None
    value: Number

    def cells(self, bits: int) -> tuple[str, str, str, str, str]:
        """The row as text: code, fields, ordinal, exact value, decimal."""
        ordinal = "-" if self.ordinal is None else str(self.ordinal)
        return (
            code_text(self.code, bits),
            self.fields,
            ordinal,
            exact_text(self.value),
            decimal_text(self.value),
        )

    def short_cells(self, bits: int) -> tuple[str, str, str]:
        """The row in brief: code, fields, exact value."""
        return code_text(self.code, bits), self.fields, exact_text(self.value)


def code_row(format: Scalar, code: int) -> CodeRow:
    """What there is to say about one code.

    The ordinal counts values from zero: consecutive ordinals are consecutive values, and both
    zeros have 0.  A NaN or an infinity has none.

    Examples
    --------
    >>> from bitpde.formats import OFP8_E4M3
    >>> code_row(OFP8_E4M3, 0xFE)
    CodeRow(code=254, fields='1 1111 110', ordinal=-126, value=Fraction(-448, 1))
    """
    value = format.decode(code)
    ordinal: int | None = code
    half = 2 ** (format.bits - 1)
    if isinstance(value, float) and value != 0:
        ordinal = None
    elif isinstance(format, Minifloat) and is_signed(format) and code >= half:
        ordinal = half - code
    return CodeRow(code, _fields(format, code), ordinal, value)


def value_table(format: Scalar, *, whole: bool = False) -> Iterator[CodeRow | None]:
    """The rows of all codes in their order; None stands where some are left out.

    Formats of up to 256 codes are given whole, wider ones by their first and last codes and those
    around zero, one, the border of the normal numbers and the largest value.

    Raises
    ------
    FormatError
        If ``whole`` is asked of a format with more than 2^20 codes.

    Examples
    --------
    >>> from bitpde.formats import OCP_E2M1
    >>> [str(row.value) for row in value_table(OCP_E2M1)][:8]
    ['0', '1/2', '1', '3/2', '2', '3', '4', '6']
    """
    if whole and format.bits > WIDEST:
        msg = (
            f"the format has 2^{format.bits} codes: leave --all out, which takes formats of at "
            f"most {WIDEST} bits"
        )
        raise FormatError(msg)
    return _rows(format, format.codes() if whole or 2**format.bits <= WHOLE else _chosen(format))


def _rows(format: Scalar, codes: Iterable[int]) -> Iterator[CodeRow | None]:
    """The rows of ascending codes; None stands for those that are left out between them."""
    last = None
    for code in codes:
        if last is not None and code > last + 1:
            yield None
        yield code_row(format, code)
        last = code


def _chosen(format: Scalar) -> list[int]:
    """Some codes of a wide format, in order."""
    codes = format.codes()
    first, end = codes[0], codes[-1] + 1
    if isinstance(format, Fixed):
        centres = [0, 2**format.fraction_bits] if format.fraction_bits >= 0 else [0]
    elif isinstance(format, Minifloat):
        normal = 2**format.significand_bits
        centres = [normal, format.bias * normal, format.max_ordinal, end // 2]
    else:
        centres = [format.bias]
    near = {c + step for c in centres for step in range(-_AROUND, _AROUND + 1)}
    ends = {*range(first, first + _ENDS), *range(end - _ENDS, end)}
    return sorted(code for code in near | ends if first <= code < end)


def _fields(format: Scalar, code: int) -> str:
    """The bits of a code, with a space between the fields."""
    word = f"{code % 2**format.bits:0{format.bits}b}"
    if not isinstance(format, Minifloat):
        return word
    sign = word[: format.bits - format.exponent_bits - format.significand_bits]
    exponent = word[len(sign) : len(sign) + format.exponent_bits]
    return " ".join(part for part in (sign, exponent, word[len(sign) + len(exponent) :]) if part)
