"""Fused adders that align without loss: chains of exact sums of products, in float64."""

from typing import Any

import numpy as np

from ...formats import FP32, Coded, Rounding
from ..accumulators.fused import Addend, FusedAccumulator
from ..width import has_shifting_scales
from .chain_lane import tile_sums, wide_sums
from .lane import Found
from .panels import measured, significant_bits, values_of

#: Bits of a sum of products that formats do not bound: steps need not end where tiles do.
_UNKNOWN = 1 << 20


def lossless_lane(a: Coded, b: Coded, unit: FusedAccumulator, start: Any) -> Found | None:
    """C by the kernel of sequential sums, a step of the unit in the place of a tile; else None.

    A step is ``c <- round(c + exact sum)`` in both; where they part is the sign of zero, which a
    fused unit leaves at +0.
    """
    if not _knows(unit) or not all(has_shifting_scales(x) for x in (a, b)):
        return None
    if start is not None and unit.result != unit.format:
        return None
    left, right = values_of(a, np.float64), values_of(b, np.float64)
    if left is None or right is None:
        return None
    if unit.product_limit is not None:
        left, right = (measured(v, significant_bits(x)) for v, x in ((left, a), (right, b)))
        if left.span.top + right.span.top > unit.product_limit:
            return None
    depth = min(unit.terms, a.shape[1])
    widths = significant_bits(a), significant_bits(b)
    bits = *widths, sum(widths) if depth == 1 else _UNKNOWN
    if start is None and (unit.result, unit.rounding) == (FP32, Rounding.NEAREST_EVEN):
        found = wide_sums(a, b, bits[2], depth, (left, right))
        if found is not None:
            return found._replace(values=found.values + np.float32(0.0))
    found = tile_sums(left, right, bits, unit.result, unit.rounding, depth, start)
    if found is None:
        return None
    special = left.special[:, None] | right.special
    return Found(found.values + 0.0, found.doubtful | special)


def _knows(unit: FusedAccumulator) -> bool:
    return (
        unit.fraction_bits is None and unit.stride == unit.exact_terms == 1
        and unit.addend is Addend.ALIGNED and not unit.flush_inputs and not unit.flush_results
        and not unit.signed_underflow
        and unit.rounding in (Rounding.NEAREST_EVEN, Rounding.TOWARD_ZERO)
    )  # fmt: skip
