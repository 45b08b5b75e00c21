"""Differences of functions are rounded once, and their forms keep what the naive ones lose.

The truth is mpmath's to thousands of bits, subtracted and rounded in rationals.
"""

from fractions import Fraction
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from function_oracle import NAMES, truth
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.emu import (
    DIFFERENCES,
    DatapathError,
    DifferenceUnit,
    correctly_rounded_difference,
    unit_from_json,
    unit_to_json,
)
from bitpde.formats import (
    BF16,
    FP16,
    FP32,
    INT8,
    MXINT8,
    OFP8_E4M3,
    Cast,
    Coded,
    Fixed,
    Rounding,
    decode_exact,
    encode_exact,
)

HALF, SINGLE = Cast(format=FP16), Cast(format=FP32)


def number(x: Fraction) -> Fraction | float:
    return x if x else 0.0


def difference(name: str, a: Fraction, b: Fraction) -> Fraction:
    """Return the truth, to some 3000 bits."""
    return Fraction(truth(name, number(a + b), 4000)) - Fraction(truth(name, number(a), 4000))


@settings(max_examples=60)
@given(
    st.sampled_from([n for n in NAMES if n not in ("log", "sqrt", "rsqrt", "reciprocal")]),
    st.floats(-8, 8, width=16),
    st.floats(-1, 1, width=16),
    st.sampled_from([HALF, Cast(format=BF16, rounding=Rounding.DOWN), Cast(format=INT8)]),
)
def test_every_difference_is_rounded_once(name: str, a: float, b: float, cast: Cast) -> None:
    code = correctly_rounded_difference(
        name, np.array([a], np.float16), np.array([b], np.float16), cast
    ).codes[0]
    true = difference(name, Fraction(a), Fraction(b))
    zero = -0.0 if cast.rounding is Rounding.DOWN else 0.0
    assert code == encode_exact(cast, true or zero)


def test_differences_of_what_is_no_number_are_those_of_subtraction() -> None:
    a = np.array([1, nan, inf, inf, -inf, 2, 1, -2], np.float16)
    b = np.array([inf, 0, 1, -inf, 1, -inf, -2, 4], np.float16)
    values = {
        n: correctly_rounded_difference(n, a, b, HALF).values() for n in ("tanh", "exp", "cos")
    }
    tanh_of_one = truth("tanh", Fraction(1))
    up = float(Fraction(decode_exact(FP16, encode_exact(HALF, 1 - Fraction(tanh_of_one)))))
    assert values["tanh"][0] == up
    assert np.isnan(values["tanh"][[1, 3]]).all()
    assert values["tanh"][[2, 4]].tolist() == [0.0, 0.0]
    assert np.isnan(values["exp"][[1, 2, 3]]).all()
    assert values["exp"][[0, 4]].tolist() == [65504.0, 0.0]
    assert np.isnan(values["cos"][:6]).all()
    assert values["cos"][[6, 7]].tolist() == [0.0, 0.0]


def by_definition(name: str, a: Fraction, b: Fraction, step: Cast, output: Cast) -> int:
    """Return the form's code, every step in rationals."""

    def r(x: Fraction) -> Fraction:
        return Fraction(decode_exact(step.element, encode_exact(step, x)))

    def f(function: str, x: Fraction) -> Fraction:
        return r(Fraction(truth(function, number(x))))

    if name == "tanh":
        p, q = f("tanh", a), f("tanh", b)
        return encode_exact(output, r(q * r(1 - p * p)) / r(1 + p * q))
    if name == "exp":
        return encode_exact(output, f("exp", a) * f("expm1", b))
    if name == "sigmoid":
        p, growth = f("sigmoid", a), f("expm1", b)
        product = r(r(p * f("sigmoid", -a)) * growth)
        return encode_exact(output, product / r(1 + p * growth))
    middle, half = r(a + b / 2), f("sin", r(b / 2))
    if name == "sin":
        return encode_exact(output, f("cos", middle) * r(2 * half))
    return encode_exact(output, f("sin", middle) * r(-2 * half))


