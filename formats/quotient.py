"""Quotients of binary64 numbers, ready to be rounded once more as if they were exact."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_SPLITTER = 2.0**27 + 1
#: Beyond this, and below its inverse, parts of a product could overflow or underflow; no format
#: that is encoded by quotients has such a step, so there only the sign matters.
_HUGE = 2.0**900


def quotient_to_odd(x: NDArray[Any], divisor: ArrayLike) -> NDArray[np.float64]:
    """``x / divisor`` rounded to odd at 53 bits: exact quotients stay, others become odd.

    Every later rounding to at most 51 bits, in any mode, gives what the real quotient would give
    (Boldo and Melquiond 2008).  NaN and infinities pass through; a quotient beyond binary64 is its
    largest number, which is odd.

    Parameters
    ----------
    x
        Floats of any shape.
    divisor
        Positive binary64 numbers, broadcast against ``x``.

    Notes
    -----
    *Exactness*: the quotient is corrected by the sign of its residual ``x - q divisor``, which is a
    binary64 number and comes from an exact product in two parts (Dekker 1971).

    Examples
    --------
    >>> from fractions import Fraction
    >>> q = float(quotient_to_odd(np.float64(1.0), 3.0))
    >>> q == 1 / 3, abs(Fraction(q) - Fraction(1, 3)) < Fraction(1, 2**54)
    (True, True)
    """
    wide = np.asarray(x, np.float64)
    d = np.asarray(divisor, np.float64)
    with np.errstate(all="ignore"):
        q = np.asarray(wide / d)
        high, low = _product(q, np.broadcast_to(d, q.shape))
        residual = (wide - high) - low
        usual = np.isfinite(q) & (np.abs(q) < _HUGE) & (np.abs(q) > 1 / _HUGE)
        inexact = usual & (residual != 0)
        even = (q.view(np.int64) & 1) == 0
        toward = np.where(residual > 0, np.inf, -np.inf)
        q = np.where(inexact & even, np.nextafter(q, toward), q)
    limits = np.finfo(np.float64)
    vanished = (q == 0) & (wide != 0) & np.isfinite(d)
    q = np.where(vanished, np.copysign(limits.smallest_subnormal, wide), q)
    overflowed = np.isinf(q) & np.isfinite(wide)
    return np.where(overflowed, np.copysign(limits.max, wide), q)


def _product(
    a: NDArray[np.float64], b: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``a b`` as the sum of its rounding and the error of that."""
    high = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    low = ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low
    return high, low


def _split(a: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two halves of 26 bits that sum to ``a``."""
    c = _SPLITTER * a
    high = c - (c - a)
    return high, a - high
