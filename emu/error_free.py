"""Sums, products, quotients and roots of binary64 numbers, rounded to odd instead of to nearest.

An operation rounded to nearest leaves an error whose sign is known exactly: the error of a sum or
product is itself a binary64 number (Knuth's TwoSum; Dekker 1971), and so is the residual of a
quotient or root.  Where it is not zero the last bit of the result is made odd, which keeps the side
of every tie: a later rounding to at most 51 bits is then the only one (Boldo and Melquiond 2008).

Preconditions of every function here: each number is 0, not finite, or `ordinary`.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Numbers between these have products above 2^-960, whose lowest bits are at least 2^-1064: no
#: part of a product, quotient or root of them leaves binary64.
LEAST, GREATEST = 2.0**-480, 2.0**480

_SPLITTER = 2.0**27 + 1


class Carried(NamedTuple):
    """Results that one more rounding takes to a format."""

    #: the results, rounded to odd at 53 bits where they are no binary64 numbers
    values: Floats
    #: where the value is the very result
    exact: NDArray[np.bool_]
    #: where all this is proved; elsewhere the other two mean nothing
    certain: NDArray[np.bool_]


def ordinary(*operands: Floats) -> NDArray[np.bool_]:
    """Where every operand is 0, not finite, or from 2^-480 to 2^480 in magnitude.

    Examples
    --------
    >>> ordinary(np.array([1.0, 0.0, np.inf, 1e-300, 1e300])).tolist()
    [True, True, True, False, False]
    """
    lawful = np.ones(np.broadcast_shapes(*(x.shape for x in operands)), np.bool_)
    for x in operands:
        size = np.abs(x)
        lawful &= ((size >= LEAST) & (size <= GREATEST)) | (size == 0) | ~np.isfinite(size)
    return lawful


def two_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """``a + b`` as the sum of its rounding and the error of that; exact (Knuth).

    Examples
    --------
    >>> [part.tolist() for part in two_sum(np.array([1.0]), np.array([2.0**-60]))]
    [[1.0], [8.673617379884035e-19]]
    """
    total = a + b
    from_b = total - a
    return total, (a - (total - from_b)) + (b - from_b)


def two_product(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """``a b`` as the sum of its rounding and the error of that; exact (Dekker, Veltkamp)."""
    product = a * b
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, error


def _halves(a: Floats) -> tuple[Floats, Floats]:
    """Two numbers of 26 bits that sum to ``a``."""
    c = _SPLITTER * a
    high = c - (c - a)
    return high, a - high


def to_odd(nearest: Floats, error: Floats, certain: Any) -> Carried:
    """``nearest + error`` rounded to odd, where ``|error|`` is at most half a unit of the last bit.

    Of the two neighbours around a number that is none, one is odd: ``nearest``, or else the one on
    the side of the error.  What is not finite is exact.

    Examples
    --------
    >>> to_odd(np.array([1.0]), np.array([-1e-30]), True).values.tolist()
    [0.9999999999999999]
    """
    inexact = np.isfinite(nearest) & (error != 0)
    even = (nearest.view(np.int64) & 1) == 0
    side = np.where(error > 0, np.inf, -np.inf)
    values = np.where(inexact & even, np.nextafter(nearest, side), nearest)
    return Carried(values, ~inexact, np.broadcast_to(certain, values.shape))


def sum_to_odd(a: Floats, b: Floats) -> Carried:
    """``a + b`` rounded to odd."""
    return to_odd(*two_sum(a, b), ordinary(a, b))


def product_to_odd(a: Floats, b: Floats) -> Carried:
    """``a b`` rounded to odd."""
    return to_odd(*two_product(a, b), ordinary(a, b))


def quotient_to_odd(a: Floats, b: Floats) -> Carried:
    """``a / b`` rounded to odd; the residual ``a - q b`` is a binary64 number (Dekker).

    Examples
    --------
    >>> from fractions import Fraction
    >>> q = quotient_to_odd(np.array([-1.0, 6.0]), np.array([3.0, -3.0]))
    >>> q.exact.tolist(), abs(Fraction(q.values[0]) + Fraction(1, 3)) < Fraction(1, 2**54)
    ([False, True], True)
    """
    q = np.asarray(a / b)
    high, low = two_product(q, b)
    residual = np.where(np.isinf(b), 0.0, (a - high) - low)
    return to_odd(q, np.where(np.signbit(b), -residual, residual), ordinary(a, b))


def root_to_odd(a: Floats) -> Carried:
    """The square root rounded to odd; the residual ``a - r^2`` is a binary64 number."""
    root = np.asarray(np.sqrt(a))
    high, low = two_product(root, root)
    return to_odd(root, (a - high) - low, ordinary(a))


def fma_to_odd(a: Floats, b: Floats, c: Floats) -> Carried:
    """``a b + c`` rounded to odd.

    Notes
    -----
    *Exactness*: ``a b = p + e``, ``c + e = t + u`` and ``p + t = v + w`` are exact, so that the
    result is ``v + (w + u)``; let ``r`` be ``w + u`` rounded to odd.  If ``w`` is 0, it is ``u``.
    If not, the sum ``p + t`` has not cancelled (Sterbenz), so that ``|v|`` is at least ``|t| / 2``
    but for a rounding, and ``|w + u| < |v| / 4``.  Then every number of 53 bits beside the result,
    and every tie of fewer, is ``v`` and an even multiple of r's last place, and ``r`` is on the
    same side of it as ``w + u``.
    """
    p, e = two_product(a, b)
    t, u = two_sum(c, e)
    v, w = two_sum(p, t)
    rest = to_odd(*two_sum(w, u), certain=True).values
    carried = to_odd(*two_sum(v, rest), ordinary(a, b, c))
    # No part of these says a sign of zero, nor an infinity once it met another.
    plain = ~(np.isfinite(a) & np.isfinite(b) & np.isfinite(c)) | ((p == 0) & (c == 0))
    values = np.where(plain, p + c, carried.values)
    return Carried(values, plain | carried.exact, carried.certain)
