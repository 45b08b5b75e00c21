"""Under NonFinite.ELEMENT a NaN or an infinity is one element's affair: the tile is as without it.

The law: put any finite number of the tile in its place, and only that element's code changes.
"""

from math import inf, nan
from typing import Any

import numpy as np
import pytest
from format_cases import BLOCKS, numbers
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitpde.formats import (
    MXFP4_E2M1,
    MXFP8_E4M3,
    MXFP8_E5M2,
    MXINT8,
    OFP8_E4M3,
    OFP8_E5M2,
    Block,
    Cast,
    FormatError,
    Minifloat,
    NonFinite,
    Overflow,
    Rounding,
    encode_array_exact,
)

SPEAKING = {
    name: block
    for name, block in BLOCKS.items()
    if isinstance(block.element, Minifloat)
    and block.element.has_nan
    and block.tile[0] * block.tile[1] <= 64  # the twin goes through every padded zero
}
DTYPES = [np.float32, np.float64]


def alone(format: Any, overflow: Overflow = Overflow.SATURATE) -> Cast:
    return Cast(format=format, overflow=overflow, nonfinite=NonFinite.ELEMENT)


@settings(max_examples=60)
@given(
    name=st.sampled_from(sorted(SPEAKING)),
    x=hnp.arrays(np.float32, (6, 9), elements=numbers(np.float32).filter(np.isfinite)),
    where=hnp.arrays(np.bool_, (6, 9)),
    special=st.sampled_from([nan, inf, -inf]),
    dtype=st.sampled_from(DTYPES),
    overflow=st.sampled_from([Overflow.SATURATE, Overflow.SATURATE_FINITE]),
)
def test_the_other_elements_are_as_if_it_were_zero(
    name: str,
    x: NDArray[Any],
    where: NDArray[np.bool_],
    special: float,
    dtype: Any,
    overflow: Overflow,
) -> None:
    where[:, ::4], where[::2] = False, False  # no tile of nothing else
    if SPEAKING[name].tile == (1, 1):
        where[:] = False
    cast = alone(SPEAKING[name], overflow)
    y = np.where(where, special, x).astype(dtype)
    with_it, without = cast.encode(y), cast.encode(np.where(where, 0, x).astype(dtype))
    assert with_it.scales is not None
    assert without.scales is not None
    assert np.array_equal(with_it.scales, without.scales)
    assert np.array_equal(with_it.codes[~where], without.codes[~where])
    element: Any = SPEAKING[name].element
    expected = element.nan_code
    if not np.isnan(special):
        keeps = overflow is Overflow.SATURATE_FINITE and element.has_infinity
        magnitude = element.infinity_code if keeps else element.max_ordinal
        expected = magnitude + (element.sign_code if special < 0 else 0)
        if special < 0 and not element.signed:
            expected = 0
    assert (with_it.codes[where] == expected).all()
    assert with_it.equals(encode_array_exact(cast, y))


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_infinity_follows_overflow(dtype: Any) -> None:
    x = np.array([[1.0, inf, -inf, nan]], dtype)
    codes: dict[Any, list[int]] = {
        (MXFP8_E5M2, Overflow.SATURATE): [0x7B, 0xFB],
        (MXFP8_E5M2, Overflow.SATURATE_FINITE): [0x7C, 0xFC],
        (MXFP8_E5M2, Overflow.INFINITY_OR_NAN): [0x7C, 0xFC],
        (MXFP8_E5M2, Overflow.INFINITY_OR_MAX): [0x7C, 0xFC],
        (MXFP8_E4M3, Overflow.SATURATE): [0x7E, 0xFE],
        (MXFP8_E4M3, Overflow.SATURATE_FINITE): [0x7E, 0xFE],
        (MXFP8_E4M3, Overflow.INFINITY_OR_NAN): [0x7F, 0x7F],
        (MXFP8_E4M3, Overflow.INFINITY_OR_MAX): [0x7E, 0xFE],
    }
    for (format, overflow), expected in codes.items():
        coded, counts = alone(format, overflow).encode_counted(x)
        assert coded.codes[0, 1:3].tolist() == expected, (format, overflow)
        assert coded.codes[0, 3] == format.element.nan_code
        assert np.isnan(coded.values()[0, 3])
        assert coded.values()[0, 0] == 1.0
        value = coded.values()[0, 1:3]
        assert counts.saturated == np.count_nonzero(~np.isinf(value))
    with pytest.raises(FormatError, match=r"^x\[0, 1\] is inf: .*SATURATE$"):
        alone(MXFP8_E5M2, Overflow.RAISE).encode(x)


@pytest.mark.parametrize("rounding", [Rounding.NEAREST_EVEN, Rounding.STOCHASTIC])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_tile_of_nothing_else_is_nan(dtype: Any, rounding: Rounding) -> None:
    count = 3 * rounding.is_stochastic
    cast = Cast(
        format=Block(element=OFP8_E5M2, tile=(1, 2)),
        rounding=rounding,
        nonfinite=NonFinite.ELEMENT,
        random_bits=count,
    )
    x = np.array([[nan, inf, nan, 1.0, -inf, 2.0]], dtype)
    coded = cast.encode(x, np.ones(x.shape, int) if count else None)
    assert coded.scales is not None
    assert (coded.scales == 255).tolist() == [[True, False, False]]
    assert coded.codes[0, :2].tolist() == [0, 0]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("padding", [nan, inf, -inf])
def test_a_ragged_tile_counts_as_padded_with_zeros(padding: float, dtype: Any) -> None:
    cast = alone(Block(element=OFP8_E4M3, tile=(2, 4)))
    part, whole = np.array([[padding]], dtype), np.zeros((2, 4), dtype)
    whole[0, 0] = padding
    coded, padded = cast.encode(part), cast.encode(whole)
    assert coded.scales is not None
    assert padded.scales is not None
    assert coded.scales.tolist() == padded.scales.tolist()
    assert coded.codes.tolist() == [[int(padded.codes[0, 0])]]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("format", [MXFP4_E2M1, MXINT8])
def test_an_element_format_without_nan_refuses_it_by_its_index(format: Any, dtype: Any) -> None:
    x = np.ones((3, 70), dtype)
    x[1, 40] = nan
    with pytest.raises(FormatError, match=r"^x\[1, 40\] is nan: .* remove it first$"):
        alone(format).encode(x)
    x[1, 40] = inf
    if format is MXINT8:
        with pytest.raises(FormatError, match=r"^x\[1, 40\] is inf: .* remove it first$"):
            alone(format).encode(x)
    else:
        assert alone(format).encode(x).codes[1, 40] == 7
    # A tile of nothing but NaN has the scale NaN: it is not what is refused.
    x[0, :32], x[1, 40], x[2, 3] = nan, 1.0, nan
    with pytest.raises(FormatError, match=r"^x\[2, 3\] is nan: "):
        alone(format).encode(x)


def test_of_a_scalar_it_is_propagate() -> None:
    x = [nan, inf, -1.0, 1e9]
    for format in (OFP8_E4M3, OFP8_E5M2):
        for overflow in (Overflow.SATURATE, Overflow.SATURATE_FINITE, Overflow.INFINITY_OR_NAN):
            other = Cast(format=format, overflow=overflow).encode(x)
            assert alone(format, overflow).encode(x).equals(other)
