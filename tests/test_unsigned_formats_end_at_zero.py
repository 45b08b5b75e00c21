"""An unsigned format holds no negative value: what does not round to zero is beyond its range.

Expected codes are the rows of P3109 (4.7.5) written out, and for integers the range 0 to 2^b - 1.
"""

from math import inf, nan
from typing import Any

import numpy as np
import pytest

from bitpde.formats import (
    UE4M3,
    UINT4,
    UINT8,
    UINT16,
    Block,
    Cast,
    Coded,
    Fixed,
    FormatError,
    Minifloat,
    Overflow,
    Rounding,
    p3109,
)

DTYPES = [np.float32, np.float64]
EXTENDED = p3109(8, 4, signed=False)
FINITE = p3109(8, 4, signed=False, extended=False)
BLOCK = Block(element=UINT8, tile=(2, 2))
SATURATING = [Overflow.SATURATE, Overflow.SATURATE_FINITE, Overflow.SATURATE_SYMMETRIC]
NONE = [Overflow.INFINITY_OR_NAN, Overflow.INFINITY_OR_MAX]


def codes(format: Any, rounding: Rounding, overflow: Overflow, x: Any, dtype: Any) -> list[int]:
    cast = Cast(format=format, rounding=rounding, overflow=overflow)
    return [int(code) for code in cast.encode(np.array(x, dtype)).codes]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rounding", [mode for mode in Rounding if not mode.is_stochastic])
@pytest.mark.parametrize("format", [UE4M3, EXTENDED, FINITE, UINT4, UINT8, UINT16])
def test_whatever_saturates_ends_at_code_zero(format: Any, rounding: Rounding, dtype: Any) -> None:
    x = [-0.0, 0.0, -1e-30, -0.5, -1.0, -1e30]
    for overflow in SATURATING if isinstance(format, Minifloat) else SATURATING[::2]:
        cast = Cast(format=format, rounding=rounding, overflow=overflow)
        coded = cast.encode(np.array(x, dtype))
        assert coded.codes.tolist() == [0] * 6
        assert not np.signbit(coded.values()).any()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("overflow", NONE)
@pytest.mark.parametrize("format", [EXTENDED, FINITE, UE4M3])
def test_a_negative_that_rounds_to_zero_is_zero_and_another_is_nan(
    format: Minifloat, overflow: Overflow, dtype: Any
) -> None:
    lsb, not_a_number = float(format.lsb), format.nan_code
    x = [-0.0, -lsb / 4, -lsb / 2, -0.75 * lsb, -lsb, -1.0, -1e30]
    # How many of them, from the first, round to zero.
    zeros = {
        Rounding.NEAREST_EVEN: 3,
        Rounding.NEAREST_ODD: 2,
        Rounding.NEAREST_AWAY: 2,
        Rounding.NEAREST_ZERO: 3,
        Rounding.NEAREST_UP: 3,
        Rounding.NEAREST_DOWN: 2,
        Rounding.TOWARD_ZERO: 7,  # which never leaves the range
        Rounding.UP: 7,
        Rounding.DOWN: 1,
        Rounding.AWAY_FROM_ZERO: 1,
        Rounding.TO_ODD: 1,
    }
    for rounding, count in zeros.items():
        expected = [0] * count + [not_a_number] * (7 - count)
        assert codes(format, rounding, overflow, x, dtype) == expected, rounding


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_infinities_are_the_rows_of_the_report(dtype: Any) -> None:
    x = [inf, -inf, 1e30, nan]
    for rounding in Rounding:
        if rounding.is_stochastic:
            continue
        inward = rounding in (Rounding.TOWARD_ZERO, Rounding.DOWN, Rounding.TO_ODD)
        extended = {
            Overflow.SATURATE: [0xFD, 0, 0xFD, 0xFF],
            Overflow.SATURATE_FINITE: [0xFE, 0, 0xFD, 0xFF],
            Overflow.INFINITY_OR_MAX: [0xFE, 0xFF, 0xFD if inward else 0xFE, 0xFF],
            Overflow.INFINITY_OR_NAN: [0xFE, 0xFF, 0xFD if inward else 0xFE, 0xFF],
        }
        finite = {
            Overflow.SATURATE: [0xFE, 0, 0xFE, 0xFF],
            Overflow.SATURATE_FINITE: [0xFE, 0, 0xFE, 0xFF],
            Overflow.INFINITY_OR_MAX: [0xFE, 0xFF, 0xFE, 0xFF],
            Overflow.INFINITY_OR_NAN: [0xFF, 0xFF, 0xFE if inward else 0xFF, 0xFF],
        }
        for format, rows in ((EXTENDED, extended), (FINITE, finite)):
            for overflow, row in rows.items():
                assert codes(format, rounding, overflow, x, dtype) == row, (rounding, overflow)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("format", [UE4M3, EXTENDED, UINT8, Fixed(bits=20, signed=False), BLOCK])
def test_a_negative_is_refused_by_its_index_unless_it_rounds_to_zero(
    format: Any, dtype: Any
) -> None:
    x = np.array([[3.0, -0.0, -1e-9], [2.0, -2.5, -3.0]], dtype)
    cast = Cast(format=format, overflow=Overflow.RAISE)
    with pytest.raises(FormatError, match=r"^x\[1, 1\] is -2.5: it is beyond the range; "):
        cast.encode(x)
    assert cast.encode(np.abs(x)).codes.min() >= 0
    assert cast.encode(x[:1, :2]).codes[0, 1] == 0
    if format is not BLOCK:  # where the tile of -1e-9 alone has a scale of its own
        assert cast.encode(x[:1]).codes[0, 2] == 0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bits", [2, 7, 8, 9, 16, 20, 32])
def test_unsigned_integers_wrap_modulo_2_to_the_b(bits: int, dtype: Any) -> None:
    format = Fixed(bits=bits, signed=False)
    x = np.array([-1.0, -2.0, 2.0**bits, 2.0**bits + 2, -(2.0**bits), 3.0], dtype)
    x = np.where(x == np.round(x), x, 0)
    cast = Cast(format=format, overflow=Overflow.WRAP)
    assert cast.encode(x).codes.tolist() == [int(v) % 2**bits for v in x]


@pytest.mark.parametrize("bits", range(2, 17))
def test_every_unsigned_integer_comes_back(bits: int) -> None:
    format = Fixed(bits=bits, fraction_bits=3, signed=False)
    every = np.arange(2**bits).astype(format.code_dtype)
    coded = Coded(format=format, codes=every.copy())
    assert np.array_equal(coded.values(), every / 8.0)
    for dtype in DTYPES:
        assert Cast(format=format).encode(coded.values().astype(dtype)).equals(coded)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_largest_magnitude_of_a_tile_may_be_a_negative_one(dtype: Any) -> None:
    # Magnitudes choose the scale; then the negative element saturates at zero.
    coded = Cast(format=Block(element=UINT8, tile=(1, 2))).encode(np.array([[-1024.0, 9.0]], dtype))
    assert coded.scales is not None
    assert coded.scales.tolist() == [[127 + 10 - 7]]
    assert coded.codes.tolist() == [[0, 1]]
