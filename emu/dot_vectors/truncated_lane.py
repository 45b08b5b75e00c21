"""Sequential sums toward zero that are exact in float64, so that a mask truncates them.

Let every c and every product be multiples of 2^l, and every sum of the two be 2^t at most.  With t
at most l + 53 such a sum is a number of float64.  If no l is below the last place of the format's
subnormals, a number of the format is what the mask leaves of its bits: below the normal numbers it
takes nothing away.

A sum that leaves the format overflows float64, and stays there.  For that the left operand is
multiplied by the power of two that makes the format's greatest binade that of float64.
"""

import numpy as np

from ...formats import Coded, Minifloat
from .lane import Found
from .panels import (
    CARRIERS,
    Floats,
    Values,
    has_negative_zero,
    measured,
    significant_bits,
    summed_grid,
    values_of,
)

_BIAS, _TRAILING = CARRIERS[np.float64]


def truncated_sums(a: Coded, b: Coded, start: Floats | None, format: Minifloat) -> Found | None:
    """C by products, each sum truncated to the format; None without a proof that it may be.

    Preconditions: scales are powers of two; ``start`` holds finite numbers.
    """
    from .tile_kernels import masked_tiles

    if has_negative_zero(start):
        return None
    left, right = values_of(a, np.float64), values_of(b, np.float64)
    if left is None or right is None or not _fills_its_binades(format):
        return None
    if not _are_exact(left, right, format, start):
        left, right = (measured(v, significant_bits(x)) for v, x in ((left, a), (right, b)))
    lift = _BIAS - format.emax
    if not _are_exact(left, right, format, start) or left.span.top + lift > _BIAS:
        return None
    begin = None if start is None else start * 2.0**lift
    mask = -(1 << (_TRAILING - format.significand_bits))
    grid = summed_grid(masked_tiles, left.floats * 2.0**lift, right.floats, begin, (mask,))
    found = grid.rows((left.floats.shape[0], right.floats.shape[0])) / 2.0**lift
    return Found(found, ~np.isfinite(found) | left.special[:, None] | right.special)


def _fills_its_binades(format: Minifloat) -> bool:
    """Whether every number of the format's bits below ``2^(emax + 1)`` is one of the format."""
    t = format.significand_bits
    return t <= _TRAILING and format.max == (2 ** (t + 1) - 1) * 2 ** (format.emax - t)


def _are_exact(left: Values, right: Values, format: Minifloat, start: Floats | None) -> bool:
    """Whether every sum is a number of float64 and a multiple of the format's least step."""
    products = left.span.times(right.span)
    lsb, top = products.lsb, format.emax + 1
    if start is None:
        top = min(top, products.summed(left.floats.shape[1]).top)
    else:
        lsb = min(lsb, format.lsb_min)
    return products.lsb >= format.lsb_min and max(top, products.top) + 1 - lsb <= _TRAILING + 1
