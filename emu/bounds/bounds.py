"""How wrong a dot product of given operands can be.

Let ``s_k`` be the exact sum of C and the products of the first k steps, and ``E_k`` a bound of the
distance between it and the accumulator.  In the next step an adder sees a number within ``E_k`` of
the exact ``x = s_(k+1)``, hence of magnitude ``|x| + E_k`` at most, and rounds it by at most
``r(|x| + E_k)``, where ``r`` is half a unit in the last place to nearest, a whole one otherwise::

    E_(k+1) = E_k + r(|s_(k+1)| + E_k)

This is the running error analysis of Higham, Accuracy and Stability of Numerical Algorithms (2002),
3.3, with the exact partial sums in the place of the computed ones and units in the last place in
that of relative roundoff.  The other families have one such term for whatever they round: trees
one for each leaf, adder and group; fused units one for each product that is aligned, whose window
lies below the largest exponent there can be, and one for C (compare Blanchard, Higham and Mary,
SIAM J. Sci. Comput. 42, 2020); PINTA's array one for each shift.

Three refinements keep it sharp.  Whatever rounds to multiples of powers of two leaves a whole
number of ``2^g`` one, so that rounding to a place not above g costs nothing, and truncation at most
a step less ``2^g``.  Truncation and rounding to nearest never move a number farther than to zero.
And a register that saturates takes the error to the larger of what it was and the distance of the
exact sum from the range.

A bound is infinite exactly where no statement is made: a product or C is NaN or infinite, or the
bounds allow an infinite result.  It is a theorem wherever it is finite.
"""

from fractions import Fraction
from math import inf

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...formats import Coded
from ..accumulators.integer import IntegerAccumulator
from ..accumulators.kinds import DotAccumulator
from ..accumulators.pinta import PintaAccumulator
from .balls import Ball, Unbounded, exactly, upward
from .operands import Case, cases_of
from .sums import ball_of, integer_ball, pinta_ball


def error_bound(
    a: Coded, b: Coded, accumulator: DotAccumulator, c: ArrayLike | None = None
) -> NDArray[np.float64]:
    """A bound of ``|dot(a, b, accumulator, c) - (C + A B)|`` for every element, without `dot`.

    Parameters
    ----------
    a, b, accumulator, c
        As `dot` takes them.

    Returns
    -------
    ndarray
        float64, of the shape of the result; ``inf`` where a product or C is NaN or infinite, or
        where the bounds allow the accumulator to become so.

    Raises
    ------
    DatapathError
        If the operands do not fit each other or the accumulator.

    Notes
    -----
    *Exactness*: a theorem.  The recurrence at the head of ``emu/bounds/bounds.py`` in rational
    arithmetic on the exact products, then rounded up to a float64 once.  It counts every loss of
    the accumulator, those of flushed operands included, and takes some 0.1 ms a product.

    Examples
    --------
    >>> from bitpde.emu import accumulator_preset
    >>> from bitpde.formats import OFP8_E4M3, Cast
    >>> a = Cast(format=OFP8_E4M3).encode([1.0, 2.0**-6])
    >>> b = Cast(format=OFP8_E4M3).encode([1.0, 7 * 2.0**-9])
    >>> error_bound(a, b, accumulator_preset("hopper_fp8")).item()  # 2^-13 - 2^-15
    9.1552734375e-05
    >>> error_bound(a, b, accumulator_preset("kulisch_fp32")).item()
    0.0
    """
    shape, cases = cases_of(a, b, accumulator, c)
    bounds = [_bound(case, accumulator) for case in cases]
    return np.array(bounds, np.float64).reshape(shape)


def _bound(case: Case, accumulator: DotAccumulator) -> float:
    if case.exact() is None:
        return inf
    start = exactly(Fraction(case.start))
    try:
        return upward(_ball(case, accumulator, start).radius)
    except Unbounded:
        return inf


def _ball(case: Case, accumulator: DotAccumulator, start: Ball) -> Ball:
    if isinstance(accumulator, IntegerAccumulator):
        return integer_ball(accumulator, case.products, case.step, start)
    if isinstance(accumulator, PintaAccumulator):
        return pinta_ball(accumulator, case.products, case.depth)
    return ball_of(accumulator, case.products, case.depth, start)
