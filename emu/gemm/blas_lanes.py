"""Sums of products that no accumulator rounds or limits, by BLAS; and exact sums, rounded once.

A sum of products is a multiple of ``2^lsb`` and at most ``most`` of these, whichever products it
takes.  Where the accumulator holds all such numbers it never rounds, so that its order, its
chunks and its rounding do not matter and the result is the exact sum.
"""

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...formats import FP32, FP64, Cast, Coded, Fixed, Minifloat, Overflow, Rounding
from ..accumulators.accumulator import ExactAccumulator, SequentialAccumulator
from ..accumulators.chunked import ChunkedAccumulator
from ..accumulators.integer import IntegerAccumulator
from ..accumulators.kinds import DotAccumulator
from ..accumulators.tree import TreeAccumulator
from ..dots.sums import Sums
from ..dots.tile_depth import depth_for
from ..width import value_span
from .blas_operands import blas_operands

#: What adds numbers of its own format, and what is made of such units.
_ROUNDING = ExactAccumulator | SequentialAccumulator | TreeAccumulator
_ADDING = _ROUNDING | ChunkedAccumulator

_PLAIN_EXACT = (ExactAccumulator(format=FP32), ExactAccumulator(format=FP64))


def fill_by_blas(
    a: Coded, b: Coded, accumulator: DotAccumulator, sums: Sums, *, started: bool
) -> bool:
    """Whether the sums could be, and have been, computed by one exact product of float matrices.

    Raises
    ------
    DatapathError
        If tiles do not meet along k where the accumulator looks at them.
    """
    depth_for(accumulator, a, b)
    if isinstance(accumulator, IntegerAccumulator):
        return fill_integers(a, b, accumulator, sums)
    plain = accumulator in _PLAIN_EXACT
    rounds = isinstance(accumulator, ExactAccumulator) and not plain
    if started or rounds or not isinstance(accumulator, _ADDING):
        return False
    # Before anything is decoded: whether the accumulator holds the least sum there can be.
    if not plain and not never_rounds(accumulator, value_span(a).lsb + value_span(b).lsb, 1):
        return False
    operands = blas_operands(a, b)
    if operands is None or not (plain or never_rounds(accumulator, operands.lsb, operands.most)):
        return False
    last = accumulator.outer if isinstance(accumulator, ChunkedAccumulator) else accumulator
    sums.codes[:] = _codes(operands.product(), last.format, sums)
    return True


def never_rounds(accumulator: DotAccumulator, lsb: int, most: int) -> bool:
    """Whether an accumulator that starts at +0 holds all of ``-most 2^lsb``, ..., ``most 2^lsb``.

    Then it neither rounds nor overflows, and every zero is +0.

    Examples
    --------
    >>> from bitpde.formats import FP16
    >>> unit = SequentialAccumulator(format=FP16)
    >>> [never_rounds(unit, 0, most) for most in (2048, 2049)]
    [True, False]
    """
    if isinstance(accumulator, ChunkedAccumulator):
        return all(never_rounds(x, lsb, most) for x in (accumulator.inner, accumulator.outer))
    if not isinstance(accumulator, _ROUNDING):
        return False
    target = accumulator.format
    if isinstance(accumulator, TreeAccumulator) and accumulator.flush_inputs:
        return False
    if most * Fraction(2) ** lsb > target.max or lsb < target.lsb_min or not target.signed:
        return False
    if isinstance(target, Fixed):
        return True
    flushes = isinstance(accumulator, TreeAccumulator) and accumulator.flush_results
    if (flushes and lsb < target.emin) or not target.fits_binary64:
        return False
    significant = most <= 1 << (target.significand_bits + 1)
    return significant and accumulator.rounding is not Rounding.DOWN


def exact_column(a: Coded, b: Coded) -> Coded | None:
    """All sums of products as one FP64 column, in C order, if BLAS forms them exactly."""
    operands = blas_operands(a, b)
    if operands is None:
        return None
    values = operands.product().astype(np.float64)
    return Coded(format=FP64, codes=values.view(np.uint64).reshape(-1, 1))


def fill_integers(a: Coded, b: Coded, unit: IntegerAccumulator, sums: Sums) -> bool:
    """Sums that cannot leave the register, at no step, whichever products it has met."""
    if not (isinstance(a.format, Fixed) and isinstance(b.format, Fixed)):
        return False
    operands = blas_operands(a, b)
    if operands is None:
        return False
    start = max(abs(int(x)) for x in (sums.codes.min(initial=0), sums.codes.max(initial=0)))
    if operands.most + start > unit.limits[1]:
        return False
    counts = np.ldexp(operands.product().astype(np.float64), -operands.lsb)
    sums.codes[:] += counts.astype(np.int64)
    sums.exponents[:] = operands.lsb
    return True


def _codes(product: NDArray[Any], format: Fixed | Minifloat, sums: Sums) -> NDArray[Any]:
    """The codes of numbers that the format holds, or FP32 and FP64 rounded to nearest even."""
    if format == FP64:
        return product.astype(np.float64).view(np.int64)
    if format == FP32:
        with np.errstate(over="ignore", under="ignore"):
            rounded = product.astype(np.float32)
        sums.flags[:] |= np.isinf(rounded).astype(np.uint8)
        return rounded.view(np.uint32)
    return Cast(format=format, overflow=Overflow.SATURATE).encode(product).codes
