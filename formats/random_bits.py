"""Random bits for stochastic rounding, as a function of (seed, stream, step, position).

The element at position ``i`` of an array in C order has, for a draw of more than 16 bits, the word

    word (i mod 64) div 16 of Philox4x32-10(key, counter = (16 (i div 64) + i mod 16, step)),

counter and step being 64-bit numbers, low word first, and the key the first eight bytes, little
endian, of SHA-256 of the identity.  (Sixteen counters side by side fill a vector.)  For a draw of
at most 16 bits, of which a word has two, it is with ``v = (i mod 128) div 16``

    the low (v even) or high (v odd) half of word v div 2 of
    Philox4x32-10(key, counter = (16 (i div 128) + i mod 16, step)).

A draw of N bits is the N highest bits of the word or half.  (Words and halves are the same bits at
different positions: draw both from one stream and step for different purposes only if these may be
correlated.)  **Every element has its draw**, whether
its value is exact or not, NaN or not, so that a value never moves the draws of others, and threads,
chunks and order leave no trace.

Philox4x32-10 is the counter-based generator of Salmon, Moraes, Dror and Shaw (*Parallel random
numbers: as easy as 1, 2, 3*, SC 2011).
"""

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import FormatError
from .jit import kernels_are_compiled
from .specs import check_fields
from .threads import split_work

_VERSION = "bitpde.bits.1"
_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = 0x9E3779B9, 0xBB67AE85
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint32(16)
_HIGH_HALF = np.uint32(0xFFFF0000)
_CHUNK_GROUPS = 1 << 11


@dataclass(frozen=True, kw_only=True)
class RandomBits:
    """The random bits called ``stream`` under ``seed``, at one step.

    Parameters
    ----------
    seed
        A non-negative integer of any size.
    stream
        What the bits are for, such as ``"weights/layer1"``.
    step
        Which draw, such as the training step; below 2^64.

    Examples
    --------
    >>> bits = RandomBits(seed=0, stream="weights")
    >>> bool((bits.draw((5,), 8) == bits.draw((7, 9), 8).reshape(-1)[:5]).all())
    True
    """

    seed: int
    stream: str = "rounding"
    step: int = 0

    def __post_init__(self) -> None:
        check_fields(self)
        if self.seed < 0 or not 0 <= self.step < 2**64:
            msg = f"seed is {self.seed} and step {self.step}: give none below 0, a step below 2^64"
            raise FormatError(msg)

    @property
    def key(self) -> tuple[int, int]:
        """The key of Philox4x32: two words."""
        identity = f"{_VERSION}\0{self.seed}\0{self.stream}".encode()
        number = int.from_bytes(hashlib.sha256(identity).digest()[:8], "little")
        return number & 0xFFFFFFFF, number >> 32

    def draw(self, shape: tuple[int, ...], count: int) -> NDArray[np.uint32]:
        """``count`` random bits for each element of an array of ``shape``, as integers; exact.

        Raises
        ------
        FormatError
            If ``count`` is not 0 to 32.
        """
        return self.draw_from(0, math.prod(shape), count).reshape(shape)

    def draw_from(self, first: int, size: int, count: int) -> NDArray[np.uint32]:
        """The draws of the elements at positions ``first`` to ``first + size``; exact.

        Examples
        --------
        >>> bits = RandomBits(seed=0)
        >>> bool((bits.draw_from(70, 9, 8) == bits.draw((100,), 8)[70:79]).all())
        True
        """
        if not 0 <= count <= 32:
            msg = f"a draw of {count} bits: choose 0 to 32"
            raise FormatError(msg)
        if count == 0:
            return np.zeros(size, np.uint32)
        vectors = 8 if count <= _HALF else 4
        per_group = 16 * vectors
        group = first // per_group
        words = np.empty((-(-(first + size) // per_group) - group, vectors, 16), np.uint32)
        work = _compiled if kernels_are_compiled() else _plain

        def fill(start: int, stop: int) -> None:
            work(words[start:stop], group + start, self.words)

        split_work(fill, words.shape[0], _CHUNK_GROUPS)
        skipped = first - group * per_group
        return words.reshape(-1)[skipped : skipped + size] >> np.uint32(32 - count)

    @property
    def words(self) -> NDArray[np.uint32]:
        """Key and step as the four words kernels take."""
        parts = (*self.key, self.step & 0xFFFFFFFF, self.step >> 32)
        return np.array(parts, np.uint32)


def _compiled(words: NDArray[np.uint32], first: int, parts: NDArray[np.uint32]) -> None:
    from .philox_kernels import fill_groups

    fill_groups(words, first, parts)


def _plain(words: NDArray[np.uint32], first: int, parts: NDArray[np.uint32]) -> None:
    """The same in NumPy: the definition, in 64-bit integers."""
    k0, k1, *step = (int(part) for part in parts)
    key = (k0, k1)
    groups = np.arange(first, first + words.shape[0], dtype=np.uint64)[:, None]
    lanes = np.arange(16, dtype=np.uint64)
    counters: NDArray[np.uint64] = groups * np.uint64(16) + lanes
    high = [np.full_like(counters, part) for part in step]
    made = np.stack(philox4x32([counters & _LOW, counters >> np.uint64(32), *high], key), 1)
    if words.shape[1] == 4:
        words[:] = made
    else:
        whole = made.astype(np.uint32)
        words[:, ::2], words[:, 1::2] = whole << _HALF, whole & _HIGH_HALF


def philox4x32(
    counter: list[NDArray[np.uint64]], key: tuple[int, int], rounds: int = 10
) -> list[NDArray[np.uint64]]:
    """Philox4x32 of four arrays of counter words, each below 2^32; exact.

    Examples
    --------
    >>> zero = np.zeros(1, np.uint64)
    >>> [f"{int(word[0]):08x}" for word in philox4x32([zero] * 4, (0, 0))]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    shift = np.uint64(32)
    for _ in range(rounds):
        p0, p1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c2 = (p1 >> shift) ^ c1 ^ np.uint64(k0), (p0 >> shift) ^ c3 ^ np.uint64(k1)
        c1, c3 = p1 & _LOW, p0 & _LOW
        k0, k1 = (k0 + _WEYL[0]) & 0xFFFFFFFF, (k1 + _WEYL[1]) & 0xFFFFFFFF
    return [c0, c1, c2, c3]
