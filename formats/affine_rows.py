"""How arrays of affine integers are laid before kernels: rows, and the channels of columns."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .affine import Affine
from .layout import matrices, per_chunk

#: Elements of a channel that lie together from which it is worth a row of its own.
_LONG_ROW = 64


class AffineRows(NamedTuple):
    """Rows of two arrays; row i has row ``i mod len`` of scales (binary64) and zero points.

    These hold one number for all columns or one for each.
    """

    first: NDArray[Any]
    second: NDArray[Any]
    scales: NDArray[np.float64]
    zero_points: NDArray[np.int64]

    @property
    def chunk(self) -> int:
        """How many rows a thread takes at a time."""
        return per_chunk(self.first.size, self.first.shape[1])


def affine_rows(format: Affine, first: NDArray[Any], second: NDArray[Any]) -> Iterator[AffineRows]:
    """All elements of two contiguous arrays of one shape, not empty.

    A single scale lets rows be cut anywhere.
    """
    scales, zero_points = (numbers.reshape(-1, 1) for numbers in format.columns(first.shape))
    if format.axis is None:
        for _, _, (some, others) in matrices(format, None, first, second):
            yield AffineRows(some, others, scales, zero_points)
        return
    inner = math.prod(first.shape[format.axis :][1:])
    columns = inner
    if inner < _LONG_ROW:
        columns = inner * len(format.scale)
        scales, zero_points = (np.repeat(n, inner).reshape(1, -1) for n in (scales, zero_points))
    rows, others = first.reshape(-1, columns), second.reshape(-1, columns)
    yield AffineRows(rows, others, scales, zero_points)
