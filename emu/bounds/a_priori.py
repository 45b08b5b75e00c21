"""A-priori bounds: the error of a dot product from its length, size and exponents alone.

Let every step turn an error E into at most ``(1 + L) E + B``: L is what it loses relative to the
error it is given, B what it loses of an exact sum.  From an error of zero, after n steps::

    E <= B ((1 + L)^n - 1) / L <= n B / (1 - n L / 2)    for n L < 2

because ``e^x - 1 <= x / (1 - x / 2)``.  With S = |C| + sum of |a_k b_k|, which bounds every partial
sum, u the unit roundoff (2^-p to nearest, 2^(1-p) otherwise, at a precision of p bits), h the least
positive number times u 2^(p-1), and P = 2^e for e the largest exponent the products are aligned by,
the floor, that of zeros and that of the least normal number:

* rounding x errs by at most ``u |x| + h``;
* sequential sums have one rounding a step: ``L = u``, ``B = u S + h``;
* a tree of height t has t roundings between a leaf and the root, t for n (Higham 2002, 4.2);
* a fused step of T terms in a window of F bits, each cut by at most ``w = 2^-F`` (half of it to
  nearest) of the largest exponent's power, which is at most ``P + S + E``, has a = (T + 1) w,
  ``L = a + u + a u`` and ``B = (1 + u) a (P + S) + u S + h``;
* where C is late or rounded, the products alone lose T w P, and C joins with losses of its own;
* PINTA's array has two shifts a pair of tiles, each off by at most 2^(e - guard_bits).

Fused units lose bits of P, which no relative bound sees: products that cancel leave an error of the
size of the largest, not of the sum of a column's own.  Compare Blanchard, Higham, Lopez, Mary and
Pranesh, SIAM J. Sci. Comput. 42 (2020), whose model has one u where a unit has its F and T.
"""

from fractions import Fraction
from math import inf

from ..accumulators.chunked import ChunkedAccumulator
from ..accumulators.fused import FusedAccumulator
from ..accumulators.integer import IntegerAccumulator
from ..accumulators.kinds import DotAccumulator
from ..accumulators.pinta import PintaAccumulator
from ..errors import DatapathError
from .a_priori_steps import affine_bound, part_lost
from .balls import Unbounded, upward


def a_priori_bound(
    accumulator: DotAccumulator,
    *,
    length: int,
    magnitude: float | Fraction,
    exponent: int | None = None,
    depth: int = 1,
) -> float:
    """A bound of the error of every dot product of that length and size.

    Parameters
    ----------
    accumulator
        How products become a sum.
    length
        Number of products, K.
    magnitude
        At least ``|C| + sum over k of |a_k b_k|``; for an `IntegerAccumulator` in units of its
        step.
    exponent
        At least every exponent that a product is aligned by: for `FusedAccumulator`, of the
        operands (the sum of theirs), of leading bits, or of scales, as the unit says; for
        `PintaAccumulator` the exponents of the products of scales and steps.  Others need none.
    depth
        Products of a pair of tiles, for accumulators that add tile by tile.

    Returns
    -------
    float
        Rounded up.  ``inf`` where the bounds allow a sum beyond the format or the register, or
        where n L is 2 or more.

    Raises
    ------
    DatapathError
        If a number is negative, or ``exponent`` is missing.

    Notes
    -----
    *Exactness*: a theorem, in rational arithmetic, under these preconditions: all numbers are
    finite; elements that ``flush_inputs`` takes for zeros are zeros; PINTA's register has not set
    ``overflowed``.  `error_bound` needs none of them, and is sharper, but it needs the operands.

    Examples
    --------
    >>> from bitpde.emu import accumulator_preset
    >>> for name in ("fma_fp32", "blackwell_f16", "hopper_fp8"):
    ...     unit = accumulator_preset(name)
    ...     print(f"{a_priori_bound(unit, length=4096, magnitude=1.0, exponent=0):.1e}")
    2.4e-04
    2.9e-04
    1.4e+00
    >>> a_priori_bound(accumulator_preset("int32"), length=4096, magnitude=4096 * 2**14)
    0.0
    """
    if length < 0 or magnitude < 0 or depth < 1:
        msg = f"length {length}, magnitude {magnitude} or depth {depth}: give none below 0, 0 and 1"
        raise DatapathError(msg)
    if exponent is None and _aligns(accumulator):
        msg = f"{type(accumulator).__name__} aligns its products: give their largest exponent"
        raise DatapathError(msg)
    if magnitude == inf:
        return inf
    size = Fraction(magnitude)
    if isinstance(accumulator, IntegerAccumulator):
        return 0.0 if size <= accumulator.limits[1] else inf
    power = Fraction(2) ** (exponent or 0)
    if isinstance(accumulator, PintaAccumulator):
        shifts = 2 * -(-length // depth)
        return upward(shifts * part_lost(accumulator.rounding, accumulator.guard_bits) * power)
    try:
        return upward(affine_bound(accumulator, length, depth, power, size).at(size))
    except Unbounded:
        return inf


def _aligns(unit: DotAccumulator) -> bool:
    own = unit.inner if isinstance(unit, ChunkedAccumulator) else unit
    return isinstance(own, FusedAccumulator | PintaAccumulator)
