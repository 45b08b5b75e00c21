"""Which vector kernel computes a sequential sum, and when it may.

*A sum off every midpoint is on the side of its rounding* (`nearest_tiles`).  Let s be c + product
rounded to 24 (53) bits, m a midpoint of the format and s not m.  Rounding is monotone and m is a
number of the carrier, so that s < m says that the sum is below m, and s > m that it is above: both
round to the same number of the format.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ...formats import FP16, FP32, FP64, Coded, Minifloat, Rounding
from ..accumulators.accumulator import SequentialAccumulator
from ..dots.tile_depth import depth_for
from ..dots.unit_operands import require_unit_operand
from ..gemm.panel_lanes import Spanned, chained, widened_sums
from ..width import has_shifting_scales, value_span
from .group_spans import code_spreads, rows_that_fit, spreads_of
from .half_lane import half_lane
from .lane import Found
from .panels import (
    CARRIERS,
    Floats,
    Values,
    measured,
    significant_bits,
    summed_grid,
    tile_bits,
    values_of,
)
from .product_lane import product_sums
from .truncated_lane import truncated_sums

#: Sums of A, B and C in one format, if it knows them.
_Lane = Callable[[Coded, Coded, Any], Found | None]
#: What the lanes of matrix products compute, from +0.
_PLAIN = SequentialAccumulator()


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
    for lane in _lanes_of_products(format, unit.rounding) if depth == 1 else ():
        found = lane(a, b, start)
        if found is not None:
            return found
    bits = significant_bits(a), significant_bits(b), tile_bits(a, b, depth)
    if start is None and unit == _PLAIN:
        found = wide_sums(a, b, bits[2], depth)
        if found is not None:
            return found
    for dtype in (np.float32, np.float64):
        if not _has_room(format, bits[2], depth, dtype):
            continue
        left, right = values_of(a, dtype), values_of(b, dtype)
        if left is None or right is None:
            continue
        found = tile_sums(left, right, bits, format, unit.rounding, depth, start)
        if found is not None:
            special = left.special[:, None] | right.special
            return Found(found.values, found.doubtful | special)
    return None


def _lanes_of_products(format: Minifloat, rounding: Rounding) -> list[_Lane]:
    """The lanes for a rounding after every product, the cheapest first."""
    if rounding is Rounding.TOWARD_ZERO:
        return [partial(truncated_sums, format=format)]
    by_fma = _BY_FMA.get(format)
    return ([by_fma] if by_fma else []) + [partial(product_sums, format=format)]


def limit_of(format: Minifloat, shift: int, dtype: Any) -> int:
    """The exponent field that every sum stays below, so that none can overflow."""
    bias, trailing = CARRIERS[dtype]
    return (bias + min(format.emax, bias - 1 - shift)) << trailing


def wide_sums(
    a: Coded, b: Coded, bits: int, depth: int, values: tuple[Values, Values] | None = None
) -> Found | None:
    """C in FP32 to nearest even by the lane of matrix products, if all is finite and fits.

    ``bits`` are those of a sum of ``depth`` products, and ``values`` those of the operands in
    float64, if known; an overflow stays, as in `_by_fma`.
    """
    operands = Spanned(a, value_span(a)), Spanned(b, value_span(b))
    if depth == 1 or not all(x.fits(np.float64) for x in operands):
        return None
    product = operands[0].span.times(operands[1].span)
    if product.lsb < -900 or product.summed(depth).top > 900:
        return None
    if bits > 53 and not _groups_fit(a, b, depth, values):
        return None
    found = widened_sums(*operands, depth, product.summed(a.shape[1]))
    return None if found is None else Found(found, ~np.isfinite(found))


def _groups_fit(a: Coded, b: Coded, depth: int, values: tuple[Values, Values] | None) -> bool:
    """Whether sums of ``depth`` products of the numbers that are there are exact in float64."""
    rows, columns = code_spreads(a, depth), code_spreads(b, depth)
    if rows is None or columns is None:
        left, right = values or (values_of(a, np.float64), values_of(b, np.float64))
        if left is None or right is None:
            return False
        rows, columns = spreads_of(left.floats, depth), spreads_of(right.floats, depth)
    return bool(rows_that_fit(rows, columns, depth).all())


def _has_room(format: Minifloat, bits: int, depth: int, dtype: Any) -> bool:
    """Whether numbers of the format, and sums of some bits, may be exact in the carrier."""
    bias, trailing = CARRIERS[dtype]
    if trailing - format.significand_bits < 2 or format.emin < 1 - bias or format.emax > bias:
        return False
    return bits <= trailing + 1 or (depth > 1 and dtype is np.float64)


def tile_sums(
    left: Values, right: Values, bits: tuple[int, int, int], format: Minifloat,
    rounding: Rounding, depth: int, start: Any,
) -> Found | None:  # fmt: skip
    """C by exact sums of ``depth`` products, each sum with C rounded once; None without a proof.

    ``bits`` are those of significands of the left and the right, and of a sum of products.
    """
    dtype = left.floats.dtype.type
    _, trailing = CARRIERS[dtype]
    if not _has_room(format, bits[2], depth, dtype):
        return None
    doubtful = np.zeros((left.floats.shape[0], 1), np.bool_)
    if bits[2] > trailing + 1:
        spreads = spreads_of(left.floats, depth), spreads_of(right.floats, depth)
        doubtful[:, 0] = ~rows_that_fit(*spreads, depth)
        if 2 * np.count_nonzero(doubtful) > doubtful.size:
            return None
    if not _is_above(left, right, format.lsb_min) or not _holds(left, right, depth, dtype):
        left, right = measured(left, bits[0]), measured(right, bits[1])
    if not _holds(left, right, depth, dtype):
        return None
    kernel, numbers = _kernel_of(left, right, format, rounding, depth, start)
    if kernel is None:
        return None
    limit = limit_of(format, trailing - format.significand_bits, dtype)
    found = _run(kernel, left, right, start, numbers, limit)
    return Found(found.values, found.doubtful | doubtful)


def _is_above(left: Values, right: Values, lsb: int) -> bool:
    """Whether all products are multiples of ``2^lsb``."""
    return left.span.lsb + right.span.lsb >= lsb


def _kernel_of(
    left: Values, right: Values, format: Minifloat, rounding: Rounding, depth: int, start: Any
) -> tuple[Any, tuple[int, ...]]:
    """The cheapest kernel of rounded sums, and its numbers; None if there is none."""
    from .tile_kernels import nearest_tiles, sum_tiles, truncated_tiles

    bias, trailing = CARRIERS[left.floats.dtype.type]
    t = format.significand_bits
    shift = trailing - t
    toward_zero = rounding is Rounding.TOWARD_ZERO
    if depth == 1 and toward_zero and _is_above(left, right, format.lsb_min):
        return truncated_tiles, (-(1 << shift),)
    floor = _floor_for_halves(left, right, format, start)
    if depth == 1 and not toward_zero and floor is not None:
        magic = (shift << trailing) + (1 << (trailing - 1))
        return nearest_tiles, ((bias + floor) << trailing, magic, (t + 1) << trailing)
    if format.emin - (t if toward_zero else 0) < 1 - bias:
        return None, ()
    numbers = (
        (bias + format.emin) << trailing, shift << trailing, t << trailing,
        -1 if toward_zero else 0, depth,
    )  # fmt: skip
    return sum_tiles, numbers


def _floor_for_halves(left: Values, right: Values, format: Minifloat, start: Any) -> int | None:
    """An exponent below which nothing is rounded, where half a last bit is normal; or None.

    That of the least normal number, or else of the least step of the products if that is greater.
    """
    bias, _ = CARRIERS[left.floats.dtype.type]
    lsb = left.span.lsb + right.span.lsb
    floors = [format.emin] + ([lsb] if start is None and lsb >= format.emin else [])
    half = format.significand_bits + 1
    return next((floor for floor in floors if floor - half >= 1 - bias), None)


def _holds(left: Values, right: Values, depth: int, dtype: Any) -> bool:
    """Whether no product or sum of a tile underflows or overflows in the carrier."""
    bias, trailing = CARRIERS[dtype]
    whole = left.span.times(right.span).summed(depth)
    return whole.lsb >= 1 - bias - trailing and whole.top < bias


def _run(
    kernel: Any, left: Values, right: Values, start: Floats | None, numbers: Any, limit: int
) -> Found:
    shape = (left.floats.shape[0], right.floats.shape[0])
    grid = summed_grid(kernel, left.floats, right.floats, start, numbers)
    doubtful = grid.seen >= limit
    if not doubtful.any():
        return Found(grid.rows(shape), np.zeros(shape, np.bool_))
    return Found(grid.rows(shape), grid.seen_by_all(shape) >= limit)


def _by_fma(dtype: Any, a: Coded, b: Coded, start: Floats | None) -> Found | None:
    """Chains of FMA in a float type; an infinity or NaN stays, so that the end tells of it."""
    left, right = Spanned(a, value_span(a)), Spanned(b, value_span(b))
    if not (left.fits(dtype) and right.fits(dtype)):
        return None
    values = chained(left, right, 1, dtype, start=start)
    return None if values is None else Found(values, ~np.isfinite(values))


#: The lanes of formats of which the processor has an FMA.
_BY_FMA: dict[Minifloat, _Lane] = {
    FP64: partial(_by_fma, np.float64),
    FP32: partial(_by_fma, np.float32),
    FP16: half_lane,
}
