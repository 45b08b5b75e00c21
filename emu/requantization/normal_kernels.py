"""Integers minus their mean, over their deviation: row by row."""

import numpy as np

from ...formats import inlined_kernel, kernel
from .kernels import scaled


@inlined_kernel
def bits_of(number):
    """The bits of a positive integer."""
    bits = 0
    while number > 0:
        number >>= np.int64(1)
        bits += 1
    return bits


@inlined_kernel
def root_of(number):
    """The square root of an integer below 2^62, rounded down."""
    root = np.int64(np.sqrt(np.float64(number)))
    while root * root > number:
        root -= np.int64(1)
    while (root + np.int64(1)) * (root + np.int64(1)) <= number:
        root += np.int64(1)
    return root


@kernel
def normalize_rows(rows, smallest, finer, places, double, out, start, stop):
    """``(u - mean) / sqrt(variance + smallest)`` in units of ``2^-places``, of rows start..stop.

    Means and deviations have ``finer`` more bits than what comes in.
    """
    one, n = np.int64(1), np.int64(rows.shape[1])
    for i in range(start, stop):
        total = np.int64(0)
        for j in range(rows.shape[1]):
            total += np.int64(rows[i, j])
        mean = ((total << (finer + one)) + n) // (n + n)
        squares = np.int64(0)
        for j in range(rows.shape[1]):
            centred = (np.int64(rows[i, j]) << finer) - mean
            squares += centred * centred
        variance = max((squares + squares + n) // (n + n) + smallest, one)
        even = np.int64(62 - bits_of(variance))
        even -= even & one
        wide = variance << even if even >= 0 else variance >> -even
        reciprocal = min((one << np.int64(61)) // root_of(wide), (one << np.int64(31)) - one)
        shift = places + (even >> one) - np.int64(30)
        for j in range(rows.shape[1]):
            centred = (np.int64(rows[i, j]) << finer) - mean
            out[i, j] = scaled(centred, reciprocal, shift, double)
