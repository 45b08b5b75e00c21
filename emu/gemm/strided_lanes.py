"""The lane for operands that are, or decode to, float arrays: chains of FMA where they lie.

Packing costs as much as multiplying where matrices are small or narrow, and a call for each matrix
of a batch far more.  Here a whole batch is one piece of compiled work; A is read as it lies, and B
too where its rows are whole vectors and those of A few, else its panels are packed first.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...formats import FP32, FP64, Coded, split_work
from ..aligned import aligned_empty, scratch
from ..pieces import piece

Matrix = NDArray[Any]
Float = type[np.float32] | type[np.float64]

#: Rows of B that far apart (in elements) are copied into panels, for the sake of the caches.
_FARTHEST = 512
#: So many rows of A are multiplied faster by panels of B, however near its rows are.
_MANY = 512
#: Products that a piece of work has at least.
_PIECE = 1 << 21


class _Placed(NamedTuple):
    """Matrices as a flat array and the distances of matrices, of rows and of columns."""

    flat: Matrix
    batch: int
    row: int
    column: int


def strided(a: Coded, b: Coded, depth: int, dtype: Float) -> Matrix:
    """``A B`` by FMA chains in ``dtype``, one tile product after the other added to the sum.

    Shapes (M, K) and (K, N), or with the same number of matrices before both.  The caller has
    shown that tile products are exact in ``dtype``, or that tiles are of depth one, and that it
    holds both operands.
    """
    from .strided_kernels import multiply_strided
    from .strided_microkernel import STRIDED_COLUMNS

    batch = a.shape[0] if a.ndim == 3 else 1
    (rows, inner), columns = a.shape[-2:], b.shape[-1]
    if inner == 0:
        return np.zeros((*a.shape[:-1], columns), dtype)
    c = aligned_empty((*a.shape[:-1], columns), dtype)
    if c.size == 0:
        return c
    width = STRIDED_COLUMNS[np.dtype(dtype).itemsize]
    left, right = _placed(_values(a, dtype)), _placed(_values(b, dtype))
    of_a = (left.batch, left.row, left.column)
    shape, tiled = (rows, columns, inner), (0,) * (depth > 1)
    flat = c.reshape(-1)

    def by_rows(start: int, stop: int) -> None:
        limits = (0, batch), (start, min(rows, stop))
        multiply_strided(left.flat, panels, flat, of_a, of_b, shape, width, depth, tiled, *limits)

    def by_batches(start: int, stop: int) -> None:
        limits = (start, stop), (0, rows)
        multiply_strided(left.flat, panels, flat, of_a, of_b, shape, width, depth, tiled, *limits)

    one_row = inner * columns
    with _panels(right, batch, (rows, columns, inner), width) as (panels, of_b):
        if batch == 1:
            split_work(by_rows, rows, _chunk(rows, one_row, 12))
        else:
            split_work(by_batches, batch, _chunk(batch, one_row * rows, 1))
    return c


def _chunk(count: int, products: int, step: int) -> int:
    """How many of ``count`` parts make a piece of work: a multiple of step, large enough."""
    return -(-piece(count, -(-_PIECE // max(1, products))) // step) * step


def _values(x: Coded, dtype: Float) -> Matrix:
    """The values of an array, in the order in which its codes are stored."""
    code = x.codes
    if x.format == (FP32 if dtype is np.float32 else FP64):
        return code.view(dtype)
    if code.flags.c_contiguous:
        return x.values(dtype)
    return x.T.values(dtype).swapaxes(-1, -2)


def _placed(x: Matrix) -> _Placed:
    """A copy only where neither rows nor columns are contiguous."""
    *before, rows, columns = x.shape
    size = rows * columns if before else 0
    other = x.swapaxes(-1, -2)
    if not x.flags.c_contiguous and other.flags.c_contiguous:
        return _Placed(_read_only(other), size, 1, rows)
    return _Placed(_read_only(np.ascontiguousarray(x)), size, columns, 1)


@contextmanager
def _panels(
    b: _Placed, batch: int, shape: tuple[int, int, int], width: int
) -> Iterator[tuple[Matrix, tuple[int, int, int]]]:
    """Lend B, where it lies or packed, with the distances of matrices, of panels and of k."""
    from .strided_kernels import pack_strips

    rows, columns, inner = shape
    if b.column == 1 and columns % width == 0 and b.row <= _FARTHEST and rows < _MANY:
        yield b.flat, (b.batch, width, b.row)
        return
    count, size = -(-columns // width), width * inner
    with scratch(batch * count * size, b.flat.dtype) as out:
        places = (b.batch, b.row, b.column)
        work = partial(pack_strips, b.flat, places, (inner, columns), width, out)
        strips = batch * count
        split_work(work, strips, piece(strips, (1 << 18) // size))
        yield _read_only(out), (count * size, size, width)


def _read_only(x: Matrix) -> Matrix:
    flat = x.reshape(-1)
    flat.setflags(write=False)
    return flat
