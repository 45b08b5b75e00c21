"""Sums rounded to 24 bits and then to the format are those rounded once, next to every midpoint.

The kernels that round twice do so where a proof says that it makes no difference (`chain_lane`);
the numbers here are those of which the proof speaks: c plus a product next to half way between two
numbers of the format, with either of the two much smaller than the other.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from vector_cases import agree, fresh

from bitpde.emu import SequentialAccumulator, dot
from bitpde.emu.dot_vectors.lane import fill_anyway
from bitpde.formats import (
    BF16,
    FP16,
    INT8,
    OFP8_E4M3,
    Cast,
    Coded,
    Fixed,
    Minifloat,
    kernels_are_compiled,
)

pytestmark = pytest.mark.skipif(not kernels_are_compiled(), reason="vectors are machine code")


def wide(significand_bits: int) -> Minifloat:
    return Minifloat(exponent_bits=8, significand_bits=significand_bits, bias=127)


#: Operands and accumulators on both sides of the condition ``P + 1 < 2^(24 - p)``.
CASES: dict[str, tuple[Any, Minifloat]] = {
    "BF16 in BF16, the last": (BF16, BF16),
    "BF16 in 9 bits": (BF16, wide(8)),
    "E4M3 in FP16": (OFP8_E4M3, FP16),
    "E4M3 in 16 bits, the last": (OFP8_E4M3, wide(15)),
    "E4M3 in 17 bits": (OFP8_E4M3, wide(16)),
    "INT8 in 9 bits": (INT8, wide(8)),
    "INT8 in 10 bits, the last": (INT8, wide(9)),
    "INT8 in 11 bits": (INT8, wide(10)),
    "9 bits in 6 bits, the last": (wide(8), wide(5)),
    "FP16 in FP16": (FP16, FP16),
}


@pytest.mark.parametrize("name", CASES)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=40)
def test_sums_next_to_a_midpoint_are_rounded_once(name: str, seed: int) -> None:
    operand, format = CASES[name]
    rng, p = np.random.default_rng(seed), format.significand_bits + 1
    a, b = (Cast(format=operand).encode(x) for x in _columns(rng, operand, p))
    product = a.values() @ b.values().T
    shape = product.shape
    binade = np.exp2(np.floor(np.log2(np.abs(product))))
    # The sum is next to any midpoint in a binade that is not far below the product's ...
    far = np.where(
        rng.random(shape) < 0.5, rng.integers(p, p + 3, shape), rng.integers(-3, 28, shape)
    )
    middle = 1 + (2 * rng.integers(0, 2 ** (p - 1), shape) + 1) * 2.0**-p
    middle *= binade * np.exp2(far) * rng.choice([-1, 1], shape)
    # ... or next to one of those near the product; c is what is missing, or next to that.
    steps = np.floor(product / binade * 2.0 ** (p - 1))
    steps += rng.choice([-1, 0, 1], shape) * 2 ** rng.integers(0, 12, shape)
    near = (2 * steps + 1) * binade * 2.0**-p
    missing = np.where(rng.random(shape) < 0.5, middle, near) - product
    start = Cast(format=format).encode(missing)
    codes = start.codes.astype(np.int64)
    codes += rng.integers(-1, 2, codes.shape) * (start.values() != 0)
    unit = SequentialAccumulator(format=format)
    assert agree(a, b, unit, codes)


def _columns(
    rng: np.random.Generator, operand: Fixed | Minifloat, p: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return columns of 13 and 17 numbers, with ones in their last bits as a rule.

    Half the time all products are ``2^(24-p) +- 1`` in units of half a last bit of the sum, if
    there are such: then c + product may be next to a midpoint where c is half a step away.
    """
    bits = operand.bits - 1 if isinstance(operand, Fixed) else operand.significand_bits + 1
    left, right = (2**bits - 1 - rng.choice([0, 0, 2, 4, 6], rows) for rows in (13, 17))
    numbers = np.arange(1, 2 ** min(bits, 9))
    pairs = np.argwhere(np.abs(np.outer(numbers, numbers) - 2 ** (24 - p)) == 1)
    if len(pairs) and rng.random() < 0.5:
        left[:], right[:] = numbers[rng.choice(pairs)]
    exponent = 0 if isinstance(operand, Fixed) else int(rng.integers(-3, 1)) - bits
    signs = rng.choice([-1.0, 1.0], 30) * 2.0**exponent
    return (left * signs[:13])[:, None], (right * signs[13:])[:, None]


