"""Overflow and non-finite input: what becomes of a value the format has no code for."""

from enum import Enum


class Overflow(Enum):
    """What a finite value becomes when its rounding lies beyond the largest code."""

    #: the largest code of the same sign; a two's complement format uses -2^(b-1) as well
    SATURATE = "saturate"
    #: the largest code whose negation also exists: a b-bit integer stays within +-(2^(b-1) - 1)
    SATURATE_SYMMETRIC = "saturate_symmetric"
    #: the low b bits of the rounded integer (fixed point only)
    WRAP = "wrap"
    #: infinity, or NaN where the format has no infinity (floating point only);
    #: a mode that rounds toward zero there stops at the largest finite value (IEEE 754 7.4)
    INFINITY_OR_NAN = "infinity_or_nan"
    #: a FormatError naming the first value
    RAISE = "raise"

    __repr__ = Enum.__str__  # so that the repr of a spec evaluates back

    @property
    def code(self) -> int:
        """The integer by which compiled kernels know this policy: its position in the enum."""
        return _CODES[self]


_CODES = {policy: position for position, policy in enumerate(Overflow)}


class NonFinite(Enum):
    """What a NaN or an infinity in the input becomes."""

    #: NaN where the format can say so: its own NaN code, or the NaN scale of the whole tile
    #: (a tile that holds an infinity too); an infinity in a scalar format follows `Overflow`.
    #: A format that can say neither raises: a NaN never becomes a number.
    PROPAGATE = "propagate"
    #: a FormatError naming the first such value
    RAISE = "raise"

    __repr__ = Enum.__str__
