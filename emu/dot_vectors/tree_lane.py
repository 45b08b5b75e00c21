"""Which trees of adders the vector kernels compute: binary ones of a few products each.

The sign of zero needs no care: a product of -0 counts as +0, and -0 is what a sum with something
missing takes for it, as ``x + -0`` is x; a root of -0 is made +0 before it meets C.  In narrower
formats no zero needs its sign, not even one that underflowed: it shows only in a root of -0 that
meets a C of -0, and C is -0 only where it starts so.
"""

from typing import Any

import numpy as np

from ...formats import FP32, Coded, Minifloat, Rounding
from ..accumulators.tree import Order, TreeAccumulator
from ..dots.unit_operands import require_unit_operand
from ..width import has_shifting_scales
from .chain_lane import limit_of
from .lane import Found
from .panels import (
    Floats,
    Grid,
    Values,
    has_negative_zero,
    lift_of,
    measured,
    significant_bits,
    summed_grid,
    values_of,
)

_MOST_TERMS = 16


def tree_lane(a: Coded, b: Coded, unit: TreeAccumulator, start: Any) -> Found | None:
    """C by the vector kernel, if it knows the tree; else None."""
    for x in (a, b):
        require_unit_operand(x)
    if not _knows(unit, a.shape[1]) or not all(has_shifting_scales(x) for x in (a, b)):
        return None
    left, right = values_of(a, np.float32), values_of(b, np.float32)
    if left is None or right is None:
        return None
    from .tree_tile_kernels import neighbour_tiles, strided_tiles

    if unit.flush_inputs:
        left, right = _flushed(left, a), _flushed(right, b)
        start = None if start is None else np.where(np.abs(start) < 2.0**-126, 0.0, start)
    if unit.format != FP32:
        return _narrow(left, right, (a, b), unit, start)
    least = -126 if unit.flush_results else -149
    if not _holds(left, right, least):
        left, right = measured(left, significant_bits(a)), measured(right, significant_bits(b))
    if not _holds(left, right, least):
        return None
    if unit.flush_results and start is not None and np.any(np.fmod(start, 2.0**-126)):
        return None
    kernel = strided_tiles if unit.order is Order.STRIDED else neighbour_tiles
    return _run(left, right, unit, start, kernel, (0,))[1]


def _knows(unit: TreeAccumulator, inner: int) -> bool:
    terms = unit.terms
    few = 1 <= terms <= _MOST_TERMS and terms & (terms - 1) == 0 and inner > 0
    whole = unit.order is Order.ADJACENT or inner % max(terms, 1) == 0
    nearest = unit.format == FP32 and unit.rounding is Rounding.NEAREST_EVEN
    return few and whole and (nearest or _is_narrow(unit)) and unit.arity == 2


def _is_narrow(unit: TreeAccumulator) -> bool:
    """Whether every adder's sum is rounded in float32 to a format of its normal numbers."""
    format = unit.format
    if not isinstance(format, Minifloat) or unit.flush_inputs or unit.flush_results:
        return False
    t, toward_zero = format.significand_bits, unit.rounding is Rounding.TOWARD_ZERO
    known = toward_zero or unit.rounding is Rounding.NEAREST_EVEN
    least = format.emin - (t if toward_zero else 0)
    return known and 1 <= t <= 21 and least >= -126 and format.emax <= 127


def _narrow(
    left: Values, right: Values, operands: tuple[Coded, Coded], unit: TreeAccumulator, start: Any
) -> Found | None:
    """C where products and sums are rounded to a format narrower than float32."""
    format = unit.format
    if not isinstance(format, Minifloat) or sum(map(significant_bits, operands)) > 24:
        return None
    if has_negative_zero(start):
        return None
    if not _holds(left, right, -149):
        pairs = zip((left, right), operands, strict=True)
        left, right = (measured(v, significant_bits(x)) for v, x in pairs)
    if not _holds(left, right, -149):
        return None
    if format.significand_bits <= 10 and unit.rounding is Rounding.NEAREST_EVEN:
        found = _rounded_twice(left, right, unit, start, format)
        if found is not None:
            return found
    return _rounded_from_odd(left, right, unit, start, format)


def _rounded_twice(
    left: Values, right: Values, unit: TreeAccumulator, start: Any, format: Minifloat
) -> Found | None:
    """By sums in float32 that are rounded to nearest even once more.

    All are multiplied by the power of two that makes the format's greatest binade overflow, which
    stays to be seen at the end (`product_lane`).
    """
    from .tree_tile_kernels import narrow_neighbour_tiles, narrow_strided_tiles

    d = 23 - format.significand_bits
    lift = lift_of(format, np.float32)
    if left.span.top + lift > 127:
        return None
    factor = np.float32(2.0**lift)
    lifted = left._replace(floats=left.floats * factor)
    begin = None if start is None else start * factor
    numbers = np.array([1.5 * 2.0**d, 2.0 ** (format.emin + lift)], np.float32).view(np.uint32)
    kernel = narrow_strided_tiles if unit.order is Order.STRIDED else narrow_neighbour_tiles
    found = _run(lifted, right, unit, begin, kernel, tuple(numbers.tolist()))[1]
    return found._replace(values=found.values / factor)


def _rounded_from_odd(
    left: Values, right: Values, unit: TreeAccumulator, start: Any, format: Minifloat
) -> Found:
    """By sums in float32 that are rounded to odd first."""
    from .tree_tile_kernels import odd_neighbour_tiles, odd_strided_tiles

    t = format.significand_bits
    kernel = odd_strided_tiles if unit.order is Order.STRIDED else odd_neighbour_tiles
    back = -1 if unit.rounding is Rounding.TOWARD_ZERO else 0
    numbers = (127 + format.emin) << 23, (23 - t) << 23, t << 23, back
    grid, found = _run(left, right, unit, start, kernel, numbers)
    above = grid.seen_by_all(found.values.shape) >= limit_of(format, 23 - t, np.float32)
    return Found(found.values, found.doubtful | above)


def _flushed(x: Values, coded: Coded) -> Values:
    """Without elements that are subnormal in their format."""
    element = coded.element
    if not isinstance(element, Minifloat):
        return x
    mask = np.array(2**element.bits - 1 - element.sign_code, coded.codes.dtype)
    magnitude = coded.codes & mask
    subnormal = magnitude < 2**element.significand_bits
    return x._replace(floats=np.where(subnormal, x.floats.dtype.type(0), x.floats))


def _holds(left: Values, right: Values, least: int) -> bool:
    """Whether no product underflows, or no sum does where its result would be flushed."""
    span = left.span.times(right.span)
    return span.lsb >= least and span.top < 127


def _run(
    left: Values, right: Values, unit: TreeAccumulator, start: Floats | None, kernel: Any,
    numbers: tuple[int, ...],
) -> tuple[Grid, Found]:  # fmt: skip
    shape = (left.floats.shape[0], right.floats.shape[0])
    missing = -left.floats.shape[1] % unit.terms
    x, y = left.floats, right.floats
    if missing:
        x = np.pad(x, ((0, 0), (0, missing)))
        y = np.pad(y, ((0, 0), (0, missing)), constant_values=-0.0)
    grid = summed_grid(kernel, x, y, start, (0,) * unit.terms, numbers)
    values = grid.rows(shape)
    doubtful = left.special[:, None] | right.special | ~np.isfinite(values)
    return grid, Found(values, doubtful)
