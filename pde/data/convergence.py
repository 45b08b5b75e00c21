"""How far two solutions are apart, and how fast three of them converge."""

import math

import numpy as np

from ..errors import RunError
from .trajectory import Array


def relative_l2_difference(a: Array, b: Array) -> float:
    """Return the root mean square of ``a - b``, divided by that of ``b``; a few roundings.

    Parameters
    ----------
    a, b
        Of one shape; ``b`` is the better solution.

    Raises
    ------
    RunError
        If the shapes differ, or if the result is no number, as when ``b`` is zero.

    Examples
    --------
    >>> relative_l2_difference(np.array([3.0, 4.5]), np.array([3.0, 4.0]))
    0.1
    """
    scale = float(np.linalg.norm(b))
    result = _distance(a, b) / scale if scale else math.nan
    if not math.isfinite(result):
        msg = f"a difference from a solution of norm {scale} has no relative size: give another"
        raise RunError(msg)
    return result


def observed_order(coarse: Array, medium: Array, fine: Array) -> float:
    """Return ``log2(|coarse - medium| / |medium - fine|)``, the order of convergence.

    If the error is ``C h^p`` with steps 4 h, 2 h and h, this is p, for any C.

    Parameters
    ----------
    coarse, medium, fine
        Solutions at the same points, each with half the step of the one before.

    Raises
    ------
    RunError
        If two of them are equal, so that no order can be seen, or a value is not finite.

    Examples
    --------
    >>> observed_order(*(1 + np.array([h]) ** 2 for h in (0.5, 0.25, 0.125)))
    2.0
    """
    first, second = _distance(coarse, medium), _distance(medium, fine)
    if not (first > 0 and second > 0 and math.isfinite(first) and math.isfinite(second)):
        msg = f"solutions {first} and {second} apart show no order: give coarser ones"
        raise RunError(msg)
    return math.log2(first / second)


def _distance(a: Array, b: Array) -> float:
    if a.shape != b.shape:
        msg = f"solutions of shapes {a.shape} and {b.shape}: give both at the same points"
        raise RunError(msg)
    return float(np.linalg.norm(a - b))
