"""The dot product of two coded vectors in rational arithmetic: slow, obvious, the oracle.

Every accumulator is computed from its definition with Fractions and integers; `dot` gives the same
bits from compiled kernels.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import isnan, nan

from ...formats import Cast, Coded, Fixed, Minifloat, Overflow, encode_exact
from ..accumulators.chunked import ChunkedAccumulator
from ..accumulators.fused import FusedAccumulator
from ..accumulators.integer import IntegerAccumulator
from ..accumulators.kinds import DotAccumulator
from ..accumulators.pinta import PintaAccumulator
from ..dots.tile_depth import depth_for
from ..errors import DatapathError
from .integers import check_pinta, integer_step, integer_sum, pinta_sum
from .operands import Number, products_of
from .rounding import Flags, number_of
from .sums import sum_of


@dataclass(frozen=True, kw_only=True)
class DotResult:
    """A dot product: its code, what that stands for, and the sticky flags.

    Parameters
    ----------
    code
        The code in the accumulator's format; of integer registers the integer.
    value
        What it stands for; a zero, an infinity or NaN is a float.
    overflowed
        Whether a finite sum left the accumulator: it became infinite, saturated or wrapped.
    invalid
        Whether a NaN came of 0 times an infinity or of infinities of both signs.
    """

    code: int
    value: Number
    overflowed: bool
    invalid: bool


def result_format(accumulator: DotAccumulator) -> Fixed | Minifloat | None:
    """The format of C and of the result; None for integer registers."""
    if isinstance(accumulator, ChunkedAccumulator):
        return accumulator.outer.format
    if isinstance(accumulator, IntegerAccumulator | PintaAccumulator):
        return None
    return accumulator.format


def dot_exact(a: Coded, b: Coded, accumulator: DotAccumulator, c: int | None = None) -> DotResult:
    """``c + sum over k of a_k b_k`` as ``accumulator`` forms it.

    Parameters
    ----------
    a, b
        Coded vectors of one length, in any formats but `Affine`.  The scale of a whole tensor
        (NVFP4) is no part of the unit and must be 1.0.
    accumulator
        How products become a sum.
    c
        A code of the accumulator's format to start from, or an integer for integer registers;
        None: +0.  PINTA's register starts empty and takes none.

    Raises
    ------
    DatapathError
        If the operands do not fit each other or the accumulator, or the sum has no code there.

    Notes
    -----
    *Exactness*: the roundings of the accumulator and no other.

    Examples
    --------
    >>> from bitpde.formats import OFP8_E4M3
    >>> a = Cast(format=OFP8_E4M3).encode([448.0, 1.0, 448.0])
    >>> b = Cast(format=OFP8_E4M3).encode([1.0, 2.0**-6, -1.0])
    >>> dot_exact(a, b, FusedAccumulator(terms=4, fraction_bits=13)).value
    0.0
    >>> dot_exact(a, b, FusedAccumulator(terms=4, fraction_bits=14)).value
    Fraction(1, 64)
    """
    if not isinstance(accumulator, DotAccumulator):
        msg = f"{accumulator!r} is no accumulator: give one such as FusedAccumulator()"
        raise DatapathError(msg)
    products, flags = products_of(a, b), Flags()
    depth = depth_for(accumulator, a, b)
    if isinstance(accumulator, IntegerAccumulator):
        step = integer_step(a, b)
        code = integer_sum(accumulator, products, step, 0 if c is None else int(c), flags)
        return _result(code, code * step if code else 0.0, flags)
    if isinstance(accumulator, PintaAccumulator):
        check_pinta(a, b)
        if c is not None:
            msg = f"c is {c}: PINTA's register starts empty, leave it out"
            raise DatapathError(msg)
        register = pinta_sum(accumulator, products, depth, flags)
        if register.code is None:
            return _result(0, nan, flags)
        weight = Fraction(2) ** (register.exponent or 0) * a.element.lsb * b.element.lsb
        return _result(register.code, register.code * weight if register.code else 0.0, flags)
    format = result_format(accumulator)
    start = 0.0 if c is None else number_of(format, _checked(format, c))
    value = sum_of(accumulator, products, depth, start, flags)
    return _result(_code(accumulator, format, value), value, flags)


def _checked(format: Fixed | Minifloat | None, c: int) -> int:
    if format is None or c not in format.codes():
        msg = f"c is {c!r}: give a code of {format}"
        raise DatapathError(msg)
    return int(c)


def _code(accumulator: DotAccumulator, format: Fixed | Minifloat | None, value: Number) -> int:
    """The code of a value that the format holds, with the accumulator's own NaN."""
    if isinstance(accumulator, FusedAccumulator) and isinstance(value, float) and isnan(value):
        return accumulator.canonical_nan
    if isinstance(format, Fixed):
        return int(Fraction(value) / format.lsb)
    if format is None:
        return 0
    overflow = Overflow.INFINITY_OR_NAN if format.has_nan else Overflow.SATURATE
    return encode_exact(Cast(format=format, overflow=overflow), value)


def _result(code: int, value: Number, flags: Flags) -> DotResult:
    return DotResult(code=code, value=value, overflowed=flags.overflowed, invalid=flags.invalid)
