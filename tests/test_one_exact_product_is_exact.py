"""Where one product of BLAS stands for exact sums, float64 holds every partial sum of them.

The lanes of integers, to which these are compared, are held to rational arithmetic elsewhere.
"""

from fractions import Fraction

import numpy as np
import pytest
from accumulator_cases import UNITS, any_coded, pick
from hypothesis import given, settings
from hypothesis import strategies as st
from vector_cases import agree, any_start, finite, fresh

from bitpde.emu import ExactAccumulator, dot
from bitpde.emu.gemm import exact_product
from bitpde.formats import (
    BF16,
    FP16,
    FP32,
    FP64,
    INT8,
    OFP8_E4M3,
    OFP8_E5M2,
    SMX_INT8,
    Cast,
    Overflow,
    Rounding,
    kernels_are_compiled,
)

pytestmark = pytest.mark.skipif(not kernels_are_compiled(), reason="vectors are machine code")

seeds = st.integers(0, 2**32)
OPERANDS = (FP32, BF16, FP16, OFP8_E4M3, OFP8_E5M2, INT8, SMX_INT8)


@given(seed=seeds)
@settings(max_examples=60)
def test_whatever_one_product_takes_has_the_bits_of_integers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    unit = UNITS["exact"](rng)
    if unit.overflow is Overflow.WRAP:
        return
    left, right = pick(rng, *OPERANDS), pick(rng, *OPERANDS)
    inner, first = pick(rng, 1, 5, 64), int(rng.integers(2**32))
    a = finite(any_coded(left, (13, inner), first, pick(rng, 1, 2), 1))
    b = finite(any_coded(right, (17, inner), first + 1, pick(rng, 1, 2), 1))
    agree(a, b, unit, any_start(rng, unit, (13, 17)))


@given(seed=seeds)
@settings(max_examples=60)
def test_rows_have_the_ends_of_their_numbers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = finite(any_coded(pick(rng, *OPERANDS), (5, 7), seed, pick(rng, 0, 1, 2, 3), 1))
    numbers = exact_product.numbers_of(x)
    for row, low, top in zip(numbers.values, numbers.low, numbers.top, strict=True):
        exact = [Fraction(v) / Fraction(2) ** int(low) for v in row.tolist() if v]
        assert all(v.denominator == 1 and abs(v) < 2 ** (int(top) - int(low)) for v in exact)
        assert (low, top) == (0, 0) if not exact else any(v.numerator % 2 for v in exact)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_sum_of_one_bit_more_is_left_to_slices(sign: float) -> None:
    # 2^53 + 1 rounds away from zero to 2^53 + 2.
    a = Cast(format=FP32).encode(np.full((13, 2), [sign * 2.0**30, sign]))
    b = Cast(format=FP32).encode(np.full((17, 2), [2.0**23, 1.0]))
    unit = ExactAccumulator(format=FP64, rounding=Rounding.UP if sign > 0 else Rounding.DOWN)
    assert agree(a, b, unit, np.zeros((13, 17), np.int64))
    assert (dot(a, b.T, unit).values() == sign * (2.0**53 + 2)).all()


def test_rows_and_columns_with_numbers_far_apart_alone_are_cut_into_slices() -> None:
    rng = np.random.default_rng(4)
    x, y = (rng.integers(1, 16, (rows, 32)).astype(float) for rows in (20, 24))
    x[3, 7], y[5, 9], y[6, 9] = 2.0**60, 2.0**-45, 2.0**44
    x[3], x[4] = x[3] * 2.0**50, x[4] * 2.0**-50  # a scale of all numbers of a row is none
    a, b = Cast(format=FP32).encode(x), Cast(format=FP32).encode(y)
    unit = ExactAccumulator(rounding=Rounding.TO_ODD)
    sums = fresh(np.zeros((20, 24), np.int64))
    numbers = exact_product.numbers_of(a), exact_product.numbers_of(b)
    far = exact_product.by_one_product(*numbers, unit, sums)
    assert far is not None
    assert np.flatnonzero(far.rows).tolist() == [3]
    assert np.flatnonzero(far.columns).tolist() == [5, 6]
    assert agree(a, b, unit, np.zeros((20, 24), np.int64))


@pytest.mark.parametrize("overflow", [Overflow.SATURATE, Overflow.INFINITY_OR_NAN])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_sum_beyond_the_format_raises_its_flag(sign: float, overflow: Overflow) -> None:
    a = Cast(format=FP32).encode(np.full((13, 2), sign * 400.0))
    b = Cast(format=FP32).encode(np.ones((17, 2)))
    unit = ExactAccumulator(format=OFP8_E4M3, overflow=overflow)
    assert agree(a, b, unit, np.zeros((13, 17), np.int64))
    assert dot(a, b.T, unit).overflowed.all()


def test_a_c_is_added_before_the_rounding() -> None:
    # C is 2^24 - 1, and one more is a number of FP32 as well.
    a = Cast(format=FP32).encode(np.ones((13, 1)))
    c = np.full((13, 13), np.float32(2.0**24 - 1).view(np.uint32), np.int64)
    assert agree(a, a, ExactAccumulator(), c)
    assert (dot(a, a.T, ExactAccumulator(), c).values() == 2.0**24).all()


def test_zeros_are_positive_and_numbers_that_underflow_keep_their_sign() -> None:
    a = Cast(format=FP32).encode(np.repeat([[-0.0], [-(2.0**-100)], [2.0**-100], [-1.0]], 4, 0))
    b = Cast(format=FP32).encode(np.ones((17, 1)))
    for format in (FP16, FP32, BF16, OFP8_E4M3):
        for rounding in (Rounding.NEAREST_EVEN, Rounding.UP, Rounding.DOWN):
            unit = ExactAccumulator(format=format, rounding=rounding)
            assert agree(a, b, unit, np.zeros((16, 17), np.int64))


def test_numbers_farther_apart_than_float64_reaches_are_left_to_integers() -> None:
    # In units of the least, the largest is 2^1100.
    a = Cast(format=FP64).encode(np.full((13, 2), [2.0**600, 2.0**-500]))
    b = Cast(format=OFP8_E4M3).encode(np.full((17, 2), [0.0, 1.0]))
    unit = ExactAccumulator(format=FP64)
    assert not agree(a, b, unit, np.zeros((13, 17), np.int64))
    assert (dot(a, b.T, unit).values() == 2.0**-500).all()
