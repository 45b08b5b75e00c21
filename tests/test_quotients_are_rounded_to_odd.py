"""A quotient rounded to odd at 53 bits is, for every later rounding, the real quotient.

The truths are rationals; the binary64 division is only the thing under test.
"""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bitpde.formats import Rounding, round_exact
from bitpde.formats.exact import floor_log2
from bitpde.formats.quotient import quotient_to_odd

SIGNIFICANDS = st.one_of(
    st.integers(2**52, 2**53 - 1), st.integers(1, 2**11), st.integers(2**53 - 9, 2**53 - 1)
)


@st.composite
def pairs(draw: st.DrawFn, reach: int = 400) -> tuple[float, float]:
    """Draw a dividend and a positive divisor whose quotient is well inside binary64."""
    m, d = draw(SIGNIFICANDS), draw(SIGNIFICANDS)
    k, n = draw(st.integers(-reach, reach)), draw(st.integers(-reach, reach))
    return draw(st.sampled_from([1, -1])) * float(np.ldexp(m, k)), float(np.ldexp(d, n))


@settings(max_examples=300)
@given(pair=pairs())
@example(pair=(1.0, 3.0))
@example(pair=(-6.0, 3.0))
def test_an_exact_quotient_stays_and_another_becomes_its_odd_neighbour(
    pair: tuple[float, float],
) -> None:
    x, d = pair
    exact, q = Fraction(x) / Fraction(d), float(quotient_to_odd(np.array(x), d))
    below, above = float(np.nextafter(q, -np.inf)), float(np.nextafter(q, np.inf))
    assert Fraction(below) < exact < Fraction(above)
    assert Fraction(q) == exact or np.float64(q).view(np.int64) % 2 == 1


@settings(max_examples=300)
@given(
    pair=pairs(),
    places=st.integers(1, 51),
    rounding=st.sampled_from(Rounding),
    random=st.integers(0, 7),
)
def test_a_later_rounding_is_that_of_the_real_quotient(
    pair: tuple[float, float], places: int, rounding: Rounding, random: int
) -> None:
    # Stochastic rounding looks at three bits more, and variant B at a fourth.
    places = min(places, 47) if rounding.is_stochastic else places
    x, d = pair
    exact, q = Fraction(x) / Fraction(d), Fraction(float(quotient_to_odd(np.array(x), d)))
    lsb = Fraction(2) ** (floor_log2(abs(exact)) + 1 - places)
    bits = 3 if rounding.is_stochastic else 0
    draw = random if bits else 0
    assert round_exact(q, lsb, rounding, draw, bits) == round_exact(
        exact, lsb, rounding, draw, bits
    )


@given(
    places=st.integers(2, 51), m=st.integers(1, 2**20), d=st.integers(1, 2**24), sign=st.booleans()
)
def test_a_quotient_next_to_a_tie_is_on_its_side(places: int, m: int, d: int, sign: bool) -> None:
    # x = (n + 1/2) d, moved by one ulp of x, which a division rounded to nearest may swallow.
    n = 2 ** (places - 1) + m % 2 ** (places - 1)
    tie = Fraction(2 * n + 1, 2)
    x = float(tie * d)
    for y in (x, float(np.nextafter(x, 0)), float(np.nextafter(x, np.inf))):
        exact = Fraction(y) / d * (-1 if sign else 1)
        q = Fraction(float(quotient_to_odd(np.array(-y if sign else y), float(d))))
        assert (abs(q) > tie) == (abs(exact) > tie)
        assert (q == exact) == (Fraction(float(exact)) == exact)


@given(x=st.floats(allow_nan=False), d=st.floats(min_value=5e-324, allow_infinity=False))
def test_no_quotient_loses_its_sign_or_vanishes(x: float, d: float) -> None:
    q = float(quotient_to_odd(np.array(x), d))
    assert np.signbit(q) == np.signbit(x)
    assert (q == 0) == (x == 0)


@given(x=st.floats(-(2.0**-1000), 2.0**-1000), d=st.floats(2.0**-95, 2.0**127, width=32))
def test_a_quotient_far_below_the_formats_stays_there(x: float, d: float) -> None:
    assert abs(float(quotient_to_odd(np.array(x), d))) <= 2.0**-905


@pytest.mark.parametrize("d", [0.1, 1.0, 3.0, 2.0**-149])
def test_what_is_not_finite_passes(d: float) -> None:
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0])
    q = quotient_to_odd(x, d)
    assert np.array_equal(q, x, equal_nan=True)
    assert np.signbit(q[-1])
    assert not np.signbit(q[-2])


def test_divisors_are_broadcast_and_float32_is_widened() -> None:
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    q = quotient_to_odd(x, np.array([[2.0], [3.0]]))
    assert q.dtype == np.float64
    assert q.tolist() == [[0.0, 0.5, 1.0], [1.0, q[1, 1], q[1, 2]]]
    assert Fraction(float(q[1, 1])) != Fraction(4, 3)
