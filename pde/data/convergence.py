"""Two measures of convergence: how far solutions differ, and how fast they approach each other."""

import math

import numpy as np

from ..errors import RunError
from .trajectory import Array


def relative_l2_difference(a: Array, b: Array) -> float:
    """Return ``||a - b|| / ||b||``, root mean squares over all entries.

    Raises
    ------
    RunError
        If shapes differ, or ``b`` is zero.

    Examples
    --------
    >>> relative_l2_difference(np.array([3.0, 0.0]), np.array([3.0, 4.0]))
    0.8
    """
    if a.shape != b.shape:
        msg = f"solutions of shapes {a.shape} and {b.shape}: give both at the same points"
        raise RunError(msg)
    size = float(np.linalg.norm(b))
    if size == 0:
        msg = "a difference relative to a solution of zero: give one that is not zero"
        raise RunError(msg)
    return float(np.linalg.norm(a - b)) / size


def observed_order(coarse: Array, medium: Array, fine: Array) -> float:
    """Return the order p of a scheme from solutions with steps 2 h, h and h / 2 at the same points.

    An error ``C h^p`` makes ``||coarse - medium|| / ||medium - fine|| = 2^p``.

    Raises
    ------
    RunError
        If shapes differ, or two successive solutions are equal.

    Examples
    --------
    >>> observed_order(*(np.array([1 + h**2]) for h in (0.5, 0.25, 0.125)))
    2.0
    """
    if not coarse.shape == medium.shape == fine.shape:
        shapes = (coarse.shape, medium.shape, fine.shape)
        msg = f"solutions of shapes {shapes}: give all at the same points"
        raise RunError(msg)
    first, second = (float(np.linalg.norm(a - b)) for a, b in ((coarse, medium), (medium, fine)))
    if first == 0 or second == 0:
        msg = f"successive solutions differ by {first} and {second}: take larger steps"
        raise RunError(msg)
    return math.log2(first / second)
