"""The multiply-add of kernels is rounded once, compiled as interpreted.

The truth is the rational number, rounded to FP64 by the exact casts.
"""

from fractions import Fraction
from math import isfinite
from typing import Any

import numpy as np
from emu_cases import round_once
from hypothesis import example, given
from hypothesis import strategies as st

from bitpde.emu.functions.fma import fma
from bitpde.formats import FP64, kernel


@kernel
def each(x: Any, y: Any, z: Any, out: Any) -> None:
    for i in range(x.size):
        out[i] = fma(x[i], y[i], z[i])


def compiled(x: float, y: float, z: float) -> float:
    out = np.empty(1)
    each(np.array([x]), np.array([y]), np.array([z]), out)
    return float(out[0])


def same(x: float, y: float) -> bool:
    """Return whether these are the same bits, or both NaN."""
    return x.hex() == y.hex()


@given(st.floats(), st.floats(), st.floats())
@example(-0.0, 1.0, -0.0)
@example(-1.0, 0.0, 0.0)
@example(1e308, 10.0, -1e308)
@example(float("inf"), 0.0, 1.0)
def test_compiled_and_interpreted_are_the_same(x: float, y: float, z: float) -> None:
    assert same(compiled(x, y, z), fma(x, y, z))


@given(st.floats(0.5, 2), st.floats(0.5, 2), st.integers(-60, 2))
@example(1 + 2.0**-52, 1 - 2.0**-52, 0)
def test_what_nearly_cancels_keeps_the_rest_of_the_product(x: float, y: float, e: int) -> None:
    z = -x * y * (1 + 2.0**e)
    assert same(compiled(x, y, z), fma(x, y, z))


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
)
@example(2.0**-1000, 2.0**-74, 5e-324)
@example(1.7e308, 1.0, 1e292)
def test_a_finite_result_is_the_rational_number_rounded(x: float, y: float, z: float) -> None:
    exact = Fraction(x) * Fraction(y) + Fraction(z)
    if exact:
        rounded = round_once(exact, FP64)
        assert fma(x, y, z) == rounded or not isfinite(rounded)
        assert isfinite(fma(x, y, z)) == isfinite(rounded)
