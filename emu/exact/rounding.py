"""The rounding of an accumulator in rational arithmetic, with the flags it raises."""

from dataclasses import dataclass
from fractions import Fraction
from math import inf, isnan

from ...formats import (
    Cast,
    Fixed,
    FormatError,
    Minifloat,
    Overflow,
    decode_exact,
    encode_exact,
    round_exact,
)
from ..accumulators.fused import FusedAccumulator
from ..errors import DatapathError
from .operands import Number, add, leading_exponent, makes_nan


@dataclass
class Flags:
    """Sticky flags: once set they stay."""

    #: a finite sum was beyond the format: it became infinite or NaN, saturated or wrapped
    overflowed: bool = False
    #: a NaN came of numbers that are none: 0 times an infinity, or infinities of both signs
    invalid: bool = False

    def see_product(self, factors: list[Number], product: Number) -> None:
        """Note a product that is NaN though no factor is."""
        if isinstance(product, float) and isnan(product):
            self.invalid |= not any(isinstance(x, float) and isnan(x) for x in factors)


def step_of(format: Fixed | Minifloat, x: Fraction) -> Fraction:
    """The distance of neighbours around ``x`` in the format, had it no largest value."""
    if isinstance(format, Fixed):
        return format.lsb
    return Fraction(2) ** (max(leading_exponent(x), format.emin) - format.significand_bits)


def goes_beyond(cast: Cast, x: Fraction) -> bool:
    """Whether the rounding of ``x`` lies beyond the finite values that the cast may give.

    Those are the format's; of a fixed-point one the least is left out by ``SATURATE_SYMMETRIC``.

    Examples
    --------
    >>> from bitpde.formats import OFP8_E4M3
    >>> goes_beyond(Cast(format=OFP8_E4M3), Fraction(464)), goes_beyond(Cast(format=OFP8_E4M3),
    ...     Fraction(465))
    (False, True)
    """
    if not isinstance(cast.format, Fixed | Minifloat):
        return False
    format, step = cast.format, step_of(cast.format, x)
    parity = 0
    if isinstance(format, Minifloat) and format.significand_bits == 0:
        parity = leading_exponent(step) - format.emin
    rounded = round_exact(x, step, cast.rounding, parity=parity) * step
    least = format.min
    if cast.overflow is Overflow.SATURATE_SYMMETRIC:
        least = max(least, -format.max)
    return not least <= rounded <= format.max


def rounded_sum(cast: Cast, terms: list[Number], flags: Flags) -> Number:
    """The exact sum of the terms, rounded once by the cast.

    Raises
    ------
    DatapathError
        If the format has no code for the sum (a NaN in fixed point, say).
    """
    flags.invalid |= makes_nan(terms)
    return rounded(cast, add(terms, cast.rounding.name == "DOWN"), flags)


def rounded(cast: Cast, x: Number, flags: Flags) -> Number:
    """``x`` rounded once; a zero is a float."""
    code = code_of(cast, x)
    if isinstance(x, Fraction):
        flags.overflowed |= goes_beyond(cast, x)
    return number_of(cast.format, code)


def code_of(cast: Cast, x: Number) -> int:
    """The code of ``x`` under the cast.

    Raises
    ------
    DatapathError
        If the cast leaves ``x`` none.
    """
    try:
        return encode_exact(cast, x)
    except FormatError as error:
        msg = f"the sum {x} has no code in the accumulator: {error}"
        raise DatapathError(msg) from error


def number_of(format: object, code: int) -> Number:
    """What a code of a scalar format stands for; a zero is a float."""
    if not isinstance(format, Fixed | Minifloat):
        msg = f"{format!r} is no scalar format: accumulate in a Fixed or a Minifloat"
        raise DatapathError(msg)
    value = decode_exact(format, code)
    return value if value else float(value)


def flushed(format: Fixed | Minifloat, x: Number) -> Number:
    """A number below the normal ones of a float format as a zero of its sign."""
    if isinstance(format, Fixed) or not isinstance(x, Fraction):
        return x
    if abs(x) >= Fraction(2) ** format.emin:
        return x
    return -0.0 if x < 0 else 0.0


def rounded_fused(unit: FusedAccumulator, x: Fraction, flags: Flags) -> Number:
    """The sum of a fused step as its result, which is a value of ``unit.format``."""
    format = unit.result
    step = step_of(format, x) if x else Fraction(1)
    y = round_exact(x, step, unit.rounding) * step
    if abs(y) > format.max:
        flags.overflowed = True
        inward = unit.rounding.name in ("TOWARD_ZERO", "TO_ODD", "DOWN" if x > 0 else "UP")
        if unit.overflow_to_infinity or not inward:
            return -inf if x < 0 else inf
        return -format.max if x < 0 else format.max
    if y and unit.flush_results and abs(y) < Fraction(2) ** format.emin:
        y = Fraction(0)
    if y:
        return y
    return -0.0 if x < 0 and unit.signed_underflow else 0.0
