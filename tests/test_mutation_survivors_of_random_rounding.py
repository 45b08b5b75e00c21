"""A stochastic rounding takes the draw of its position and sees every bit of its number.

What is here was found by planting faults that the other tests of random rounding let pass.
"""

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
    ("format", "shape"), [(INT8, (2 * 4096 + 70,)), (OFP8_E4M3, (5000,)), (SMX_INT8, (3, 5, 7))]
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
