"""Packed codes are the bits the order says, unpack to the same codes, and anything else is refused.

The oracle for an order is its definition in integers of any size; for the order of ggml, the index
of each element.
"""

from typing import Any

import numpy as np
import pytest
from format_cases import ALL, edges
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitpde.formats import (
    INT4,
    MXFP4_E2M1,
    BitOrder,
    Cast,
    Coded,
    FormatError,
    Packed,
    pack_codes,
    unpack_codes,
)

LOW, HIGH, SPLIT = BitOrder.FIRST_LOW, BitOrder.FIRST_HIGH, BitOrder.SPLIT_HALVES
SHAPES = [(), (0,), (1,), (7,), (3, 5), (2, 0, 3), (2, 3, 4), (2, 33)]


def dtypes(bits: int) -> list[np.dtype]:
    """Every integer dtype that holds codes of so many bits, the odd byte order included."""
    widths = [width for width in (8, 16, 32, 64) if bits <= width]
    return [np.dtype(f"{end}{kind}{w // 8}") for w in widths for kind in "iu" for end in "<>"]


def random_codes(bits: int, dtype: np.dtype, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return codes from end to end of what the bits can say."""
    raw = np.random.default_rng(bits).integers(0, 2**64, shape, np.uint64)
    codes = raw >> np.uint64(64 - bits)
    if dtype.kind == "i":
        codes = raw.view(np.int64) >> (64 - bits)  # type: ignore[assignment]
    return codes.astype(dtype)


def numeral(codes: NDArray[Any], bits: int, order: BitOrder) -> bytes:
    """Return the definition: all codes as one large integer, written from its low or high end."""
    listed = [int(code) % 2**bits for code in codes.reshape(-1)]
    size = -(-len(listed) * bits // 8)
    if order is LOW:
        whole = sum(code << (k * bits) for k, code in enumerate(listed))
        return whole.to_bytes(size, "little")
    whole = 0
    for code in listed:
        whole = whole << bits | code
    return (whole << (8 * size - len(listed) * bits)).to_bytes(size, "big")


@pytest.mark.parametrize("order", [LOW, HIGH])
@pytest.mark.parametrize("bits", range(1, 65))
def test_the_bytes_are_the_numeral_of_all_codes_and_come_back(bits: int, order: BitOrder) -> None:
    for dtype in dtypes(bits):
        for shape in SHAPES:
            codes = random_codes(bits, dtype, shape)
            packed = pack_codes(codes, bits, order)
            assert (packed.dtype, packed.ndim) == (np.uint8, 1)
            assert packed.tobytes() == numeral(codes, bits, order)
            back = unpack_codes(packed, bits, shape, dtype, order)
            assert (back.dtype, back.shape) == (dtype, shape)
            assert np.array_equal(back, codes)


@pytest.mark.parametrize("bits", [3, 4, 6, 12, 13, 16, 19])
@pytest.mark.parametrize("order", [LOW, HIGH])
def test_a_long_array_is_packed_like_its_parts(bits: int, order: BitOrder) -> None:
    # Long enough that it is treated in several parts, the last of them odd.
    codes = random_codes(bits, np.dtype(np.uint32), (3 * 2**16 + 13,)).astype(dtypes(bits)[2])
    packed = pack_codes(codes, bits, order)
    part = 8 * 1001
    for start in range(0, codes.size, part):
        expected = pack_codes(codes[start : start + part], bits, order)
        begin = start * bits // 8
        assert np.array_equal(packed[begin : begin + expected.size], expected)
    assert np.array_equal(unpack_codes(packed, bits, codes.shape, codes.dtype, order), codes)


@given(bits=st.integers(1, 64), listed=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20))
def test_only_the_low_bits_of_a_code_are_stored(bits: int, listed: list[int]) -> None:
    codes = np.array(listed, np.int64)
    for order in (LOW, HIGH):
        assert pack_codes(codes, bits, order).tobytes() == numeral(codes, bits, order)


@pytest.mark.parametrize("bits", [4, 6, 8, 19])
def test_the_strides_do_not_matter(bits: int) -> None:
    codes = random_codes(bits, np.dtype(np.uint32), (6, 64))
    orders = [LOW, HIGH, SPLIT] if bits == 4 else [LOW, HIGH]
    for view in (codes.T[::2], codes[:, ::-1], np.asfortranarray(codes)):
        for order in orders:
            if order is not SPLIT or view.shape[-1] % 32 == 0:
                expected = pack_codes(view.copy(), bits, order)
                assert np.array_equal(pack_codes(view, bits, order), expected)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.dtype(">i2")])
def test_split_halves_put_j_and_j_plus_16_in_byte_j(dtype: Any) -> None:
    codes = random_codes(4, np.dtype(dtype), (3, 2, 96))
    packed = pack_codes(codes, 4, SPLIT)
    groups = codes.reshape(-1, 32)
    for block, byte in np.ndindex(groups.shape[0], 16):
        low, high = int(groups[block, byte]) % 16, int(groups[block, byte + 16]) % 16
        assert packed[16 * block + byte] == low + 16 * high
    assert np.array_equal(unpack_codes(packed, 4, codes.shape, dtype, SPLIT), codes)
    assert pack_codes(codes[:, :0], 4, SPLIT).size == 0


def test_the_orders_of_two_nibbles_are_those_of_their_sources() -> None:
    codes = np.array([0x1, 0xA], np.uint8)
    assert pack_codes(codes, 4, LOW).tolist() == [0xA1]
    assert pack_codes(codes, 4, HIGH).tolist() == [0x1A]


def test_four_codes_of_six_bits_are_three_bytes() -> None:
    codes = np.array([0b000001, 0b000010, 0b000100, 0b111111], np.uint8)
    assert pack_codes(codes, 6, LOW).tolist() == [0b10000001, 0b01000000, 0b11111100]
    assert pack_codes(codes, 6, HIGH).tolist() == [0b00000100, 0b00100001, 0b00111111]


@pytest.mark.parametrize("name", ALL)
def test_an_encoded_array_packs_to_its_stated_size_and_back(name: str) -> None:
    x = edges(ALL[name])
    coded = Cast(format=ALL[name]).encode(np.concatenate([x[:48], x[-48:]]).reshape(3, 32))
    for order in BitOrder if coded.element.bits == 4 else (LOW, HIGH):
        for array in (coded, coded[:0]) if order is not SPLIT else (coded,):
            packed = array.pack(order)
            assert packed.nbytes == array.nbytes
            assert Coded.unpack(packed).equals(array)


@pytest.mark.parametrize("order", [LOW, HIGH])
@pytest.mark.parametrize("size", [0, 1, 3])
def test_another_number_of_bytes_is_refused(size: int, order: BitOrder) -> None:
    with pytest.raises(FormatError, match=r"^\d bytes for 3 codes of 5 bits: 2 needed$"):
        unpack_codes(np.zeros(size, np.uint8), 5, (3,), np.uint8, order)


@pytest.mark.parametrize("bits", [1, 3, 4, 5, 6, 12, 19])
def test_a_set_padding_bit_is_refused_and_no_other(bits: int) -> None:
    # Every single bit of the last byte, in both orders: it is padding exactly if codes of all ones
    # leave it zero.
    shape = (3,)
    for order in (LOW, HIGH):
        full = pack_codes(np.full(shape, -1, np.int64), bits, order)
        for bit in range(8):
            packed = np.zeros_like(full)
            packed[-1] = 1 << bit
            if full[-1] & 1 << bit:
                unpack_codes(packed, bits, shape, np.int32, order)
            else:
                with pytest.raises(FormatError, match="padding bits"):
                    unpack_codes(packed, bits, shape, np.int32, order)


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


def test_what_is_no_integer_is_refused() -> None:
    with pytest.raises(FormatError, match="codes are float64: give integers"):
        pack_codes(np.zeros(3), 4)
    with pytest.raises(FormatError, match="float64 cannot hold codes"):
        unpack_codes(np.zeros(2, np.uint8), 4, (3,), np.float64)
    words: Any = np.zeros(2, np.int16)
    with pytest.raises(FormatError, match="packed codes are int16"):
        unpack_codes(words, 4, (3,), np.uint8)


@pytest.mark.parametrize("shape", [(), (31,), (32, 3), (2, 16)])
def test_split_halves_want_whole_groups_of_nibbles(shape: tuple[int, ...]) -> None:
    codes = np.zeros(shape, np.uint8)
    with pytest.raises(FormatError, match="groups of 32 along the last axis"):
        pack_codes(codes, 4, SPLIT)
    with pytest.raises(FormatError, match="groups of 32 along the last axis"):
        unpack_codes(np.zeros(-(-codes.size // 2), np.uint8), 4, shape, np.uint8, SPLIT)
    with pytest.raises(FormatError, match="4 bits, not 6"):
        pack_codes(np.zeros(32, np.uint8), 6, SPLIT)


def test_a_packed_array_holds_what_belongs_together() -> None:
    packed = Cast(format=MXFP4_E2M1).encode(np.ones((2, 32))).pack()
    parts = {"format": packed.format, "shape": packed.shape, "codes": packed.codes}
    assert Coded.unpack(Packed(**parts, scales=packed.scales)).values().tolist() == [[1.0] * 32] * 2
    with pytest.raises(FormatError, match="needs scales"):
        Packed(**parts)
    with pytest.raises(FormatError, match=r"give uint8 of shape \(2, 1\)"):
        Packed(**parts, scales=np.zeros((1, 2), np.uint8))
    with pytest.raises(FormatError, match="has no scales"):
        Packed(**{**parts, "format": INT4}, scales=packed.scales)
    with pytest.raises(FormatError, match="32 bytes for 66 codes"):
        Packed(**{**parts, "shape": (2, 33)}, scales=np.zeros((2, 2), np.uint8))
