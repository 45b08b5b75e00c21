"""Narrow matrices, of which several strips are encoded together, have the bits of the general lane.

So have those whose columns do not fill a vector, which are copied into wider ones.  The same values
as float64 take the general lane, tile by tile.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitpde.formats import (
    INT8,
    MXFP4_E2M1,
    MXFP8_E4M3,
    OCP_E3M2,
    Block,
    Cast,
    Overflow,
    RandomBits,
    Rounding,
)

FORMATS = [
    MXFP8_E4M3, MXFP4_E2M1, Block(element=OCP_E3M2, tile=(1, 4)), Block(element=INT8, tile=(4, 4)),
    Block(element=INT8, tile=(8, 8)), Block(element=OCP_E3M2, tile=(3, 8)),
    Block(element=INT8, tile=(700, 4)),
]  # fmt: skip
ROUNDINGS = [
    (Rounding.NEAREST_EVEN, 0), (Rounding.NEAREST_AWAY, 0), (Rounding.STOCHASTIC, 5),
    (Rounding.STOCHASTIC_B, 16), (Rounding.STOCHASTIC, 17), (Rounding.STOCHASTIC_C, 5),
]  # fmt: skip
#: What sends a strip the long way: NaN, infinity, a subnormal, and numbers at both ends.
STRANGE = np.array([np.nan, -np.inf, 1e-42, 3e38, 2e-38], np.float32)


def numbers(rows: int, columns: int, seed: int, strange: int) -> NDArray[np.float32]:
    """Return numbers of many binades, tiles of zeros among them, and so many strange ones."""
    draws = np.random.default_rng(seed)
    x = draws.standard_normal((rows, columns)) * 2.0 ** draws.integers(-30, 30, (rows, 1))
    x[draws.random(rows) < 0.2] = 0
    x = x.astype(np.float32)
    for value in draws.choice(STRANGE, strange):
        x[draws.integers(rows), draws.integers(columns)] = value
    return x


def same(x: NDArray[np.float32], cast: Cast, **random: Any) -> bool:
    """Return whether both lanes give one array, one count, and its values."""
    coded, counts = cast.encode_counted(x, **random)
    general, its_counts = cast.encode_counted(x.astype(np.float64), **random)
    values = cast.quantize(x, **random)
    alike = np.array_equal(values, general.values(np.float32), equal_nan=True)
    return coded.equals(general) and counts == its_counts and alike


@pytest.mark.parametrize("format", FORMATS, ids=repr)
@settings(max_examples=25)
@given(
    rows=st.sampled_from([1, 2, 7, 64, 129, 700]),
    columns=st.sampled_from([1, 3, 4, 8, 10, 16, 20, 31, 32, 33, 48, 64, 100]),
    mode=st.sampled_from(ROUNDINGS),
    overflow=st.sampled_from([Overflow.SATURATE, Overflow.WRAP]),
    seed=st.integers(0, 99),
    strange=st.sampled_from([0, 0, 1, 5]),
)
def test_any_width_has_the_same_bits(
    format: Block, rows: int, columns: int, mode: tuple[Rounding, int], overflow: Overflow,
    seed: int, strange: int,
) -> None:  # fmt: skip
    rounding, count = mode
    if format.element != INT8:
        overflow = Overflow.SATURATE
    cast = Cast(format=format, rounding=rounding, random_bits=count, overflow=overflow)
    x = numbers(rows, columns, seed, strange)
    if not rounding.is_stochastic:
        assert same(x, cast)
        return
    rng = RandomBits(seed=seed)
    drawn = rng.draw(x.shape, count)
    assert same(x, cast, rng=rng)
    assert same(x, cast, bits=drawn)
    assert cast.encode(x, rng=rng).equals(cast.encode(x, bits=drawn))


def test_one_strange_strip_leaves_the_others_their_counts() -> None:
    x = np.full((300, 20), 500, np.float32)
    x[:, 1:] = 1
    cast = Cast(format=Block(element=INT8, tile=(4, 4)))
    assert cast.encode_counted(x)[1].underflowed == 300 * 3
    x[150, 7] = np.nan
    coded, counts = cast.encode_counted(x)
    assert counts.underflowed == 300 * 3
    assert np.isnan(coded.values()).sum() == 16
