"""Decoding affine integers: the product of two integers' difference and a scale, exact."""

import math
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .affine import Affine
from .affine_rows import affine_rows
from .jit import kernels_are_compiled
from .threads import split_work

_BINARY32_BITS, _BINARY32_END = 24, 2.0**128


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
    if dtype is np.float32 and not all_values_fit_float32(format):
        return None
    values = np.empty(codes.shape, dtype) if out is None else out
    if codes.size == 0:
        return values
    if not kernels_are_compiled():
        scale, zero_point = format.columns(codes.shape)
        values[...] = (codes - zero_point) * scale.astype(dtype)
        return values
    from .affine_kernels import decode_affine_rows

    for rows in affine_rows(format, codes, values):
        channels = (rows.scales.astype(dtype), rows.zero_points.astype(np.int32))
        work = partial(decode_affine_rows, rows.first, *channels, rows.second)
        split_work(work, rows.first.shape[0], rows.chunk)
    return values


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
