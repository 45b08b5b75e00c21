"""A stochastic rounding takes the draw of its position and sees every bit of its number.

What is here was found by planting faults that the other tests of random rounding let pass.
"""

from fractions import Fraction
from math import floor
from typing import Any

import numpy as np
import pytest

from bitpde.formats import (
    INT8,
    OFP8_E4M3,
    SMX_INT8,
    Cast,
    Fixed,
    RandomBits,
    Rounding,
)

STOCHASTIC = [mode for mode in Rounding if mode.is_stochastic]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rounding", STOCHASTIC)
@pytest.mark.parametrize(
    ("format", "shape"), [(INT8, (9 * 4096 + 70,)), (OFP8_E4M3, (5000,)), (SMX_INT8, (3, 5, 7))]
)
def test_positions_run_on_through_the_parts_that_an_array_is_encoded_in(
    format: Any, shape: tuple[int, ...], rounding: Rounding, dtype: Any
) -> None:
    # A long array is cut into rows, and a batch of ragged matrices into its matrices.
    x = np.random.default_rng(6).uniform(-9, 9, shape).astype(dtype)
    rng = RandomBits(seed=3, stream="parts")
    cast = Cast(format=format, rounding=rounding, random_bits=6)
    assert cast.encode(x, rng=rng).equals(cast.encode(x, bits=rng.draw(shape, 6)))


@pytest.mark.parametrize("bits", [20, 21, 22, 23, 24])
def test_variant_c_sees_what_is_far_below_its_random_bits(bits: int) -> None:
    # nu 2^N is 1/2, a tie that goes to the even 0, or a hair more, which goes to 1: only then the
    # largest random integer steps up.
    tie = np.float32(2.0 ** -(bits + 1))
    x = np.array([tie, np.nextafter(tie, np.float32(1)), np.nextafter(tie, np.float32(0))])
    cast = Cast(format=Fixed(bits=8), rounding=Rounding.STOCHASTIC_C, random_bits=bits)
    largest = np.full(3, 2**bits - 1)
    for dtype in (np.float32, np.float64):
        for sign in (1, -1):
            y = (sign * x).astype(dtype)
            assert cast.encode(y, largest).codes.tolist() == [0, sign, 0]
            assert cast.quantize(y, largest).tolist() == [0, sign, 0]


@pytest.mark.parametrize("bits", [4, 13, 17, 23])
def test_variant_b_adds_half_of_its_least_bit(bits: int) -> None:
    # nu 2^N is j + 1/2, and R + 1/2 more is 2^N for R = 2^N - 1 - j, the least that steps up.
    j = np.random.default_rng(8).integers(0, 2**bits - 1, 50)
    least = 2**bits - 1 - j
    cast = Cast(format=Fixed(bits=16), rounding=Rounding.STOCHASTIC_B, random_bits=bits)
    for dtype in (np.float32, np.float64):
        x = ((2 * j + 1) * 2.0 ** -(bits + 1)).astype(dtype)
        assert (cast.encode(x, least).codes == 1).all()
        assert (cast.encode(x, least - 1).codes == 0).all()


@pytest.mark.parametrize("rounding", STOCHASTIC)
@pytest.mark.parametrize("bits", [1, 23, 24, 25, 32])
def test_random_bits_beyond_those_of_the_number_are_compared_with_zeros(
    rounding: Rounding, bits: int
) -> None:
    # 2^28 + 1 leaves 24 bits of binary64 to the fraction nu, fewer than the random integer has.
    draws = np.random.default_rng(bits)
    parts = draws.integers(0, 2**24, 200)
    random = draws.integers(0, 2**bits, 200)
    random[::2] = np.maximum(2**bits - (parts[::2] * 2**bits >> 24) - draws.integers(0, 2, 100), 0)
    random = np.minimum(random, 2**bits - 1)
    cast = Cast(format=Fixed(bits=32), rounding=rounding, random_bits=bits)
    codes = cast.encode(2.0**28 + 1 + parts * 2.0**-24, random).codes
    for part, r, code in zip(parts.tolist(), random.tolist(), codes.tolist(), strict=True):
        nu = Fraction(part, 2**24)
        up = {
            Rounding.STOCHASTIC: floor(nu * 2**bits) + r >= 2**bits,
            Rounding.STOCHASTIC_B: floor(nu * 2 ** (bits + 1)) + 2 * r + 1 >= 2 ** (bits + 1),
            Rounding.STOCHASTIC_C: round(nu * 2**bits) + r >= 2**bits,
        }
        assert code == 2**28 + 1 + up[rounding]
