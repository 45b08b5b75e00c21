"""Dense storage of codes of any width: arrays of codes to byte strings and back."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .bit_order import BitOrder
from .errors import FormatError
from .packing_folds import fold, fold_halves, group, has_fold_lane, unfold, unfold_halves
from .packing_shifts import join_codes, split_codes

#: Codes treated at a time, so that what lies between the steps stays in cache.
_CHUNK = 1 << 16


def packed_size(count: int, bits: int) -> int:
    """Bytes of ``count`` codes of ``bits`` bits, the last one padded.

    Examples
    --------
    >>> packed_size(3, 4), packed_size(4, 6)
    (2, 3)
    """
    return -(-count * bits // 8)


def pack_codes(
    codes: NDArray[Any], bits: int, order: BitOrder = BitOrder.FIRST_LOW
) -> NDArray[np.uint8]:
    """The low ``bits`` bits of each code in C order, dense; what is left of the last byte is zero.

    Parameters
    ----------
    codes
        Integers of any shape and strides.
    bits
        Width of a code, 1 to 64.
    order
        Where the bits of a code lie; by default two 4-bit codes share a byte with the first low.

    Raises
    ------
    FormatError
        If the codes are no integers, or if ``order`` cannot store them.

    Examples
    --------
    >>> pack_codes(np.array([1, 2, -1], np.int8), 4).tolist()
    [33, 15]
    >>> pack_codes(np.array([1, 2, -1], np.int8), 4, BitOrder.FIRST_HIGH).tolist()
    [18, 240]
    """
    order.check(bits, codes.shape)
    if codes.dtype.kind not in "iu":
        msg = f"codes are {codes.dtype}: give integers, such as the codes of a Coded"
        raise FormatError(msg)
    flat = np.ascontiguousarray(codes).reshape(-1)
    if bits in (8, 16, 32, 64):
        return flat.astype(_whole_bytes("u", bits, order)).view(np.uint8)
    flat = flat.astype(np.min_scalar_type(2**bits - 1), copy=False)
    out = np.empty(packed_size(flat.size, bits), np.uint8)
    if order is BitOrder.SPLIT_HALVES:
        fold_halves(flat, out)
        return out
    lane = fold if has_fold_lane(bits, flat.itemsize) else join_codes
    flat, rows = _whole_groups(flat, out, bits)
    for part, row in _chunks(flat, rows):
        lane(part, bits, order is BitOrder.FIRST_HIGH, row)
    return rows.reshape(-1)[: out.size]


def unpack_codes(
    packed: NDArray[np.uint8],
    bits: int,
    shape: tuple[int, ...],
    dtype: DTypeLike,
    order: BitOrder = BitOrder.FIRST_LOW,
) -> NDArray[Any]:
    """The codes that `pack_codes` packed, a new array; a signed ``dtype`` extends the sign bit.

    Raises
    ------
    FormatError
        If the number of bytes is not that of ``shape``, if a padding bit is set, if a code does
        not fit ``dtype``, or if ``order`` cannot store such an array.

    Examples
    --------
    >>> unpack_codes(np.array([33, 15], np.uint8), 4, (3,), np.int8).tolist()
    [1, 2, -1]
    """
    packed = np.ascontiguousarray(packed).reshape(-1)
    check_packed(packed, bits, shape, order)
    kind, width = np.dtype(dtype).kind, 8 * np.dtype(dtype).itemsize
    if kind not in "iu" or bits > width:
        msg = f"{np.dtype(dtype)} cannot hold codes of {bits} bits: choose a wider dtype"
        raise FormatError(msg)
    if bits in (8, 16, 32, 64):
        return packed.view(_whole_bytes(kind, bits, order)).astype(dtype).reshape(shape)
    codes = np.empty(math.prod(shape), f"u{width // 8}")
    if order is BitOrder.SPLIT_HALVES:
        unfold_halves(packed, codes)
    else:
        lane = unfold if has_fold_lane(bits, codes.itemsize) else split_codes
        flat, rows = _whole_groups(codes, packed, bits)
        for part, row in _chunks(flat, rows):
            lane(row, bits, order is BitOrder.FIRST_HIGH, part)
        codes = flat[: codes.size]
    if kind == "i":
        codes <<= width - bits
        codes = codes.view(f"i{width // 8}")
        codes >>= width - bits
    return codes.astype(dtype, copy=False).reshape(shape)


def _whole_bytes(kind: str, bits: int, order: BitOrder) -> str:
    """The dtype whose bytes in memory are those of a packed code of 1, 2, 4 or 8 bytes."""
    return f"{'>' if order is BitOrder.FIRST_HIGH else '<'}{kind}{bits // 8}"


def _whole_groups(
    codes: NDArray[Any], packed: NDArray[np.uint8], bits: int
) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """Both padded with zeros to whole groups, the bytes with one row for each group."""
    count, size = group(bits)
    groups = -(-codes.size // count)
    if groups * count != codes.size:
        codes = np.concatenate([codes, np.zeros(groups * count - codes.size, codes.dtype)])
        packed = np.concatenate([packed, np.zeros(groups * size - packed.size, np.uint8)])
    return codes, packed.reshape(groups, size)


def _chunks(
    codes: NDArray[Any], rows: NDArray[np.uint8]
) -> Iterator[tuple[NDArray[Any], NDArray[np.uint8]]]:
    """Views of both, some groups at a time."""
    count = codes.size // max(1, rows.shape[0])
    for start in range(0, codes.size, _CHUNK):
        stop = start + _CHUNK
        yield codes[start:stop], rows[start // count : stop // count]


def check_packed(
    packed: NDArray[np.uint8], bits: int, shape: tuple[int, ...], order: BitOrder
) -> None:
    """Require bytes of one axis, as many as ``shape`` needs, with zeros after the last code."""
    order.check(bits, shape)
    if packed.dtype != np.uint8 or packed.ndim != 1:
        given = f"{packed.dtype} of {packed.ndim} axes"
        msg = f"packed codes are {given}: give uint8 of one axis"
        raise FormatError(msg)
    count = math.prod(shape)
    needed = packed_size(count, bits)
    if packed.size != needed:
        msg = f"{packed.size} bytes for {count} codes of {bits} bits: {needed} needed"
        raise FormatError(msg)
    used = count * bits % 8
    padding = 0xFF >> used if order is BitOrder.FIRST_HIGH else 0xFF << used & 0xFF
    if used and int(packed[-1]) & padding:
        msg = f"padding bits after the last of {count} codes are set: the data is not packed codes"
        raise FormatError(msg)
