"""Compiled normalization of (B, S, C) arrays over space and the channels of a group, in float64.

Sums are taken in order: of each channel over space, then of the channels of a group.
"""

from typing import Any

import numpy as np

from ...formats import kernel


@kernel
def add_groups(totals: Any, groups: int, count: float, means: Any) -> None:
    """``means[c] = sum of totals of the group of c / count``, the sum in order from +0."""
    width = totals.size // groups
    for first in range(0, totals.size, width):
        total = 0.0
        for c in range(first, first + width):
            total += totals[c]
        for c in range(first, first + width):
            means[c] = total / count


@kernel
def normalize(
    x: Any, groups: int, eps: float, gain: Any, bias: Any,
    out: Any, centres: Any, factors: Any, start: int, stop: int,
) -> None:  # fmt: skip
    """``(x - m) r gain + bias`` of samples start..stop; m and r go to ``centres`` and ``factors``.

    ``m`` is the mean and ``r = 1 / sqrt(v + eps)`` with the mean v of ``(x - m)^2``.
    """
    _, cells, channels = x.shape
    count = np.float64(cells * (channels // groups))
    totals = np.empty(channels)
    for b in range(start, stop):
        centre, factor = centres[b], factors[b]
        totals[:] = 0.0
        for s in range(cells):
            for c in range(channels):
                totals[c] += np.float64(x[b, s, c])
        add_groups(totals, groups, count, centre)
        totals[:] = 0.0
        for s in range(cells):
            for c in range(channels):
                d = np.float64(x[b, s, c]) - centre[c]
                totals[c] += d * d
        add_groups(totals, groups, count, factor)
        for c in range(channels):
            factor[c] = 1.0 / np.sqrt(factor[c] + eps)
        for s in range(cells):
            for c in range(channels):
                d = (np.float64(x[b, s, c]) - centre[c]) * factor[c]
                out[b, s, c] = d * gain[c] + bias[c]


@kernel
def normalize_slopes(
    x: Any, g: Any, groups: int, gain: Any, centres: Any, factors: Any,
    out: Any, start: int, stop: int,
) -> None:  # fmt: skip
    """``r ((h - mean h) - y mean(h y))`` of samples start..stop, with ``h = g gain``.

    y is ``(x - m) r``; means are over space and the channels of a group.
    """
    _, cells, channels = x.shape
    count = np.float64(cells * (channels // groups))
    totals, products = np.empty(channels), np.empty(channels)
    for b in range(start, stop):
        centre, factor = centres[b], factors[b]
        totals[:] = 0.0
        products[:] = 0.0
        for s in range(cells):
            for c in range(channels):
                h = np.float64(g[b, s, c]) * gain[c]
                totals[c] += h
                products[c] += h * ((np.float64(x[b, s, c]) - centre[c]) * factor[c])
        add_groups(totals, groups, count, totals)
        add_groups(products, groups, count, products)
        for s in range(cells):
            for c in range(channels):
                h = np.float64(g[b, s, c]) * gain[c]
                y = (np.float64(x[b, s, c]) - centre[c]) * factor[c]
                out[b, s, c] = factor[c] * ((h - totals[c]) - y * products[c])


@kernel
def add_slopes(x: Any, g: Any, centres: Any, factors: Any, gains: Any, biases: Any) -> None:
    """``gains += sum g y`` and ``biases += sum g``, in order of the sample, then of space."""
    for b in range(x.shape[0]):
        centre, factor = centres[b], factors[b]
        for s in range(x.shape[1]):
            for c in range(x.shape[2]):
                h = np.float64(g[b, s, c])
                gains[c] += h * ((np.float64(x[b, s, c]) - centre[c]) * factor[c])
                biases[c] += h
