"""Fused units whose terms are exact sums of neighbours have the bits of integers in vectors.

The lanes of integers are held to rational arithmetic elsewhere.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from accumulator_cases import any_coded, any_codes, pick
from hypothesis import given, settings
from hypothesis import strategies as st
from vector_cases import agree

from bitpde.emu import ACCUMULATOR_PRESETS, FusedAccumulator
from bitpde.formats import (
    INT4,
    MXFP4_E2M1,
    NVFP4,
    OCP_E2M1,
    OCP_E2M3,
    Block,
    Cast,
    Coded,
    Rounding,
    ScaleRule,
    Scaling,
    kernels_are_compiled,
)

pytestmark = pytest.mark.skipif(not kernels_are_compiled(), reason="vectors are machine code")

BLACKWELL = ACCUMULATOR_PRESETS["blackwell_mxf4nvf4"]
assert isinstance(BLACKWELL, FusedAccumulator)
PLAIN_NVFP4 = replace(NVFP4, tensor_scale=False)
#: Formats of operands, of 16 neighbours or more to a scale.
FORMATS: tuple[Any, ...] = (MXFP4_E2M1, PLAIN_NVFP4, OCP_E2M1, OCP_E2M3, INT4)


def matrices(rng: np.random.Generator, format: Any) -> tuple[Coded, Coded]:
    turned = format.T if isinstance(format, Block) else format
    rows, columns = pick(rng, 1, 8, 9), pick(rng, 1, 15, 16, 17)
    inner = pick(rng, 1, 16, 31, 32, 64, 65, 150)
    scales, seed = pick(rng, 0, 1, 1, 2, 3), int(rng.integers(2**32))
    a = any_coded(format, (rows, inner), seed, pick(rng, 0, 1, 1, 2), scales)
    b = any_coded(turned, (inner, columns), seed + 9, pick(rng, 0, 1, 1, 2), scales)
    return a, b.T


@given(seed=st.integers(0, 2**32))
@settings(max_examples=150)
def test_groups_have_the_bits_of_integers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    unit = replace(
        BLACKWELL, terms=pick(rng, 16, 64, 64, 128), exact_terms=pick(rng, 8, 16, 16),
        fraction_bits=pick(rng, 3, 20, 35, 35), zero_exponent=pick(rng, -126, -126, -200),
        exponent_floor=pick(rng, None, None, -3), result_bits=pick(rng, None, None, 13),
    )  # fmt: skip
    a, b = matrices(rng, pick(rng, *FORMATS))
    start = np.zeros((a.shape[0], b.shape[0]), np.int64)
    if rng.random() < 0.5:
        codes = any_codes(unit.format, start.shape, seed, pick(rng, 0, 1, 1, 2, 3))
        start = codes.astype(np.uint64).view(np.int64)
    agree(a, b, unit, start)


@pytest.mark.parametrize("format", [MXFP4_E2M1, PLAIN_NVFP4])
def test_normal_numbers_run_in_vectors(format: Any) -> None:
    x, y = np.random.default_rng(1).standard_normal((2, 33, 33 * 16))
    scaling = Scaling(rule=ScaleRule.MAX if format == PLAIN_NVFP4 else ScaleRule.FLOOR)
    a = Cast(format=format, scaling=scaling).encode(x)
    b = Cast(format=format.T, scaling=scaling).encode(y.T)
    assert agree(a, b.T, BLACKWELL, np.zeros((33, 33), np.int64))


@pytest.mark.parametrize("places", range(20, 50))
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_what_alignment_drops_of_a_group_is_dropped(places: int, sign: float) -> None:
    # One group of scale 1, one far below it, and a C: exact, cut off in part, or gone.
    values = np.zeros((9, 64))
    values[:, 0], values[:, 32:35] = 1.0, [1.0, 0.5, 1.5]
    a = Cast(format=MXFP4_E2M1).encode(values)
    scales = a.scales.copy()  # type: ignore[union-attr]
    scales[:, 1] -= places
    a = Coded.unchecked(a.format, a.codes, scales, None)
    b = Cast(format=MXFP4_E2M1).encode(sign * np.ones((17, 64)))
    for start in (0.0, 1.0, -1.0, 2.0**-places, 3.0 * 2.0**-13, -(2.0**13)):
        c = np.full((9, 17), start, np.float32).view(np.uint32).astype(np.int64)
        assert agree(a, b, BLACKWELL, c)


def test_what_a_floor_drops_leaves_plus_zero() -> None:
    a = Cast(format=MXFP4_E2M1).encode(-np.ones((9, 64)))
    b = Cast(format=MXFP4_E2M1).encode(np.ones((17, 64)))
    c = np.full((9, 17), -1.0, np.float32).view(np.uint32).astype(np.int64)
    assert agree(a, b, replace(BLACKWELL, exponent_floor=60), c)


def test_units_that_round_otherwise_are_left_to_integers() -> None:
    a, b = matrices(np.random.default_rng(0), MXFP4_E2M1)
    start = np.zeros((a.shape[0], b.shape[0]), np.int64)
    nearest = replace(BLACKWELL, rounding=Rounding.NEAREST_EVEN)
    assert not agree(a, b, nearest, start)
    assert not agree(a, b, replace(BLACKWELL, zero_exponent=None), start)
    for longer in (dict(significand_bits=30), dict(exponent_bits=9)):
        format = replace(BLACKWELL.format, **longer)
        wide = replace(BLACKWELL, format=format, result_bits=None, nan_code=None)
        assert not agree(a, b, wide, start)
