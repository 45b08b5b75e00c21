"""Philox4x32-10 in vectors: sixteen counters side by side; see `random_bits.py`."""

import numpy as np

from .jit import kernel
from .words import add, differ, high_product, multiply, prefer_wide_vectors

M0, M1 = np.uint32(0xD2511F53), np.uint32(0xCD9E8D57)
W0, W1 = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)


@kernel
def fill_group(words, low, high, k0, k1, step_low, step_high):
    """The words of the 16 counters from (low, high), by word and counter; 16 divides ``low``."""
    prefer_wide_vectors()
    for lane in range(16):
        c0, c1, c2, c3 = add(low, np.uint32(lane)), high, step_low, step_high
        a, b = k0, k1
        for _ in range(10):
            h0, l0 = high_product(M0, c0), multiply(M0, c0)
            h1, l1 = high_product(M1, c2), multiply(M1, c2)
            c0, c1, c2, c3 = differ(differ(h1, c1), a), l1, differ(differ(h0, c3), b), l0
            a, b = add(a, W0), add(b, W1)
        words[0, lane], words[1, lane], words[2, lane], words[3, lane] = c0, c1, c2, c3


@kernel
def fill_groups(words, first, key):
    """The words of groups ``first``, ``first + 1``, ...: an array (groups, 4, 16).

    ``key`` is (key, key, step, step), each low word first.
    """
    for group in range(words.shape[0]):
        counter = (first + group) * 16
        low, high = np.uint32(counter & 0xFFFFFFFF), np.uint32(counter >> 32)
        fill_group(words[group], low, high, key[0], key[1], key[2], key[3])
