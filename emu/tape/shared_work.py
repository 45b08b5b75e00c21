"""Functions of elements, sums and copies of large arrays, shared by the threads.

Each is NumPy's on consecutive parts along the first axis, so that no bit depends on the parts.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...formats import split_work
from ..pieces import piece

Values = NDArray[Any]
#: Elements that a piece of work has at least.
_PIECE = 1 << 18


def elementwise(function: np.ufunc, a: Values, b: Values) -> Values:
    """``function(a, b)`` with NumPy broadcasting, as a new array in C order.

    Examples
    --------
    >>> elementwise(np.add, np.ones((2, 3)), np.arange(3.0)).tolist()
    [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]
    """
    shape = np.broadcast_shapes(a.shape, b.shape)
    out: Values = np.empty(shape, np.result_type(a, b))
    if out.size < 2 * _PIECE:
        return np.asarray(function(a, b, out=out))

    def work(start: int, stop: int) -> None:
        part = slice(start, stop)
        function(_rows(a, part, shape), _rows(b, part, shape), out=out[part])

    split_work(work, shape[0], _chunk(out))
    return out


def copied(view: Values) -> Values:
    """The elements of a view as a new array in C order.

    Examples
    --------
    >>> copied(np.arange(6).reshape(2, 3).T).flags.c_contiguous
    True
    """
    out: Values = np.empty(view.shape, view.dtype)
    if out.size < 2 * _PIECE:
        out[...] = view
        return out

    def work(start: int, stop: int) -> None:
        out[start:stop] = view[start:stop]

    split_work(work, len(out), _chunk(out))
    return out


def _rows(x: Values, part: slice, shape: tuple[int, ...]) -> Values:
    """What of an operand meets a part of the result."""
    return x[part] if x.ndim == len(shape) and x.shape[0] == shape[0] else x


def _chunk(out: Values) -> int:
    """How many rows make a piece of work."""
    return piece(len(out), -(-_PIECE * len(out) // out.size))
