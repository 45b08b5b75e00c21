"""Packed codes unpack to the same codes at every width, and anything else is refused."""

import numpy as np
import pytest
from format_cases import ALL, edges
from hypothesis import given
from hypothesis import strategies as st

from bitpde.formats import Cast, Coded, FormatError, pack_codes, unpack_codes

SHAPES = [(), (0,), (1,), (7,), (3, 5), (2, 0, 3), (2, 3, 4)]


def limits(bits: int, signed: bool) -> tuple[int, int]:
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)


@given(
    bits=st.integers(1, 64),
    signed=st.booleans(),
    shape=st.sampled_from(SHAPES),
    data=st.data(),
)
def test_packed_codes_come_back(
    bits: int, signed: bool, shape: tuple[int, ...], data: st.DataObject
) -> None:
    least, greatest = limits(bits, signed)
    width = next(w for w in (8, 16, 32, 64) if bits <= w)
    dtype = np.dtype(f"{'i' if signed else 'u'}{width // 8}")
    count = int(np.prod(shape, dtype=int))
    one = st.one_of(st.integers(least, greatest), st.sampled_from([least, greatest]))
    listed = data.draw(st.lists(one, min_size=count, max_size=count))
    codes = np.array(listed, dtype).reshape(shape)
    packed = pack_codes(codes, bits)
    assert packed.dtype == np.uint8
    assert packed.shape == (-(-count * bits // 8),)
    back = unpack_codes(packed, bits, shape, dtype)
    assert back.dtype == dtype
    assert back.shape == shape
    assert np.array_equal(back, codes)


@given(bits=st.integers(1, 32), listed=st.lists(st.integers(0, 2**32 - 1), max_size=20))
def test_the_stream_is_the_binary_numeral_of_all_codes(bits: int, listed: list[int]) -> None:
    # The definition: code k stands at bits k b to (k + 1) b of one large integer, byte 0 lowest.
    codes = [code % 2**bits for code in listed]
    numeral = sum(code << (k * bits) for k, code in enumerate(codes))
    expected = numeral.to_bytes(-(-len(codes) * bits // 8), "little")
    assert pack_codes(np.array(codes, np.uint32), bits).tobytes() == expected


def test_the_first_of_two_nibbles_is_the_low_one() -> None:
    assert pack_codes(np.array([0x1, 0xA], np.uint8), 4).tolist() == [0xA1]


@pytest.mark.parametrize("name", ALL)
def test_an_encoded_array_packs_to_its_stated_size_and_back(name: str) -> None:
    coded = Cast(format=ALL[name]).encode(edges(ALL[name])[:90].reshape(6, 15))
    packed = coded.pack()
    assert coded.nbytes == packed.size + (0 if coded.scales is None else coded.scales.size)
    back = Coded.unpack(packed, format=coded.format, shape=coded.shape, scales=coded.scales)
    assert back.equals(coded)


@pytest.mark.parametrize("size", [0, 1, 3])
def test_another_number_of_bytes_is_refused(size: int) -> None:
    with pytest.raises(FormatError, match=r"^\d bytes for 3 codes of 5 bits: 2 needed$"):
        unpack_codes(np.zeros(size, np.uint8), 5, (3,), np.uint8)


def test_a_set_padding_bit_is_refused() -> None:
    with pytest.raises(FormatError, match="padding bits"):
        unpack_codes(np.array([0, 0x80], np.uint8), 5, (3,), np.uint8)


@pytest.mark.parametrize("bits", [-1, 0, 65])
def test_a_width_no_code_has_is_refused(bits: int) -> None:
    with pytest.raises(FormatError, match="choose 1 to 64"):
        pack_codes(np.zeros(3, np.uint8), bits)
    with pytest.raises(FormatError, match="choose 1 to 64"):
        unpack_codes(np.zeros(3, np.uint8), bits, (3,), np.uint8)


@given(bits=st.integers(9, 64))
def test_a_dtype_too_narrow_for_the_codes_is_refused(bits: int) -> None:
    packed = np.zeros(-(-3 * bits // 8), np.uint8)
    with pytest.raises(FormatError, match="choose a wider dtype"):
        unpack_codes(packed, bits, (3,), np.int8)
