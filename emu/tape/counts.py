"""Elements that are no finite numbers, counted: quickly where there are none."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def nan_count(value: NDArray[Any]) -> int:
    """How many elements are NaN; one quick pass where none is, for a NaN is the least of all."""
    if value.size == 0 or not np.isnan(value.min()):
        return 0
    return int(np.count_nonzero(np.isnan(value)))


def infinity_count(value: NDArray[Any]) -> int:
    """How many elements are infinite; two quick passes where all are finite."""
    if value.size == 0 or (np.isfinite(value.max()) and np.isfinite(value.min())):
        return 0
    return int(np.count_nonzero(np.isinf(value)))
