"""Exact sums of products wider than a float, by BLAS in slices, and one rounding.

All values of a matrix are multiples of one power of two.  They are cut into slices of a few bits,
integers with the sign of the value, so few that no sum of products of two slices needs more than
the 53 bits of float64: each product of two slices' matrices is then exact in whatever order BLAS
adds (Ozaki, Ogita, Oishi and Rump 2012).  The products, of different places, are added in an
integer register.

Most rows of one matrix and columns of the other need no slices (`exact_product`).
"""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...formats import Coded, Overflow, split_work
from ..accumulators.accumulator import ExactAccumulator
from ..dots.sums import Sums
from .exact_product import Mask, Matrix, Numbers, by_one_product, numbers_of

Indices = NDArray[np.intp]

#: What float64 has.
_BITS = 53
#: Products of slices above which the lanes of integers are as fast.
_MOST = 36
#: Bits of a matrix of integers that float64 holds without overflow.
_WIDEST = 1000
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
    if unit.overflow is Overflow.WRAP or not a.shape[1]:
        return None
    left, right = numbers_of(a), numbers_of(b)
    cut = _cut(left, right)
    if cut is None:
        return None
    far = by_one_product(left, right, unit, sums)
    if far is None:
        _add_slices(left, right, cut, unit, sums)
    else:
        near = np.flatnonzero(~far.rows)
        _replace(left, right, np.flatnonzero(far.rows), np.arange(b.shape[0]), cut, unit, sums)
        _replace(left, right, near, np.flatnonzero(far.columns), cut, unit, sums)
    return np.asarray(left.special[:, None] | right.special)


def _cut(left: Numbers, right: Numbers) -> Cut | None:
    """The cut with the fewest products, of the smaller matrix if either will do; None if none."""
    width, other = (top - low for low, top in (left.ends, right.ends))
    length = left.values.shape[1]
    if max(width, other) > _WIDEST:
        return None
    if left.values.size >= right.values.size:
        return cut_for(width, other, length)
    cut = cut_for(other, width, length)
    return cut and Cut(cut.counts[::-1], cut.bits[::-1])


def _replace(
    left: Numbers, right: Numbers, rows: Indices, columns: Indices, cut: Cut,
    unit: ExactAccumulator, sums: Sums,
) -> None:  # fmt: skip
    """Sums of some rows and columns, which start from +0, by slices; the cut of all will do."""
    if not rows.size or not columns.size:
        return
    x, y = left.chosen(rows), right.chosen(columns)
    part = Sums(*(np.zeros((rows.size, columns.size), array.dtype) for array in sums))
    _add_slices(x, y, _cut(x, y) or cut, unit, part)
    where = np.ix_(rows, columns)
    sums.codes[where], sums.flags[where] = part.codes, part.flags


def _add_slices(
    left: Numbers, right: Numbers, cut: Cut, unit: ExactAccumulator, sums: Sums
) -> None:
    """All sums by products of slices."""
    from ..dots.widths import register_size, target_integers

    ends = left.ends, right.ends
    low, top = (sum(pair) for pair in zip(*ends, strict=True))
    target = target_integers(unit.format, unit.rounding, unit.overflow)
    lowest, limbs = register_size((low, top), left.values.shape[1], target)
    slices = [
        _slices(x.values, end[0], count, bits)
        for x, end, count, bits in zip((left, right), ends, *cut, strict=True)
    ]
    places = [
        low + n * cut.bits[0] + k * cut.bits[1]
        for n in range(cut.counts[0])
        for k in range(cut.counts[1])
    ]
    numbers = (np.array(places, np.int64), lowest, limbs, target, unit.rounding.code)
    rows, columns = sums.codes.shape
    step = max(1, _PIECE // (len(places) * max(1, columns)))
    for first in range(0, rows, step):
        _add_rows(slices[0], slices[1], numbers, sums, slice(first, first + step))


def _slices(x: Matrix, low: int, count: int, bits: int) -> list[Matrix]:
    """Integers below 2^bits; the sum of ``slices[n] 2^(low + n bits)`` is the matrix, exactly."""
    rest = _times_power(x, -low)
    found = []
    for n in range(count - 1, 0, -1):
        own = np.trunc(_times_power(rest, -n * bits))
        rest -= _times_power(own, n * bits)
        found.append(own)
    return [rest, *reversed(found)]


def _times_power(x: Matrix, exponent: int) -> Matrix:
    """``x 2^exponent``, by a product where the power is a number."""
    return x * 2.0**exponent if -1022 <= exponent <= 1023 else np.ldexp(x, exponent)


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
