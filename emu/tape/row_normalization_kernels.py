"""Compiled normalization of the rows of (B, C) arrays: the bits of one group of one cell.

The general kernels hold a mean for each channel, and their sums wait for each addition.  Here some
rows are added side by side, and each has its mean once; every number is computed as there.
"""

from typing import Any

import numpy as np

from ...formats import kernel

#: Rows that are added at once.
BESIDE = 16


@kernel
def normalize_rows(
    x: Any, eps: float, gain: Any, bias: Any,
    out: Any, centres: Any, factors: Any, start: int, stop: int,
) -> None:  # fmt: skip
    """``(x - m) r gain + bias`` of rows start..stop; m and r go to ``centres`` and ``factors``."""
    channels = x.shape[1]
    count = np.float64(channels)
    held = np.empty((channels, BESIDE))
    totals, means = np.empty(BESIDE), np.empty(BESIDE)
    for first in range(start, stop, BESIDE):
        rows = min(BESIDE, stop - first)
        for r in range(BESIDE):
            i = first + r if r < rows else first
            for c in range(channels):
                held[c, r] = x[i, c]
        totals[:] = 0.0
        for c in range(channels):
            for r in range(BESIDE):
                totals[r] += held[c, r]
        for r in range(BESIDE):
            means[r] = totals[r] / count
        totals[:] = 0.0
        for c in range(channels):
            for r in range(BESIDE):
                d = held[c, r] - means[r]
                totals[r] += d * d
        for r in range(BESIDE):
            totals[r] = 1.0 / np.sqrt(totals[r] / count + eps)
        for r in range(rows):
            i, m, factor = first + r, means[r], totals[r]
            centres[i, 0], factors[i, 0] = m, factor
            for c in range(channels):
                d = (np.float64(x[i, c]) - m) * factor
                out[i, c] = d * gain[c] + bias[c]


@kernel
def slopes_of_rows(
    x: Any, g: Any, gain: Any, centres: Any, factors: Any, out: Any, start: int, stop: int
) -> None:
    """``r ((h - mean h) - y mean(h y))`` of rows start..stop, with ``h = g gain``."""
    channels = x.shape[1]
    count = np.float64(channels)
    incoming, moved = np.empty((channels, BESIDE)), np.empty((channels, BESIDE))
    totals, products = np.empty(BESIDE), np.empty(BESIDE)
    for first in range(start, stop, BESIDE):
        rows = min(BESIDE, stop - first)
        for r in range(BESIDE):
            i = first + r if r < rows else first
            m, factor = centres[i, 0], factors[i, 0]
            for c in range(channels):
                incoming[c, r] = np.float64(g[i, c]) * gain[c]
                moved[c, r] = (np.float64(x[i, c]) - m) * factor
        totals[:] = 0.0
        products[:] = 0.0
        for c in range(channels):
            for r in range(BESIDE):
                totals[r] += incoming[c, r]
                products[r] += incoming[c, r] * moved[c, r]
        for r in range(BESIDE):
            totals[r] /= count
            products[r] /= count
        for r in range(rows):
            i = first + r
            m, factor, total, product = centres[i, 0], factors[i, 0], totals[r], products[r]
            for c in range(channels):
                h = np.float64(g[i, c]) * gain[c]
                y = (np.float64(x[i, c]) - m) * factor
                out[i, c] = factor * ((h - total) - y * product)


@kernel
def add_slopes_of_rows(x: Any, g: Any, centres: Any, factors: Any, gains: Any, biases: Any) -> None:
    """``gains += sum g y`` and ``biases += sum g``, in order of the rows."""
    for i in range(x.shape[0]):
        m, factor = centres[i, 0], factors[i, 0]
        for c in range(x.shape[1]):
            h = np.float64(g[i, c])
            gains[c] += h * ((np.float64(x[i, c]) - m) * factor)
            biases[c] += h
