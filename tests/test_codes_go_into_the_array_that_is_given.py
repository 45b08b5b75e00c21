"""Codes written into ``out`` are those of a new array, and they are what is in ``out``."""

from typing import Any

import numpy as np
import pytest

from bitpde.formats import (
    BF16,
    FP32,
    INT8,
    MXFP8_E4M3,
    NVFP4,
    OFP8_E4M3,
    SMX_INT8,
    Affine,
    Cast,
    FormatError,
    Minifloat,
    Overflow,
    RandomBits,
    Rounding,
    ScaleRule,
    Scaling,
)

AFFINE = Affine(element=INT8, scale=(0.5,), zero_point=(3,))
CASTS = [
    *[Cast(format=format) for format in (INT8, OFP8_E4M3, BF16, MXFP8_E4M3, SMX_INT8, AFFINE)],
    Cast(format=NVFP4, scaling=Scaling(rule=ScaleRule.RANGE)),
    Cast(format=FP32, overflow=Overflow.INFINITY_OR_NAN),
    Cast(format=SMX_INT8, rounding=Rounding.STOCHASTIC, random_bits=8),
]


def room(cast: Cast, shape: tuple[int, ...], layout: str) -> Any:
    """Return an array for the codes: contiguous, transposed, or every other element of one."""
    dtype = cast.element.code_dtype
    if layout == "transposed":
        return np.full(shape[::-1], 77, dtype).T
    return (
        np.full((*shape, 2), 77, dtype)[..., 0] if layout == "gaps" else np.full(shape, 77, dtype)
    )


@pytest.mark.parametrize("layout", ["contiguous", "transposed", "gaps"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("shape", [(), (5,), (0, 3), (9, 21)])
@pytest.mark.parametrize("cast", CASTS, ids=repr)
def test_out_holds_the_codes(cast: Cast, shape: tuple[int, ...], dtype: Any, layout: str) -> None:
    x = np.asarray(np.random.default_rng(1).uniform(-90, 90, shape), dtype)
    rng = RandomBits(seed=1) if cast.random_bits else None
    out = room(cast, shape, layout)
    coded = cast.encode(x, rng=rng, out=out)
    fresh, counts = cast.encode_counted(x, rng=rng)
    assert coded.equals(fresh)
    assert np.array_equal(out, fresh.codes)
    assert not x.size or np.shares_memory(coded.codes, out)
    assert not coded.codes.flags.writeable
    assert out.flags.writeable
    assert cast.encode_counted(x, rng=rng, out=out)[1] == counts
    assert cast.encode(x, rng=rng).equals(fresh)  # which has memory of its own


def test_out_may_lie_in_the_numbers() -> None:
    x = np.linspace(-100, 100, 600, dtype=np.float32)
    cast = Cast(format=INT8)
    expected = cast.encode(x)
    for offset in (0, 300, 1800):
        y = x.copy()
        out = y.view(np.int8)[offset : offset + 600]
        assert cast.encode(y, out=out).equals(expected)
        assert np.array_equal(out, expected.codes)


def test_out_may_lie_in_the_random_bits() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal(100).astype(np.float32)
    x[50] = np.nan  # sends what it shares a strip with another way
    drawn = rng.integers(0, 256, 100).astype(np.uint32)
    wide = Minifloat(exponent_bits=8, significand_bits=15, bias=127)
    cast = Cast(format=wide, rounding=Rounding.STOCHASTIC, random_bits=8)
    expected, bits = cast.encode(x, drawn), drawn.copy()
    assert cast.encode(x, bits, out=bits).equals(expected)
    bits = drawn.copy()
    values = cast.quantize(x, bits, out=bits.view(np.float32))
    assert np.array_equal(values, expected.values(np.float32), equal_nan=True)


def test_another_out_is_refused() -> None:
    x = np.ones(3)
    cast = Cast(format=INT8)
    frozen = np.zeros(3, np.int8)
    frozen.flags.writeable = False
    for out, words in (
        (np.zeros(3, np.uint8), "uint8 of shape"),
        (np.zeros(4, np.int8), r"int8 of shape \(4,\)"),
        ([0, 0, 0], "list"),
        (frozen, "read-only"),
    ):
        with pytest.raises(FormatError, match=words):
            cast.encode(x, out=out)  # type: ignore[arg-type]
