"""Points on the boundary of the unit cube."""

import numpy as np

from .nodes import Array


def face_points(uniform: Array) -> Array:
    """Return points on the ``2 D`` faces of the unit cube from numbers in [0, 1), (P, D + 1).

    Row ``(p, t_1 ... t_D)`` becomes ``t`` with coordinate ``floor(2 D p) div 2`` replaced by
    ``floor(2 D p) mod 2``.  All faces have the same area, so uniform numbers make points that are
    uniform on the whole boundary.

    Examples
    --------
    >>> face_points(np.array([[0.3, 0.25, 0.5]])).tolist()  # face 1 of 4: x_1 = 1
    [[1.0, 0.5]]
    """
    dimension = uniform.shape[1] - 1
    face = (2 * dimension * uniform[:, 0]).astype(np.int64)
    points = uniform[:, 1:].copy()
    points[np.arange(len(points)), face // 2] = face % 2
    return points
