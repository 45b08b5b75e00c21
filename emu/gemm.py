"""Matrix products in FP32 and FP64, sequential or exact; which lane computes one never shows.

| lane | when | how |
|---|---|---|
| panels | sequential; tile products exact in the accumulator's own float type | FMA chains |
| wide | sequential FP32; tile products exact in float64 | float64, round to odd, round once |
| BLAS | exact; the whole sum is exact in float32 or float64 | order cannot matter |
| general | always | integer register |

`product.matmul` comes here first, and goes to `dot` with every other accumulator.
"""

from functools import partial
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from ..formats import (
    FP32,
    FP64,
    Affine,
    Block,
    Coded,
    Format,
    Minifloat,
    kernels_are_compiled,
    split_work,
)
from .accumulator import Accumulator, ExactAccumulator, SequentialAccumulator
from .blas_operands import blas_operands
from .dot_accumulators import DotAccumulator
from .tile_depth import depth_for
from .width import element_span, value_span

Matrix = NDArray[Any]

#: (significant bits, exponent of the least step, exponent of the first power that overflows)
_LIMITS = {FP32: (24, -149, 128), FP64: (53, -1074, 1024)}

_PLAIN = tuple(
    kind(format=format) for kind in (ExactAccumulator, SequentialAccumulator) for format in _LIMITS
)


def has_lanes(accumulator: DotAccumulator, a: Coded, b: Coded) -> TypeGuard[Accumulator]:
    """Whether `multiply` takes them: FP32 or FP64, nearest even; scales that only shift."""
    return accumulator in _PLAIN and _shifts(a.format) and _shifts(b.format)


def multiply(a: Coded, b: Coded, accumulator: Accumulator) -> Matrix:
    """``A B`` of coded matrices in the accumulator's float type, by the fastest lane.

    Preconditions: `has_lanes`, and shapes (M, K) and (K, N).

    Raises
    ------
    DatapathError
        If the tiles do not meet along k where the accumulator looks at them.

    Notes
    -----
    *Exactness*: the roundings of the accumulator and no other, whichever lane runs.
    """
    depth = depth_for(accumulator, a, b.T)
    format = FP32 if accumulator.format == FP32 else FP64
    if isinstance(accumulator, SequentialAccumulator):
        return _sequential(a, b, depth, format)
    return _exact(a, b, format)


def _shifts(format: Format) -> bool:
    """Whether codes are integers times powers of two, as every lane takes them."""
    if isinstance(format, Block):
        return format.has_power_of_two_scale
    return not isinstance(format, Affine)


def _sequential(a: Coded, b: Coded, depth: int, format: Minifloat) -> Matrix:
    if depth == 1 and a.format == b.format == format and kernels_are_compiled():
        return _multiply_panels(a, b, 1, format)
    spans = value_span(a), value_span(b)
    tile = element_span(a.element).times(element_span(b.element)).summed(depth)
    whole = spans[0].times(spans[1]).summed(depth)
    significant, lsb_min, overflow = _LIMITS[format]
    fits = tile.bits <= significant and all(
        span.lsb >= lsb_min and span.top < overflow for span in (*spans, whole)
    )
    if fits and kernels_are_compiled():
        return _multiply_panels(a, b, depth, format)
    if format == FP32 and tile.bits <= 53 and whole.lsb >= -900 and whole.top <= 900:
        c = np.zeros((a.shape[0], b.shape[1]), np.float32)
        _by_rows(_kernels().multiply_wide, a.values(), b.values(), (depth,), c)
        return c
    return _general(a, b, depth, False, format)


def _exact(a: Coded, b: Coded, format: Minifloat) -> Matrix:
    operands = blas_operands(a, b.T)
    if operands is None:
        return _general(a, b, 1, True, format)
    with np.errstate(over="ignore", under="ignore"):
        product: Matrix = operands.product().astype(np.float32 if format == FP32 else np.float64)
    return product


def _general(a: Coded, b: Coded, depth: int, exact: bool, format: Minifloat) -> Matrix:
    significant, lsb_min, overflow = _LIMITS[format]
    span = value_span(a).times(value_span(b)).summed(a.shape[1] + 1)
    lowest = min(span.lsb, lsb_min)
    limbs = -(-(max(span.top, overflow) - lowest) // 32) + 4
    c = np.zeros((a.shape[0], b.shape[1]))
    limits = (depth, exact, lowest, limbs, significant - 1, lsb_min, overflow)
    _by_rows(_kernels().multiply_general, a.values(), b.values(), limits, c)
    with np.errstate(over="ignore"):
        return c if format == FP64 else c.astype(np.float32)


def _by_rows(kernel: Any, a: Matrix, b: Matrix, limits: tuple[Any, ...], c: Matrix) -> None:
    left, right = np.ascontiguousarray(a), np.ascontiguousarray(b)
    work = partial(kernel, left, right, *limits, c)
    split_work(work, c.shape[0], max(1, (1 << 14) // max(1, right.size)))


def _multiply_panels(a: Coded, b: Coded, depth: int, format: Minifloat) -> Matrix:
    """FMA chains in ``format`` itself; the caller has shown that tile products are exact in it."""
    from .microkernel import COLUMNS, ROWS
    from .panel_kernels import multiply_panels

    dtype = np.float32 if format == FP32 else np.float64
    columns = COLUMNS[np.dtype(dtype).itemsize]
    rows, inner = a.shape[0], -(-a.shape[1] // depth) * depth
    left = _packed(a.values(dtype), ROWS, inner)
    right = _packed(b.values(dtype).T, columns, inner)
    row_length = -(-b.shape[1] // columns) * columns
    panels = -(-rows // ROWS)
    c = np.zeros(panels * ROWS * row_length, dtype)
    work = partial(multiply_panels, left, right, c, inner, row_length, columns, (0,) * depth)
    split_work(work, panels, _panels_per_chunk(panels, inner * row_length))
    return c.reshape(panels * ROWS, row_length)[:rows, : b.shape[1]]


def _panels_per_chunk(panels: int, work_per_row: int) -> int:
    """Enough panels to amortize the hand-over and the reload of B, few enough for all threads."""
    return max(1, min(-(-panels // 8), 32), (1 << 18) // max(1, work_per_row))


def _packed(matrix: Matrix, width: int, inner: int) -> Matrix:
    """Panels of ``width`` rows of a matrix in either order of storage."""
    from .panel_kernels import pack_columns, pack_rows

    panels = -(-matrix.shape[0] // width)
    out = np.empty(panels * width * inner, matrix.dtype)
    if matrix.flags.c_contiguous:
        work = partial(pack_rows, matrix, width, inner, out)
    else:
        work = partial(pack_columns, np.ascontiguousarray(matrix.T), width, inner, out)
    split_work(work, panels, max(1, (1 << 17) // max(1, width * inner)))
    return out


def _kernels() -> Any:
    from . import gemm_kernels

    return gemm_kernels
