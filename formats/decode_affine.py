"""Decoding affine integers: the product of two integers' difference and a scale, exact."""

import math
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .affine import Affine
from .affine_rows import affine_rows, elements_together
from .jit import kernels_are_compiled
from .layout import per_chunk
from .threads import split_work

_BINARY32_BITS, _BINARY32_END = 24, 2.0**128


class _Rows(NamedTuple):
    """What decoding knows of rows, see `affine_rows`: words of zero points, and scales."""

    columns: int
    step: int
    zero_points: NDArray[np.uint32]
    scales: NDArray[Any]


def decode_affine(
    format: Affine,
    codes: NDArray[Any],
    dtype: type[np.float32] | type[np.float64],
    out: NDArray[Any] | None,
) -> NDArray[Any] | None:
    """``scale (q - zero_point)``, in ``out`` if there is one; None if it may be no float32.

    *Exactness*: a difference has at most 17 bits and a scale 24, so that every product is a
    float64; `all_values_fit_float32` says of which formats they are float32.
    """
    rows = _rows(format, np.dtype(dtype), elements_together(format, codes.shape))
    if rows is None:
        return None
    values = np.empty(codes.shape, dtype) if out is None else out
    if codes.size == 0:
        return values
    if not kernels_are_compiled():
        scale, zero_point = format.columns(codes.shape)
        values[...] = (codes - zero_point) * scale.astype(dtype)
        return values
    from .affine_kernels import decode_affine_rows

    work = partial(decode_affine_rows, codes.reshape(-1), *rows, values.reshape(-1))
    split_work(work, -(-codes.size // rows.columns), per_chunk(codes.size, rows.columns))
    return values


@lru_cache(maxsize=32)
def _rows(format: Affine, dtype: np.dtype[Any], together: int) -> _Rows | None:
    """The rows of so many elements of a channel that lie together; None as `decode_affine`."""
    if dtype == np.float32 and not all_values_fit_float32(format):
        return None
    columns, step, channels = affine_rows(len(format.scale), together)
    zero_points = (np.array(format.zero_point) % 2**32).astype(np.uint32)
    return _Rows(columns, step, zero_points[channels], np.array(format.scale, dtype)[channels])


@lru_cache(maxsize=256)
def all_values_fit_float32(format: Affine) -> bool:
    """Whether the value of every code is a float32, whatever the channel.

    Examples
    --------
    >>> from bitpde.formats import INT8
    >>> tenth = float(np.float32(0.1))
    >>> scales = (0.5, 3.0, tenth)
    >>> [all_values_fit_float32(Affine(element=INT8, scale=(s,), zero_point=(0,))) for s in scales]
    [True, True, False]
    """
    codes = format.element.codes()
    for scale, zero_point in zip(format.scale, format.zero_point, strict=True):
        farthest = max(codes[-1] - zero_point, zero_point - codes[0])
        odd = int(math.ldexp(math.frexp(scale)[0], _BINARY32_BITS))
        odd >>= (odd & -odd).bit_length() - 1
        if (odd * farthest).bit_length() > _BINARY32_BITS or scale * farthest >= _BINARY32_END:
            return False
    return True
