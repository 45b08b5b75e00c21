"""The numbers that codes stand for, in the dtype that is asked for or not at all."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .block import Block
from .decode import Float, decode_array
from .errors import FormatError
from .kinds import Format, short_name

Scales = NDArray[np.uint8] | None


def values_of(
    format: Format,
    codes: NDArray[Any],
    scales: Scales,
    tensor_scale: float | None,
    dtype: DTypeLike,
) -> NDArray[Any]:
    """The values as float64 or float32; exact.  See `Coded.values`."""
    if np.dtype(dtype) not in (np.float64, np.float32):
        msg = f"values come as float32 or float64, not {np.dtype(dtype)}"
        raise FormatError(msg)
    if np.dtype(dtype) == np.float32:
        values = _decode(format, codes, scales, tensor_scale, np.float32)
        if values is not None:
            return values
    values = _decode(format, codes, scales, tensor_scale, np.float64)
    if values is None:
        msg = f"{short_name(format)} has values beyond float64"
        raise FormatError(msg)
    return values if np.dtype(dtype) == np.float64 else in_dtype(values, dtype)


def in_dtype(values: NDArray[np.float64], dtype: DTypeLike) -> NDArray[Any]:
    """The same numbers in another dtype, float64 itself included; exact but for the sign of 0.

    Raises
    ------
    FormatError
        If a value is no number of ``dtype``, or if ``dtype`` is none of numbers.

    Examples
    --------
    >>> in_dtype(np.array([1.0, -2.0]), np.int8)
    array([ 1, -2], dtype=int8)
    """
    target = np.dtype(dtype)
    if target.kind in "bSUOmM" or target.type is np.void:
        msg = f"values are numbers, not {target}: ask for float64"
        raise FormatError(msg)
    with np.errstate(all="ignore"):
        converted = values.astype(target)
        back = converted.real.astype(np.float64)
    if not np.array_equal(back, values, equal_nan=True):
        msg = f"some values are no {target}: ask for float64 and round as you mean to"
        raise FormatError(msg)
    return converted


def _decode(
    format: Format,
    codes: NDArray[Any],
    scales: Scales,
    tensor_scale: float | None,
    dtype: Float,
) -> NDArray[Any] | None:
    """The values; those of a transposed array as a transposed view."""
    if codes.ndim == 2 and not codes.flags.c_contiguous and codes.T.flags.c_contiguous:
        turned = format.T if isinstance(format, Block) else format
        turned_scales = None if scales is None else scales.T
        values = _decode(turned, codes.T, turned_scales, tensor_scale, dtype)
        return None if values is None else values.T
    in_order = None if scales is None else np.asarray(scales, order="C")
    return decode_array(format, np.asarray(codes, order="C"), in_order, dtype, tensor_scale)
