"""Inputs below the least normal binary32 count as themselves, as zero, or as zero in their tile.

Flushing is zeros put into the input before anything else, so the oracle puts them there.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from format_cases import BLOCKS
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitpde.formats import (
    FP32,
    MXFP4_E2M1,
    MXFP8_E4M3,
    MXINT8,
    NVFP4,
    Block,
    Cast,
    FormatError,
    NonFinite,
    PowerOfTwo,
    ScaleRule,
    Scaling,
    Subnormals,
)

LEAST_NORMAL = 2.0**-126
#: Scales small enough that binary32 subnormals are not zeros anyway.
FORMATS: dict[str, Any] = {
    **{n: b for n, b in BLOCKS.items() if n in ("MXFP8_E4M3", "MXINT8", "odd_tile", "tall_tile")},
    "fine scales": Block(element=MXFP8_E4M3.element, tile=(2, 3), scale=PowerOfTwo(bias=160)),
}


def cast_with(format: Any, policy: Subnormals) -> Cast:
    rule = ScaleRule.RANGE if format.tensor_scale else ScaleRule.FLOOR
    return Cast(format=format, scaling=Scaling(rule=rule, subnormals=policy))


def flushed(x: NDArray[Any], format: Any, policy: Subnormals) -> NDArray[Any]:
    """Return the input with the zeros of the policy, element by element."""
    y = x.copy()
    (rows, columns), least = format.tile, LEAST_NORMAL
    for i, j in np.ndindex(x.shape):
        tile = x[i // rows * rows :, j // columns * columns :][:rows, :columns]
        size = abs(float(x[i, j]))
        if policy is Subnormals.FLUSH_TILE:
            size = max(abs(float(v)) for v in tile.flat)
        if size < least:
            y[i, j] = np.copysign(x.dtype.type(0), x[i, j])
    return y


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("policy", Subnormals)
@given(name=st.sampled_from(sorted(FORMATS)), seed=st.integers(0, 2**20))
def test_flushing_is_zeros_in_the_input(
    policy: Subnormals, dtype: Any, name: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x = np.ldexp(rng.integers(-200, 201, (5, 7)), rng.integers(-140, -125, (5, 1))).astype(dtype)
    x[0, :3] = LEAST_NORMAL, np.nextafter(dtype(LEAST_NORMAL), dtype(0)), -(2.0**-149)
    x[4] = -np.abs(x[4]) * dtype(2.0**-12)
    format = FORMATS[name]
    coded = cast_with(format, policy).encode(x)
    expected = x if policy is Subnormals.KEEP else flushed(x, format, policy)
    assert coded.equals(cast_with(format, Subnormals.KEEP).encode(expected))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_two_ways_of_flushing_differ_just_in_tiles_that_are_not_flushed(dtype: Any) -> None:
    # MXINT8 under scale 2^-127 has steps of 2^-133: 2^-127 is 64 of them.
    x = np.array([[2.0**-126, 2.0**-127], [2.0**-127, -(2.0**-127)]], dtype)
    wanted = {
        Subnormals.KEEP: [[2.0**-126, 2.0**-127], [2.0**-127, -(2.0**-127)]],
        Subnormals.FLUSH: [[2.0**-126, 0.0], [0.0, 0.0]],
        Subnormals.FLUSH_TILE: [[2.0**-126, 2.0**-127], [0.0, 0.0]],
    }
    for policy, values in wanted.items():
        assert cast_with(MXINT8, policy).encode(x).values().tolist() == values


@pytest.mark.parametrize("policy", [Subnormals.FLUSH, Subnormals.FLUSH_TILE])
def test_a_tile_that_holds_no_number_keeps_saying_so(policy: Subnormals) -> None:
    x = np.array([[np.nan, 1e-40], [np.inf, 1e-40], [1e-40, 1e-40]])
    coded = cast_with(MXFP4_E2M1, policy).encode(x)
    assert coded.scales is not None
    assert coded.scales.tolist() == [[255], [255], [0]]
    raising = replace(cast_with(MXFP4_E2M1, policy), nonfinite=NonFinite.RAISE)
    with pytest.raises(FormatError, match=r"^x\[0, 0\] is nan"):
        raising.encode(x)


def test_the_sign_of_a_flushed_number_stays() -> None:
    x = np.array([[-1e-40, 1e-40, 1.0]])
    values = cast_with(MXFP8_E4M3, Subnormals.FLUSH).encode(x).values()
    assert np.signbit(values).tolist() == [[True, False, False]]
    assert values.tolist() == [[0.0, 0.0, 1.0]]


def test_the_scale_of_the_tensor_is_that_of_what_is_left() -> None:
    x = np.array([[1e-40, -1e-41]])
    assert cast_with(NVFP4, Subnormals.FLUSH).encode(x).tensor_scale == 1.0
    assert cast_with(NVFP4, Subnormals.KEEP).encode(x).tensor_scale != 1.0


def test_a_scalar_format_has_nothing_to_flush() -> None:
    with pytest.raises(FormatError, match="has no scales to choose"):
        Cast(format=FP32, scaling=Scaling(subnormals=Subnormals.FLUSH))
