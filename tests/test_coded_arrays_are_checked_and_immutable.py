"""A coded array holds codes and scales of the one lawful dtype and shape, and nobody can alter it.

Kernels index tables by codes and scales, so what is not checked here would be read out of bounds.
"""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from format_cases import ALL, BLOCKS, laid_out
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitpde.formats import (
    CATALOGUE,
    FP32,
    FP64,
    INT8,
    MXFP4_E2M1,
    OCP_E2M1,
    OFP8_E4M3,
    SMX_INT8,
    Block,
    Cast,
    Coded,
    Fixed,
    FormatError,
    ocp_v1,
)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64, np.float32, ">i2"])
def test_codes_of_another_dtype_are_refused(name: str, dtype: Any) -> None:
    format = ALL[name]
    lawful = np.dtype((format.element if name in BLOCKS else format).code_dtype)
    scales = np.zeros(format.grid((2, 2)), np.uint8) if name in BLOCKS else None
    if lawful == dtype:
        assert Coded(format=format, codes=np.zeros((2, 2), dtype), scales=scales).shape == (2, 2)
    else:
        with pytest.raises(FormatError, match=f"give {lawful}"):
            Coded(format=format, codes=np.zeros((2, 2), dtype), scales=scales)


@pytest.mark.parametrize(
    ("format", "scales", "message"),
    [
        (SMX_INT8, None, "needs scales"),
        (INT8, np.zeros((1, 1), np.uint8), "has no scales"),
        (SMX_INT8, np.zeros((1, 2), np.uint8), r"give uint8 of shape \(2, 1\)"),
        (SMX_INT8, np.zeros((2, 1), np.int64), r"give uint8 of shape \(2, 1\)"),
    ],
)
def test_scales_that_do_not_belong_are_refused(format: Any, scales: Any, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        Coded(format=format, codes=np.zeros((5, 3), np.int8), scales=scales)


@pytest.mark.parametrize("name", ALL)
def test_an_integer_that_is_no_code_is_refused(name: str) -> None:
    # Of every integer the dtype holds: the codes pass, and each other one is named.
    format = ALL[name]
    element = format.element if name in BLOCKS else format
    held = np.iinfo(element.code_dtype)
    lawful = element.codes()
    scales = np.zeros((1,), np.uint8) if name in BLOCKS else None
    ends = {lawful[0], lawful[-1], lawful[0] - 1, lawful[-1] + 1, int(held.min), int(held.max)}
    for code in (code for code in ends if held.min <= code <= held.max):
        codes = np.array([code], element.code_dtype)
        if code in lawful:
            assert Coded(format=format, codes=codes, scales=scales).codes[-1] == code
        else:
            with pytest.raises(FormatError, match=rf"{code}.* from {lawful[0]} to {lawful[-1]}"):
                Coded(format=format, codes=codes, scales=scales)


def test_what_is_no_array_or_no_format_is_refused() -> None:
    listed: Any = [1, 2]
    with pytest.raises(FormatError, match="codes are list: give int8"):
        Coded(format=INT8, codes=listed)
    with pytest.raises(FormatError, match="scales are list: give uint8"):
        Coded(format=SMX_INT8, codes=np.zeros(2, np.int8), scales=listed)
    name: Any = "INT8"
    with pytest.raises(FormatError, match="give a format"):
        Coded(format=name, codes=np.zeros(2, np.int8))


def test_the_arrays_of_the_caller_stay_writable_and_are_not_copied() -> None:
    codes, scales = np.zeros((4, 4), np.int8), np.zeros((1, 1), np.uint8)
    coded = Coded(format=SMX_INT8, codes=codes, scales=scales)
    packed = coded.pack()
    held: Any
    for array, held in ((codes, coded.codes), (scales, coded.scales), (scales, packed.scales)):
        assert array.flags.writeable
        assert np.shares_memory(array, held)
        assert not held.flags.writeable


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a))]
)
def test_a_copy_is_equal_and_immutable_too(copied: Any) -> None:
    coded = Cast(format=SMX_INT8).encode(np.eye(5))
    again = copied(coded)
    assert again.equals(coded)
    assert not again.codes.flags.writeable
    assert not again.scales.flags.writeable


def test_codes_and_scales_are_counted_twice_as_stored_and_as_held() -> None:
    coded = Cast(format=MXFP4_E2M1).encode(np.ones((3, 40)))
    assert coded.nbytes == 3 * 40 * 4 // 8 + 3 * 2
    assert coded.memory_bytes == 3 * 40 + 3 * 2
    odd = Cast(format=Fixed(bits=17)).encode(np.ones(3))
    assert (odd.nbytes, odd.memory_bytes) == (-(-3 * 17 // 8), 3 * 4)


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_repr_names_the_format_and_the_shape(name: str) -> None:
    coded = ocp_v1(CATALOGUE[name]).encode(np.ones((2, 40)))
    assert repr(coded) == f"Coded({name}, shape=(2, 40), nbytes={coded.nbytes})"
    square = not isinstance(coded.format, Block) or coded.format.square
    assert repr(coded.T).startswith(f"Coded({name if square else name + '.T'}, shape=(40, 2)")


@given(x=laid_out(np.float32, hnp.array_shapes(min_dims=2, max_dims=3, max_side=4), finite=True))
def test_no_view_lets_codes_or_scales_be_written(x: NDArray[np.float32]) -> None:
    coded = Cast(format=SMX_INT8).encode(x)
    for array in (coded.codes, coded.scales, coded.T.codes, coded.T.scales):
        assert isinstance(array, np.ndarray)
        assert not array.flags.writeable
    with pytest.raises(AttributeError):
        coded.codes = coded.codes  # type: ignore[misc]


def same_array(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return a.dtype == b.dtype and np.array_equal(a, b)


@pytest.mark.parametrize("dtype", ["U9", "S9", bool, object, "M8[s]", np.dtype([("a", "f4")])])
def test_a_dtype_without_numbers_is_refused(dtype: Any) -> None:
    with pytest.raises(FormatError, match="ask for float64"):
        np.asarray(Cast(format=INT8).encode([0.0, 2.0]), dtype)


@given(format=st.sampled_from([INT8, OFP8_E4M3, FP32, FP64, SMX_INT8]), data=st.data())
def test_numpy_takes_a_coded_array_for_its_values(format: Any, data: st.DataObject) -> None:
    x = data.draw(laid_out(np.float64, hnp.array_shapes(max_dims=2, max_side=4), finite=True))
    coded = Cast(format=format).encode(x)
    values = coded.values()
    assert np.array_equal(np.asarray(coded), values)
    assert np.array(coded, copy=True).flags.writeable
    for dtype in (np.float32, np.float16, np.int8, np.complex64):
        with np.errstate(all="ignore"):
            converted = values.astype(dtype)
        if all(complex(a) == b for a, b in zip(converted.flat, values.flat, strict=True)):
            assert same_array(np.asarray(coded, dtype), converted)
        else:
            with pytest.raises(FormatError, match="some values are no"):
                np.asarray(coded, dtype)
    with pytest.raises(ValueError, match="copy"):
        np.asarray(coded, copy=False)


def test_arrays_are_equal_if_format_codes_and_scales_are() -> None:
    a = Cast(format=SMX_INT8).encode(np.eye(5))
    assert a.equals(Cast(format=SMX_INT8).encode(np.eye(5)))
    assert not a.equals(Cast(format=SMX_INT8).encode(2 * np.eye(5)))
    assert not a.equals(Cast(format=SMX_INT8).encode(-np.eye(5)))
    assert not Cast(format=INT8).encode([1]).equals(Cast(format=OCP_E2M1).encode([0.5]))
