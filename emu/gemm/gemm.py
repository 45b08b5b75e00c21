"""Matrix products in FP32 and FP64, sequential or exact; which lane computes one never shows.

| lane | when | how |
|---|---|---|
| strided | sequential; the accumulator's own type, or batches whose tile products it holds | FMA |
| panels | sequential; tiles of depth 1, or products exact in the accumulator's float type | FMA |
| wide | sequential FP32; tile products exact in float64 | FMA in float64, a rounding a tile |
| BLAS | exact; the whole sum is exact in float32 or float64 | order cannot matter |
| vectors | long products, by the numbers that are there | `dot` |
| general | always | integer register |

Operands with infinities or NaN go from the wide lane to its twin in plain loops.

`product.matmul` comes here first, and goes to `dot` with every other accumulator.
"""

from functools import partial
from typing import Any, Final, TypeGuard

import numpy as np
from numpy.typing import NDArray

from ...formats import (
    FP32,
    FP64,
    Coded,
    Minifloat,
    kernels_are_compiled,
    split_work,
)
from ..accumulators.accumulator import Accumulator, ExactAccumulator, SequentialAccumulator
from ..accumulators.kinds import DotAccumulator
from ..dots.tile_depth import depth_for
from ..width import LIMITS, Span, element_span, has_shifting_scales, value_span
from .blas_operands import blas_operands
from .panel_lanes import Spanned, chained, widened_sums
from .strided_lanes import Float, strided

Matrix = NDArray[Any]

_DTYPES: Final[dict[Minifloat, Float]] = {FP32: np.float32, FP64: np.float64}
_LIMITS = {FP32: LIMITS[np.float32], FP64: LIMITS[np.float64]}

_PLAIN = tuple(
    kind(format=format) for kind in (ExactAccumulator, SequentialAccumulator) for format in _LIMITS
)


def has_lanes(accumulator: DotAccumulator, a: Coded, b: Coded) -> TypeGuard[Accumulator]:
    """Whether `multiply` takes them: FP32 or FP64, nearest even; scales that only shift."""
    return accumulator in _PLAIN and has_shifting_scales(a) and has_shifting_scales(b)


def multiply(a: Coded, b: Coded, accumulator: Accumulator) -> Matrix:
    """``A B`` of coded matrices in the accumulator's float type, by the fastest lane.

    Preconditions: `has_lanes`, and shapes (M, K) and (K, N), or (B, M, K) and (B, K, N).

    Raises
    ------
    DatapathError
        If the tiles do not meet along k where the accumulator looks at them.

    Notes
    -----
    *Exactness*: the roundings of the accumulator and no other, whichever lane runs.
    """
    format = FP32 if accumulator.format == FP32 else FP64
    sequential = isinstance(accumulator, SequentialAccumulator) and kernels_are_compiled()
    if sequential and a.format == b.format == format:
        return strided(a, b, 1, _DTYPES[format])
    depth = depth_for(accumulator, a, b.T)
    if a.ndim == 3:
        if sequential and _fits(value_span(a), value_span(b), a, b, depth, format):
            return strided(a, b, depth, _DTYPES[format])
        return _by_batches(a, b, accumulator)
    if isinstance(accumulator, SequentialAccumulator):
        return _sequential(a, b, depth, format)
    return _exact(a, b, format)


def _by_batches(a: Coded, b: Coded, accumulator: Accumulator) -> Matrix:
    """The products of all pairs of matrices, each on one thread: one is too small for several."""
    out = np.empty((*a.shape[:-1], b.shape[-1]), np.float32 if accumulator.format == FP32 else None)

    def work(start: int, stop: int) -> None:
        for k in range(start, stop):
            out[k] = multiply(a[k], b[k], accumulator)

    split_work(work, len(out), 1)
    return out


def _fits(of_a: Span, of_b: Span, a: Coded, b: Coded, depth: int, format: Minifloat) -> bool:
    """Whether operands and tile products are exact in ``format``, and none leaves it."""
    significant, lsb_min, overflow = _LIMITS[format]
    tile = element_span(a.element).times(element_span(b.element)).summed(depth)
    return tile.bits <= significant and all(
        span.lsb >= lsb_min and span.top < overflow
        for span in (of_a, of_b, of_a.times(of_b).summed(depth))
    )


def _sequential(a: Coded, b: Coded, depth: int, format: Minifloat) -> Matrix:
    spans = value_span(a), value_span(b)
    tile = element_span(a.element).times(element_span(b.element)).summed(depth)
    product = spans[0].times(spans[1])
    is_wide = format == FP32 and tile.bits <= 53 and _far_from_the_ends(product.summed(depth))
    if kernels_are_compiled():
        operands = Spanned(a, spans[0]), Spanned(b.T, spans[1])
        fits = _fits(*spans, a, b, depth, format)
        result = None
        if fits or depth == 1:
            result = _chained(*operands, depth, format, always=fits)
        elif is_wide:
            result = widened_sums(*operands, depth, product.summed(a.shape[1]))
        if result is not None:
            return result
    if is_wide:
        return _wide_by_loops(a, b, depth)
    if _is_long(a, b):
        return _by_vectors(a, b, SequentialAccumulator(format=format))
    return _general(a, b, depth, False, format)


def _far_from_the_ends(span: Span) -> bool:
    """Whether float64 has all bits of such numbers, and of the errors of their sums."""
    return span.lsb >= -900 and span.top <= 900


def _chained(
    a: Spanned, b: Spanned, depth: int, format: Minifloat, *, always: bool
) -> Matrix | None:
    """FMA chains in ``format`` itself; None if it does not hold the operands.

    Infinities and NaN are for the other lanes, unless tile products are exact or the operands are
    in ``format``.
    """
    dtype = np.float32 if format == FP32 else np.float64
    always = always or a.coded.format == b.coded.format == format
    if not (always or (a.fits(dtype) and b.fits(dtype))):
        return None
    return chained(a, b, depth, dtype, finite=not always)


def _wide_by_loops(a: Coded, b: Coded, depth: int) -> Matrix:
    c = np.zeros((a.shape[0], b.shape[1]), np.float32)
    _by_rows(_kernels().multiply_wide, a.values(), b.values(), (depth,), c)
    return c


def _exact(a: Coded, b: Coded, format: Minifloat) -> Matrix:
    operands = blas_operands(a, b.T)
    if operands is None and _is_long(a, b):
        return _by_vectors(a, b, ExactAccumulator(format=format))
    if operands is None:
        return _general(a, b, 1, True, format)
    with np.errstate(over="ignore", under="ignore"):
        product = operands.product()
        return product.astype(np.float32 if format == FP32 else np.float64, copy=False)


def _is_long(a: Coded, b: Coded) -> bool:
    """Whether the vector lanes of dot products are worth their preparation."""
    from ..dot_vectors.lane import LEAST_WORK

    long = a.shape[0] * a.shape[1] * b.shape[1] >= LEAST_WORK
    return long and kernels_are_compiled()


def _by_vectors(a: Coded, b: Coded, accumulator: Accumulator) -> Matrix:
    """The floats of `dot`, which looks for what the numbers that are there allow."""
    from ..dots.dot import dot

    return dot(a, b, accumulator).floats()


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


def _kernels() -> Any:
    from . import kernels

    return kernels
