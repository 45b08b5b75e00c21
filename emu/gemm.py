"""The product of two coded matrices under an accumulator; which lane computes it never shows.

| lane | when | how |
|---|---|---|
| panels | sequential; tile products exact in the accumulator's own float type | FMA chains |
| wide | sequential FP32; tile products exact in float64 | float64, round to odd, round once |
| dgemm | exact; the whole sum is exact in float64 | BLAS: order cannot matter |
| general | always | integer register |
"""

from functools import partial
from typing import Any

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
from .accumulator import (
    Accumulator,
    SequentialAccumulator,
    require_float_accumulator,
)
from .errors import DatapathError
from .width import element_span, value_span

Matrix = NDArray[Any]

#: (significant bits, exponent of the least step, exponent of the first power that overflows)
_LIMITS = {FP32: (24, -149, 128), FP64: (53, -1074, 1024)}


def matmul(a: Coded, b: Coded, accumulator: Accumulator) -> Matrix:
    """``A B`` as ``accumulator`` forms it.

    Parameters
    ----------
    a, b
        Coded matrices of shapes (M, K) and (K, N).  Where both are blocked, the tile of ``a`` is
        as wide as the tile of ``b`` is high: that is the depth of a tile product.
    accumulator
        How products become a sum.

    Returns
    -------
    ndarray
        (M, N) values of the accumulator's format, float32 or float64.  A NaN or an infinity in
        the operands gives what IEEE 754 gives.

    Raises
    ------
    DatapathError
        If the shapes or the tiles do not fit, or for an accumulator that `dot` has and this has
        not.

    Notes
    -----
    *Exactness*: the roundings of the accumulator and no other, whichever lane runs.

    Examples
    --------
    >>> from bitpde.formats import Cast, SMX_INT8
    >>> a = Cast(format=SMX_INT8).encode([[1.0, 2.0], [3.0, 4.0]])
    >>> matmul(a, a.T, SequentialAccumulator()).tolist()
    [[5.0, 11.0], [11.0, 25.0]]
    """
    require_float_accumulator(accumulator)
    depth = tile_depth(a, b)
    format = FP32 if accumulator.format == FP32 else FP64
    if isinstance(accumulator, SequentialAccumulator):
        return _sequential(a, b, depth, format)
    return _exact(a, b, format)


def _require_shifting_scales(format: Format) -> None:
    """Require that codes are integers times powers of two, as every lane takes them."""
    if isinstance(format, Affine) or (
        isinstance(format, Block) and not format.has_power_of_two_scale
    ):
        msg = f"{format} has a zero point or scales that are no powers of two: multiply its values"
        raise DatapathError(msg)


def tile_depth(a: Coded, b: Coded) -> int:
    """How many k one tile product covers; checks that the operands can meet."""
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        msg = f"shapes {a.shape} and {b.shape} do not multiply: give (M, K) and (K, N)"
        raise DatapathError(msg)
    for operand in (a, b):
        _require_shifting_scales(operand.format)
    depths = set()
    if isinstance(a.format, Block):
        depths.add(a.format.tile[1])
    if isinstance(b.format, Block):
        depths.add(b.format.tile[0])
    if len(depths) == 2:
        msg = (
            f"tiles {a.format.tile} and {b.format.tile} do not meet along k: "  # type: ignore[union-attr]
            "encode the operands so that the first is as wide as the second is high"
        )
        raise DatapathError(msg)
    return depths.pop() if depths else 1


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
    span = value_span(a).times(value_span(b)).summed(a.shape[1])
    if span.bits <= 53 and span.lsb >= -1022 and span.top < 1023:
        left, right = a.values(), b.values()
        if np.isfinite(left).all() and np.isfinite(right).all():
            with np.errstate(over="ignore", under="ignore"):
                dtype = np.float32 if format == FP32 else np.float64
                product: Matrix = (left @ right + 0.0).astype(dtype)  # + 0.0: no -0
                return product
    return _general(a, b, 1, True, format)


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
