"""A function of float32 held to the truth on a range of bit patterns, whole."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from emu_cases import round_once
from function_oracle import truth
from numpy.typing import NDArray

from bitpde.formats import FP32

Function = Callable[[NDArray[Any]], NDArray[Any]]

_CHUNK = 1 << 22
_HALVES = -(2.0**-44), 2.0**-44


def wrongly_rounded(name: str, own: Function, wide: Function, start: int, stop: int) -> list[str]:
    """Return the arguments of patterns start to stop of which ``own`` is not the truth.

    ``wide``, NumPy's function in float64, is within 2^7 ulp = 2^-45 of the truth by a wide margin,
    so the truth lies between the two perturbed values: where both round to one float32, so does the
    truth.  The few others are decided by mpmath.
    """
    wrong: list[str] = []
    hard = 0
    for first in range(start, stop, _CHUNK):
        bits = np.arange(first, min(first + _CHUNK, stop), dtype=np.uint32)
        x = bits.view(np.float32)
        with np.errstate(invalid="ignore"):
            result, near = own(x), wide(x.astype(np.float64))
            low, high = ((near * (1 + half)).astype(np.float32) for half in _HALVES)
        nan = np.isnan(x)
        clear = (low == high) & ~nan
        other = (result != low) | (np.signbit(result) != np.signbit(low))
        wrong += [v.hex() for v in x[clear & other | nan & ~np.isnan(result)].tolist()]
        for index in np.flatnonzero(~clear & ~nan):
            hard += 1
            argument = float(x[index])
            if float(result[index]) != round_once(truth(name, Fraction(argument), 260), FP32):
                wrong.append(argument.hex())
    if not 0 < hard < 1 << 16:  # the method decides nearly all, and mpmath is not idle
        wrong.append(f"{hard} hard cases")
    return wrong
