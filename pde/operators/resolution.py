r"""Coarser grids, and back: linear interpolation between the centres of cells.

A grid of n cells of (0, 1) has its centres at ``(i + 1/2) / n``.  Interpolation to m cells
evaluates, at the m centres, the piecewise linear function through the n values; between the last
centre and the border it is constant, or on a periodic axis goes on to the first.  In a plane it is
done along one axis, then the other (bilinear).

To a grid coarser by an even factor r this reads two cells of r, which **aliases**: a field of
alternating signs becomes zero or stays, by where it is read.  `averaged` takes the mean of all r.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError

Fields = NDArray[Any]


def interpolated(fields: Fields, space: tuple[int, ...], *, periodic: bool) -> Fields:
    """Return fields (N, *grid, C) on another grid, float64.

    Parameters
    ----------
    fields
        (N, X, C) or (N, X, Y, C).
    space
        The cells of the other grid along each axis.
    periodic
        Whether the field goes on at its end as it began.

    Raises
    ------
    RunError
        If there are not as many axes, or no cells.

    Notes
    -----
    *Exactness*: for each axis a product, a product and a sum in binary64.

    Examples
    --------
    >>> field = np.arange(4.0).reshape(1, 4, 1)
    >>> interpolated(field, (2,), periodic=False).ravel().tolist()
    [0.5, 2.5]
    >>> interpolated(field, (8,), periodic=False).ravel().tolist()
    [0.0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.0]
    """
    _require(fields, space)
    found = np.asarray(fields, np.float64)
    for axis, m in enumerate(space, 1):
        n = found.shape[axis]
        place = (2 * np.arange(m) + 1) * n  # 2 m times the place in cells of the n, from the border
        left, rest = np.divmod(place - m, 2 * m)  # of the centre at or before it
        share = (rest / (2 * m)).reshape(-1, *(1,) * (found.ndim - axis - 1))
        ends = (left, left + 1)
        low, high = (each % n if periodic else np.clip(each, 0, n - 1) for each in ends)
        found = (1 - share) * found.take(low, axis) + share * found.take(high, axis)
    return found


def averaged(fields: Fields, factor: int) -> Fields:
    """Return means over blocks of ``factor`` cells along each axis, float64.

    Raises
    ------
    RunError
        If a side is no multiple of the factor.

    Examples
    --------
    >>> averaged(np.arange(4.0).reshape(1, 4, 1), 2).ravel().tolist()
    [0.5, 2.5]
    """
    space = fields.shape[1:-1]
    if factor < 1 or any(n % factor for n in space):
        msg = f"a grid of {space} cells has no blocks of {factor}: give a factor of all sides"
        raise RunError(msg)
    found = np.asarray(fields, np.float64)
    for axis in range(1, found.ndim - 1):
        blocks = found.shape[axis] // factor, factor
        shape = (*found.shape[:axis], *blocks, *found.shape[axis + 1 :])
        found = found.reshape(shape).mean(axis=axis + 1)
    return found


def coarsened(fields: Fields, factor: int, *, periodic: bool) -> Fields:
    """Return fields on a grid coarser by ``factor`` along each axis, by interpolation."""
    space = fields.shape[1:-1]
    if factor < 1 or any(n % factor for n in space):
        msg = f"a grid of {space} cells is not {factor} times a coarser one: give another factor"
        raise RunError(msg)
    return interpolated(fields, tuple(n // factor for n in space), periodic=periodic)


def _require(fields: Fields, space: tuple[int, ...]) -> None:
    if fields.ndim not in (3, 4) or len(space) != fields.ndim - 2 or min(space, default=0) < 1:
        msg = f"fields of shape {fields.shape} on a grid of {space} cells: give (N, *grid, C) and "
        raise RunError(msg + "as many sides, each at least 1")
    if 0 in fields.shape[1:-1]:
        msg = f"fields of shape {fields.shape} have no cells: give at least one along each axis"
        raise RunError(msg)
