"""Uniform points in the unit cube and on its boundary."""

import numpy as np
from numpy.typing import NDArray

from .streams import Stream


def interior_points(count: int, dimension: int, stream: Stream, step: int) -> NDArray[np.float64]:
    """Return ``count`` points uniform in ``[0, 1)^dimension``; exact multiples of 2^-53.

    Examples
    --------
    >>> interior_points(100, 2, Stream(seed=0, name="sampling/domain"), step=0).shape
    (100, 2)
    """
    return stream.uniform((count, dimension), step)


def face_points(count: int, dimension: int, stream: Stream, step: int) -> NDArray[np.float64]:
    """Return ``count`` points uniform on the ``2 dimension`` faces of the unit cube.

    Row ``(p, t_1 ... t_D)`` of a uniform draw becomes ``t`` with coordinate ``floor(2 D p) div 2``
    replaced by ``floor(2 D p) mod 2``.  All faces have the same area, so the points are uniform on
    the whole boundary.

    Examples
    --------
    >>> points = face_points(100, 2, Stream(seed=0, name="sampling/boundary"), step=0)
    >>> bool(np.any((points == 0) | (points == 1), axis=1).all())
    True
    """
    draw = stream.uniform((count, dimension + 1), step)
    face = (2 * dimension * draw[:, 0]).astype(np.int64)
    points = draw[:, 1:].copy()
    points[np.arange(count), face // 2] = face % 2
    return points
