"""Fixed point: a two's complement integer times a power of two."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import DTypeLike

from .errors import FormatError
from .specs import check_fields


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """The ``bits``-bit two's complement integers ``q``, each standing for ``q 2^-fraction_bits``.

    A code *is* the integer ``q``, from ``-2^(bits-1)`` to ``2^(bits-1) - 1``; consecutive codes are
    consecutive values.  There is no NaN, no infinity and one zero.

    Parameters
    ----------
    bits
        Total width with the sign bit, 2 to 32.
    fraction_bits
        Binary places below the point; negative values and values above ``bits`` are lawful.

    Examples
    --------
    >>> int4 = Fixed(bits=4)
    >>> int4.max, int4.min, int4.lsb
    (Fraction(7, 1), Fraction(-8, 1), Fraction(1, 1))
    >>> Fixed(bits=8, fraction_bits=6).decode(-128)
    Fraction(-2, 1)
    """

    bits: int
    fraction_bits: int = 0

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
        """The least value; its magnitude is one lsb more than `max`."""
        return -self.lsb * (self.max_ordinal + 1)

    @property
    def emax(self) -> int:
        """Exponent of the largest power of two among the positive values."""
        return self.bits - 2 - self.fraction_bits

    @property
    def code_dtype(self) -> DTypeLike:
        """The narrowest NumPy integer that holds a code."""
        return np.int8 if self.bits <= 8 else np.int16 if self.bits <= 16 else np.int32

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
        return int(2 ** (self.bits - 1)) - 1

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
        return range(-(2 ** (self.bits - 1)), 2 ** (self.bits - 1))

    def decode(self, code: int) -> Fraction:
        """The real number the integer ``code`` stands for; exact."""
        if not -(2 ** (self.bits - 1)) <= code <= self.max_ordinal:
            limits = f"{self.codes()[0]} to {self.max_ordinal}"
            msg = f"{code} is no code of {self}: codes run from {limits}"
            raise FormatError(msg)
        return int(code) * self.lsb
