"""How arrays of affine integers are laid before kernels: rows, and the channels in them."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .affine import Affine
from .layout import ROW_ELEMENTS

#: Elements of a channel that lie together from which it is worth a row of its own.
_LONG_ROW = 64
#: Rows of several channels are at least so long.
_MIXED_ROW = 1024


class AffineRows(NamedTuple):
    """Rows of a flat array, the last of which may be cut short.

    The channels of the columns of row i are those of row ``i mod len`` of ``channels``: one for
    each column if ``step`` is 1; if it is 0, sixteen times the one of all columns.
    """

    columns: int
    step: int
    channels: NDArray[np.intp]


def elements_together(format: Affine, shape: tuple[int, ...]) -> int:
    """How many elements of a channel lie together; 0 where all elements have one scale.

    Raises
    ------
    FormatError
        If the array lacks the axis of the channels, or has another number of them.
    """
    axis = format.axis
    if axis is None:
        return 0
    if not -len(shape) <= axis < len(shape) or shape[axis] != len(format.scale):
        format.columns(shape)  # raises
    return math.prod(shape[axis:][1:])


@lru_cache(maxsize=64)
def affine_rows(count: int, together: int) -> AffineRows:
    """The rows where ``count`` channels take turns, with so many elements each; 0 for no turns.

    Examples
    --------
    >>> affine_rows(2, 70).channels[:, :4].tolist()
    [[0, 0, 0, 0], [1, 1, 1, 1]]
    >>> affine_rows(2, 3).channels[:, :8].tolist()
    [[0, 0, 0, 1, 1, 1, 0, 0]]
    """
    channels = np.arange(count)
    if together == 0 or together >= _LONG_ROW:
        return AffineRows(together or ROW_ELEMENTS, 0, np.repeat(channels, 16).reshape(-1, 16))
    turns = -(-_MIXED_ROW // (count * together))
    mixed = np.tile(np.repeat(channels, together), turns)
    return AffineRows(mixed.size, 1, mixed.reshape(1, -1))
