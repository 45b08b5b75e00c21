"""Exact sums of products that float64 holds, by one product of BLAS.

Let every number of a row be a multiple of 2^l and below 2^t, and every number of a column one of
2^m and below 2^u.  Each sum of some of their n products is a multiple of 2^(l + m) and below
n 2^(t + u), so that BLAS, which adds them in an order of its own, rounds nothing where
``(t - l) + (u - m) + ceil(log2 n)`` is at most 53.  Scales of a whole row or column do not matter.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...formats import FP32, Coded, Minifloat, Rounding
from ..accumulators.accumulator import ExactAccumulator
from ..dots.sums import Sums

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: What float64 has.
_BITS = 53


class Numbers(NamedTuple):
    """The rows of a matrix of finite numbers, 0 for those that are none, and where these are."""

    values: Matrix
    special: Mask
    #: every number of a row is a multiple of 2^low and below 2^top; (0, 0) if all are 0
    low: NDArray[np.int32]
    top: NDArray[np.int32]

    @property
    def ends(self) -> tuple[int, int]:
        """The same of all rows."""
        some = self.top > self.low
        least = int(self.low.min(where=some, initial=1 << 20))
        return (least, int(self.top.max(where=some, initial=least))) if some.any() else (0, 0)

    def chosen(self, rows: NDArray[np.intp]) -> "Numbers":
        """Some of the rows."""
        if rows.size == self.special.size:
            return self
        values, special, low, top = self
        return Numbers(values[rows], special[rows], low[rows], top[rows])


class Far(NamedTuple):
    """Rows and columns whose sums need more bits."""

    rows: Mask
    columns: Mask


def numbers_of(x: Coded) -> Numbers:
    """The rows of a coded matrix."""
    from ..dots.span_kernels import NO_END, group_ends

    codes = np.ascontiguousarray(x.codes)
    values = Coded.unchecked(x.format, codes, x.scales, x.tensor_scale).values()
    finite = np.isfinite(values)
    special = np.zeros(x.shape[0], np.bool_)
    if not finite.all():
        special = np.asarray(~finite.all(axis=1))
        values = np.where(finite, values, 0.0)
    values = np.ascontiguousarray(values)
    low, top = np.empty((2, x.shape[0], 1), np.int32)
    group_ends(values, x.shape[1], low, top)
    zeros = low == NO_END
    low[zeros] = top[zeros] = 0
    return Numbers(values, special, low[:, 0], top[:, 0])


def by_one_product(left: Numbers, right: Numbers, unit: ExactAccumulator, sums: Sums) -> Far | None:
    """Compute all sums but those of some rows and columns, and return these.

    None, and nothing is done, if C is not +0, if a sum may overflow, or if too many are left.
    """
    format, length = unit.format, left.values.shape[1]
    (low, top), (least, greatest) = left.ends, right.ends
    in_range = low + least >= -1022 and top + greatest + length.bit_length() <= 1023
    if isinstance(format, Minifloat) and not format.fits_binary64:
        return None
    if not in_range or sums.codes.any():
        return None
    far = _far(left, right, _BITS - max(length - 1, 0).bit_length())
    if far is None:
        return None
    found = np.matmul(left.values, right.values.T)
    if found.min(initial=0.0) < float(format.min) or found.max(initial=0.0) > float(format.max):
        return None
    found += 0.0  # so that no zero is negative
    sums.codes[:] = _codes(found, unit)
    return far


def _codes(values: Matrix, unit: ExactAccumulator) -> NDArray[Any]:
    """The codes of numbers that are in range, each rounded once; those of 64 bits as signed."""
    if unit.format == FP32 and unit.rounding is Rounding.NEAREST_EVEN:
        return values.astype(np.float32).view(np.uint32)
    codes = unit.cast.encode(values).codes
    return codes.view(np.int64) if codes.dtype == np.uint64 else codes


def _far(left: Numbers, right: Numbers, room: int) -> Far | None:
    """The fewest rows and columns without which all others have room; None if that is many.

    ``room`` bits are shared out: a row may have so many, and a column what is left of them.
    """
    widths = left.top - left.low, right.top - right.low
    shares = np.arange(max(room, 0) + 1)
    rows = (widths[0][:, None] > shares).mean(axis=0)
    columns = (widths[1][:, None] > room - shares).mean(axis=0)
    share = int(np.argmin(rows + columns))
    if rows[share] + columns[share] > 0.25:
        return None
    return Far(widths[0] > share, widths[1] > room - share)
