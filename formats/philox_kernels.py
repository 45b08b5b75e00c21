"""Philox4x32-10 in vectors: sixteen counters side by side; see `random_bits.py`."""

import numpy as np

from .jit import inlined_kernel, kernel
from .vector_words import places_of_16, spread_16, store_16
from .words import add, both, differ, high_product, left, low_product

HALF, HIGH_HALF = np.uint32(16), np.uint32(0xFFFF0000)
M0, M1 = np.uint32(0xD2511F53), np.uint32(0xCD9E8D57)
W0, W1 = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)


@inlined_kernel
def draws_per_group(dropped):
    """How many draws a group has, of words without their ``dropped`` last bits."""
    return 128 if dropped >= HALF else 64


@inlined_kernel
def store_draws(words, group, place, parts, word):
    """Store word ``place`` of a group's four for 16 draws, or its two halves for 32.

    A half is the high one of a word whose low one is zero.
    """
    start = 16 * parts * (4 * group + place)
    if parts == 1:
        store_16(words, start, word)
    else:
        store_16(words, start, left(word, HALF))
        store_16(words, start + 16, both(word, HIGH_HALF))


@kernel
def fill_groups(words, first, key):
    """The draws of groups ``first``, ``first + 1``, ...: an array (groups, 4 or 8, 16).

    ``key`` is (key, key, step, step), each low word first.  A group is that of 16 counters, whose
    64 words make as many draws, or one each of their 128 halves.
    """
    parts = words.shape[1] // 4
    k0, k1, step_low, step_high = key[0], key[1], key[2], key[3]
    for group in range(words.shape[0]):
        counter = (first + group) * 16
        c0 = add(places_of_16(), np.uint32(counter & 0xFFFFFFFF))
        c1 = spread_16(np.uint32(counter >> 32))
        c2, c3 = spread_16(step_low), spread_16(step_high)
        a, b = k0, k1
        for _ in range(10):
            h0, l0 = high_product(c0, M0), low_product(c0, M0)
            h1, l1 = high_product(c2, M1), low_product(c2, M1)
            c0, c1, c2, c3 = differ(differ(h1, c1), a), l1, differ(differ(h0, c3), b), l0
            a, b = add(a, W0), add(b, W1)
        store_draws(words, group, 0, parts, c0)
        store_draws(words, group, 1, parts, c1)
        store_draws(words, group, 2, parts, c2)
        store_draws(words, group, 3, parts, c3)
