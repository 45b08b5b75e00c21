"""Fixed point: an integer, two's complement or unsigned, times a power of two."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import DTypeLike

from .errors import FormatError
from .specs import check_fields


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """The ``bits``-bit integers ``q``, each standing for ``q 2^-fraction_bits``.

    A code *is* the integer ``q``: two's complement from ``-2^(bits-1)`` to ``2^(bits-1) - 1``, or
    unsigned from 0 to ``2^bits - 1``; consecutive codes are consecutive values.  There is no NaN,
    no infinity and one zero.  The notations Qm.n disagree on whether m counts the sign bit (ARM's
    does, TI's does not); here the total width and the fraction bits say it all.

    Parameters
    ----------
    bits
        Total width with the sign bit if there is one, 2 to 32.
    fraction_bits
        Binary places below the point; negative values and values above ``bits`` are lawful.
    signed
        Two's complement, or unsigned.

    Examples
    --------
    >>> int4 = Fixed(bits=4)
    >>> int4.max, int4.min, int4.lsb
    (Fraction(7, 1), Fraction(-8, 1), Fraction(1, 1))
    >>> Fixed(bits=8, fraction_bits=6).decode(-128)
    Fraction(-2, 1)
    >>> Fixed(bits=8, signed=False).max
    Fraction(255, 1)
    """

    bits: int
    fraction_bits: int = 0
    signed: bool = True

    def __post_init__(self) -> None:
        check_fields(self)
        if not 2 <= self.bits <= 32:
            msg = f"Fixed has {self.bits} bits: choose 2 to 32"
            raise FormatError(msg)
        if not -256 <= self.fraction_bits <= 256:
            msg = f"Fixed has {self.fraction_bits} fraction bits: choose -256 to 256"
            raise FormatError(msg)

    @property
    def lsb(self) -> Fraction:
        """The step between consecutive values."""
        return Fraction(2) ** -self.fraction_bits

    @property
    def max(self) -> Fraction:
        """The largest value."""
        return self.lsb * self.max_ordinal

    @property
    def min(self) -> Fraction:
        """The least value: 0, or for two's complement one lsb more than `max` in magnitude."""
        return self.lsb * self.codes()[0]

    @property
    def emax(self) -> int:
        """Exponent of the largest power of two among the positive values."""
        return self.bits - (2 if self.signed else 1) - self.fraction_bits

    @property
    def code_dtype(self) -> DTypeLike:
        """The narrowest NumPy integer that holds a code."""
        width = 8 if self.bits <= 8 else 16 if self.bits <= 16 else 32
        return np.dtype(f"{'' if self.signed else 'u'}int{width}")

    @property
    def significand_bits(self) -> int:
        """Trailing significand bits of the one binade kernels see; wider than any code."""
        return 62

    @property
    def lsb_min(self) -> int:
        """Exponent of the least step, here the only one."""
        return -self.fraction_bits

    @property
    def max_ordinal(self) -> int:
        """Code of the largest value."""
        return int(2 ** (self.bits - self.signed)) - 1

    @property
    def has_infinity(self) -> bool:
        """False: no code stands for an infinity."""
        return False

    @property
    def has_nan(self) -> bool:
        """False: no code stands for NaN."""
        return False

    def codes(self) -> range:
        """All codes, in the order of their values."""
        return range(-self.max_ordinal - 1 if self.signed else 0, self.max_ordinal + 1)

    def decode(self, code: int) -> Fraction:
        """The real number the integer ``code`` stands for; exact."""
        if not self.codes()[0] <= code <= self.max_ordinal:
            limits = f"{self.codes()[0]} to {self.max_ordinal}"
            msg = f"{code} is no code of {self}: codes run from {limits}"
            raise FormatError(msg)
        return int(code) * self.lsb
