"""Elements that are no finite numbers, counted: quickly where there are none, on all threads."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...formats import split_work
from ..pieces import piece

#: Elements of a piece of work at least: a cache gives this many in the time of a few calls.
_PIECE = 1 << 20


def nan_count(value: NDArray[Any]) -> int:
    """How many elements are NaN; one quick pass where none is, for a NaN is the least of all."""
    if value.size == 0 or not np.isnan(_extremes(value, (np.minimum,))[0]):
        return 0
    return int(np.count_nonzero(np.isnan(value)))


def nonfinite_counts(value: NDArray[Any]) -> tuple[int, int]:
    """How many elements are NaN, and how many are infinite; one quick pass where all are finite.

    Examples
    --------
    >>> nonfinite_counts(np.array([1.0, np.nan, -np.inf, np.inf])), nonfinite_counts(np.ones(3))
    ((1, 2), (0, 0))
    """
    if value.size == 0 or np.isfinite(_extremes(value, (np.minimum, np.maximum))).all():
        return 0, 0
    return int(np.count_nonzero(np.isnan(value))), int(np.count_nonzero(np.isinf(value)))


def _extremes(value: NDArray[Any], kinds: tuple[np.ufunc, ...]) -> NDArray[Any]:
    """The extremes of an array that is not empty, each NaN where an element is."""
    flat = value.reshape(-1) if value.flags.c_contiguous else value
    size = piece(value.size, _PIECE)
    if value.size <= size or flat is value:
        return np.array([kind.reduce(value, None) for kind in kinds])
    found = np.empty((-(-flat.size // size), len(kinds)), value.dtype)

    def work(start: int, stop: int) -> None:
        found[start // size] = [kind.reduce(flat[start:stop]) for kind in kinds]

    split_work(work, flat.size, size)
    return np.array([kind.reduce(found[:, k]) for k, kind in enumerate(kinds)])
