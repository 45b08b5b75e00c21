"""Codes of any width to bytes and back by shifts: the general lane, the twin of the fast one.

A code and a byte of a group overlap in one run of bits at most, so that each byte is the union of
shifted codes, and each code of shifted bytes.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .packing_folds import group


def overlaps(bits: int, high_first: bool) -> Iterator[tuple[int, int, int]]:
    """Each code and byte of a group that share bits, and the left shift from code to byte.

    Examples
    --------
    >>> list(overlaps(4, high_first=False)), list(overlaps(4, high_first=True))
    ([(0, 0, 0), (1, 0, 4)], [(0, 0, 4), (1, 0, 0)])
    """
    for code in range(group(bits)[0]):
        start, stop = code * bits, (code + 1) * bits
        for byte in range(start // 8, -(-stop // 8)):
            yield code, byte, 8 * (byte + 1) - stop if high_first else start - 8 * byte


def join_codes(codes: NDArray[Any], bits: int, high_first: bool, out: NDArray[np.uint8]) -> None:
    """Put the low ``bits`` bits of each code of the groups into the bytes ``out``.

    Preconditions: ``codes`` unsigned, whole groups; ``out`` (groups, their bytes).
    """
    codes = codes.reshape(out.shape[0], -1) & codes.dtype.type(2**bits - 1)
    out[:] = 0
    for code, byte, shift in overlaps(bits, high_first):
        column = codes[:, code]
        out[:, byte] |= (column << shift if shift >= 0 else column >> -shift).astype(np.uint8)


def split_codes(packed: NDArray[np.uint8], bits: int, high_first: bool, out: NDArray[Any]) -> None:
    """The inverse of `join_codes`.

    Preconditions: ``packed`` (groups, their bytes); ``out`` unsigned and contiguous.
    """
    codes = out.reshape(packed.shape[0], -1)
    codes[:] = 0
    for code, byte, shift in overlaps(bits, high_first):
        column = packed[:, byte].astype(out.dtype)
        codes[:, code] |= column >> shift if shift >= 0 else column << -shift
    out &= out.dtype.type(2**bits - 1)
