"""Which trees of adders the vector kernel computes: binary ones in FP32, of a few products each.

The sign of zero needs no care: a product of -0 counts as +0, and -0 is what a sum with something
missing takes for it, as ``x + -0`` is x; a root of -0 is made +0 before it meets C.
"""

from typing import Any

import numpy as np

from ...formats import FP32, Coded, Minifloat, Rounding
from ..accumulators.tree import Order, TreeAccumulator
from ..dots.unit_operands import require_unit_operand
from ..width import has_shifting_scales
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
    if unit.flush_inputs:
        left, right = _flushed(left, a), _flushed(right, b)
        start = None if start is None else np.where(np.abs(start) < 2.0**-126, 0.0, start)
    least = -126 if unit.flush_results else -149
    if not _holds(left, right, least):
        left, right = measured(left, significant_bits(a)), measured(right, significant_bits(b))
    if not _holds(left, right, least):
        return None
    if unit.flush_results and start is not None and np.any(np.fmod(start, 2.0**-126)):
        return None
    return _run(left, right, unit, start)


def _knows(unit: TreeAccumulator, inner: int) -> bool:
    terms = unit.terms
    few = 1 <= terms <= _MOST_TERMS and terms & (terms - 1) == 0 and inner > 0
    whole = unit.order is Order.ADJACENT or inner % max(terms, 1) == 0
    nearest = unit.format == FP32 and unit.rounding is Rounding.NEAREST_EVEN
    return few and whole and nearest and unit.arity == 2


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


def _run(left: Values, right: Values, unit: TreeAccumulator, start: Floats | None) -> Found:
    from .tile_kernels import neighbour_tiles, strided_tiles

    shape = (left.floats.shape[0], right.floats.shape[0])
    missing = -left.floats.shape[1] % unit.terms
    x, y = left.floats, right.floats
    if missing:
        x = np.pad(x, ((0, 0), (0, missing)))
        y = np.pad(y, ((0, 0), (0, missing)), constant_values=-0.0)
    inner = x.shape[1]
    grid = grid_of(start, shape, np.float32)
    kernel = neighbour_tiles if unit.order is Order.ADJACENT else strided_tiles
    run_tiles(
        kernel, grid, inner, panels_of(x, ROWS), panels_of(y, COLUMNS), grid.c, inner,
        grid.row_length, (0,) * unit.terms,
    )  # fmt: skip
    values = grid.rows(shape)
    return Found(values, left.special[:, None] | right.special | ~np.isfinite(values))
