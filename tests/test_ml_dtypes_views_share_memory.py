"""An array and its view in ml_dtypes are the same bytes and stand for the same values."""

import sys
from typing import Any

import numpy as np
import pytest
from format_cases import ALL, BLOCKS, SCALARS

from bitpde.formats import (
    BF16,
    E8M0,
    INT8,
    MXFP8_E4M3,
    Cast,
    Coded,
    Fixed,
    FormatError,
    from_ml_dtypes,
    tiles_from_ml_dtypes,
    tiles_to_ml_dtypes,
    to_ml_dtypes,
)

ml_dtypes = pytest.importorskip("ml_dtypes", reason="a peer: pip install 'bitpde[peers]'")

PEERS = {
    "OFP8_E4M3": "float8_e4m3fn",
    "OFP8_E5M2": "float8_e5m2",
    "FNUZ_E4M3": "float8_e4m3fnuz",
    "FNUZ_E5M2": "float8_e5m2fnuz",
    "FNUZ_E4M3_B11": "float8_e4m3b11fnuz",
    "IEEE_E4M3": "float8_e4m3",
    "IEEE_E3M4": "float8_e3m4",
    "OCP_E2M3": "float6_e2m3fn",
    "OCP_E3M2": "float6_e3m2fn",
    "OCP_E2M1": "float4_e2m1fn",
    "BF16": "bfloat16",
    "UINT4": "uint4",
}
NUMPY = {
    "FP16": "float16",
    "FP32": "float32",
    "FP64": "float64",
    "INT8": "int8",
    "INT16": "int16",
    "INT32": "int32",
    "UINT8": "uint8",
    "UINT16": "uint16",
}


FORMATS = {**ALL, "INT32": Fixed(bits=32)}


def dtype_of(name: str) -> np.dtype:
    return np.dtype(NUMPY[name] if name in NUMPY else getattr(ml_dtypes, PEERS[name]))