#: Two numbers of the format, their product half way between two others, and one much smaller.
TIES: dict[str, tuple[Minifloat, float, float, float]] = {
    "guarded": (BF16, 7.0, 37.0, 2.0**-40),  # 259 is between 258 and 260
    "nearest": (FP16, 3.0, 683.0, 2.0**-24),  # 2049 is between 2048 and 2050
}


@pytest.mark.parametrize("name", TIES)
@pytest.mark.parametrize("row", range(13))
def test_a_tie_of_any_row_at_any_step_is_rounded_with_its_rest(name: str, row: int) -> None:
    format, x, y, rest = TIES[name]
    for step in range(11):
        left = np.zeros((13, 12))
        left[:, step] = 1.0
        left[row, step : step + 2] = [-rest, x]
        right = np.ones((17, 12))
        right[:, step + 1] = y
        a, b = Cast(format=format).encode(left), Cast(format=format).encode(right)
        assert agree(a, b, SequentialAccumulator(format=format), np.zeros((13, 17), np.int64))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_sum_just_below_a_power_of_two_rounds_to_it(sign: float) -> None:
    # 32 - 2^-48 has 53 bits, all of them 1.
    a = Cast(format=FP16).encode(sign * np.array([[32.0, 2.0**-24]] * 13))
    b = Cast(format=FP16).encode(np.array([[1.0, -(2.0**-24)]] * 17))
    unit = SequentialAccumulator(format=FP16)
    assert agree(a, b, unit, np.zeros((13, 17), np.int64))
    assert (dot(a, b.T, unit).values() == sign * 32).all()


@pytest.mark.parametrize("exponent", range(52, 64))
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_sums_near_the_end_of_the_carrier_are_rounded(exponent: int, steps: int) -> None:
    # The first block of a chain is always summed again: there C is far below its sum.
    rng = np.random.default_rng(exponent)
    x, y = rng.uniform(1, 2, (2, 17, steps)) * 2.0**exponent
    x[8], y[16] = 2.0**-50, 2.0**-50  # so that no proof without a look at C holds
    a, b = Cast(format=BF16).encode(x[:13]), Cast(format=BF16).encode(y)
    assert agree(a, b, SequentialAccumulator(format=BF16), np.zeros((13, 17), np.int64))
    zeros = np.zeros((13, 17), np.int64)
    assert agree(a, b, SequentialAccumulator(format=wide(8)), zeros)


def test_zeros_of_whole_numbers_are_certain() -> None:
    # Products are multiples of 1, and 0 comes of them alone: nothing underflowed.
    eye = Cast(format=FP16).encode(np.eye(17))
    again: list[int] = []
    sums = fresh(np.zeros((17, 17), np.int64))
    unit = SequentialAccumulator(format=FP16)
    assert fill_anyway(eye, eye, unit, sums, lambda *_: again.append(1), started=False)
    assert again == []


@pytest.mark.parametrize("bias", [-100, -60, 0, 60, 80, 110, 125, 900])
@pytest.mark.parametrize("bits", [1, 4])
def test_formats_far_from_1_are_summed_by_some_lane(bias: int, bits: int) -> None:
    format = Minifloat(exponent_bits=bits, significand_bits=3, bias=bias)
    codes = np.random.default_rng(bits).integers(0, format.max_ordinal + 1, (2, 17, 9))
    left, right = (Coded(format=format, codes=x.astype(np.uint8)) for x in codes)
    one = Coded(format=OFP8_E4M3, codes=np.full((17, 9), 0x38, np.uint8))
    for a, b in ((left, right), (left, one), (one, right)):
        agree(a, b, SequentialAccumulator(format=format), np.zeros((17, 17), np.int64))
