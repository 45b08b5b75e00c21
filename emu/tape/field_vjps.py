"""Adjoints of what moves and pools fields; which sums are rounded is said with each operation."""

from math import prod
from typing import Final

import numpy as np

from .fields import window_count, window_places
from .operation import VJP, Gradient
from .tape import Entry


def _pad(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    """Zeros take no gradient; repeated cells give theirs to the ones they repeat."""
    pairs, boundary = entry.saved
    space = entry.parents[0].shape[1:-1]
    if boundary == "zero":
        where = (slice(b, b + n) for (b, _), n in zip(pairs, space, strict=True))
        return (g[(slice(None), *where)],)
    for axis in range(len(space), 0, -1):
        g = _folded(g, axis, pairs[axis - 1][0], space[axis - 1])
    return (g,)


def _folded(g: Gradient, axis: int, before: int, n: int) -> Gradient:
    """Sums of what lies n apart along an axis, whose first element is the ``-before``-th of n."""
    rows = np.moveaxis(g, axis, 0)
    total = np.zeros((n, *rows.shape[1:]), g.dtype)
    start = 0
    while start < len(rows):
        place = (start - before) % n
        stop = min(start + n - place, len(rows))
        total[place : place + stop - start] += rows[start:stop]
        start = stop
    return np.moveaxis(total, 0, axis)


def _windows(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    size, stride = entry.saved
    batch, *space, channels = entry.parents[0].shape
    counts = window_count(tuple(space), size, stride)
    parts = g.reshape(batch, prod(counts), size ** len(space), channels)
    total = np.zeros((batch, *space, channels), g.dtype)
    for k, where in enumerate(window_places(tuple(space), size, stride)):
        total[where] += parts[:, :, k].reshape(batch, *counts, channels)
    return (total,)


def _join(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    axis = entry.saved
    ends = np.cumsum([parent.shape[axis] for parent in entry.parents])[:-1]
    parts = zip(np.split(g, ends, axis), entry.parents, strict=True)
    return tuple(part if parent.differentiable else None for part, parent in parts)


def _take(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    whole = np.zeros(entry.parents[0].shape, g.dtype)
    whole[entry.saved] = g
    return (whole,)


def _max_pool(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    size, chosen = entry.saved
    shape = entry.parents[0].shape
    whole = np.zeros(shape, g.dtype)
    for k, where in enumerate(window_places(shape[1:-1], size, size)):
        np.copyto(whole[where], g, where=chosen == k)
    return (whole,)


def _mean_pool(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    size, shape = entry.saved, entry.parents[0].shape
    share = g / g.dtype.type(size ** (len(shape) - 2))
    whole = np.empty(shape, g.dtype)
    for where in window_places(shape[1:-1], size, size):
        whole[where] = share
    return (whole,)


FIELD_VJPS: Final[dict[str, VJP]] = {
    "pad": _pad,
    "windows": _windows,
    "join": _join,
    "take": _take,
    "max_pool": _max_pool,
    "mean_pool": _mean_pool,
}
