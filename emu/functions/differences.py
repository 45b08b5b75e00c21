r"""Differences of tanh and sin in the vector unit, from the small quantity itself.

``f(a + b) - f(a)`` has few correct digits where b is small and both values are rounded first.  By
the addition theorems, with ``p = tanh a`` and ``q = tanh b``,

    tanh(a + b) - tanh a = q (1 - p^2) / (1 + p q),
    sin(a + b) - sin a = 2 cos(a + b/2) sin(b/2).

A pair of differences, for ``b = e + o`` and ``b = e - o``, has an odd part, half their difference,
and an even part, half their sum.  Where the pair is symmetric, e is much smaller than o and the
even part much smaller than the odd one; it too is found from small quantities.  With ``s = tanh e``
and ``r = tanh o``,

    tanh:  odd = (1 - p^2) r (1 - s^2) / D,      even = (1 - p^2) (s (1 - r^2) + p (s^2 - r^2)) / D,
           D = 1 - s^2 r^2 + 2 p s (1 - r^2) + p^2 (s^2 - r^2);
    sin:   odd = cos(a + e) sin o,
           even = 2 cos(a + e/2) sin(e/2) - 2 sin(a + e) sin(o/2)^2.

Where a and b are large and of opposite signs, ``1 + p q`` is what is left of two ones, but the
difference is large and its values may be subtracted: wherever it, or D, is below 1/4, the
operations evaluate tanh at the sums.

Every function value is the vector unit's or a unit's; every operation above rounds once, in the
order written, left to right.  (``1 - s^2`` and its like are products and differences.)
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...formats import split_work

Array = NDArray[Any]

#: Denominators below it are not divided by.
LEAST_DENOMINATOR: Final = 0.25
#: Elements of a half that a thread works on at a time.
_CHUNK = 1 << 16


def tanh_difference(p: Array, q: Array) -> tuple[Array, Array]:
    """``tanh(a + b) - tanh a`` from both tangents, 6 roundings; and where that is not for use."""
    below = 1 + p * q
    near = np.real(below) < LEAST_DENOMINATOR
    return q * (1 - p * p) / np.where(near, 1, below), near


def tanh_parts(p: Array, t: Array) -> tuple[Array, Array | None]:
    """The odd and the even part of pairs of differences, from p, (P, 1, W), and t, (2, P, J, W).

    ``t`` holds the tangents r of the odd parts o, and then s of the even parts e; so are the parts
    found.  A mask (P, J, W) says which are not for use, None that all are.
    """
    if np.iscomplexobj(t):
        return _tanh_parts(p, t)
    from .difference_kernels import tanh_part_rows

    parts, near = np.empty_like(t), np.zeros(len(p), np.bool_)
    split_rows(partial(tanh_part_rows, p[:, 0], t, parts, near), t)
    return _tanh_parts(p, t) if near.any() else (parts, None)


def _tanh_parts(p: Array, t: Array) -> tuple[Array, Array]:
    """The formulas of this module; where their denominator is too small, it is taken as 1."""
    r, s = t
    slope, ss, rr = 1 - p * p, s * s, r * r
    steady, twist = s * (1 - rr), ss - rr
    below = 1 - ss * rr + 2 * p * steady + p * p * twist
    near = np.real(below) < LEAST_DENOMINATOR
    safe = np.where(near, 1, below)
    return np.stack([slope * r * (1 - ss) / safe, slope * (steady + p * twist) / safe]), near


def split_rows(work: Callable[[int, int], object], parts: Array) -> None:
    """``work(start, stop)`` on all rows of parts (2, P, J, W), several at a time on each thread."""
    _, rows, count, width = parts.shape
    split_work(work, rows, max(1, _CHUNK // max(1, count * width)))
