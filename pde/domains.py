"""Points of cubes and balls from uniform numbers: maps that keep volume, so uniform stays uniform.

Each map takes numbers in [0, 1), one row for each point.  It sends the uniform distribution to the
uniform one on its target, whatever made the numbers: independent draws give independent points,
and evenly spread ones, such as Sobol's, give evenly spread points.
"""

import numpy as np

from .problem import Array


def box_points(uniform: Array, low: tuple[float, ...], high: tuple[float, ...]) -> Array:
    """Return points of the box with the corners ``low`` and ``high``, (P, D) from (P, D).

    *Exactness*: two roundings a coordinate, none where ``high - low`` and ``low`` are small powers
    of two or zero and the numbers are multiples of 2^-52.

    Examples
    --------
    >>> box_points(np.array([[0.25, 0.5]]), (-1.0, 0.0), (1.0, 1.0)).tolist()
    [[-0.5, 0.5]]
    """
    return np.asarray(low) + uniform * np.subtract(high, low)


def cube_faces(uniform: Array) -> Array:
    """Return points uniform on the ``2 D`` faces of the unit cube, (P, D) from (P, D + 1).

    Row ``(p, t_1 ... t_D)`` becomes ``t`` with coordinate ``floor(2 D p) div 2`` replaced by
    ``floor(2 D p) mod 2``.  All faces have the same area, so the points are uniform on the whole
    boundary.  Exact.

    Examples
    --------
    >>> cube_faces(np.array([[0.8, 0.25, 0.5]])).tolist()
    [[0.25, 1.0]]
    """
    count, dimension = len(uniform), uniform.shape[1] - 1
    face = (2 * dimension * uniform[:, 0]).astype(np.int64)
    points = uniform[:, 1:].copy()
    points[np.arange(count), face // 2] = face % 2
    return points


def cube_faces_in_time(uniform: Array) -> Array:
    """Return points uniform on the faces of the unit cube at all times, (P, d + 1) from (P, d + 2).

    The first number is the time, the others are those of `cube_faces`.  Exact.

    Examples
    --------
    >>> cube_faces_in_time(np.array([[0.125, 0.8, 0.25, 0.5]])).tolist()
    [[0.25, 1.0, 0.125]]
    """
    return with_time(cube_faces(uniform[:, 1:]), uniform[:, :1])


def sphere_points(uniform: Array) -> Array:
    """Return points uniform on the unit sphere, (P, d) from (P, d): directions of normal vectors.

    Number u becomes the normal one ``ndtri((floor(2^52 u) + 1/2) / 2^52)``: the argument is exact
    and symmetric about 1/2, hence never 0, 1/2 or 1, so that no vector is zero or infinite.

    *Exactness*: lengths are 1 up to 4 units of 2^-53 and d/2 roundings of the sum of squares.

    Examples
    --------
    >>> sphere_points(np.array([[0.0], [0.75]])).tolist()
    [[-1.0], [1.0]]
    """
    from scipy.special import ndtri

    normal = ndtri((np.floor(uniform * 2.0**52) + 0.5) * 2.0**-52)
    return np.asarray(normal / np.linalg.norm(normal, axis=1, keepdims=True), np.float64)


def ball_points(uniform: Array) -> Array:
    """Return points uniform in the unit ball, (P, d) from (P, d + 1).

    The radius is the d-th root of the first number, because the ball of radius r holds ``r^d`` of
    the volume; the others give the direction (`sphere_points`).

    Examples
    --------
    >>> ball_points(np.array([[0.25, 0.1], [0.5, 0.9]])).tolist()
    [[-0.25], [0.5]]
    """
    dimension = uniform.shape[1] - 1
    radius = np.asarray(uniform[:, :1] ** (1 / dimension), np.float64)
    return radius * sphere_points(uniform[:, 1:])


def with_time(space: Array, time: Array | float) -> Array:
    """Return points of space and time, (P, d + 1), from (P, d) and one time or (P, 1) times.

    Examples
    --------
    >>> with_time(np.array([[0.25], [0.5]]), 0.0).tolist()
    [[0.25, 0.0], [0.5, 0.0]]
    """
    return np.hstack([space, np.broadcast_to(time, (len(space), 1))])
