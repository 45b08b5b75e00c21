"""Adam is its recurrence, one correctly rounded operation after another in the stated order."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.pde import Adam, Constant, Exponential, Linear, RunError

WIDTHS: dict[type, tuple[int, int]] = {np.float32: (24, -149), np.float64: (53, -1074)}


def rounded(x: Fraction, dtype: type) -> Fraction:
    """``x`` to the nearest number of an IEEE 754 type, ties to even; the range is not left."""
    if x == 0:
        return x
    precision, least = WIDTHS[dtype]
    exponent = abs(x.numerator).bit_length() - x.denominator.bit_length()
    exponent -= abs(x) < Fraction(2) ** exponent
    ulp = Fraction(2) ** max(exponent - precision + 1, least)
    return round(x / ulp) * ulp


def rounded_root(x: Fraction, dtype: type) -> Fraction:
    """The square root of ``x`` rounded once, from an integer root and a sticky bit."""
    scaled = x * 4**200
    whole = math.isqrt(scaled.numerator // scaled.denominator)
    sticky = Fraction(int(Fraction(whole * whole) != scaled), 2)
    return rounded((whole + sticky) / Fraction(2) ** 200, dtype)


def power(base: float, exponent: int) -> float:
    """``base ** exponent`` by squaring, from the low bit of the exponent up, in float64."""
    result = 1.0
    for bit in reversed(f"{exponent:b}"):
        result = result * base if bit == "1" else result
        base = base * base
    return result


class Oracle:
    """One scalar parameter, in rational arithmetic with a rounding after every operation."""

    def __init__(self, adam: Adam, p: float, dtype: type) -> None:
        self.adam, self.dtype, self.step = adam, dtype, 0
        self.p, self.m, self.v = Fraction(p), Fraction(0), Fraction(0)

    def constant(self, x: float) -> Fraction:
        return rounded(Fraction(x), self.dtype)

    def update(self, gradient: float, rate: float) -> None:
        def r(x: Fraction) -> Fraction:
            return rounded(x, self.dtype)

        a, g, c = self.adam, Fraction(gradient), self.constant
        self.step += 1
        self.m = r(r(c(a.beta1) * self.m) + r(c(1 - a.beta1) * g))
        self.v = r(r(c(a.beta2) * self.v) + r(r(c(1 - a.beta2) * g) * g))
        mean = r(self.m / c(1 - power(a.beta1, self.step)))
        spread = r(self.v / c(1 - power(a.beta2, self.step)))
        root = rounded_root(spread, self.dtype)
        self.p = r(self.p - r(r(c(rate) * mean) / r(root + c(a.epsilon))))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@settings(max_examples=30)
@given(
    start=st.floats(-4, 4, width=32),
    gradients=st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=8),
    beta1=st.sampled_from([0.0, 0.9, 0.99]),
    rate=st.floats(1e-6, 1.0),
)
def test_every_bit_of_an_update_is_that_of_the_recurrence(
    dtype: type, start: float, gradients: list[float], beta1: float, rate: float
) -> None:
    adam = Adam(beta1=beta1)
    oracle = Oracle(adam, start, dtype)
    parameters: list[np.ndarray] = [np.array([[start]], dtype)]
    state = adam.init(parameters)
    for gradient in gradients:
        parameters, state = adam.update(parameters, [np.array([[gradient]], dtype)], state, rate)
        oracle.update(gradient, rate)
        got = parameters[0].item(), state.first[0].item(), state.second[0].item()
        assert got == (oracle.p, oracle.m, oracle.v)
        assert parameters[0].dtype == state.first[0].dtype == state.second[0].dtype == dtype


@given(gradient=st.floats(0.125, 8.0), steps=st.integers(1, 200))
def test_a_constant_gradient_moves_by_the_rate(gradient: float, steps: int) -> None:
    # m_t = (1 - b1^t) g and v_t = (1 - b2^t) g^2 exactly, so each step is rate g / (|g| + epsilon):
    # 1 / (1 + epsilon / g) of the rate.  The recurrences for m and v keep a relative error below
    # (3 t + 4) 2^-53, and (1 - b2^t) >= 1e-3 loses at most a factor 1e3: 1e-9 for 200 steps.
    adam, rate = Adam(), 2.0**-10
    parameters: list[np.ndarray] = [np.zeros((1, 1))]
    state = adam.init(parameters)
    for _ in range(steps):
        parameters, state = adam.update(parameters, [np.full((1, 1), gradient)], state, rate)
    exact = -steps * rate / (1 + adam.epsilon / gradient)
    assert parameters[0].item() == pytest.approx(exact, rel=1e-9)
    assert state.step == steps


def test_nothing_given_to_an_update_is_changed() -> None:
    adam = Adam()
    parameters, gradients = [np.ones((2, 2), np.float32)], [np.ones((2, 2), np.float32)]
    for array in (*parameters, *gradients):
        array.setflags(write=False)
    before = adam.init(parameters)
    adam.update(parameters, gradients, before, 0.1)
    assert before.step == 0
    assert not before.first[0].any()
    assert not before.second[0].any()


@given(initial=st.floats(1e-6, 1.0), steps=st.integers(1, 2000), data=st.data())
def test_schedules_are_their_formulas(initial: float, steps: int, data: st.DataObject) -> None:
    # Three roundings of numbers of at most the size of `initial`; factors round once each.
    step = data.draw(st.integers(0, steps - 1))
    exact = Fraction(initial) * (1 - Fraction(step, steps))
    assert abs(Fraction(Linear(initial=initial).rate(step, steps)) - exact) <= initial * 2.0**-51
    assert Constant(initial=initial).rate(step, steps) == initial
    decay = Exponential(initial=initial, factor=0.5, every=100)
    assert decay.rate(step, steps) == initial * 0.5 ** (step // 100)


@pytest.mark.parametrize("make", [Linear, Constant, Exponential])
@pytest.mark.parametrize("rate", [0.0, -1.0, math.nan, math.inf, "fast", True])
def test_a_learning_rate_that_is_none_is_refused(make: type, rate: object) -> None:
    with pytest.raises(RunError, match=rf"{make.__name__}\.initial is .*finite number above 0"):
        make(initial=rate)


@pytest.mark.parametrize("fields", [{"beta1": 1.0}, {"beta2": -0.1}, {"epsilon": math.nan}])
def test_constants_without_a_meaning_are_refused(fields: dict[str, float]) -> None:
    with pytest.raises(RunError, match=rf"Adam\.{next(iter(fields))} is"):
        Adam(**fields)
