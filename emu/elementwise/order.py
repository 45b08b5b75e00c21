"""Order among the elements of coded arrays: comparison, lesser and larger; nothing is rounded."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ...formats import Coded
from ..error_free import Floats
from ..exact.operands import Number
from .rounding import operands_of


class Ordering(IntEnum):
    """How two numbers compare; exactly one of these is so (IEEE 754-2019, 5.11)."""

    LESS = -1
    EQUAL = 0
    GREATER = 1
    #: at least one is NaN
    UNORDERED = 2


def compare(a: Coded, b: Coded) -> NDArray[np.int8]:
    """How each element of ``a`` compares with that of ``b``, as the integers of `Ordering`; exact.

    The formats may differ, and -0 equals +0.  Every predicate is a question about the result:
    ``compare(a, b) <= Ordering.EQUAL`` is "less or equal".

    Raises
    ------
    DatapathError
        If an operand is no array of a scalar format, or if the shapes do not broadcast.

    Examples
    --------
    >>> from bitpde.formats import Cast, INT8, OFP8_E4M3
    >>> a = Cast(format=OFP8_E4M3).encode([0.5, -0.0, float("nan")])
    >>> compare(a, Cast(format=INT8).encode([1, 0, 0])).tolist()
    [-1, 0, 2]
    """
    operands = operands_of("compare", a, b)
    if operands.fit_binary64:
        x, y = operands.values
        order = (x > y).astype(np.int8) - (x < y).astype(np.int8)
        unordered = np.isnan(x) | np.isnan(y)
        return np.where(unordered, np.int8(Ordering.UNORDERED), order)
    result = np.empty(operands.shape, np.int8)
    for index in np.ndindex(operands.shape):
        result[index] = _order(*operands.numbers(index))
    return result


def _order(x: Number, y: Number) -> Ordering:
    if x != x or y != y:
        return Ordering.UNORDERED
    return Ordering(int(x > y) - int(x < y))


def extreme(x: Floats, y: Floats, *, largest: bool, number: bool) -> Floats:
    """The lesser or the larger of two float64 arrays, -0 below +0; IEEE 754-2019, 9.6.

    With ``number`` a NaN gives way to a number, and without it prevails.

    Examples
    --------
    >>> x, y = np.array([0.0, np.nan]), np.array([-0.0, 1.0])
    >>> extreme(x, y, largest=False, number=True).tolist()
    [-0.0, 1.0]
    """
    first_below = (x < y) | ((x == y) & np.signbit(x))
    chosen = np.where(first_below != largest, x, y)
    x_nan, y_nan = np.isnan(x), np.isnan(y)
    if number:
        return np.where(x_nan, y, np.where(y_nan, x, chosen))
    return np.where(x_nan | y_nan, np.nan, chosen)
