"""Bringing numeric input to binary32 or binary64 without losing what rounding needs."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import FormatError

Carrier = NDArray[np.float32] | NDArray[np.float64]

#: Formats of at most this many significand bits round an integer carried with its last bit
#: jammed exactly as they round the integer itself.
JAMMED_PRECISION = 51


def to_carrier(x: ArrayLike) -> tuple[Carrier, bool]:
    """A C-contiguous float32 or float64 array with the values of ``x``, and whether all are exact.

    float16, float32, float64 and integers below 2^53 in magnitude are carried exactly.  A larger
    integer is rounded to odd at 53 bits, which leaves every later rounding to at most 51 bits
    unchanged (Boldo and Melquiond 2008), and the second result is False.

    Raises
    ------
    FormatError
        For any other dtype.

    Examples
    --------
    >>> to_carrier([1, 2])
    (array([1., 2.]), True)
    >>> to_carrier(np.array([2**60 + 1]))[1]
    False
    """
    array = np.asarray(x)
    if array.dtype == np.float32 and array.flags.c_contiguous:
        return array, True
    if array.dtype.kind == "f" and array.dtype.itemsize <= 8:
        if array.dtype.itemsize == 8:
            return np.ascontiguousarray(array, dtype=np.float64).reshape(array.shape), True
        return np.ascontiguousarray(array, dtype=np.float32).reshape(array.shape), True
    if array.dtype.kind in "iu":
        return _integers(array)
    msg = f"cannot encode dtype {array.dtype}: give float16, float32, float64 or integers"
    raise FormatError(msg)


def _integers(
    array: NDArray[np.signedinteger] | NDArray[np.unsignedinteger],
) -> tuple[Carrier, bool]:
    values = np.ascontiguousarray(array, dtype=np.float64).reshape(array.shape)
    if array.dtype.itemsize < 8 or not np.any(np.abs(values) >= 2.0**53):
        return values, True
    negative = array < 0
    magnitude = array.astype(np.uint64)
    magnitude = np.where(negative, np.uint64(0) - magnitude, magnitude)
    odd, exact = _rounded_to_odd(magnitude)
    return np.where(negative, -odd, odd), exact


def _rounded_to_odd(magnitude: NDArray[np.uint64]) -> tuple[NDArray[np.float64], bool]:
    near = magnitude.astype(np.float64)
    beyond = near >= 2.0**64
    back = np.where(beyond, 0.0, near).astype(np.uint64)
    above = beyond | (back > magnitude)
    below = ~beyond & (back < magnitude)
    even = (near.view(np.int64) & 1) == 0
    near = np.where(even & below, np.nextafter(near, np.inf), near)
    near = np.where(even & above, np.nextafter(near, 0.0), near)
    return near, not bool(np.any(above | below))
