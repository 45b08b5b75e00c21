"""Quantizing float32 in one pass gives the values of the codes, whatever format and policies.

The codes are held to rationals by other files, and so are their values.
"""

import numpy as np
import pytest
from format_cases import ALL, casts, edges, laid_out, random_for
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitpde.formats import (
    CATALOGUE,
    SMX_INT8,
    Cast,
    FormatError,
    Overflow,
    RandomBits,
    Rounding,
    ScaleRule,
    Scaling,
)
from bitpde.formats.quantize import quantize_array

STOCHASTIC = [r for r in Rounding if r.is_stochastic]


def outcome(cast: Cast, x: NDArray[np.float32], *, in_one_pass: bool) -> object:
    """Return the bits of the values, or that there are none."""
    random = random_for(cast, x.shape, seed=x.size)
    try:
        if in_one_pass:
            values = cast.quantize(x, random)
        else:
            values = cast.encode(x, random).values(np.float32)
    except FormatError:
        return "refused"
    assert values.dtype == np.float32
    return np.where(np.isnan(values), np.float32(np.nan), values).view(np.uint32).tolist()


def check(cast: Cast, x: NDArray[np.float32]) -> None:
    with np.errstate(all="ignore"):
        assert outcome(cast, x, in_one_pass=True) == outcome(cast, x, in_one_pass=False), cast


@settings(max_examples=200)
@given(
    cast=st.sampled_from(sorted(ALL)).flatmap(lambda name: st.sampled_from(casts(ALL[name]))),
    x=laid_out(np.float32, hnp.array_shapes(min_dims=0, max_dims=3, max_side=9)),
)
def test_any_array(cast: Cast, x: NDArray[np.float32]) -> None:
    check(cast, x)


@pytest.mark.parametrize("name", sorted(ALL))
def test_the_edges_of_a_format(name: str) -> None:
    with np.errstate(all="ignore"):
        x = edges(ALL[name]).astype(np.float32)
    first = sorted(ALL).index(name) % 11
    for cast in casts(ALL[name])[first::11]:  # some of the casts, others for the next format
        check(cast, x[np.isfinite(x)])


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_exponent(name: str) -> None:
    rng = np.random.default_rng(7)
    words = rng.integers(0, 2**32, (32, 64), dtype=np.uint32)
    exponent = np.minimum(np.arange(0, 256, 8, dtype=np.uint32)[:, None] + words % 9, 254)
    x = (words & 0x807FFFFF | exponent << 23).view(np.float32)
    first = sorted(ALL).index(name) % 17
    for cast in casts(ALL[name])[first::17]:
        for row in range(0, 32, 4):
            check(cast, x[row : row + 4])


@pytest.mark.parametrize("rule", [r for r in ScaleRule if r.gives_power_of_two], ids=str)
def test_every_scale_rule(rule: ScaleRule) -> None:
    x = (np.random.default_rng(1).standard_normal((33, 70)) * 7).astype(np.float32)
    for name in ("MXFP8_E4M3", "MXFP4_E2M1", "MXINT8", "SMX_INT8", "SMX_E2M3"):
        check(Cast(format=CATALOGUE[name], scaling=Scaling(rule=rule)), x)


@pytest.mark.parametrize("rounding", STOCHASTIC, ids=str)
def test_drawn_bits_are_those_of_encoding(rounding: Rounding) -> None:
    x = np.random.default_rng(2).standard_normal((9, 5000)).astype(np.float32)
    rng = RandomBits(seed=5)
    for name in ("MXFP8_E4M3", "SMX_INT8", "OFP8_E5M2", "INT8"):
        cast = Cast(format=CATALOGUE[name], rounding=rounding, random_bits=9)
        expected = cast.encode(x, rng=rng).values(np.float32)
        assert np.array_equal(cast.quantize(x, rng=rng), expected)


def test_the_lane_runs_where_it_should() -> None:
    x = np.ones((8, 8), np.float32)
    assert quantize_array(x, None, Cast(format=SMX_INT8).plan) is not None
    for strange in (np.nan, np.inf, np.float32(1e-44), np.float32(3.4e38)):
        x[:4, :4] = strange
        assert quantize_array(x, None, Cast(format=SMX_INT8).plan) is None
    raising = Cast(format=SMX_INT8, overflow=Overflow.RAISE).plan
    assert quantize_array(np.ones((8, 8), np.float32), None, raising) is None
