"""Stochastic rounding steps up for exactly ``floor(nu 2^N)`` of the ``2^N`` random integers.

Its mean over all random bits is thus known: the bias is the part of nu below ``2^-N``, no more.
"""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitpde.formats import (
    OFP8_E4M3,
    SMX_INT8,
    Block,
    Cast,
    Fixed,
    FormatError,
    Minifloat,
    Rounding,
)

NUS = [0.0, 2.0**-12, 2.0**-9, 0.25, 1 / 3, 0.5, 0.625, 1 - 2.0**-8, 1 - 2.0**-12]


def stochastic(format: Fixed | Minifloat | Block, bits: int) -> Cast:
    return Cast(format=format, rounding=Rounding.STOCHASTIC, random_bits=bits)


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("format", [Fixed(bits=8), OFP8_E4M3, SMX_INT8])
def test_the_share_of_steps_up_is_that_of_the_definition(
    format: Fixed | Minifloat | Block, bits: int
) -> None:
    # 8 to 16 is a binade in which OFP8_E4M3 has step 1, and a 64 gives its tile the scale 1.
    every = np.arange(2**bits)
    for base in (8, 9, -8, -14):
        for nu in NUS:
            x = np.full((2**bits, 1), base + np.copysign(nu, base))
            x = np.hstack([x, np.full_like(x, 64.0)])
            draws = np.repeat(every[:, None], 2, axis=1)
            values = stochastic(format, bits).encode(x, draws).values()[:, 0]
            up = int(Fraction(nu) * 2**bits) + every >= 2**bits
            assert np.array_equal(np.abs(values), abs(base) + up)
            assert up.sum() == int(Fraction(nu) * 2**bits)


@given(bits=st.integers(1, 32), m=st.integers(0, 2**40), k=st.integers(0, 1074), data=st.data())
def test_any_width_and_any_distance_below_the_step_is_right(
    bits: int, m: int, k: int, data: st.DataObject
) -> None:
    nu = float(Fraction(m, 2**41) / 2**k) if k < 1000 else 5e-324
    random = data.draw(st.one_of(st.integers(0, 2**bits - 1), st.just(2**bits - 1)))
    up = int(Fraction(nu) * 2**bits) + random >= 2**bits
    for format in (Fixed(bits=8), Fixed(bits=32)):
        assert stochastic(format, bits).encode(nu, random).codes == up
        assert stochastic(format, bits).encode(-nu, random).codes == -up


@pytest.mark.parametrize(
    ("bits", "message"),
    [
        (None, "needs bits"),
        ([0, 0], "of shape"),
        ([0, 0, 8], r"keep them in \[0, 8\)"),
        ([0, -1, 0], "keep them in"),
        ([0.0, 0.0, 0.0], "give integers"),
    ],
)
def test_bits_that_are_none_are_refused(bits: list[float] | None, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        stochastic(Fixed(bits=8), 3).encode([1.0, 2.0, 3.0], bits)


def test_bits_for_another_rounding_are_refused() -> None:
    with pytest.raises(FormatError, match="leave bits out"):
        Cast(format=Fixed(bits=8)).encode([1.0], [0])
