"""A coded array holds codes and scales of the one lawful dtype and shape, and nobody can alter it.

Kernels index tables by codes and scales, so what is not checked here would be read out of bounds.
"""

from typing import Any

import numpy as np
import pytest
from format_cases import ALL, BLOCKS, NARROW, laid_out
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitpde.formats import (
    FP32,
    INT8,
    OCP_E2M1,
    OFP8_E4M3,
    SMX_INT8,
    Cast,
    Coded,
    FormatError,
    Minifloat,
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


@pytest.mark.parametrize("name", [n for n, f in NARROW.items() if isinstance(f, Minifloat)])
def test_a_byte_that_is_no_code_stands_for_no_number(name: str) -> None:
    format = NARROW[name]
    whole = np.iinfo(format.code_dtype).max + 1
    beyond = np.array(range(2**format.bits, whole, 7), format.code_dtype)
    assert np.isnan(Coded(format=format, codes=beyond).values()).all()


@given(x=laid_out(np.float32, hnp.array_shapes(min_dims=2, max_dims=3, max_side=4), finite=True))
def test_no_view_lets_codes_or_scales_be_written(x: NDArray[np.float32]) -> None:
    coded = Cast(format=SMX_INT8).encode(x)
    for array in (coded.codes, coded.scales, coded.T.codes, coded.T.scales):
        assert isinstance(array, np.ndarray)
        assert not array.flags.writeable
    with pytest.raises(AttributeError):
        coded.codes = coded.codes  # type: ignore[misc]


@given(format=st.sampled_from([INT8, OFP8_E4M3, FP32, SMX_INT8]), data=st.data())
def test_numpy_takes_a_coded_array_for_its_values(format: Any, data: st.DataObject) -> None:
    x = data.draw(laid_out(np.float64, hnp.array_shapes(max_dims=2, max_side=4), finite=True))
    coded = Cast(format=format).encode(x)
    assert np.array_equal(np.asarray(coded), coded.values())
    with np.errstate(over="ignore"):  # beyond float32 NumPy warns and gives an infinity
        assert np.array_equal(np.asarray(coded, np.float32), coded.values().astype(np.float32))
    with pytest.raises(ValueError, match="copy"):
        np.asarray(coded, copy=False)


def test_arrays_are_equal_if_format_codes_and_scales_are() -> None:
    a = Cast(format=SMX_INT8).encode(np.eye(5))
    assert a.equals(Cast(format=SMX_INT8).encode(np.eye(5)))
    assert not a.equals(Cast(format=SMX_INT8).encode(2 * np.eye(5)))
    assert not a.equals(Cast(format=SMX_INT8).encode(-np.eye(5)))
    assert not Cast(format=INT8).encode([1]).equals(Cast(format=OCP_E2M1).encode([0.5]))
