"""What the last bits of the numbers that are there say of exact sums of their products."""

import numpy as np
from numpy.typing import NDArray

from .panels import Floats, Mask

#: What float64 has.
_BITS = 53


def rows_that_fit(left: Floats, right: Floats, depth: int) -> Mask:
    """The rows of ``left`` whose sums of ``depth`` products with any of ``right`` are exact.

    In a group of ``depth`` neighbours let every number of a row of the left be a multiple of 2^l
    and below 2^t, and every number of the right one of 2^m and below 2^u.  A sum of some of the
    products is then a multiple of 2^(l + m) and below depth 2^(t + u), and is a number of float64
    where ``t + u + ceil(log2 depth) - l - m`` is at most 53, whichever products it has.

    Examples
    --------
    >>> left = np.array([[1.0, 2.0**-10, 3.0, 0.0], [1.0, 2.0**-60, 3.0, 0.0]])
    >>> rows_that_fit(left, np.ones((1, 4)), depth=2).tolist()
    [True, False]
    """
    (low, top), (least, greatest) = (_ends(x, depth) for x in (left, right))
    bits = top + greatest.max(axis=0) - low - least.min(axis=0)
    fits: Mask = bits.max(axis=1) + (depth - 1).bit_length() <= _BITS
    return fits


def last_bits(x: Floats) -> NDArray[np.int32]:
    """For each row the exponent of a power of two that all its numbers are multiples of.

    Examples
    --------
    >>> last_bits(np.array([[1.5, 4.0], [0.0, 3.0 * 2.0**-20]])).tolist()
    [-1, -20]
    """
    low: NDArray[np.int32] = _ends(x, max(1, x.shape[1]))[0][:, 0]
    return low


def _ends(x: Floats, depth: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """For each row and group the exponents of its last bit and above its first one."""
    from ..dots.span_kernels import group_ends

    shape = (x.shape[0], -(-x.shape[1] // depth))
    low, top = np.empty(shape, np.int32), np.empty(shape, np.int32)
    group_ends(np.ascontiguousarray(x), depth, low, top)
    return low, top
