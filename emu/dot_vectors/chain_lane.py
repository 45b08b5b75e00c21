"""Which vector kernel computes a sequential sum, and the proofs that it may.

*Two roundings are one* (`product_tiles`).  Let c have p bits, the product q <= p bits, and let
s be c + product rounded to 24 bits, which is then rounded to p bits.  Only if s is a midpoint m of
the p-bit numbers, and not the sum itself, can the two differ from one rounding.  Let 2^e be the
binade of m; m is an odd multiple of 2^(e-p), so that every number of p bits within 2^(e-p) of it is
a multiple of 2^(e-p+1) and at least 2^(e-p) away, and the sum is within 2^(e-24) of it.  One of the
two terms is no multiple of 2^(e-23), else s were the sum: if it has n bits it is below 2^(e-24+n),
and the other is within 2^(e-24) (1 + 2^n) of m.  The other has at most p bits and so cannot be
where n + p <= 23: hence p + q <= 23 and 2 p <= 23 suffice.  Below the format's normal numbers
nothing is rounded, as all products are multiples of its least step.
"""

from typing import Any

import numpy as np

from ...formats import FP16, FP32, Coded, Minifloat, Rounding
from ..accumulators.accumulator import SequentialAccumulator
from ..dots.tile_depth import depth_for
from ..dots.unit_operands import require_unit_operand
from ..gemm.panel_lanes import Spanned, chained
from ..width import has_shifting_scales, value_span
from .half_lane import half_lane
from .lane import Found
from .panels import (
    COLUMNS,
    ROWS,
    Floats,
    Values,
    grid_of,
    measured,
    panels_of,
    run_tiles,
    significant_bits,
    tile_bits,
    values_of,
)

#: (exponent bias, trailing significand bits) of the carriers.
_CARRIERS: dict[Any, tuple[int, int]] = {np.float32: (127, 23), np.float64: (1023, 52)}


def chain_lane(a: Coded, b: Coded, unit: SequentialAccumulator, start: Any) -> Found | None:
    """C by the first kernel whose preconditions hold; None if there is none."""
    for x in (a, b):
        require_unit_operand(x)
    depth = depth_for(unit, a, b)
    known = unit.rounding in (Rounding.NEAREST_EVEN, Rounding.TOWARD_ZERO)
    if not known or not all(has_shifting_scales(x) for x in (a, b)):
        return None
    format = unit.format
    if not isinstance(format, Minifloat) or format.significand_bits == 0 or not a.shape[1]:
        return None
    if unit.rounding is Rounding.NEAREST_EVEN and depth == 1:
        by_fma = {FP32: _by_fma, FP16: half_lane}.get(format)
        found = by_fma(a, b, start) if by_fma else None
        if found is not None:
            return found
    for dtype in (np.float32, np.float64):
        left, right = values_of(a, dtype), values_of(b, dtype)
        if left is None or right is None:
            continue
        found = None
        if dtype is np.float32 and unit.rounding is Rounding.NEAREST_EVEN and depth == 1:
            bits = significant_bits(a), significant_bits(b)
            found = _by_products(left, right, bits, format, start)
        if found is None and tile_bits(a, b, depth) <= _CARRIERS[dtype][1] + 1:
            found = _by_tiles(left, right, unit, depth, start, dtype, (a, b))
        if found is not None:
            special = left.special[:, None] | right.special
            return Found(found.values, found.doubtful | special)
    return None


def _by_products(
    left: Values, right: Values, bits: tuple[int, int], format: Minifloat, start: Any
) -> Found | None:
    """FMA and one more rounding."""
    from .tile_kernels import product_tiles

    p, q = format.significand_bits + 1, sum(bits)
    if q > p or p + q > 23 or 2 * p > 23 or format.emin < -126 or format.emax > 127:
        return None
    if start is not None and np.signbit(start[start == 0]).any():
        return None
    if left.span.lsb + right.span.lsb < format.lsb_min:
        left, right = measured(left, bits[0]), measured(right, bits[1])
    if left.span.lsb + right.span.lsb < format.lsb_min:
        return None
    shift = 24 - p
    return _run(
        product_tiles, left, right, start, np.float32, ((shift << 23) + (1 << 22),),
        _limit(format, shift, np.float32),
    )  # fmt: skip


def _limit(format: Minifloat, shift: int, dtype: Any) -> int:
    """The exponent field that every sum stays below, so that none can overflow."""
    bias, trailing = _CARRIERS[dtype]
    return (bias + min(format.emax, bias - 1 - shift)) << trailing


def _by_tiles(
    left: Values, right: Values, unit: Any, depth: int, start: Any, dtype: Any, operands: Any
) -> Found | None:
    """Exact tile products, sums rounded to odd, and one more rounding."""
    from .tile_kernels import sum_tiles

    format = unit.format
    bias, trailing = _CARRIERS[dtype]
    t = format.significand_bits
    shift = trailing - t
    toward_zero = unit.rounding is Rounding.TOWARD_ZERO
    step = t if toward_zero else 0
    if shift < 2 or format.emin - step < 1 - bias or format.emax > bias:
        return None
    if not _holds(left, right, depth, dtype):
        left, right = (
            measured(v, significant_bits(x)) for v, x in zip((left, right), operands, strict=True)
        )
    if not _holds(left, right, depth, dtype):
        return None
    numbers = (
        (bias + format.emin) << trailing, shift << trailing, t << trailing,
        -1 if toward_zero else 0, depth,
    )  # fmt: skip
    limit = _limit(format, shift, dtype)
    return _run(sum_tiles, left, right, start, dtype, numbers, limit)


def _holds(left: Values, right: Values, depth: int, dtype: Any) -> bool:
    """Whether no product or sum of a tile underflows or overflows in the carrier."""
    bias, trailing = _CARRIERS[dtype]
    whole = left.span.times(right.span).summed(depth)
    return whole.lsb >= 1 - bias - trailing and whole.top < bias


def _run(
    kernel: Any, left: Values, right: Values, start: Floats | None, dtype: Any, numbers: Any,
    limit: int,
) -> Found:  # fmt: skip
    shape = (left.floats.shape[0], right.floats.shape[0])
    inner = left.floats.shape[1]
    grid = grid_of(start, shape, dtype)
    a, b = panels_of(left.floats, ROWS), panels_of(right.floats, COLUMNS)
    run_tiles(kernel, grid, inner, a, b, grid.c, grid.seen, inner, grid.row_length, numbers)
    doubtful = grid.seen >= limit
    if not doubtful.any():
        return Found(grid.rows(shape), np.zeros(shape, np.bool_))
    return Found(grid.rows(shape), grid.seen_by_all(shape) >= limit)


def _by_fma(a: Coded, b: Coded, start: Floats | None) -> Found | None:
    """Chains of FMA in float32; an infinity or NaN stays, so that the end tells of overflow."""
    left, right = Spanned(a, value_span(a)), Spanned(b, value_span(b))
    if not (left.fits(np.float32) and right.fits(np.float32)):
        return None
    values = chained(left, right, 1, np.float32, start=start)
    return None if values is None else Found(values, ~np.isfinite(values))