def all_codes(format: Any) -> Coded:
    """Return every code of a narrow format, and of a wide one some from end to end."""
    codes = format.codes()
    listed = list(codes[:: -(-(codes[-1] - codes[0]) // 2**16)])
    return Coded(format=format, codes=np.array(listed, format.code_dtype))


@pytest.mark.parametrize("name", [*PEERS, *NUMPY])
def test_every_code_stands_for_the_same_value_in_the_same_memory(name: str) -> None:
    coded = all_codes(FORMATS[name])
    theirs = to_ml_dtypes(coded)
    assert theirs.dtype == dtype_of(name)
    assert np.shares_memory(theirs, coded.codes)
    assert not theirs.flags.writeable
    with np.errstate(invalid="ignore"):  # of signaling NaNs
        values = theirs.astype(np.float64)
    assert np.array_equal(values, coded.values(), equal_nan=True)
    numbers = ~np.isnan(values)
    assert np.array_equal(np.signbit(values[numbers]), np.signbit(coded.values()[numbers]))
    again = from_ml_dtypes(theirs)
    assert again.equals(coded)
    assert np.shares_memory(again.codes, coded.codes)


@pytest.mark.parametrize("name", [*PEERS, *NUMPY])
def test_an_array_of_theirs_is_read_without_a_copy_whatever_its_strides(name: str) -> None:
    theirs = np.arange(-1, 11).reshape(3, 4) % 2
    for array in (theirs.astype(dtype_of(name)), theirs.astype(dtype_of(name)).T[::-2]):
        coded = from_ml_dtypes(array)
        assert coded.format == FORMATS[name]
        assert np.array_equal(coded.values(), array.astype(np.float64))
        assert np.shares_memory(coded.codes, array)
        assert array.flags.writeable
        assert not coded.codes.flags.writeable


@pytest.mark.parametrize("name", sorted(set(SCALARS) - set(PEERS) - set(NUMPY)))
def test_a_format_of_its_own_is_refused(name: str) -> None:
    with pytest.raises(FormatError, match=r"of ml_dtypes.*: take values\(\)"):
        to_ml_dtypes(Cast(format=FORMATS[name]).encode([0.0]))


@pytest.mark.parametrize("name", BLOCKS)
def test_elements_and_scales_share_memory_and_multiply_to_the_values(name: str) -> None:
    block = BLOCKS[name]
    codes = np.array(block.element.codes(), block.element.code_dtype)[:: block.element.bits // 2]
    scales = (np.arange(block.grid(codes.shape)[0]) * 7 % 20 + 118).astype(np.uint8)
    coded = Coded(format=block, codes=codes, scales=scales)
    with pytest.raises(FormatError, match="use tiles_to_ml_dtypes"):
        to_ml_dtypes(coded)
    known = block.element in [FORMATS[name] for name in (*PEERS, *NUMPY)]
    if block.scale != E8M0 or not known:
        with pytest.raises(FormatError, match="of ml_dtypes"):
            tiles_to_ml_dtypes(coded)
        return
    elements, factors = tiles_to_ml_dtypes(coded)
    assert np.shares_memory(elements, codes)
    assert np.shares_memory(factors, scales)
    each = np.repeat(factors.astype(np.float64), block.tile[1])[: codes.size]
    with np.errstate(invalid="ignore"):
        product = elements.astype(np.float64) * each
    assert np.array_equal(product, coded.values(), equal_nan=True)
    again = tiles_from_ml_dtypes(elements, factors, tile=block.tile)
    assert again.equals(coded)
    assert np.shares_memory(again.codes, codes)
    assert np.shares_memory(again.scales, scales)


def test_what_is_no_format_is_refused() -> None:
    for dtype in (np.uint64, np.int64, np.complex64, ">f4", ml_dtypes.float8_e8m0fnu):
        with pytest.raises(FormatError, match=r"is no dtype of a format: .* one of float8_e4m3fn"):
            from_ml_dtypes(np.zeros(2, dtype))
    with pytest.raises(FormatError, match="INT8 has no scales: use to_ml_dtypes"):
        tiles_to_ml_dtypes(Cast(format=INT8).encode([1]))
    elements = np.zeros((1, 32), ml_dtypes.float8_e4m3fn)
    with pytest.raises(FormatError, match="scales are uint8: give float8_e8m0fnu"):
        tiles_from_ml_dtypes(elements, np.zeros((1, 1), np.uint8), tile=(1, 32))
    scales = np.zeros((1, 1), ml_dtypes.float8_e8m0fnu)
    with pytest.raises(FormatError, match=r"give uint8 of shape \(1, 2\)"):
        tiles_from_ml_dtypes(elements, scales, tile=(1, 16))


def test_bytes_that_hold_more_than_a_code_are_refused() -> None:
    beyond = np.array([0x02, 0x12], np.uint8).view(ml_dtypes.float4_e2m1fn)
    with pytest.raises(FormatError, match=r"array hold more than a code each: .* 18,"):
        from_ml_dtypes(beyond)


@pytest.mark.parametrize(("name", "bits"), [("int4", 4), ("int2", 2)])
def test_narrow_integers_lie_otherwise_in_memory_and_have_no_view(name: str, bits: int) -> None:
    theirs = np.array([-1, 1]).astype(getattr(ml_dtypes, name))
    ours = Cast(format=Fixed(bits=bits)).encode([-1, 1])
    assert theirs.view(np.int8).tolist() == [2**bits - 1, 1]
    assert ours.codes.tolist() == [-1, 1]
    with pytest.raises(FormatError, match="of ml_dtypes does not"):
        to_ml_dtypes(ours)
    with pytest.raises(FormatError, match=rf"{name} .*: encode array.astype\(numpy.float32\)"):
        from_ml_dtypes(theirs)
    assert Cast(format=Fixed(bits=bits)).encode(theirs.astype(np.float32)).equals(ours)


def test_without_ml_dtypes_the_error_names_the_extra(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(ImportError, match=r"pip install 'bitpde\[peers\]'"):
        to_ml_dtypes(Cast(format=BF16).encode([1]))
    assert to_ml_dtypes(Cast(format=INT8).encode([1])).dtype == np.int8


def test_numpy_takes_a_coded_array_in_their_dtypes_if_it_has_every_value() -> None:
    coded = Cast(format=MXFP8_E4M3).encode([[1.5, -2.0]])
    assert np.asarray(coded, ml_dtypes.bfloat16).astype(float).tolist() == [[1.5, -2.0]]
    with pytest.raises(FormatError, match="some values are no float8_e8m0fnu"):
        np.asarray(coded, ml_dtypes.float8_e8m0fnu)
