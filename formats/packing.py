"""Dense storage of codes of any width: bit k of the stream is bit ``k % 8`` of byte ``k // 8``."""

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .errors import FormatError


def pack_codes(codes: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """The low ``bits`` bits of each code in C order, first code lowest; the last byte zero-padded.

    Two 4-bit codes share a byte with the first in the low nibble (the order of ONNX and torchao).

    Examples
    --------
    >>> pack_codes(np.array([1, 2, -1], np.int8), 4).tolist()
    [33, 15]
    """
    _check_width(bits)
    wide = np.ascontiguousarray(codes).astype("<u8").reshape(-1, 1).view(np.uint8)
    stream = np.unpackbits(wide, axis=1, bitorder="little", count=bits)
    return np.packbits(stream.reshape(-1), bitorder="little")


def _check_width(bits: int) -> None:
    if not 1 <= bits <= 64:
        msg = f"codes have {bits} bits: choose 1 to 64"
        raise FormatError(msg)


def unpack_codes(
    packed: NDArray[np.uint8], bits: int, shape: tuple[int, ...], dtype: DTypeLike
) -> NDArray[Any]:
    """The codes that `pack_codes` packed; a signed ``dtype`` extends the sign bit.

    Raises
    ------
    FormatError
        If the number of bytes is not that of ``shape``, if a padding bit is set, or if a code does
        not fit ``dtype``.

    Examples
    --------
    >>> unpack_codes(np.array([33, 15], np.uint8), 4, (3,), np.int8).tolist()
    [1, 2, -1]
    """
    _check_width(bits)
    if bits > 8 * np.dtype(dtype).itemsize:
        msg = f"{np.dtype(dtype)} cannot hold codes of {bits} bits: choose a wider dtype"
        raise FormatError(msg)
    count = math.prod(shape)
    flat = np.ascontiguousarray(packed, dtype=np.uint8).reshape(-1)
    if flat.size != -(-count * bits // 8):
        msg = f"{flat.size} bytes for {count} codes of {bits} bits: {-(-count * bits // 8)} needed"
        raise FormatError(msg)
    stream = np.unpackbits(flat, bitorder="little")
    if stream[count * bits :].any():
        msg = f"padding bits after the last of {count} codes are set: the data is not packed codes"
        raise FormatError(msg)
    wide = np.zeros((count, 64), np.uint8)
    wide[:, :bits] = stream[: count * bits].reshape(count, bits)
    if np.dtype(dtype).kind == "i":
        wide[:, bits:] = wide[:, bits - 1 : bits]
    codes = np.packbits(wide.reshape(-1), bitorder="little").view("<u8")
    return (
        codes.astype(np.int64 if np.dtype(dtype).kind == "i" else np.uint64)
        .astype(dtype)
        .reshape(shape)
    )
