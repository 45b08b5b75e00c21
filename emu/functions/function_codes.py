"""Functions between integers that stand for multiples of steps: the contents of tables."""

from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DatapathError
from .enclosed import ENCLOSED
from .exact import exact_value
from .floats import BOUNDED
from .units import require_function

_REACH = 1 << 12
_WIDEST = 1 << 12


def function_codes(name: str, codes: NDArray[Any], step: float, unit: float) -> NDArray[np.int64]:
    """Return ``round(f(step q) / unit)`` for integers q, ties to even.

    Parameters
    ----------
    name
        One of `FUNCTIONS`.
    codes
        Integers of at most 24 bits.
    step, unit
        Positive binary32 numbers: what an integer stands for, before and after.

    Raises
    ------
    DatapathError
        If the function has no number at one of them, or is not to be told from a tie.

    Notes
    -----
    *Exactness*: one rounding, of the real quotient.

    Examples
    --------
    >>> function_codes("gelu", np.arange(-2, 3), 0.5, 0.125).tolist()
    [-1, -1, 0, 3, 7]
    """
    require_function(name)
    q = np.asarray(codes).reshape(-1)
    found, decided = np.zeros(q.shape, np.int64), q == 0
    x = np.where(decided, 1.0, q * step)  # exact: 24 bits times 24
    with np.errstate(all="ignore"):
        value, error = BOUNDED[name](x)
        low, high = ((value + side * error) / unit for side in (-1, 1))
        # A quotient is rounded by at most 2^-53 of itself, which two neighbours more than cover.
        low, high = np.nextafter(low, -np.inf), np.nextafter(high, np.inf)
        found = np.where(np.isfinite(low), np.rint(low), 0.0).astype(np.int64)
        decided = ~decided & (np.rint(low) == np.rint(high))
    for place in np.flatnonzero(~decided).tolist():
        found[place] = rounded_quotient(name, int(q[place]) * Fraction(step), Fraction(unit))
    return found.reshape(np.shape(codes))


def rounded_quotient(name: str, x: Fraction, unit: Fraction) -> int:
    """Return ``round(f(x) / unit)``, ties to even, by enclosures of rational ends.

    Raises
    ------
    DatapathError
        If the function has no number there, or is too near to a tie.

    Examples
    --------
    >>> rounded_quotient("exp", Fraction(1), Fraction(1, 1000))
    2718
    """
    exact = exact_value(name, x if x else 0.0)
    if exact is not None:
        if isinstance(exact, float) and not np.isfinite(exact):
            msg = f"{name} has no number at {float(x)}: keep operands away from there"
            raise DatapathError(msg)
        return round(Fraction(exact) / unit)
    places = 64
    while places <= _WIDEST:
        low, high = (Fraction(end) / unit for end in ENCLOSED[name](x, places, _REACH).ends)
        if floor(2 * low) == floor(2 * high):  # no tie between, nor at an end but the lower one
            return round((low + high) / 2)
        places *= 2
    msg = f"{name} of {float(x)} is too near to the middle of two multiples of {float(unit)}"
    raise DatapathError(msg)
