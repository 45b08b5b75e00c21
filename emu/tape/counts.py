"""Elements that are no finite numbers, counted: quickly where there are none, on all threads."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...formats import split_work
from ..pieces import piece

#: Elements of a piece of work at least: a cache gives this many in the time of a few calls.
_PIECE = 1 << 20
#: Types of numbers that kernels look through; others, FP16 and complex ones, are few.
_COMPILED = (np.float32, np.float64)


def nan_count(value: NDArray[Any]) -> int:
    """How many elements are NaN; one quick pass where all are finite."""
    return 0 if _all_finite(value) else int(np.count_nonzero(np.isnan(value)))


def nonfinite_counts(value: NDArray[Any]) -> tuple[int, int]:
    """How many elements are NaN, and how many are infinite; one quick pass where all are finite.

    Examples
    --------
    >>> nonfinite_counts(np.array([1.0, np.nan, -np.inf, np.inf])), nonfinite_counts(np.ones(3))
    ((1, 2), (0, 0))
    """
    if _all_finite(value):
        return 0, 0
    return int(np.count_nonzero(np.isnan(value))), int(np.count_nonzero(np.isinf(value)))


def _all_finite(value: NDArray[Any]) -> bool:
    if value.dtype not in _COMPILED:
        return bool(np.isfinite(value).all())
    from .order_kernels import some_is_not_finite

    flat = (value if value.flags.c_contiguous else value.T).reshape(-1)
    flat.flags.writeable = False  # so that there is one kernel
    size = piece(flat.size, _PIECE)
    if flat.size <= size:
        return not some_is_not_finite(flat, 0, flat.size)
    found = np.zeros(-(-flat.size // size), np.bool_)

    def work(start: int, stop: int) -> None:
        found[start // size] = some_is_not_finite(flat, start, stop)

    split_work(work, flat.size, size)
    return not found.any()
