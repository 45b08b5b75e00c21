"""The operands of a product as matrices that are contracted along their columns, batch by batch."""

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

import numpy as np

from ...formats import Coded
from ..errors import DatapathError
from ..width import tile_rows


class Pairs(NamedTuple):
    """Matrices of shapes (..., M, K) and (..., N, K), and what they make.

    ``batch`` is what the leading axes broadcast to; where all of them could be folded into the
    rows of ``left``, it is empty.
    """

    left: Coded
    right: Coded
    batch: tuple[int, ...]
    #: of the result with every axis, those of vectors too, and without these
    full: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def rows(self) -> tuple[int, ...]:
        """Shape of the results in their C order: the batch, then one matrix."""
        return (*self.batch, self.left.shape[-2], self.right.shape[-2])

    def matrices(self) -> Iterator[tuple[tuple[int, ...], Coded, Coded]]:
        """Each place in the batch with its two matrices; views."""
        for index in np.ndindex(self.batch):
            yield index, _at(self.left, self.batch, index), _at(self.right, self.batch, index)


def paired(a: Coded, b: Coded) -> Pairs:
    """Both operands as `numpy.matmul` pairs them.

    A vector is a row on the left and a column on the right, and its axis is not in the result;
    leading axes broadcast.

    Raises
    ------
    DatapathError
        If the shapes do not fit.

    Notes
    -----
    *Exactness*: views of the codes, or copies; no bit changes.

    Examples
    --------
    >>> from bitpde.formats import INT8
    >>> a, b = (Coded(format=INT8, codes=np.ones(s, np.int8)) for s in ((5, 1, 2, 3), (4, 3, 6)))
    >>> paired(a, b).shape, paired(a, b[0]).rows
    ((5, 4, 2, 6), (10, 6))
    """
    if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != b.shape[max(0, b.ndim - 2)]:
        msg = f"shapes {a.shape} and {b.shape} do not multiply: give (..., M, K) and (..., K, N), "
        raise DatapathError(msg + "or vectors of length K")
    left = a if a.ndim > 1 else as_row(a)
    right = b.T if b.ndim > 1 else as_row(b)
    try:
        batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    except ValueError as error:
        msg = f"batches of shapes {a.shape} and {b.shape} do not multiply: they do not broadcast"
        raise DatapathError(msg) from error
    sides = (left.shape[-2], right.shape[-2])
    shape = (*batch, *sides[: a.ndim > 1], *sides[2 - (b.ndim > 1) :])
    if _can_fold(left, right, batch):
        left = left.reshape(prod(left.shape[:-1]), left.shape[-1])
        right = right.reshape(right.shape[-2:])
        return Pairs(left, right, (), (*batch, *sides), shape)
    return Pairs(left, right, batch, (*batch, *sides), shape)


def _can_fold(left: Coded, right: Coded, batch: tuple[int, ...]) -> bool:
    """Whether one ``right`` meets every matrix of ``left``, whose tiles stay whole."""
    height = tile_rows(left)
    alone = all(side == 1 for side in right.shape[:-2])
    return bool(batch) and alone and left.shape[:-2] == batch and left.shape[-2] % height == 0


def _at(x: Coded, batch: tuple[int, ...], index: tuple[int, ...]) -> Coded:
    if not batch:
        return x
    codes = np.broadcast_to(x.codes, (*batch, *x.shape[-2:]))[index]
    scales = x.scales
    if scales is not None:
        scales = np.broadcast_to(scales, (*batch, *scales.shape[-2:]))[index]
    return Coded.unchecked(x.format, codes, scales, x.tensor_scale)


def as_row(x: Coded) -> Coded:
    """A vector as a matrix of one row; a view."""
    scales = None if x.scales is None else x.scales[None]
    return Coded.unchecked(x.format, x.codes[None], scales, x.tensor_scale)


def row_of(x: Coded, i: int) -> Coded:
    """A row of a matrix as a vector; a view."""
    height = tile_rows(x)
    scales = None if x.scales is None else x.scales[i // height]
    return Coded.unchecked(x.format, x.codes[i], scales, x.tensor_scale)
