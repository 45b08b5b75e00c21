"""Numbers moved and none changed."""

import numpy as np

from ..errors import DatapathError
from .operation import operation
from .shared_work import copied
from .tape import Node


@operation
def reshape(a: Node, shape: tuple[int, ...]) -> Node:
    """The same numbers in C order under another shape; exact."""
    return a.tape.record("reshape", a.value.reshape(shape), (a,), None)


@operation
def columns(a: Node, start: int, stop: int) -> Node:
    """Columns start..stop of a matrix; exact."""
    if a.value.ndim != 2 or not 0 <= start < stop <= a.shape[1]:
        msg = f"columns {start}..{stop} of shape {a.shape}: give 0 <= start < stop <= columns"
        raise DatapathError(msg)
    return a.tape.record("columns", a.value[:, start:stop].copy(), (a,), (start, stop))


@operation
def transpose(a: Node, axes: tuple[int, ...]) -> Node:
    """The same numbers with axis ``axes[k]`` in place ``k``; exact."""
    if sorted(axes) != list(range(a.value.ndim)):
        msg = f"axes {axes} of shape {a.shape}: give each of 0 to {a.value.ndim - 1} once"
        raise DatapathError(msg)
    return a.tape.record("transpose", copied(np.transpose(a.value, axes)), (a,), axes)


@operation
def pad_columns(a: Node, width: int) -> Node:
    """The columns of a matrix and zeros after them, ``width`` columns in all; exact."""
    if a.value.ndim != 2 or width < a.shape[1]:
        msg = f"shape {a.shape} padded to {width} columns: give a matrix of at most {width}"
        raise DatapathError(msg)
    value = np.zeros((a.shape[0], width), a.value.dtype)
    value[:, : a.shape[1]] = a.value
    return a.tape.record("pad_columns", value, (a,), None)
