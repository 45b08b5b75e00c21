"""tanh is the correctly rounded one for every float32, and within 3.5 ulp for float64.

The truth is mpmath's tanh to 200 bits.  It is compared as a rational number, so that the rounding
of the truth is the test's own.
"""

from fractions import Fraction

import function_oracle
import numpy as np
import pytest
from emu_cases import round_once
from every_float32 import wrongly_rounded
from hypothesis import example, given
from hypothesis import strategies as st

from bitpde.emu.functions.vector_unit import tanh
from bitpde.formats import FP32

#: 1.5 ulp of the float32 below 1 is where tanh stops being 1 - ulp; 9.01 and 19.06 are saturation.
EDGES = [
    0.0, 5e-324, 1e-320, 2.0**-1022, 2.0**-149, 3 * 2.0**-149, 2.0**-127, 2.0**-126, 2.0**-28,
    2.0**-27, 2.0**-13, 2.0**-12, 1e-4, 0.17328679513998632, 0.17328679513998635, 0.5, 1.0,
    9.010913339828708, 9.01, 9.02, 19.061547465398498, 19.07, 21.99, 22.0, 22.01, 88.0, 710.0,
    3.4e38, 1.7e308,
]  # fmt: skip


def truth(x: float) -> Fraction:
    """Return tanh to 200 significant bits."""
    return Fraction(function_oracle.truth("tanh", Fraction(x), 200))


def ulp(x: Fraction) -> Fraction:
    """Return the distance of consecutive float64 in the binade of x."""
    return Fraction(float(np.spacing(abs(float(x)))))


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
@example(2.0**-149)
def test_every_float32_is_rounded_once(x: float) -> None:
    result = tanh(np.array([x], np.float32))
    assert result.dtype == np.float32
    assert float(result[0]) == round_once(truth(x), FP32)


@given(st.floats(2.0**-12, 9.125, width=32))
def test_float32_is_rounded_once_where_it_is_hard(x: float) -> None:
    # Below 2^-12 the answer is x, above 9.02 it is 1: between them lie all the hard cases.
    assert float(tanh(np.array([x], np.float32))[0]) == round_once(truth(x), FP32)


def test_float32_is_rounded_once_at_the_edges() -> None:
    x = np.array([e for e in EDGES if e <= 3.5e38], np.float32)
    assert tanh(x).tolist() == [round_once(truth(float(v)), FP32) for v in x]


def error_in_ulps(x: float) -> Fraction:
    exact = truth(x)
    size = abs(Fraction(float(tanh(np.array([x]))[0])) - exact)
    return size / ulp(exact) if size else Fraction(0)


# With u = 2^-53: t = r + r^2 p has the square's rounding, u, and those of p, 1.5 u, in a term that
# is at most 0.17 of t, and the last sum's, u; the addition of 2 and the quotient give u each. 3.5 u
# relative to a number below 2^(e+1) that is 3.5 ulp at the most.  Where exp(2x) is scaled, at
# worst by 2 next to x = 0.1733, r and its exponential are off by 0.6 u; these count 2.6 u in
# t = 0.41, the other roundings 2.2 u: below 0.72 u in a result of 0.17, whose ulp is u / 4.
BOUND = Fraction(7, 2)


@given(st.floats(-22, 22))
def test_float64_is_within_its_bound(x: float) -> None:
    assert error_in_ulps(x) <= BOUND


@given(st.floats(2.0**-13, 1.0), st.sampled_from([1.0, -1.0]))
@example(float.fromhex("0x1.b2451e688641ap-3"), 1.0)  # 2.57 ulp, the most of 6 10^7 random ones
def test_float64_is_within_its_bound_where_it_is_hard(x: float, sign: float) -> None:
    assert error_in_ulps(sign * x) <= BOUND


@pytest.mark.parametrize("x", EDGES)
def test_float64_is_within_its_bound_at_the_edges(x: float) -> None:
    assert error_in_ulps(x) <= BOUND
    assert error_in_ulps(-x) <= BOUND


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_infinities_and_zeros_stay_themselves(dtype: type) -> None:
    result = tanh(np.array([np.nan, np.inf, -np.inf, 0.0, -0.0], dtype))
    assert np.isnan(result[0])
    assert result[1:].tolist() == [1.0, -1.0, 0.0, 0.0]
    assert np.signbit(result[1:]).tolist() == [False, True, False, True]


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=9))
def test_tanh_is_odd_bounded_and_keeps_the_sign(values: list[float]) -> None:
    x = np.array(values)
    result = tanh(x)
    assert (-tanh(-x)).tobytes() == result.tobytes()
    assert (np.abs(result) <= 1).all()
    assert np.array_equal(np.signbit(result), np.signbit(x))


@given(st.integers(0, 3), st.integers(0, 4))
def test_any_shape_and_layout_is_the_elements(rows: int, columns: int) -> None:
    whole = np.linspace(-3, 3, 4 * rows * columns).reshape(2 * rows, 2 * columns)
    view = whole[::2, ::-2].T
    expected = [[float(tanh(np.array([v]))[0]) for v in row] for row in view.tolist()]
    assert tanh(view).tolist() == expected
    assert tanh(np.array(0.5)).shape == ()


@pytest.mark.exhaustive
def test_every_one_of_the_2_32_float32_is_rounded_once() -> None:
    assert wrongly_rounded("tanh", tanh, np.tanh, 0, 1 << 32) == []
