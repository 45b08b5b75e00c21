"""Registers become activations by the rule: the same integers as the definition in Fractions."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.emu import (
    DatapathError,
    ExactAccumulator,
    IntegerAccumulator,
    RequantizationRule,
    dot,
    requantize,
)
from bitpde.formats import FP64, INT8, UINT8, Affine, Coded, Fixed, Overflow

SCALES = [float(np.float32(s)) for s in (0.1, 0.25, 0.003, 1.0, 1.7)]
scales = st.sampled_from(SCALES)


def affine(
    rng: np.random.Generator, shape: tuple[int, ...], scale: tuple[float, ...], axis: int | None
) -> Coded:
    zero_point = tuple(int(z) for z in rng.integers(-128, 128, len(scale)))
    format = Affine(element=INT8, scale=scale, zero_point=zero_point, axis=axis)
    return Coded(format=format, codes=rng.integers(-128, 128, shape).astype(np.int8))


def nearest_even(x: Fraction) -> int:
    down = floor(x)
    rest = x - down
    return down + (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and down % 2 == 1))


def definition(x: Coded, w: Coded, y: Affine) -> list[list[int]]:
    """Return clamp(z + round(sum of the real products / s)) in rational arithmetic."""
    reals = []
    for operand in (x, w):
        assert isinstance(operand.format, Affine)
        scale, zero_point = operand.format.columns(operand.shape)
        differences = operand.codes.astype(int) - zero_point
        every = np.broadcast_to(scale, operand.shape)
        reals.append([[Fraction(float(s)) * int(d) for s, d in zip(*rows, strict=True)]
                      for rows in zip(every, differences, strict=True)])  # fmt: skip
    lowest, highest = y.element.codes()[0], y.element.codes()[-1]
    found = []
    for row in reals[0]:
        sums = [sum((a * b for a, b in zip(row, column, strict=True)), Fraction(0))
                for column in zip(*reals[1], strict=True)]  # fmt: skip
        rounded = [nearest_even(s / Fraction(y.scale[0])) + y.zero_point[0] for s in sums]
        found.append([min(max(q, lowest), highest) for q in rounded])
    return found


@given(
    seed=st.integers(0, 2**32), m=st.integers(1, 4), k=st.integers(1, 6), n=st.integers(1, 4),
    x_scale=scales, w_scales=st.lists(scales, min_size=4, max_size=4), y_scale=scales,
    channels=st.booleans(), element=st.sampled_from([INT8, UINT8]),
)  # fmt: skip
@settings(max_examples=60)
def test_the_exact_rule_is_the_definition(
    seed: int, m: int, k: int, n: int, x_scale: float, w_scales: list[float], y_scale: float,
    channels: bool, element: Fixed,
) -> None:  # fmt: skip
    rng = np.random.default_rng(seed)
    x = affine(rng, (m, k), (x_scale,), None)
    its_scales = tuple(w_scales[:n]) if channels else (w_scales[0],)
    w = affine(rng, (k, n), its_scales, 1 if channels else None)
    zero_point = int(rng.integers(element.codes()[0], element.codes()[-1] + 1))
    y = Affine(element=element, scale=(y_scale,), zero_point=(zero_point,))
    sums = dot(x, w, IntegerAccumulator())
    found = requantize(sums, y, rule=RequantizationRule.EXACT).codes
    expected = np.array(definition(x, w, y))
    # M is rounded to binary64, 2^-53 relatively, of at most 2^21 2^13 steps: only a quotient
    # within 2^-18 of a tie may go the other way.
    exact = sums.codes * Fraction(1)
    worth = np.broadcast_to(1.0 if sums.scale is None else sums.scale, sums.codes.shape)
    for index in np.ndindex(expected.shape):
        quotient = exact[index] * Fraction(float(worth[index])) / Fraction(y_scale)
        near = abs(quotient - floor(quotient) - Fraction(1, 2)) < Fraction(1, 2**18)
        assert found[index] == expected[index] or near


def test_scales_along_rows_are_found_too() -> None:
    rng = np.random.default_rng(0)
    x = affine(rng, (3, 5), (0.25, 1.0, SCALES[0]), 0)
    w = affine(rng, (5, 2), (0.25,), None)
    y = Affine(element=INT8, scale=(1.0,), zero_point=(3,))
    found = requantize(dot(x, w, IntegerAccumulator()), y, rule=RequantizationRule.EXACT)
    assert found.codes.tolist() == definition(x, w, y)


def test_limits_and_registers_are_those_of_the_unit() -> None:
    x = Coded(format=INT8, codes=np.array([[100, 100]], np.int8))
    y = Affine(element=INT8, scale=(1.0,), zero_point=(-10,))
    sums = dot(x, x.T, IntegerAccumulator())
    assert requantize(sums, y, lowest=-10).codes.tolist() == [[127]]
    assert requantize(sums, y, highest=5).codes.tolist() == [[5]]
    wide = Affine(element=INT8, scale=(2.0**-20,), zero_point=(0,))
    with pytest.raises(DatapathError, match="32 bits"):
        requantize(sums, wide)
    assert requantize(sums, wide, overflow=Overflow.SATURATE).codes.tolist() == [[127]]


def test_no_sums_are_no_activations() -> None:
    x = Coded(format=INT8, codes=np.zeros((0, 3), np.int8))
    w = Coded(format=INT8, codes=np.zeros((3, 2), np.int8))
    y = Affine(element=INT8, scale=(1.0,), zero_point=(0,))
    assert requantize(dot(x, w, IntegerAccumulator()), y).shape == (0, 2)


def test_what_has_no_meaning_is_refused() -> None:
    x = Coded(format=INT8, codes=np.ones((2, 2), np.int8))
    y = Affine(element=INT8, scale=(1.0,), zero_point=(0,))
    with pytest.raises(DatapathError, match="integer registers"):
        requantize(dot(x, x, ExactAccumulator(format=FP64)), y)
    with pytest.raises(DatapathError, match="one scale"):
        requantize(dot(x, x, IntegerAccumulator()), INT8)  # type: ignore[arg-type]
    rows = Affine(element=INT8, scale=(1.0, 2.0), zero_point=(0, 0), axis=0)
    columns = Affine(element=INT8, scale=(1.0, 3.0), zero_point=(0, 0), axis=1)
    both = dot(
        Coded(format=rows, codes=x.codes), Coded(format=columns, codes=x.codes),
        IntegerAccumulator(),
    )  # fmt: skip
    with pytest.raises(DatapathError, match="two axes"):
        requantize(both, y)
