"""Every policy does what its line in the enum says, and a NaN never becomes a number.

The truths are exact rationals: a value is compared with the largest one after an unbounded
rounding, by definition.
"""

import re
from fractions import Fraction
from math import inf, isnan, nan
from typing import Any

import numpy as np
import pytest
from format_cases import (
    ALL,
    BLOCKS,
    BREADTH,
    SCALARS,
    CastsOf,
    edges,
    is_beyond,
    laid_out,
    numbers,
    random_for,
    scales_of,
    some_cast,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitpde.formats import (
    FP16,
    FP32,
    INT8,
    MXFP8_E5M2,
    OCP_E2M1,
    OFP8_E4M3,
    OFP8_E5M2,
    SMX_INT8,
    Cast,
    Fixed,
    FormatError,
    Minifloat,
    NonFinite,
    Overflow,
    Rounding,
    round_exact,
)

INTEGERS = {name: f for name, f in SCALARS.items() if isinstance(f, Fixed)}
FLOATS = {name: f for name, f in SCALARS.items() if isinstance(f, Minifloat)}
ROWS = hnp.array_shapes(max_dims=2, max_side=6)


def draw_of(cast: Cast) -> int | None:
    return None if cast.random_bits == 0 else 3


def encoded(cast: Cast, x: float) -> Any:
    """Return the value that one number becomes, as a Fraction or as the float it is."""
    return cast.element.decode(int(cast.encode(x, draw_of(cast)).codes))


def stops_at_the_end(cast: Cast, x: float) -> bool:
    """Whether the rounding, between the end of the range and infinity, takes the end.

    Rounding to odd takes the code that is odd; below an unsigned format the end is 0, even.
    """
    format: Any = cast.format
    if cast.rounding is Rounding.TO_ODD:
        bounded = x < 0 and not format.signed
        return not bounded and (format.infinity_code is None or format.infinity_code % 2 == 0)
    return cast.rounding in (Rounding.TOWARD_ZERO, Rounding.UP if x < 0 else Rounding.DOWN)


def what_the_policy_says(cast: Cast, x: float) -> Any:
    """Return the value of what lies beyond a float format, infinities too; None if refused.

    Row by row of the enum, which are those of P3109 (4.7.5) where it has them.
    """
    format: Any = cast.format
    bounded = x < 0 and not format.signed
    end, infinity = (format.min, -inf) if x < 0 else (format.max, inf)
    has_infinity = format.has_infinity and not bounded
    match cast.overflow:
        case Overflow.SATURATE | Overflow.SATURATE_SYMMETRIC:
            return end
        case Overflow.SATURATE_FINITE:
            return infinity if has_infinity and np.isinf(x) else end
        case Overflow.RAISE:
            return None
    if np.isfinite(x) and stops_at_the_end(cast, x):
        return end
    if has_infinity:
        return infinity
    return end if cast.overflow is Overflow.INFINITY_OR_MAX and not bounded else nan


@given(cast=some_cast(INTEGERS), data=st.data())
@settings(max_examples=150)
def test_an_integer_beyond_the_largest_becomes_what_the_policy_says(
    cast: Cast, data: st.DataObject
) -> None:
    format: Any = cast.format
    x = data.draw(st.one_of(numbers(np.float64), st.sampled_from(edges(format).tolist())))
    assume(np.isfinite(x))
    q = round_exact(Fraction(x), format.lsb, cast.rounding, draw_of(cast) or 0, cast.random_bits)
    least, greatest = format.codes()[0], format.codes()[-1]
    if cast.overflow is Overflow.RAISE and not least <= q <= greatest:
        with pytest.raises(FormatError, match="beyond the range"):
            cast.encode(x, draw_of(cast))
        return
    code = int(cast.encode(x, draw_of(cast)).codes)
    if cast.overflow is Overflow.WRAP:
        assert least <= code <= greatest
        assert (code - q) % 2**format.bits == 0
    elif cast.overflow is Overflow.SATURATE_SYMMETRIC:
        assert code == min(max(q, max(least, -greatest)), greatest)
    else:
        assert code == min(max(q, least), greatest)


@given(cast=some_cast(FLOATS), data=st.data())
@settings(max_examples=150)
def test_a_float_beyond_the_largest_becomes_what_the_policy_says(
    cast: Cast, data: st.DataObject
) -> None:
    format: Any = cast.format
    x = data.draw(st.one_of(numbers(np.float64), st.sampled_from(edges(format).tolist())))
    assume(np.isfinite(x) and is_beyond(cast, Fraction(x), draw_of(cast) or 0))
    outcome = what_the_policy_says(cast, x)
    if outcome is None:
        with pytest.raises(FormatError, match="beyond the range"):
            cast.encode(x, draw_of(cast))
    else:
        value = encoded(cast, x)
        assert value == outcome or (isnan(value) and isnan(outcome))


def test_rounding_comes_before_saturating() -> None:
    # 448 is the largest value and 464 the tie above it: 464 rounds to 448, 465 to 480, beyond.
    x = [448.0, 464.0, np.nextafter(464, inf), 465.0]
    raising = Cast(format=OFP8_E4M3, overflow=Overflow.RAISE)
    assert raising.encode(x[:2]).values().tolist() == [448.0, 448.0]
    for number in x[2:]:
        with pytest.raises(FormatError):
            raising.encode([number])
    assert Cast(format=OFP8_E4M3).encode_counted(x)[1].saturated == 2
    assert Cast(format=INT8).encode_counted([127.49, -128.5, 127.5, -128.51])[1].saturated == 2


@BREADTH
@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("special", [nan, -nan, inf, -inf])
def test_a_nan_or_infinity_becomes_what_the_policy_says(
    name: str, special: float, casts_of: CastsOf
) -> None:
    x = np.array([[0.0, special]])
    for cast in casts_of(name):
        outcome: Any = nan
        if name not in BLOCKS and isinstance(cast.element, Fixed):
            outcome = None
        elif name not in BLOCKS and isnan(special):
            outcome = nan if cast.element.has_nan else None
        elif name not in BLOCKS:
            outcome = what_the_policy_says(cast, special)
        random = random_for(cast, x.shape, 1)
        if outcome is None:
            with pytest.raises(FormatError, match=r"^x\[0, 1\] is "):
                cast.encode(x, random)
            continue
        value = float(cast.encode(x, random).values()[0, 1])
        assert value == outcome or (isnan(value) and isnan(outcome)), cast


@pytest.mark.parametrize("name", ALL)
def test_formats_that_can_say_nan_say_it_and_others_raise(name: str) -> None:
    cast = Cast(format=ALL[name])
    if name in BLOCKS or cast.element.has_nan:
        assert np.isnan(cast.quantize([[nan]])).all()
    else:
        with pytest.raises(FormatError, match=r"^x\[0, 0\] is nan: .* remove it first$"):
            cast.encode([[nan]])


@given(cast=some_cast(BLOCKS, without=(Overflow.RAISE,)), x=laid_out(np.float64, ROWS))
def test_a_tile_with_a_nan_or_an_infinity_is_nan_and_no_other_tile(
    cast: Cast, x: NDArray[np.float64]
) -> None:
    coded = cast.encode(x, random_for(cast, x.shape, 1))
    format: Any = cast.format
    rows, columns = format.tile
    matrix, scales = np.atleast_2d(x), np.atleast_2d(scales_of(coded))
    for i, j in np.ndindex(scales.shape):
        tile = matrix[i * rows : (i + 1) * rows, j * columns : (j + 1) * columns]
        assert (scales[i, j] == 255) == (not np.isfinite(tile).all())


def test_elements_under_a_nan_scale_are_zero_and_count_as_nothing() -> None:
    for x in ([[nan, 1e30], [3.0, 1e-30]], [[inf, 1e30], [3.0, 1e-30]]):
        for dtype in (np.float32, np.float64):
            coded, counts = Cast(format=SMX_INT8).encode_counted(np.array(x, dtype))
            assert not coded.codes.any()
            assert counts == (4, 0, 0)


@pytest.mark.parametrize("special", [nan, inf, -inf])
@pytest.mark.parametrize("format", [INT8, FP16, FP32, OFP8_E4M3, OCP_E2M1, SMX_INT8, MXFP8_E5M2])
def test_the_raising_policy_names_the_first_value_that_is_not_finite(
    format: Any, special: float
) -> None:
    x = np.ones((3, 4))
    x[1, 2], x[2, 0] = special, nan
    for overflow in (Overflow.SATURATE, Overflow.RAISE):
        cast = Cast(format=format, overflow=overflow, nonfinite=NonFinite.RAISE)
        with pytest.raises(FormatError, match=re.escape(f"x[1, 2] is {special}: ")):
            cast.encode(x)
    assert Cast(format=FP32, overflow=Overflow.INFINITY_OR_NAN).encode(x).shape == (3, 4)


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize(
    ("format", "large"),
    [(INT8, 300.0), (INT8, -1e30), (OFP8_E4M3, 500.0), (OFP8_E5M2, -1e30), (SMX_INT8, 255.9)],
)
def test_an_overflow_that_raises_names_its_index_and_value(
    format: Any, large: float, rounding: Rounding
) -> None:
    # 1.3 before it is rounded, and a NaN that has a code is kept: neither is what is refused.
    x = np.full((2, 9), 1.3)
    x[0, 0] = 0.0 if format in (INT8, SMX_INT8) else nan
    x[1, 5] = large
    bits = 4 if rounding.is_stochastic else 0
    draws = np.full(x.shape, 15) if bits else None
    cast = Cast(format=format, rounding=rounding, overflow=Overflow.RAISE, random_bits=bits)
    if format is SMX_INT8 and rounding in (Rounding.TOWARD_ZERO, Rounding.DOWN, Rounding.TO_ODD):
        assert cast.encode(x).codes[1, 5] == 127
        return
    with pytest.raises(FormatError, match=rf"^x\[1, 5\] is {re.escape(str(large))}: .*SATURATE$"):
        cast.encode(x, draws)


def test_the_most_negative_integer_is_lawful_unless_symmetric() -> None:
    x = [-128.0, -127.5]
    assert Cast(format=INT8, overflow=Overflow.RAISE).encode(x).codes.tolist() == [-128, -128]
    assert Cast(format=INT8).encode(x).codes.tolist() == [-128, -128]
    symmetric = Cast(format=INT8, overflow=Overflow.SATURATE_SYMMETRIC)
    coded, counts = symmetric.encode_counted(x)
    assert coded.codes.tolist() == [-127, -127]
    assert counts.saturated == 2
    for dtype in (np.float32, np.float64):
        block = Cast(format=SMX_INT8, overflow=Overflow.SATURATE_SYMMETRIC)
        tile = np.array([[-127.9, 127.9, -127.4, 1.0]], dtype)
        coded, counts = block.encode_counted(tile)
        assert coded.codes.tolist() == [[-127, 127, -127, 1]]
        assert counts.saturated == 2


def test_underflow_counts_what_was_not_zero_before() -> None:
    x = np.array([[100.0, 0.0, -0.0, 0.4, -0.4, 0.5, 0.6, 1e-40]])
    for dtype in (np.float32, np.float64):
        _, counts = Cast(format=SMX_INT8).encode_counted(x[:, :4].astype(dtype))
        assert counts == (4, 0, 1)
    assert Cast(format=INT8).encode_counted(x)[1] == (8, 0, 4)
    assert Cast(format=INT8, rounding=Rounding.UP).encode_counted(x)[1] == (8, 0, 1)


def test_the_sign_of_zero_is_kept_where_there_is_one() -> None:
    tiny = [-0.0, -1e-30]
    assert np.signbit(Cast(format=OFP8_E4M3).quantize(tiny)).all()
    fnuz = ALL["FNUZ_E4M3"]
    assert Cast(format=fnuz).encode(tiny).codes.tolist() == [0, 0]


@pytest.mark.parametrize("x", [True, "1.0", 1j, None, [1.0, None], 10**30, np.longdouble(1)])
def test_what_is_no_real_number_of_at_most_64_bits_is_refused(x: Any) -> None:
    with pytest.raises(FormatError, match="cannot encode dtype"):
        Cast(format=INT8).encode(x)


def test_a_value_that_is_no_float32_is_not_rounded_behind_the_back() -> None:
    cast = Cast(format=Fixed(bits=32))
    with pytest.raises(FormatError, match="some values are no float32"):
        cast.encode([2**24 + 1]).values(np.float32)
    assert cast.quantize(np.array([2**24 + 1])).tolist() == [2.0**24 + 1]
    with pytest.raises(FormatError, match="float32 or float64"):
        cast.encode([1]).values(np.float16)


@pytest.mark.parametrize(
    "overflow", [Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC, Overflow.WRAP]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_value_that_only_saturates_is_not_the_one_that_is_refused(
    overflow: Overflow, dtype: Any
) -> None:
    x = np.array([-300.0, 300.0, np.nan, 0.0], dtype)
    with pytest.raises(FormatError, match=r"x\[2\] is nan: .* leave it no code"):
        Cast(format=INT8, overflow=overflow).encode(x)
