"""sin and cos are the correctly rounded ones for every float32.

From 2^20 on they are evaluated by `correctly_rounded`, which other files hold to the truth; below,
a test tries every number there is.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from emu_cases import round_once
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitpde.emu.functions.vector_unit import cos, sin
from bitpde.formats import FP32

Function = Callable[[NDArray[Any]], NDArray[Any]]
FUNCTIONS = {"sin": (sin, np.sin), "cos": (cos, np.cos)}
#: Bits of the float32 from which on the functions are evaluated one by one.
FARTHEST = int(np.float32(2.0**20).view(np.uint32))
CHUNK = 1 << 22


def truth(name: str, x: float) -> Fraction:
    """Return the function to 200 significant bits; no argument cancels more than 60."""
    with mpmath.workprec(260):
        value: Any = getattr(mpmath, name)(mpmath.mpf(x))
    sign, mantissa, exponent, _ = value._mpf_
    return (-1) ** int(sign) * int(mantissa) * Fraction(2) ** int(exponent)


@pytest.mark.parametrize("name", FUNCTIONS)
@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
@example(2.0**-149)
@example(1048575.9375)
@example(1048576.0)
@example(9830.3984375)  # its sine in float64 rounds to the wrong side
def test_every_float32_is_rounded_once(name: str, x: float) -> None:
    result = FUNCTIONS[name][0](np.array([x], np.float32))
    assert result.dtype == np.float32
    assert float(result[0]) == round_once(truth(name, x), FP32)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_infinities_and_zeros(dtype: type) -> None:
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0], dtype)
    assert np.isnan(sin(x)[:3]).all()
    assert np.isnan(cos(x)[:3]).all()
    assert np.signbit(sin(x)[3:]).tolist() == [False, True]
    assert cos(x)[3:].tolist() == [1.0, 1.0]


@given(st.lists(st.floats(-(2.0**20), 2.0**20), min_size=1, max_size=9))
def test_sine_is_odd_and_cosine_even(values: list[float]) -> None:
    for x in (np.array(values), np.array(values, np.float32)):
        assert (-sin(-x)).tobytes() == sin(x).tobytes()
        assert cos(-x).tobytes() == cos(x).tobytes()


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_float32_below_2_20_is_rounded_once(name: str) -> None:
    # Signs are those of the test above.  NumPy's float64 functions are within 2^7 ulp = 2^-45 of
    # the truth by a wide margin, so the truth lies between the two perturbed values; where both
    # round to one float32, so does the truth.  The few others are decided by mpmath.
    own, wide_function = FUNCTIONS[name]
    wrong: list[str] = []
    hard = 0
    for start in range(0, FARTHEST, CHUNK):
        stop = min(start + CHUNK, FARTHEST)
        x = np.arange(start, stop, dtype=np.uint32).view(np.float32)
        result, wide = own(x), wide_function(x.astype(np.float64))
        low, high = ((wide * (1 + side)).astype(np.float32) for side in (-(2.0**-44), 2.0**-44))
        clear = low == high
        wrong += [v.hex() for v in x[clear & (result != low)].tolist()]
        for index in np.flatnonzero(~clear):
            hard += 1
            if float(result[index]) != round_once(truth(name, float(x[index])), FP32):
                wrong.append(float(x[index]).hex())
    assert wrong == []
    assert 0 < hard < 1 << 16  # the method decides nearly all, and mpmath is not idle
