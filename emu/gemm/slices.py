"""Exact sums of products wider than a float, by BLAS in slices, and one rounding.

All values of a matrix are multiples of one power of two.  They are cut into slices of a few bits,
integers with the sign of the value, so few that no sum of products of two slices needs more than
the 53 bits of float64: each product of two slices' matrices is then exact in whatever order BLAS
adds (Ozaki, Ogita, Oishi and Rump 2012).  The products, of different places, are added in an
integer register.
"""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...formats import Coded, Overflow, split_work
from ..accumulators.accumulator import ExactAccumulator
from ..dots.sums import Sums

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: What float64 has.
_BITS = 53
#: Products of slices above which the lanes of integers are as fast.
_MOST = 36
#: Numbers of all products of a piece of rows.
_PIECE = 1 << 22


class Cut(NamedTuple):
    """How both matrices are cut: slices, and bits of each, on the left and on the right."""

    counts: tuple[int, int]
    bits: tuple[int, int]


def cut_for(left: int, right: int, length: int) -> Cut | None:
    """The cut with the fewest products for numbers of so many bits; None if there are too many.

    With slices of p and q bits sums of ``length`` products are below ``length 2^(p + q)``.

    Examples
    --------
    >>> cut_for(22, 22, 512), cut_for(40, 40, 512)
    (Cut(counts=(1, 1), bits=(22, 22)), Cut(counts=(2, 2), bits=(20, 20)))
    >>> cut_for(500, 500, 512) is None
    True
    """
    room = _BITS - max(length - 1, 0).bit_length()
    found: list[tuple[int, Cut]] = []
    for count in range(1, _MOST + 1):
        bits = max(1, -(-left // count))
        if bits < room:
            others = max(1, -(-right // (room - bits)))
            cut = Cut((count, others), (bits, max(1, -(-right // others))))
            found.append((count * others, cut))
    products, cut = min(found, default=(_MOST + 1, Cut((0, 0), (0, 0))))
    return cut if products <= _MOST else None


def fill_slices(a: Coded, b: Coded, unit: ExactAccumulator, sums: Sums) -> Mask | None:
    """Compute all sums, and say where they are not computed because of NaN or infinities.

    None, and nothing is done, if numbers are too far apart or the sum wraps.  No C that sums start
    from is an infinity or NaN.
    """
    from ..dots.widths import register_size, target_integers

    if unit.overflow is Overflow.WRAP or not a.shape[1]:
        return None
    (left, odd), (right, others) = _finite(a), _finite(b)
    ends = _ends(left), _ends(right)
    cut = cut_for(ends[0][1] - ends[0][0], ends[1][1] - ends[1][0], a.shape[1])
    if cut is None:
        return None
    target = target_integers(unit.format, unit.rounding, unit.overflow)
    span = ends[0][0] + ends[1][0], ends[0][1] + ends[1][1]
    lowest, limbs = register_size(span, a.shape[1], target)
    slices = [
        _slices(x, low, count, bits)
        for x, (low, _), count, bits in zip((left, right), ends, *cut, strict=True)
    ]
    places = [
        ends[0][0] + ends[1][0] + n * cut.bits[0] + k * cut.bits[1]
        for n in range(cut.counts[0])
        for k in range(cut.counts[1])
    ]
    numbers = (np.array(places, np.int64), lowest, limbs, target, unit.rounding.code)
    step = max(1, _PIECE // (len(places) * max(1, b.shape[0])))
    for first in range(0, a.shape[0], step):
        _add_rows(slices[0], slices[1], numbers, sums, slice(first, first + step))
    return np.asarray(odd[:, None] | others)


def _finite(x: Coded) -> tuple[Matrix, Mask]:
    """The values with 0 for what is no number, and the rows that have such."""
    values = x.values()
    finite = np.isfinite(values)
    if finite.all():
        return values, np.zeros(x.shape[0], np.bool_)
    return np.where(finite, values, 0.0), ~finite.all(axis=1)


def _ends(x: Matrix) -> tuple[int, int]:
    """``(low, top)``: every value is a multiple of 2^low and below 2^top in magnitude."""
    from ..dots.span_kernels import NO_END, group_ends

    shape = (x.shape[0], 1)
    low, top = np.empty(shape, np.int32), np.empty(shape, np.int32)
    group_ends(np.ascontiguousarray(x), x.shape[1], low, top)
    least = int(low.min(initial=NO_END))
    return (0, 0) if least == NO_END else (least, int(top.max()))


def _slices(x: Matrix, low: int, count: int, bits: int) -> list[Matrix]:
    """Integers below 2^bits; the sum of ``slices[n] 2^(low + n bits)`` is the matrix, exactly."""
    rest = np.ldexp(x, -low)
    found = []
    for n in range(count - 1, 0, -1):
        own = np.trunc(np.ldexp(rest, -n * bits))
        rest -= np.ldexp(own, n * bits)
        found.append(own)
    return [rest, *reversed(found)]


def _add_rows(left: Any, right: Any, numbers: Any, sums: Sums, rows: slice) -> None:
    """Rows of the sums."""
    from .slice_kernels import rounded_slices

    c, flags = sums.codes[rows], sums.flags[rows]
    products = np.empty((len(left) * len(right), *c.shape))
    for n, (x, y) in enumerate((x, y) for x in left for y in right):
        np.matmul(x[rows], y.T, out=products[n])
    places, *others = numbers
    work = partial(rounded_slices, products, places, *others, c, flags)
    split_work(work, c.shape[0], max(1, (1 << 12) // max(1, c.shape[1])))
