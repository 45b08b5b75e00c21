"""Arrays that the caller gives for results to be written into."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .errors import FormatError


def check_out(out: Any, dtype: DTypeLike, shape: tuple[int, ...]) -> None:
    """Require an array of that type and shape that can be written.

    Raises
    ------
    FormatError
        Naming what ``out`` is.
    """
    wanted = np.dtype(dtype)
    if not isinstance(out, np.ndarray) or out.dtype != wanted or out.shape != shape:
        array = isinstance(out, np.ndarray)
        given = f"{out.dtype} of shape {out.shape}" if array else type(out).__name__
        msg = f"out is {given}: give an array of {wanted} of shape {shape}"
        raise FormatError(msg)
    if not out.flags.writeable:
        msg = "out is read-only: give an array that can be written"
        raise FormatError(msg)


def room(
    out: NDArray[Any] | None, x: NDArray[Any], random: object, dtype: DTypeLike
) -> NDArray[Any]:
    """Where kernels may write while they read ``x`` and its random bits: ``out``, or a new array.

    The new one has the shape of ``x``.
    """
    inputs = [x, random] if isinstance(random, np.ndarray) else [x]
    if out is None or not out.flags.c_contiguous:
        return np.empty(x.shape, dtype)
    if any(np.may_share_memory(out, read) for read in inputs):
        return np.empty(x.shape, dtype)
    return out


def delivered(values: NDArray[Any], out: NDArray[Any] | None) -> NDArray[Any]:
    """The values, in ``out`` if there is one."""
    if out is None or values is out:
        return values
    out[...] = values
    return out
