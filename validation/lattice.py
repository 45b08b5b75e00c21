"""The values of a small format, read off the fields of its codes, and nothing else of the library.

A *side* is one sign of a format: magnitudes in increasing order and the code of each.  It goes on
one magnitude further than the format does, because a value is first rounded as if there were no
largest one and only then found to be too large.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from ..formats import Fixed, FormatError, Minifloat, Specials


@dataclass(frozen=True, kw_only=True)
class Side:
    """One sign of a format.

    Parameters
    ----------
    negative
        Whether this is the side of -0 and of the negative numbers.
    codes
        Codes of the magnitudes 0, 1, ... steps from zero, as far as the format goes.
    magnitudes
        The magnitudes of these codes and the next one, which has no code.
    infinity, nan
        The code of this side's infinity and the canonical NaN, or None.
    """

    negative: bool
    codes: tuple[int, ...]
    magnitudes: tuple[Fraction, ...]
    infinity: int | None
    nan: int | None


@lru_cache(maxsize=256)
def side_of(format: Fixed | Minifloat, *, negative: bool) -> Side:
    """One sign of a format of at most 16 bits; exact.

    Raises
    ------
    FormatError
        If the format is wider: its values are too many to write down.

    Examples
    --------
    >>> from bitpde.formats import OCP_E2M1
    >>> side = side_of(OCP_E2M1, negative=True)
    >>> [str(m) for m in side.magnitudes], side.codes[0], side.codes[-1]
    (['0', '1/2', '1', '3/2', '2', '3', '4', '6', '8'], 8, 15)
    """
    if format.bits > 16:
        msg = f"{format} has {format.bits} bits: choose a format of at most 16"
        raise FormatError(msg)
    if isinstance(format, Fixed):
        return _fixed_side(format, negative)
    return _minifloat_side(format, negative)


def _fixed_side(format: Fixed, negative: bool) -> Side:
    """The integers from 0 outward, two's complement or unsigned; no infinity and no NaN."""
    steps = int(2 ** (format.bits - format.signed))
    codes = range(steps)
    if negative:
        codes = range(0, -steps - 1, -1) if format.signed else range(1)
    magnitudes = (k / Fraction(2) ** format.fraction_bits for k in range(len(codes) + 1))
    return Side(
        negative=negative, codes=tuple(codes), magnitudes=tuple(magnitudes), infinity=None, nan=None
    )


def _minifloat_side(format: Minifloat, negative: bool) -> Side:
    """The finite codes of one sign, found by the fields that each convention sets aside."""
    sign = int(2 ** (format.exponent_bits + format.significand_bits))
    first = sign if negative and format.signed else 0
    last, infinity, nan = _specials(format, first)
    codes = [*range(first, last + 1)]
    if negative and nan == sign:
        codes[0] = 0  # the code of -0 is taken: +0 is the only zero
    if negative and not format.signed:
        codes, infinity = [0], None
    magnitudes = (_magnitude(format, k) for k in range(len(codes) + 1))
    return Side(
        negative=negative, codes=tuple(codes), magnitudes=tuple(magnitudes),
        infinity=infinity, nan=nan,
    )  # fmt: skip


def _specials(format: Minifloat, first: int) -> tuple[int, int | None, int | None]:
    """Last finite code of the side that starts at ``first``, its infinity, the canonical NaN."""
    trailing = int(2**format.significand_bits)
    sign = int(2**format.exponent_bits) * trailing
    last = first + sign - 1
    match format.specials:
        case Specials.IEEE:
            infinity = last - trailing + 1
            return infinity - 1, infinity, sign - trailing + trailing // 2
        case Specials.NAN_ONLY:
            return last - 1, None, sign - 1
        case Specials.NONE:
            return last, None, None
        case Specials.NEGATIVE_ZERO_IS_NAN:
            return last, None, sign
        case Specials.ONE_NAN_AND_INFINITY if format.signed:
            return last - 1, last, sign
        case Specials.ONE_NAN_AND_INFINITY:
            return last - 2, last - 1, last


def _magnitude(format: Minifloat, ordinal: int) -> Fraction:
    """``(T + 2^p [E > 0]) 2^(max(E, 1) - bias - p)`` of the fields E over T of an ordinal."""
    leading = int(2**format.significand_bits)
    field, trailing = divmod(ordinal, leading)
    significand = trailing + (leading if field else 0)
    return significand * Fraction(2) ** (max(field, 1) - format.bias - format.significand_bits)
