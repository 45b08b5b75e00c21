"""Encoding what a code stands for gives that code back, on every code and under every policy.

Shipped converters have failed just this: one of them on 132 of the 256 codes of OFP8 E4M3.
"""

from fractions import Fraction
from math import copysign, isnan
from typing import Any

import numpy as np
import pytest
from format_cases import (
    BLOCKS,
    BREADTH,
    CONCRETE,
    NARROW,
    SCALARS,
    WIDE,
    CastsOf,
    few_casts,
    random_for,
    scales_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitpde.formats import (
    BF16,
    FP16,
    Block,
    Cast,
    Coded,
    Fixed,
    FormatError,
    Minifloat,
    Overflow,
    PowerOfTwo,
    decode_exact,
    p3109,
)

Scalar = Fixed | Minifloat


def coded(format: Scalar, codes: range | list[int]) -> Coded:
    return Coded(format=format, codes=np.array(codes, format.code_dtype))


def same(value: float, exact: Fraction | float) -> bool:
    """Whether a float64 is the exact value, the sign of zero included."""
    if isinstance(exact, float):
        both_nan = isnan(exact) and isnan(value)
        return both_nan or (value == exact and copysign(1, value) == copysign(1, exact))
    return Fraction(value) == exact and (value != 0 or copysign(1, value) == 1)


def expected(cast: Cast, a: Coded, values: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
    """Return which codes the cast keeps or canonizes, and what it makes of them."""
    codes, format = a.codes.copy(), cast.format
    kept = np.ones(codes.shape, bool)
    if isinstance(format, Minifloat):
        codes[np.isnan(values)] = format.nan_code or 0
        top = np.array([format.max_ordinal, format.max_ordinal + format.sign_code], codes.dtype)
        if cast.overflow is Overflow.RAISE:
            kept = ~np.isinf(values)
        elif cast.overflow in (Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC):
            codes[np.isposinf(values)], codes[np.isneginf(values)] = top
    elif cast.overflow is Overflow.SATURATE_SYMMETRIC and a.element.signed:
        codes[codes == -(2 ** (a.element.bits - 1))] += 1
    return kept, codes


def check_identity(a: Coded, some: list[Cast]) -> None:
    values = a.values()
    for cast in some:
        kept, codes = expected(cast, a, values)
        random = None if (r := random_for(cast, values.shape, 1)) is None else r[kept]
        assert np.array_equal(cast.encode(values[kept], random).codes, codes[kept]), cast


@BREADTH
@pytest.mark.parametrize("name", NARROW)
def test_every_code_of_a_narrow_format_comes_back(name: str, casts_of: CastsOf) -> None:
    format = NARROW[name]
    check_identity(coded(format, format.codes()), casts_of(name))


@pytest.mark.parametrize("step", [31, pytest.param(1, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("name", NARROW)
def test_codes_of_a_narrow_format_decode_as_the_standard_says(name: str, step: int) -> None:
    # Every code of at most 10 bits; of more, every 31st and the ends of the range, or all.
    format = NARROW[name]
    every = format.codes()
    some = every if len(every) <= 1024 else [*every[:40], *every[::step], *every[-40:]]
    values = coded(format, some).values().tolist()
    wrong = [c for c, v in zip(some, values, strict=True) if not same(v, decode_exact(format, c))]
    assert wrong == []


@pytest.mark.parametrize("code", [1, 4000])
def test_values_that_no_float64_holds_are_refused(code: int) -> None:
    # Codes are powers of two from 2^-2047 to 2^2046, and 2048 is 1.
    format = p3109(12, 1, signed=False)
    assert Coded(format=format, codes=np.array([2048, 2050], np.uint16)).values().tolist() == [1, 4]
    with pytest.raises(FormatError, match="no float64 holds: decode_exact gives them"):
        Coded(format=format, codes=np.array([code], np.uint16)).values()


def test_every_code_of_16_bits_decodes_as_numpy_says() -> None:
    codes = np.arange(2**16, dtype=np.uint16)
    with np.errstate(invalid="ignore"):  # of signaling NaNs
        half = codes.view(np.float16).astype(np.float64)
        upper = (codes.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    for format, theirs in ((FP16, half), (BF16, upper)):
        ours = Coded(format=format, codes=codes.copy()).values()
        assert np.array_equal(ours, theirs, equal_nan=True)
        assert np.array_equal(np.signbit(ours[ours == 0]), np.signbit(theirs[ours == 0]))


@pytest.mark.parametrize("name", WIDE)
@settings(max_examples=10)
@given(data=st.data())
def test_any_code_of_a_wide_format_comes_back(name: str, data: st.DataObject) -> None:
    format = WIDE[name]
    every = format.codes()
    ends = [every[0], every[1], every[-1], every[-2], format.max_ordinal, 0, 1]
    one = st.one_of(st.integers(every[0], every[-1]), st.sampled_from(ends))
    codes = data.draw(st.lists(one, min_size=1, max_size=20))
    a = coded(format, codes)
    for code, value in zip(codes, a.values().tolist(), strict=True):
        assert same(value, decode_exact(format, code)), code
    check_identity(a, few_casts(name))


@pytest.mark.parametrize("name", SCALARS)
@given(data=st.data())
@settings(max_examples=10)
def test_the_two_slow_decoders_agree(name: str, data: st.DataObject) -> None:
    format = SCALARS[name]
    code = data.draw(st.integers(format.codes()[0], format.codes()[-1]))
    first, second = format.decode(code), decode_exact(format, code)
    assert first == second or (isnan(first) and isnan(second))


def test_every_scale_decodes_as_the_standard_says() -> None:
    e8m0 = PowerOfTwo()
    assert [e8m0.decode(c) for c in range(255)] == [Fraction(2) ** (c - 127) for c in range(255)]
    assert isnan(e8m0.decode(255))
    assert isnan(decode_exact(e8m0, 255))
    assert [decode_exact(e8m0, c) for c in range(255)] == [e8m0.decode(c) for c in range(255)]


@st.composite
def tiles(draw: st.DrawFn, block: Block) -> Coded:
    """Draw an array of finite codes under any scales but NaN."""
    element = block.element
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 40))
    least = -element.max_ordinal - isinstance(element, Fixed) if element.signed else 0
    ordinals = st.integers(least, element.max_ordinal)
    signed = draw(hnp.arrays(np.int64, (rows, columns), elements=ordinals))
    codes = signed
    if isinstance(element, Minifloat):
        codes = np.where(signed < 0, element.sign_code - signed, signed)
    scales = draw(hnp.arrays(np.uint8, block.grid(codes.shape), elements=st.integers(0, 254)))
    return Coded(format=block, codes=codes.astype(element.code_dtype), scales=scales)


def window(block: Any, place: tuple[int, ...]) -> tuple[slice, slice]:
    """Return where the tile at this place of the grid lies."""
    (rows, columns), (i, j) = block.tile, place
    return slice(i * rows, (i + 1) * rows), slice(j * columns, (j + 1) * columns)


def largest(a: Coded, place: tuple[int, ...]) -> Fraction:
    """Return the largest magnitude among the elements of a tile, without its scale."""
    codes = a.codes[window(a.format, place)].flat
    return max(abs(Fraction(decode_exact(a.element, int(c)))) for c in codes)


@pytest.mark.parametrize("name", CONCRETE)
@settings(max_examples=12)
@given(data=st.data())
def test_a_tile_with_an_element_in_the_largest_binade_comes_back(
    name: str, data: st.DataObject
) -> None:
    a = data.draw(tiles(CONCRETE[name]))
    codes, element = a.codes.copy(), a.element
    if isinstance(element, Fixed):
        codes[codes == -(2 ** (element.bits - 1))] += 1
    top_binade = int(Cast(format=element).encode(float(Fraction(2) ** element.emax)).codes)
    for place in np.ndindex(scales_of(a).shape):
        tile = codes[window(a.format, place)]
        tile[0, -1] = data.draw(st.integers(top_binade, element.max_ordinal))
    b = Coded(format=a.format, codes=codes, scales=a.scales)
    for cast in few_casts(name):
        assert cast.encode(b.values(), random_for(cast, b.shape, 2)).equals(b), cast


@pytest.mark.parametrize("name", BLOCKS)
@settings(max_examples=12)
@given(data=st.data())
def test_a_block_comes_back_just_when_its_scales_are_those_the_encoder_picks(
    name: str, data: st.DataObject
) -> None:
    # The encoder picks s with 2^s 2^emax <= max|tile| < 2^s 2^(emax+1), so a scale is the one it
    # picks if that holds of it, or if it is at the end of its range on the side it would leave.
    # A two's complement tile that holds -2^(b-1) is not below 2^(emax+1).
    a = data.draw(tiles(BLOCKS[name]))
    binade = Fraction(2) ** a.element.emax
    picked = True
    for place, scale in np.ndenumerate(scales_of(a)):
        top = largest(a, place)
        low_enough = top >= binade or scale == 0
        high_enough = (top < 2 * binade or scale == 254) and (top > 0 or scale == 0)
        picked = picked and low_enough and high_enough
    assert Cast(format=a.format).encode(a.values()).equals(a) == picked


@pytest.mark.parametrize("name", BLOCKS)
def test_every_scale_multiplies_the_codes_of_its_tile(name: str) -> None:
    # OCP MX v1.0, 5.1: the value is the scale times the element, and scale code 0 is no zero.
    block = BLOCKS[name]
    (rows, columns), element = block.tile, block.element
    scales = np.arange(256, dtype=np.uint8)[:, None]
    for code in (1, element.max_ordinal, element.codes()[0], element.max_ordinal // 3):
        codes = np.full((256 * rows, columns), code, element.code_dtype)
        values = Coded(format=block, codes=codes, scales=scales.copy()).values()
        assert np.array_equal(
            values, np.repeat(values[::rows, :1], rows, 0).repeat(columns, 1), equal_nan=True
        )
        exact = decode_exact(element, code)
        for scale, value in enumerate(values[::rows, 0].tolist()):
            factor = decode_exact(block.scale, scale)
            assert same(value, exact * factor if exact or scale == 255 else exact), scale
