"""sin and cos are the correctly rounded ones for every float32.

From 2^20 on they are evaluated by `correctly_rounded`, which other files hold to the truth; below,
a test tries every number there is.
"""

from fractions import Fraction

import numpy as np
import pytest
from emu_cases import round_once
from every_float32 import Function, wrongly_rounded
from function_oracle import truth
from hypothesis import example, given
from hypothesis import strategies as st

from bitpde.emu.functions.vector_unit import cos, sin
from bitpde.formats import FP32

FUNCTIONS: dict[str, tuple[Function, Function]] = {"sin": (sin, np.sin), "cos": (cos, np.cos)}
#: Bits of the float32 from which on the functions are evaluated one by one.
FARTHEST = int(np.float32(2.0**20).view(np.uint32))


@pytest.mark.parametrize("name", FUNCTIONS)
@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
@example(2.0**-149)
@example(1048575.9375)
@example(1048576.0)
@example(9830.3984375)  # its sine in float64 rounds to the wrong side
def test_every_float32_is_rounded_once(name: str, x: float) -> None:
    result = FUNCTIONS[name][0](np.array([x], np.float32))
    assert result.dtype == np.float32
    assert float(result[0]) == round_once(truth(name, Fraction(x), 260), FP32)


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
    # Signs are those of the test above.
    assert wrongly_rounded(name, *FUNCTIONS[name], 0, FARTHEST) == []
