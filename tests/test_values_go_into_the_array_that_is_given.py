"""Values written into ``out`` have the bits of a new array, and nothing beside them is touched."""

from typing import Any

import numpy as np
import pytest
from decode_cases import as_float32, coded_arrays, exact_values, same_bits
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitpde.formats import (
    BF16,
    FP16,
    FP32,
    FP64,
    INT8,
    NVFP4,
    OFP8_E4M3,
    OFP8_E5M2,
    SMX_INT8,
    TF32,
    Affine,
    Block,
    Coded,
    Fixed,
    FormatError,
    Minifloat,
    p3109,
)
from bitpde.formats.block import element_of

AFFINE = Affine(element=INT8, scale=(0.5,), zero_point=(3,))
KINDS = [
    INT8, SMX_INT8, OFP8_E4M3, BF16, FP32, FP64, TF32, AFFINE, NVFP4, Fixed(bits=32),
    Block(element=OFP8_E5M2, tile=(2, 3)), Block(element=FP16, tile=(3, 1)), p3109(11, 1),
]  # fmt: skip


def sample(format: Any, shape: tuple[int, ...]) -> Coded:
    """Return an array in any format, of small integers for those that are wide."""
    element = element_of(format)
    size = int(np.prod(shape, dtype=int))
    if isinstance(element, Minifloat):  # ordinals about that of 1
        one = element.bias << element.significand_bits
        codes = one + np.arange(size) % 7 * (1 << max(element.significand_bits - 1, 0))
    else:
        codes = np.arange(size) % 7
    codes = codes.astype(element.code_dtype).reshape(shape)
    if not isinstance(format, Block):
        return Coded(format=format, codes=codes)
    grid = format.grid(shape)
    scales = (118 + np.arange(np.prod(grid, dtype=int)) % 4).astype(np.uint8).reshape(grid)
    if format.tensor_scale:
        return Coded(format=format, codes=codes, scales=scales // 2, tensor_scale=0.25)
    return Coded(format=format, codes=codes, scales=scales)


@st.composite
def rooms(draw: st.DrawFn, shape: tuple[int, ...], dtype: Any) -> tuple[NDArray[Any], Any]:
    """Draw an array with a margin, and where in it a view of that shape lies."""
    order = draw(st.permutations(range(len(shape))))
    steps = [draw(st.sampled_from([1, 2, -1, -3])) for _ in shape]
    room = np.full([3 * n + 3 for n in shape], 7.0, dtype).transpose(order)
    view = room.transpose(np.argsort(order))
    index = tuple(slice(1, 1 + s * n, s) if s > 0 else slice(-s * n, 0, s) for s, n in zip(
        steps, shape, strict=True))  # fmt: skip
    return view, index


@pytest.mark.parametrize("format", KINDS, ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(data=st.data())
@settings(max_examples=8)
def test_out_is_written_and_nothing_beside_it(format: Any, dtype: Any, data: st.DataObject) -> None:
    shape = tuple(data.draw(st.lists(st.integers(0, 7), min_size=1, max_size=3)))
    coded = sample(format, shape)
    coded = coded.T if data.draw(st.booleans()) and not isinstance(format, Affine) else coded
    try:
        expected = coded.values(dtype)
    except FormatError:
        expected = None
    room, index = data.draw(rooms(coded.shape, dtype))
    out = room[index]
    assert out.shape == coded.shape
    if expected is None:
        with pytest.raises(FormatError):
            coded.values(dtype, out=out)
    else:
        assert coded.values(dtype, out=out) is out
        assert same_bits(out, expected)
    beside = np.ones(room.shape, bool)
    beside[index] = False
    assert (room[beside] == 7.0).all()


@given(coded=coded_arrays())
@settings(max_examples=60)
def test_out_has_the_bits_of_a_new_array(coded: Coded) -> None:
    wide = np.empty(coded.shape)
    assert same_bits(coded.values(out=wide), coded.values())
    narrow = np.empty(coded.shape, np.float32)
    expected = as_float32(exact_values(coded))
    if expected is None:
        with pytest.raises(FormatError, match="some values are no float32"):
            coded.values(out=narrow)
    else:
        assert coded.values(np.float32, out=narrow) is narrow
        assert same_bits(narrow, expected)


def test_the_dtype_is_that_of_out_unless_it_is_named() -> None:
    coded = sample(SMX_INT8, (5, 6))
    for dtype in (np.float32, np.float64):
        out = np.empty(coded.shape, dtype)
        assert coded.values(out=out) is coded.values(dtype, out=out) is out
    assert coded.values().dtype == coded.values(None).dtype == np.float64
    with pytest.raises(FormatError, match=r"out is float64 of shape .* give an array of float32"):
        coded.values(np.float32, out=np.empty(coded.shape))


READ_ONLY = np.broadcast_to(np.float32(0.0), (5, 6))


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ([0.0] * 30, "out is list"),
        (np.empty((6, 5), np.float32), r"out is float32 of shape \(6, 5\)"),
        (np.empty((5, 6), np.float16), "values come as float32 or float64, not float16"),
        (np.empty((5, 6), ">f4"), "values come as float32 or float64, not >f4"),
        (READ_ONLY, "out is read-only"),
    ],
)
def test_an_out_that_cannot_hold_the_values_is_refused(out: Any, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        sample(SMX_INT8, (5, 6)).values(out=out)


def test_an_out_that_shares_memory_with_codes_or_scales_is_refused() -> None:
    words = np.zeros((4, 6), np.float32)
    of_codes = Coded(format=FP32, codes=words.view(np.uint32))
    of_scales = Coded(
        format=Block(element=INT8, tile=(4, 1)),
        codes=np.zeros((4, 6), np.int8),
        scales=words.view(np.uint8)[0, :6].reshape(1, 6),
    )
    for coded in (of_codes, of_scales):
        with pytest.raises(FormatError, match="out shares memory"):
            coded.values(out=words)
