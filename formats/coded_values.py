"""The numbers that codes stand for, in the dtype that is asked for or not at all."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .affine import Affine
from .block import Block
from .decode import Float, decode_array
from .errors import FormatError
from .kinds import Format, short_name
from .outputs import check_out, delivered

Scales = NDArray[np.uint8] | None

_BINARY32, _BINARY64 = np.dtype(np.float32), np.dtype(np.float64)


def values_of(
    format: Format,
    codes: NDArray[Any],
    scales: Scales,
    tensor_scale: float | None,
    dtype: DTypeLike | None,
    out: NDArray[Any] | None,
) -> NDArray[Any]:
    """The values as float64 or float32; exact.  See `Coded.values`."""
    target = _target(dtype, out)
    if out is not None:
        check_out(out, target, codes.shape)
        _check_apart(out, codes, scales)
    if target == _BINARY32:
        values = _decode(format, codes, scales, tensor_scale, np.float32, out)
        if values is not None:
            return values
    place = out if target == _BINARY64 else None
    values = _decode(format, codes, scales, tensor_scale, np.float64, place)
    if values is None:
        name = short_name(format)
        msg = f"{name} has values that no float64 holds: decode_exact gives them one by one"
        raise FormatError(msg)
    if target == _BINARY64:
        return values
    return delivered(in_dtype(values, target), out)


def _target(dtype: DTypeLike | None, out: NDArray[Any] | None) -> np.dtype[Any]:
    """The type asked for: that of ``out``, or else float64, where none is named."""
    target = _BINARY64 if dtype is None else np.dtype(dtype)
    if dtype is None and isinstance(out, np.ndarray):
        target = out.dtype
    if target not in (_BINARY32, _BINARY64):
        msg = f"values come as float32 or float64, not {target}"
        raise FormatError(msg)
    return target


def _check_apart(out: NDArray[Any], codes: NDArray[Any], scales: Scales) -> None:
    """Require that writing ``out`` changes nothing that is read."""
    if any(np.may_share_memory(out, read) for read in (codes, scales) if read is not None):
        msg = "out shares memory with the codes or scales: give another array"
        raise FormatError(msg)


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
    out: NDArray[Any] | None,
) -> NDArray[Any] | None:
    """The values, in ``out`` if there is one; those of a transposed array as a transposed view."""
    turnable = codes.ndim == 2 and not (isinstance(format, Affine) and format.axis is not None)
    if turnable and not codes.flags.c_contiguous and codes.T.flags.c_contiguous:
        turned = format.T if isinstance(format, Block) else format
        turned_scales = None if scales is None else scales.T
        turned_out = None if out is None else out.T
        values = _decode(turned, codes.T, turned_scales, tensor_scale, dtype, turned_out)
        return None if values is None else values.T if out is None else out
    in_order = None if scales is None else _in_order(scales)
    place = np.asarray(out) if out is not None and out.flags.c_contiguous else None
    values = decode_array(format, _in_order(codes), in_order, dtype, tensor_scale, place)
    return None if values is None else delivered(values, out)


def _in_order(array: NDArray[Any]) -> NDArray[Any]:
    """The same array, contiguous; read-only as ever, so that kernels are compiled for one type."""
    if array.flags.c_contiguous:
        return array
    copy = array.copy(order="C")
    copy.setflags(write=False)
    return copy
