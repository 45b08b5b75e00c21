"""Tiles of an array in NumPy: their largest magnitudes, and what holds of a tile per element."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .block import Block


def tile_maxima(values: NDArray[Any], format: Block) -> NDArray[Any]:
    """The largest of each tile's values, of shape ``format.grid(values.shape)``; exact.

    Preconditions: no NaN, nothing below 0.

    Examples
    --------
    >>> from bitpde.formats import SMX_INT8
    >>> tile_maxima(np.arange(12.0).reshape(2, 6), SMX_INT8).tolist()
    [[9.0, 11.0]]
    """
    grid = format.grid(values.shape)
    if values.size == 0:
        return np.zeros(grid, values.dtype)
    matrix = values.reshape((1, *values.shape)[-2:] if values.ndim < 2 else values.shape)
    matrix = matrix.reshape(1, 1) if matrix.ndim < 2 else matrix
    for axis, side in ((-2, format.tile[0]), (-1, format.tile[1])):
        starts = np.arange(0, matrix.shape[axis], side)
        matrix = np.maximum.reduceat(matrix, starts, axis=axis)
    return np.asarray(matrix.reshape(grid))


def spread_tiles(scales: NDArray[Any], shape: tuple[int, ...], format: Block) -> NDArray[Any]:
    """For each element of an array of ``shape`` what ``scales`` says of its tile.

    Examples
    --------
    >>> from bitpde.formats import SMX_INT8
    >>> spread_tiles(np.array([[1, 2]]), (1, 6), SMX_INT8).tolist()
    [[1, 1, 1, 1, 2, 2]]
    """
    whole = scales
    if len(shape) >= 2:
        whole = np.repeat(whole, format.tile[-2], axis=-2)[..., : shape[-2], :]
    if shape:
        whole = np.repeat(whole, format.tile[-1], axis=-1)[..., : shape[-1]]
    return whole.reshape(shape)


def ragged_tiles(shape: tuple[int, ...], format: Block) -> NDArray[np.bool_]:
    """Which tiles hang over the edge of an array, so that zeros fill them up.

    Examples
    --------
    >>> from bitpde.formats import SMX_INT8
    >>> ragged_tiles((4, 6), SMX_INT8).tolist()
    [[False, True]]
    """
    rows, columns = (1, 1, *shape)[-2:]
    high, wide = format.tile
    grid = format.grid((rows, columns))
    ragged = (np.arange(grid[0]) >= rows // high)[:, None] | (np.arange(grid[1]) >= columns // wide)
    return np.asarray(np.broadcast_to(ragged, (*format.grid(shape)[:-2], *grid))).reshape(
        format.grid(shape)
    )