@given(
    st.sampled_from(DIFFERENCES),
    st.floats(-4, 4, width=16).filter(bool),
    st.floats(-1, 1, width=16).filter(lambda b: abs(b) > 2**-12),
    st.sampled_from([HALF, Cast(format=Fixed(bits=16, fraction_bits=10), rounding=Rounding.DOWN)]),
)
def test_the_form_is_its_steps(name: str, a: float, b: float, step: Cast) -> None:
    unit = DifferenceUnit(function=name, step=step, output=SINGLE)
    x, y = (Cast(format=FP16).encode([v]) for v in (a, b))
    wanted = by_definition(name, Fraction(a), Fraction(b), step, SINGLE)
    value = decode_exact(FP32, wanted)
    assert unit.apply(x, y).values()[0] == value


@pytest.mark.parametrize("name", DIFFERENCES)
@pytest.mark.parametrize("b", [2.0**-7, 2.0**-10, 2.0**-13], ids=lambda b: f"{b:.0e}")
def test_the_form_keeps_what_the_naive_difference_loses(name: str, b: float) -> None:
    # a from 0.25 to 1.25: every factor is from 0.08 to 4, none is subnormal in FP16 (2 sin(b/2) is
    # b), and no 1 - p^2 or 1 + p q cancels to less than a quarter.  With u = 2^-11 each of at most
    # seven roundings enters at most 6 times, and a + b/2 is wrong by u/2 2, which changes sine or
    # cosine by at most 4 times that: below 60 u together.  The naive values, up to 4, are wrong by
    # up to u each, and so is a + b: relative to b times the derivative that is more than u / b.
    a = np.linspace(0.25, 1.25, 65).astype(np.float16)
    step = np.full_like(a, b)
    unit = DifferenceUnit(function=name, step=HALF, output=HALF)
    true = np.array([float(difference(name, Fraction(float(x)), Fraction(b))) for x in a])
    kept = np.abs(unit.apply(a, step).values() - true)
    lost = np.abs(unit.naive(a, step).values() - true)
    assert (kept <= 60 * 2.0**-11 * np.abs(true) + 2.0**-25).all()  # half a step if subnormal
    assert (lost / np.abs(true)).max() >= min(1.0, 2.0**-11 / b / 4)
    assert lost.max() > 4 * kept.max()


def test_8_bit_tables_of_the_tanh_difference_are_odd_in_both() -> None:
    x = Coded(format=OFP8_E4M3, codes=np.arange(0x20, 0x50, 3, dtype=np.uint8))
    minus = Coded(format=OFP8_E4M3, codes=x.codes | np.uint8(0x80))
    plus = correctly_rounded_difference("tanh", x[:, None], x, HALF).values()
    turned = correctly_rounded_difference("tanh", minus[:, None], minus, HALF).values()
    assert np.array_equal(plus, -turned)
    unit = DifferenceUnit(function="tanh", step=HALF, output=HALF)
    assert np.array_equal(
        unit.apply(x[:, None], x).values(), -unit.apply(minus[:, None], minus).values()
    )


def test_a_difference_unit_round_trips_and_refuses() -> None:
    unit = DifferenceUnit(function="cos", step=HALF, output=SINGLE)
    assert unit_from_json(unit_to_json(unit)) == unit
    fields: Any = {"function": "cos", "step": HALF, "output": SINGLE}
    random = Cast(format=FP16, rounding=Rounding.STOCHASTIC, random_bits=3)
    for changes, text in (
        ({"function": "gelu"}, "has no difference without cancellation"),
        ({"step": Cast(format=Fixed(bits=8, fraction_bits=7))}, "does not hold 1"),
        ({"output": Cast(format=MXINT8)}, "give a deterministic cast to a scalar"),
        ({"output": random}, "give a deterministic cast"),
    ):
        with pytest.raises(DatapathError, match=text):
            DifferenceUnit(**{**fields, **changes})
    with pytest.raises(DatapathError, match="give a deterministic cast"):
        correctly_rounded_difference(
            "tanh", np.array([1], np.float16), np.array([1], np.float16), random
        )
    with pytest.raises(DatapathError, match="keep arguments below"):
        correctly_rounded_difference(
            "exp", np.array([1e30], np.float32), np.array([1e29], np.float32), HALF
        )
    with pytest.raises(DatapathError, match=r"difference of tanh at \[0\]"):
        correctly_rounded_difference(
            "tanh", np.array([nan], np.float16), np.array([1], np.float16), Cast(format=INT8)
        )
