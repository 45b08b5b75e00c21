"""Binary floating point of any small width: sign, exponent, trailing significand."""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

import numpy as np
from numpy.typing import DTypeLike

from .errors import FormatError
from .specs import check_fields


class Specials(Enum):
    """Which codes are set aside for infinities and NaNs."""

    #: IEEE 754: the top exponent holds the infinities and NaNs (FP16, BF16, OFP8 E5M2)
    IEEE = "ieee"
    #: only the all-ones magnitude is NaN, there is no infinity (OFP8 E4M3; "FN")
    NAN_ONLY = "nan_only"
    #: every code is a finite number (OCP MX E3M2, E2M3, E2M1)
    NONE = "none"
    #: the code of -0 is the only NaN, there is no infinity and no -0 ("FNUZ"; P3109 signed finite)
    NEGATIVE_ZERO_IS_NAN = "negative_zero_is_nan"
    #: one NaN, the code of -0 or in an unsigned format all ones; the largest magnitudes that are
    #: left are the infinities; no -0 (P3109 extended)
    ONE_NAN_AND_INFINITY = "one_nan_and_infinity"

    __repr__ = Enum.__str__  # so that the repr of a format evaluates back


@dataclass(frozen=True, kw_only=True)
class Minifloat:
    """A sign if any, ``exponent_bits`` of biased exponent, ``significand_bits`` of significand.

    With exponent field ``E`` and trailing significand ``T`` the magnitude is
    ``2^(E - bias) (1 + T 2^-significand_bits)`` for ``E > 0`` and the subnormal
    ``2^(1 - bias) T 2^-significand_bits`` for ``E = 0`` (IEEE 754-2019, 3.4).  A code is the sign
    bit over ``E`` over ``T``; read as an integer its magnitude part is the value's *ordinal*:
    consecutive ordinals are consecutive values.

    Parameters
    ----------
    exponent_bits
        Width of the exponent field, 1 to 16.
    significand_bits
        Width of the trailing significand, 0 to 52 (the leading bit is implied, not stored).
    bias
        What is subtracted from the exponent field.
    specials
        Which codes are infinities and NaNs.
    signed
        Whether there is a sign bit; without one no value is negative.

    Notes
    -----
    A format of at most 16 bits may reach beyond binary64 (P3109 with one bit of precision does);
    then `decode` still gives every value, and arrays of values hold those that are binary64.

    Examples
    --------
    >>> e4m3 = Minifloat(exponent_bits=4, significand_bits=3, bias=7, specials=Specials.NAN_ONLY)
    >>> e4m3.max, e4m3.decode(0x01), e4m3.decode(0x7F)
    (Fraction(448, 1), Fraction(1, 512), nan)
    """

    exponent_bits: int
    significand_bits: int
    bias: int
    specials: Specials = Specials.IEEE
    signed: bool = True

    def __post_init__(self) -> None:
        check_fields(self)
        if not 1 <= self.exponent_bits <= 16 or not 0 <= self.significand_bits <= 52:
            msg = (
                f"Minifloat has {self.exponent_bits} exponent and {self.significand_bits} "
                "significand bits: choose 1 to 16 and 0 to 52"
            )
            raise FormatError(msg)
        if self.specials is Specials.IEEE and self.significand_bits == 0:
            msg = f"{self} has one code for infinity and NaN: give it a significand bit"
            raise FormatError(msg)
        if self.specials is Specials.NEGATIVE_ZERO_IS_NAN and not self.signed:
            msg = f"{self} has no -0: choose other specials, such as NAN_ONLY"
            raise FormatError(msg)
        if self.max_ordinal < 1:
            msg = f"{self} has no positive finite value: give it more bits or other specials"
            raise FormatError(msg)
        if self.bits > 16 and not self.fits_binary64:
            msg = f"{self} reaches beyond binary64, the carrier of values: choose another bias"
            raise FormatError(msg)
        if abs(self.bias) > 2**16:
            msg = f"Minifloat has the bias {self.bias}: choose one of at most 65536 in magnitude"
            raise FormatError(msg)

    @property
    def bits(self) -> int:
        """Total width with the sign bit if there is one."""
        return self.signed + self.exponent_bits + self.significand_bits

    @property
    def fits_binary64(self) -> bool:
        """Whether every finite value is a binary64 number."""
        return self.lsb_min >= -1074 and self.emax <= 1023

    @property
    def emin(self) -> int:
        """Exponent of the least normal value."""
        return 1 - self.bias

    @property
    def emax(self) -> int:
        """Exponent of the largest power of two among the finite values.

        It is right also where all of them are subnormal: their top binade is below field 1.
        """
        return (self.max_ordinal >> self.significand_bits) - self.bias

    @property
    def lsb_min(self) -> int:
        """Exponent of the least positive value, the step of the subnormals."""
        return self.emin - self.significand_bits

    @property
    def max_ordinal(self) -> int:
        """Magnitude code of the largest finite value."""
        top = int(2 ** (self.exponent_bits + self.significand_bits)) - 1
        match self.specials:
            case Specials.IEEE:
                return int(top - 2**self.significand_bits)
            case Specials.NAN_ONLY:
                return top - 1
            case Specials.ONE_NAN_AND_INFINITY:
                return top - 1 if self.signed else top - 2
            case _:
                return top

    @property
    def infinity_code(self) -> int | None:
        """Code of +infinity, or None."""
        has = self.specials in (Specials.IEEE, Specials.ONE_NAN_AND_INFINITY)
        return self.max_ordinal + 1 if has else None

    @property
    def nan_code(self) -> int | None:
        """The canonical NaN code that encoding produces, or None."""
        match self.specials:
            case Specials.IEEE:
                return int(self.max_ordinal + 1 + 2 ** (self.significand_bits - 1))
            case Specials.NAN_ONLY:
                return self.max_ordinal + 1
            case Specials.NEGATIVE_ZERO_IS_NAN:
                return self.sign_code
            case Specials.ONE_NAN_AND_INFINITY:
                return self.sign_code if self.signed else self.max_ordinal + 2
            case _:
                return None

    @property
    def sign_code(self) -> int:
        """The sign bit alone; 0 where there is none."""
        return int(2 ** (self.bits - 1)) if self.signed else 0

    @property
    def has_infinity(self) -> bool:
        """Whether a code stands for an infinity."""
        return self.infinity_code is not None

    @property
    def has_nan(self) -> bool:
        """Whether a code stands for NaN."""
        return self.nan_code is not None

    @property
    def has_negative_zero(self) -> bool:
        """Whether -0 has a code of its own."""
        without = (Specials.NEGATIVE_ZERO_IS_NAN, Specials.ONE_NAN_AND_INFINITY)
        return self.signed and self.specials not in without

    @property
    def code_dtype(self) -> DTypeLike:
        """The narrowest NumPy unsigned integer that holds a code."""
        for dtype, width in ((np.uint8, 8), (np.uint16, 16), (np.uint32, 32)):
            if self.bits <= width:
                return dtype
        return np.uint64

    @property
    def max(self) -> Fraction:
        """The largest finite value."""
        return self._magnitude(self.max_ordinal)

    @property
    def min(self) -> Fraction:
        """The least finite value."""
        return -self.max if self.signed else Fraction(0)

    @property
    def lsb(self) -> Fraction:
        """The least positive value."""
        return Fraction(2) ** self.lsb_min

    def codes(self) -> range:
        """All codes, NaNs and infinities included."""
        return range(2**self.bits)

    def decode(self, code: int) -> Fraction | float:
        """What ``code`` stands for: a Fraction, or a float for infinities, NaN and -0; exact."""
        if not 0 <= code < 2**self.bits:
            msg = f"{code} is no code of {self}: codes run from 0 to {2**self.bits - 1}"
            raise FormatError(msg)
        negative, ordinal = divmod(int(code), self.sign_code or 2**self.bits)
        if ordinal > self.max_ordinal or (code == self.nan_code):
            infinite = ordinal == self.infinity_code
            return (-np.inf if negative else np.inf) if infinite else float("nan")
        if negative and ordinal == 0:
            return -0.0
        return -self._magnitude(ordinal) if negative else self._magnitude(ordinal)

    def _magnitude(self, ordinal: int) -> Fraction:
        implied = int(2**self.significand_bits)
        field, trailing = divmod(ordinal, implied)
        if field == 0:
            return self.lsb * trailing
        return self.lsb * (implied + trailing) * int(2 ** (field - 1))
