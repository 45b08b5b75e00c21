"""Codes to bytes and back by folding words: the fast lane, for groups that fit 64 bits.

A group of 1, 2, 4 or 8 codes is read as a word, and the halves of every word are pushed together:
two codes of 6 bits in a 16-bit word become 12 bits, two such words in a 32-bit word become 24 bits,
which are the 3 bytes of the group.  Each step treats all words of an array at once.
"""

from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bit_order import SPLIT_GROUP


def group(bits: int) -> tuple[int, int]:
    """The codes and the bytes of the least group of codes that fills its bytes.

    Examples
    --------
    >>> group(4), group(6), group(16)
    ((2, 1), (4, 3), (1, 2))
    """
    return 8 // gcd(bits, 8), bits // gcd(bits, 8)


def has_fold_lane(bits: int, itemsize: int) -> bool:
    """Whether a group of codes, held in ``itemsize`` bytes each, fits a word of 64 bits."""
    return group(bits)[0] * itemsize <= 8


def fold(codes: NDArray[Any], bits: int, high_first: bool, out: NDArray[np.uint8]) -> None:
    """Put the low ``bits`` bits of each code of the groups into the bytes ``out``.

    Preconditions: ``codes`` unsigned and contiguous, whole groups; ``out`` (groups, their bytes).
    """
    width = 8 * codes.itemsize
    words = np.asarray(codes & codes.dtype.type(2**bits - 1), f"<u{codes.itemsize}")
    for _ in range(group(bits)[0].bit_length() - 1):
        words = words.view(f"<u{width // 4}")
        first, second = words & words.dtype.type(2**width - 1), words >> width
        words = first << bits | second if high_first else first | second << bits
        width, bits = 2 * width, 2 * bits
    for byte, column in enumerate(out.T[::-1] if high_first else out.T):
        column[:] = (words >> 8 * byte).astype(np.uint8)


def unfold(packed: NDArray[np.uint8], bits: int, high_first: bool, out: NDArray[Any]) -> None:
    """The inverse of `fold`.

    Preconditions: ``packed`` (groups, their bytes); ``out`` unsigned and contiguous.
    """
    count = group(bits)[0]
    width, bits = 8 * out.itemsize * count, bits * count
    words = np.zeros(packed.shape[0], f"<u{width // 8}")
    for byte, column in enumerate(packed.T[::-1] if high_first else packed.T):
        words |= column.astype(words.dtype) << 8 * byte
    while width > 8 * out.itemsize:
        width, bits = width // 2, bits // 2
        low, high = words & words.dtype.type(2**bits - 1), words >> bits
        words = high | low << width if high_first else low | high << width
        words = words.view(f"<u{width // 8}")
    out[:] = words


def fold_halves(codes: NDArray[Any], out: NDArray[np.uint8]) -> None:
    """Put nibbles j and j+16 of each 32 into byte j of 16, the first one low."""
    halves = codes.reshape(-1, 2, SPLIT_GROUP // 2)
    np.bitwise_or(halves[:, 0] & 15, halves[:, 1] << 4, out=out.reshape(-1, SPLIT_GROUP // 2))


def unfold_halves(packed: NDArray[np.uint8], out: NDArray[Any]) -> None:
    """The inverse of `fold_halves`."""
    halves, pairs = out.reshape(-1, 2, SPLIT_GROUP // 2), packed.reshape(-1, SPLIT_GROUP // 2)
    halves[:, 0] = pairs & 15
    halves[:, 1] = pairs >> 4
