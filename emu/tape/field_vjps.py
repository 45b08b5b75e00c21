"""Adjoints of what moves and pools fields; which sums are rounded is said with each operation."""

from functools import partial
from typing import Final

import numpy as np

from ...formats import split_work
from ..pieces import piece
from .fields import window_count, window_places
from .operation import VJP, Gradient
from .tape import Entry

_CHUNK = 1 << 14


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
    parts = g.reshape(batch, *counts, size ** len(space), channels)
    if len(space) > 2:
        return (windows_back(parts, tuple(space), size, stride),)
    from .field_kernels import add_windows

    line = (1,) * (2 - len(space))
    planes = np.ascontiguousarray(parts).reshape(batch, *line, *parts.shape[1:])
    total = np.zeros((batch, *line, *space, channels), g.dtype)
    sizes, strides = ((*line, *(n,) * len(space)) for n in (size, stride))
    work = partial(add_windows, planes, sizes, strides, total)
    split_work(work, batch, piece(batch, _CHUNK // max(1, planes[:1].size)))
    return (total.reshape(batch, *space, channels),)


def windows_back(parts: Gradient, space: tuple[int, ...], size: int, stride: int) -> Gradient:
    """Sums by place of (B, *windows, places, C), in space of any dimension: the kernel's twin."""
    total = np.zeros((len(parts), *space, parts.shape[-1]), parts.dtype)
    for k, where in enumerate(window_places(space, size, stride)):
        total[where] += parts[..., k, :]
    return total


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
