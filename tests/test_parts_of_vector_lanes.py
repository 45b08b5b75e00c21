"""What vector lanes are made of: codes of numbers, and rectangles around marked elements."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.emu.dot_vectors import lane as vector_lane
from bitpde.emu.dot_vectors.panels import codes_of
from bitpde.formats import (
    BF16,
    FNUZ_E4M3,
    FP16,
    OCP_E2M3,
    OFP8_E4M3,
    OFP8_E5M2,
    Coded,
    Minifloat,
    kernels_are_compiled,
)

pytestmark = pytest.mark.skipif(not kernels_are_compiled(), reason="vectors are machine code")

seeds = st.integers(0, 2**32)


@pytest.mark.parametrize("format", [FP16, BF16, OFP8_E4M3, OFP8_E5M2, FNUZ_E4M3, OCP_E2M3])
def test_the_code_of_every_number_is_its_code(format: Minifloat) -> None:
    coded = Coded(format=format, codes=np.arange(2**format.bits, dtype=format.code_dtype)[None])
    values = coded.values()
    finite = np.isfinite(values)
    for dtype in (np.float32, np.float64):
        codes = np.empty((1, np.count_nonzero(finite)), np.int64)
        codes_of(format, values[finite][None].astype(dtype), codes)
        assert np.array_equal(codes, coded.codes[finite][None])


@given(seed=seeds)
@settings(max_examples=50)
def test_rectangles_hold_all_that_is_marked(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((int(rng.integers(1, 9)), int(rng.integers(1, 9)))) < rng.choice([0.1, 0.6])
    held = np.zeros_like(mask)
    for rows, columns in vector_lane.rectangles(mask):
        held[np.ix_(rows, columns)] = True
    assert not (mask & ~held).any()
    assert held.sum() <= 4 * mask.sum()
