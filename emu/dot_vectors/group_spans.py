"""What the bits of the numbers that are there say of exact sums of their products.

In a group of neighbours along k let every number be a multiple of 2^l and below 2^t: its *spread*
is t - l, or 0 where all are zero.  A sum of some of the products of two groups of ``depth`` numbers
needs no more bits than the sum of their spreads and ceil(log2 depth).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...formats import Block, Coded, Minifloat
from .panels import Floats, Mask

#: What float64 has.
_BITS = 53
#: For each row and group.
Spreads = NDArray[np.int32]


def rows_that_fit(left: Spreads, right: Spreads, depth: int) -> Mask:
    """The rows of ``left`` whose sums of ``depth`` products with any of ``right`` are exact.

    They are in float64, whichever products a sum has.

    Examples
    --------
    >>> left = np.array([[1.0, 2.0**-10, 3.0, 0.0], [1.0, 2.0**-60, 3.0, 0.0]])
    >>> rows_that_fit(spreads_of(left, 2), spreads_of(np.ones((1, 4)), 2), depth=2).tolist()
    [True, False]
    """
    bits = left + right.max(axis=0, initial=0)
    fits: Mask = bits.max(axis=1, initial=0) + (depth - 1).bit_length() <= _BITS
    return fits


def spreads_of(x: Floats, depth: int) -> Spreads:
    """The spreads of the numbers of each row in groups of ``depth``."""
    low, top = _ends(x, depth)
    spreads: Spreads = np.maximum(top - low, 0)
    return spreads


def code_spreads(x: Coded, depth: int) -> Spreads | None:
    """The same of coded rows; None unless elements are floats of 8 bits, and groups within tiles.

    What is no number does not count.
    """
    from ..dots.span_kernels import code_group_spreads

    element = x.element
    if not isinstance(element, Minifloat) or element.bits > 8:
        return None
    if isinstance(x.format, Block) and x.format.tile[1] % depth:
        return None
    spreads = np.empty((x.shape[0], -(-x.shape[1] // depth)), np.int32)
    code_group_spreads(np.ascontiguousarray(x.codes), *_table(element), depth, spreads)
    return spreads


@lru_cache(maxsize=16)
def _table(element: Minifloat) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The exponents of the last bit of each code and above its first one."""
    codes = np.arange(2**element.bits, dtype=np.uint8)
    values = Coded(format=element, codes=codes).values()
    low, top = _ends(np.where(np.isfinite(values), values, 0.0)[:, None], 1)
    return low[:, 0], top[:, 0]


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
