"""Real numbers become the power of two that the rounding names, and reciprocals are exact.

The oracle is rational: the two powers next to a number, and which of them each mode takes.
"""

from collections.abc import Callable
from fractions import Fraction
from math import inf, isnan, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitpde.formats import (
    E8M0,
    INT8,
    OFP8_E4M3,
    FormatError,
    Overflow,
    PowerOfTwo,
    Rounding,
    decode_powers,
    encode_powers,
    format_named,
    reciprocal_powers,
)

MODES = [r for r in Rounding if not r.is_stochastic and r is not Rounding.TO_ODD]
UPWARD = (Rounding.UP, Rounding.AWAY_FROM_ZERO)
POSITIVE = st.floats(min_value=0, exclude_min=True, allow_infinity=False)


def expected(x: Fraction, rounding: Rounding, format: PowerOfTwo) -> int | None:
    """Return the code of a positive number, -1 below the least power, None above the largest."""
    exponent = x.numerator.bit_length() - x.denominator.bit_length()
    code = exponent - (Fraction(2) ** exponent > x) + format.bias
    below = Fraction(2) ** (code - format.bias) if code >= 0 else Fraction(0)
    code = max(code, -1)
    above = Fraction(2) ** (code + 1 - format.bias)
    tie = 2 * x == below + above
    if x != below:
        up = {
            Rounding.NEAREST_EVEN: code % 2 == 1,
            Rounding.NEAREST_ODD: code % 2 == 0,
            Rounding.NEAREST_AWAY: True,
            Rounding.NEAREST_UP: True,
        }.get(rounding, False)
        nearer = up if tie else 2 * x > below + above
        code += rounding in UPWARD or (rounding.value.startswith("nearest") and nearer)
    return None if code > 254 else code


@given(x=POSITIVE, rounding=st.sampled_from(MODES), bias=st.sampled_from([0, 100, 127, 254]))
def test_a_positive_number_is_rounded_once(x: float, rounding: Rounding, bias: int) -> None:
    format = PowerOfTwo(bias=bias)
    wanted = expected(Fraction(x), rounding, format)
    saturated = 254 if wanted is None else max(wanted, 0)
    strict = 255 if wanted is None or wanted < 0 else wanted
    assert int(encode_powers(x, format, rounding=rounding)) == saturated
    nan_codes = encode_powers(x, format, rounding=rounding, overflow=Overflow.INFINITY_OR_NAN)
    assert int(nan_codes) == strict


@pytest.mark.parametrize("rounding", MODES, ids=str)
def test_midpoints_and_their_neighbours(rounding: Rounding) -> None:
    middles = np.ldexp(1.5, np.arange(-129, 128))
    x = np.concatenate([middles, np.nextafter(middles, 0), np.nextafter(middles, inf)])
    wanted = [expected(Fraction(v), rounding, E8M0) for v in x.tolist()]
    codes = [254 if code is None else max(code, 0) for code in wanted]
    assert encode_powers(x, E8M0, rounding=rounding).tolist() == codes


def test_what_others_do_at_the_edges() -> None:
    x = [3.0, 0.0, -0.0, -1.0, inf, -inf, nan, 2.0**128]
    assert encode_powers(x, E8M0).tolist() == [128, 0, 0, 0, 254, 0, 255, 254]
    away = encode_powers(x, E8M0, rounding=Rounding.NEAREST_AWAY, overflow=Overflow.INFINITY_OR_NAN)
    assert away.tolist() == [129, 255, 255, 255, 255, 255, 255, 255]
    with pytest.raises(FormatError, match=r"^x\[1\] is 0.0: .* choose Overflow.SATURATE$"):
        encode_powers(x, E8M0, overflow=Overflow.RAISE)
    assert encode_powers(np.array([[4, 7]]), E8M0).tolist() == [[129, 130]]


def test_float32_agrees_with_ml_dtypes() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="a peer: pip install 'bitpde[peers]'")
    words = np.random.default_rng(3).integers(0, 2**31, 100_000, dtype=np.uint32)
    x = words.view(np.float32)
    x = x[np.isfinite(x) & (x >= np.float32(2.0**-126)) & (x < np.float32(1.5 * 2.0**127))]
    theirs = x.astype(ml_dtypes.float8_e8m0fnu).view(np.uint8)
    assert np.array_equal(encode_powers(x, E8M0, rounding=Rounding.NEAREST_AWAY), theirs)


def test_every_code_comes_back_and_every_reciprocal_is_exact() -> None:
    codes = np.arange(256)
    values = decode_powers(codes, E8M0)
    assert [isnan(v) for v in values] == [False] * 255 + [True]
    assert encode_powers(values, E8M0).tolist() == codes.tolist()
    opposite = decode_powers(reciprocal_powers(codes, E8M0), E8M0)
    assert (values[:255] * opposite[:255] == 1).all()
    assert isnan(opposite[255])
    with pytest.raises(FormatError, match="choose a symmetric bias"):
        reciprocal_powers(codes, PowerOfTwo(bias=100))


@pytest.mark.parametrize("convert", [encode_powers, decode_powers, reciprocal_powers])
@pytest.mark.parametrize("format", [OFP8_E4M3, INT8, "E8M0"])
def test_a_format_of_anything_else_is_refused(convert: Callable[..., Any], format: Any) -> None:
    with pytest.raises(FormatError, match="no format of powers of two: give a PowerOfTwo"):
        convert([1], format)


def test_a_name_is_a_string() -> None:
    with pytest.raises(FormatError, match="3 is no name: give a string"):
        format_named(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("codes", [[256], [-1], [1.0]])
def test_what_is_no_byte_is_refused(codes: list[float]) -> None:
    with pytest.raises(FormatError, match="give the bytes of a scale format"):
        decode_powers(codes, E8M0)


@pytest.mark.parametrize("rounding", [r for r in Rounding if r not in MODES], ids=str)
def test_a_rounding_that_is_not_defined_is_refused(rounding: Rounding) -> None:
    with pytest.raises(FormatError, match="choose another"):
        encode_powers([1.0], E8M0, rounding=rounding)
