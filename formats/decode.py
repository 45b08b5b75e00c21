"""Decoding an array: the choice between the compiled lanes."""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .affine import Affine
from .block import Block, element_of
from .coded_checks import read_only
from .decode_affine import decode_affine
from .decode_tables import Lane, lane_for
from .decode_tables import value_table as value_table
from .fixed import Fixed
from .layout import element_integers, matrices, native_dtype, per_chunk
from .minifloat import Minifloat
from .outputs import delivered
from .threads import split_work
from .tiles import spread_tiles

Float = type[np.float32] | type[np.float64]


def decode_array(
    format: Fixed | Minifloat | Affine | Block,
    codes: NDArray[Any],
    scales: NDArray[np.uint8] | None,
    dtype: Float,
    tensor_scale: float | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any] | None:
    """Values as float64, or as float32 where every value the format has is one, else None; exact.

    They are written into ``out``; without it, where the codes are the bits of ``dtype`` the result
    is a read-only view of them.  Preconditions: contiguous arrays of the shapes that belong to
    ``format``; ``out`` is of ``dtype`` and shares no memory with the others.
    """
    if isinstance(format, Affine):
        return decode_affine(format, codes, dtype, out)
    lane = lane_for(format, np.dtype(dtype))
    values = None if lane is None else _by_factors(format, codes, scales, lane, dtype, out)
    if values is None:
        values = _otherwise(format, codes, scales, dtype, tensor_scale)
    return None if values is None else delivered(values, out)


def _otherwise(
    format: Fixed | Minifloat | Block,
    codes: NDArray[Any],
    scales: NDArray[np.uint8] | None,
    dtype: Float,
    tensor_scale: float | None,
) -> NDArray[Any] | None:
    """The values where they are no products of numbers and factors of ``dtype``."""
    native = native_dtype(format)
    if native is not None:
        with np.errstate(invalid="ignore"):  # widening a signaling NaN
            return codes.view(native).astype(dtype, copy=False) if _holds(native, dtype) else None
    if dtype is np.float32:
        return None
    if isinstance(format, Block) and isinstance(format.scale, Minifloat) and scales is not None:
        elements = decode_array(format.element, codes, None, np.float64)
        if elements is None:
            return None
        steps = value_table(format.scale)[scales] * (tensor_scale or 1.0)
        products: NDArray[np.float64] = elements * spread_tiles(steps, codes.shape, format)
        return products
    element = element_of(format)
    if isinstance(element, Minifloat) and not element.fits_binary64:
        return _decode_beyond(element, codes)
    return _decode_general(format, codes, scales)


def _holds(narrow: type[np.floating[Any]], wide: Float) -> bool:
    return np.dtype(narrow).itemsize <= np.dtype(wide).itemsize


def _decode_beyond(element: Minifloat, codes: NDArray[Any]) -> NDArray[np.float64] | None:
    """Values of a narrow format that reaches beyond binary64; None if one of them is none."""
    present, places = np.unique(codes, return_inverse=True)
    exact = [element.decode(int(code)) for code in present]
    values = np.array([_nearest(value) for value in exact])
    if any(value == value and value != exact[i] for i, value in enumerate(values.tolist())):
        return None
    return np.asarray(values[places].reshape(codes.shape))


def _nearest(value: Fraction | float) -> float:
    """A binary64 near the value, zero or infinite where it is beyond them all."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _by_factors(
    format: Fixed | Minifloat | Block,
    codes: NDArray[Any],
    scales: NDArray[np.uint8] | None,
    lane: Lane,
    dtype: Float,
    out: NDArray[Any] | None,
) -> NDArray[Any] | None:
    """What the lane makes of the codes; None if a value does not fit ``dtype``."""
    values = np.empty(codes.shape, dtype) if out is None else out
    stored = values.view(lane.factors.dtype)
    if not lane.tiled:
        flat = partial(lane.kernel, codes.reshape(-1), lane.factors[0], stored.reshape(-1))
        split_work(flat, codes.size, per_chunk(codes.size, 1))
        return values
    failed: list[bool] = []
    for tiling, its_scales, (its_codes, part) in matrices(format, scales, codes, stored):
        decode = partial(
            lane.kernel, its_codes, read_only(its_scales), *tiling.tile, lane.factors, part
        )

        def work(start: int, stop: int, decode: Callable[..., bool] = decode) -> None:
            if not failed and not decode(start, stop):
                failed.append(True)

        split_work(work, its_scales.shape[0], tiling.strips_per_chunk(*its_codes.shape))
    return None if failed else values


def _decode_general(
    format: Fixed | Minifloat | Block,
    codes: NDArray[Any],
    scales: NDArray[np.uint8] | None,
) -> NDArray[np.float64]:
    from .decode_kernels import decode_strips

    values = np.empty(codes.shape)
    element = element_integers(element_of(format))
    for tiling, its_scales, (its_codes, out) in matrices(format, scales, codes, values):
        work = partial(
            decode_strips, its_codes, read_only(its_scales), *tiling.tile, tiling.scale.bias,
            tiling.scale.nan_code, element, out,
        )  # fmt: skip
        split_work(work, its_scales.shape[0], tiling.strips_per_chunk(*its_codes.shape))
    return values
