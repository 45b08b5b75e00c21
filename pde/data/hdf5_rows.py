"""Instances of an array in an HDF5 file, unread."""

from typing import Any

import numpy as np

from .errors import DataError
from .rows import Rows


def rows_of(dataset: Any, shape: tuple[int, ...], *, leads: int = 1) -> Rows:
    """Return an array of a file as instances of another shape with as many numbers, unread.

    Parameters
    ----------
    dataset
        An array of an open file.
    shape
        That of the result; the numbers keep their order.
    leads
        How many leading axes count instances, together.
    """
    counts = dataset.shape[:leads]
    dtype = dataset.dtype.newbyteorder("=")

    def read(number: int) -> Any:
        require_open(dataset)
        block = dataset[tuple(int(i) for i in np.unravel_index(number, counts))]
        return np.asarray(block, dtype).reshape(shape[1:])

    return Rows(shape=shape, dtype=dtype, read=read)


def require_open(dataset: Any) -> None:
    """Raise unless the file of ``dataset`` is open.

    Raises
    ------
    DataError
        If it was closed.
    """
    if not dataset:
        msg = "the file of this data set is closed: read within its context, or in_memory() there"
        raise DataError(msg)
