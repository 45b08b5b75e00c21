"""Fields on grids, (B, *space, C) with the channels last: checked, and their cells and windows."""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DatapathError
from .shared_work import copied
from .tape import Node

#: For each place in a cell, in C order, the index of the elements there.
Places = Iterator[tuple[slice, ...]]


def space_of(a: Node) -> tuple[int, ...]:
    """The axes of space of a field.

    Raises
    ------
    DatapathError
        If it has none.
    """
    if a.value.ndim < 3:
        msg = f"shape {a.shape} is no field: give (B, *space, C) with an axis of space or more"
        raise DatapathError(msg)
    return a.shape[1:-1]


def require_positive(what: str, count: int) -> None:
    """Require an integer of at least 1."""
    if not isinstance(count, int | np.integer) or count < 1:
        msg = f"{what} is {count!r}: give an integer of at least 1"
        raise DatapathError(msg)


def window_count(space: tuple[int, ...], size: int, stride: int) -> tuple[int, ...]:
    """How many windows of ``size`` lie along each axis, ``stride`` apart, all within it."""
    return tuple((n - size) // stride + 1 for n in space)


def window_places(space: tuple[int, ...], size: int, stride: int) -> Places:
    """For each place in a window: where in the field it lies, for all windows at once."""
    counts = window_count(space, size, stride)
    for place in np.ndindex((size,) * len(space)):
        ends = (k + stride * (count - 1) + 1 for k, count in zip(place, counts, strict=True))
        along = (slice(k, end, stride) for k, end in zip(place, ends, strict=True))
        yield (slice(None), *along)


def in_windows(values: NDArray[Any], size: int, stride: int) -> NDArray[Any]:
    """(B, *space, C) to (B * windows, size^d * C), with the channels of a place together."""
    batch, *space, channels = values.shape
    axes = tuple(range(1, 1 + len(space)))
    view = np.lib.stride_tricks.sliding_window_view(values, (size,) * len(space), axes)
    view = view[(slice(None), *(slice(None, None, stride) for _ in space))]
    moved = np.moveaxis(view, 1 + len(space), -1)
    windows = prod(window_count(tuple(space), size, stride))
    return copied(moved).reshape(batch * windows, size ** len(space) * channels)
