"""Overflow and non-finite input: what becomes of a value the format has no code for.

A value is rounded first, as if the format had no largest value; the policy is asked afterwards, of
the rounded value.  An unsigned format has no negative values: one that does not round to zero is
beyond the least value, 0, and the policy decides what it becomes.
"""

from enum import Enum


class Overflow(Enum):
    """What a finite value becomes when its rounding lies beyond the format's range."""

    #: the nearest end of the range; a two's complement format uses -2^(b-1) as well.
    #: Infinities too (P3109 SatFinite)
    SATURATE = "saturate"
    #: the nearest end of the range, but an infinity stays one where the format has infinities
    #: (floating point only; P3109 SatPropagate)
    SATURATE_FINITE = "saturate_finite"
    #: the largest code whose negation also exists: a b-bit integer stays within +-(2^(b-1) - 1)
    SATURATE_SYMMETRIC = "saturate_symmetric"
    #: the low b bits of the rounded integer (fixed point only)
    WRAP = "wrap"
    #: infinity, or NaN where the format has no infinity of that sign (floating point only);
    #: a mode that rounds toward zero there stops at the end of the range (IEEE 754 7.4), and so
    #: does TO_ODD, unless the code of infinity is the odd one (P3109 4.7.5)
    INFINITY_OR_NAN = "infinity_or_nan"
    #: infinity, or the largest value where the format has none; NaN below an unsigned format;
    #: the modes that stop at the end of the range are the same (P3109 SatNone)
    INFINITY_OR_MAX = "infinity_or_max"
    #: a FormatError naming the first value
    RAISE = "raise"

    __repr__ = Enum.__str__  # so that the repr of a spec evaluates back


class NonFinite(Enum):
    """What a NaN or an infinity in the input becomes."""

    #: NaN where the format can say so: its own NaN code, or the NaN scale of the whole tile
    #: (a tile that holds an infinity too); an infinity in a scalar format follows `Overflow`.
    #: A format that can say neither raises: a NaN never becomes a number.
    PROPAGATE = "propagate"
    #: in a block, that element alone: the scale comes from the finite elements, a NaN takes the
    #: element format's NaN and an infinity follows `Overflow` (P3109 4.8); as PROPAGATE elsewhere
    ELEMENT = "element"
    #: a FormatError naming the first such value
    RAISE = "raise"

    __repr__ = Enum.__str__
