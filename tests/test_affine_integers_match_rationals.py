"""An affine integer is clamp(round(x / scale) + zero_point), with one rounding of the quotient.

The oracle divides rationals.  Quotients that were rounded to binary32 first, as in ONNX or torch,
would differ.
"""

import re
from dataclasses import replace
from fractions import Fraction
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from format_cases import DTYPES, laid_out
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitpde.formats import (
    INT8,
    UINT8,
    Affine,
    Cast,
    Coded,
    Fixed,
    FormatError,
    Overflow,
    Rounding,
    round_exact,
)

ELEMENTS = [Fixed(bits=b, signed=s) for b in (2, 4, 8, 16) for s in (True, False)]
SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, max_side=5)
POLICIES = [Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC, Overflow.RAISE]
SCALES = st.one_of(
    st.floats(2.0**-30, 2.0**30, width=32),
    st.sampled_from([0.5, 1.0, 3.0, float(np.float32(0.1)), 2.0**-149, float(2.0**127)]),
)


@st.composite
def casts(draw: st.DrawFn, shape: tuple[int, ...]) -> Cast:
    """Draw a cast whose channels fit an array of this shape."""
    element = draw(st.sampled_from(ELEMENTS))
    axis = draw(st.one_of(st.none(), st.integers(-len(shape), len(shape) - 1)))
    count = 1 if axis is None else shape[axis]
    codes = element.codes()
    rounding = draw(st.sampled_from(Rounding))
    return Cast(
        format=Affine(
            element=element,
            scale=tuple(draw(st.lists(SCALES, min_size=count, max_size=count))),
            zero_point=tuple(
                draw(st.lists(st.integers(codes[0], codes[-1]), min_size=count, max_size=count))
            ),
            axis=axis,
        ),
        rounding=rounding,
        overflow=draw(st.sampled_from(POLICIES)),
        random_bits=4 if rounding.is_stochastic else 0,
    )


def channel(format: Affine, index: tuple[int, ...]) -> tuple[Fraction, int]:
    """Return scale and zero point of an element."""
    k = 0 if format.axis is None else index[format.axis]
    return Fraction(format.scale[k]), format.zero_point[k]


def code_of(cast: Cast, x: Fraction, scale: Fraction, zero_point: int, draw: int) -> int | None:
    """Return the code of a number; None if it is refused."""
    format: Any = cast.format
    rounded = round_exact(x / scale, Fraction(1), cast.rounding, draw, cast.random_bits)
    q, codes = rounded + zero_point, format.element.codes()
    least, greatest = codes[0], codes[-1]
    if cast.overflow is Overflow.RAISE:
        return q if least <= q <= greatest else None
    if cast.overflow is Overflow.SATURATE_SYMMETRIC:
        least = max(least, -greatest)
    return min(max(q, least), greatest)


def check(cast: Cast, x: NDArray[Any], draws: NDArray[np.int64]) -> None:
    random = draws if cast.random_bits else None
    format: Any = cast.format
    wanted = {
        index: code_of(cast, Fraction(x[index].item()), *channel(format, index), int(draws[index]))
        for index in np.ndindex(x.shape)
    }
    refused = [list(index) for index, code in wanted.items() if code is None]
    if refused:
        with pytest.raises(FormatError, match=rf"^x{re.escape(str(refused[0]))} is .*SATURATE$"):
            cast.encode(x, random)
        return
    coded, counts = cast.encode_counted(x, random)
    assert {index: int(coded.codes[index]) for index in wanted} == wanted
    assert coded.codes.dtype == np.dtype(format.element.code_dtype)
    assert counts.elements == x.size
    values = coded.values()
    for index, code in wanted.items():
        scale, zero_point = channel(format, index)
        assert code is not None
        assert Fraction(float(values[index])) == scale * (code - zero_point)


@settings(max_examples=120)
@given(data=st.data(), dtype=st.sampled_from(DTYPES), seed=st.integers(0, 99))
def test_any_array_is_what_the_rationals_say(data: st.DataObject, dtype: Any, seed: int) -> None:
    x = data.draw(laid_out(dtype, SHAPES, finite=True))
    cast = data.draw(casts(x.shape))
    check(cast, x, np.random.default_rng(seed).integers(0, 16, x.shape))


@settings(max_examples=120)
@given(data=st.data(), seed=st.integers(0, 2**20), dtype=st.sampled_from([np.float32, np.float64]))
def test_numbers_next_to_a_tie_are_rounded_once(data: st.DataObject, seed: int, dtype: Any) -> None:
    # (n + 1/2) scale, which need not be a number of the type, and its neighbours.
    cast = data.draw(casts((4, 3)))
    format: Any = cast.format
    rng = np.random.default_rng(seed)
    scale = np.broadcast_to(format.columns((4, 3))[0], (4, 3))
    reach = 2 ** min(format.bits, 12)
    with np.errstate(over="ignore", under="ignore"):
        x = ((rng.integers(-reach, reach, (4, 3)) + 0.5) * scale).astype(dtype)
        toward = np.where(rng.integers(0, 2, (4, 3)), dtype(inf), dtype(-inf))
        x = np.where(rng.integers(0, 2, (4, 3)), np.nextafter(x, toward), x)
    x = np.where(np.isfinite(x), x, dtype(0))
    check(cast, x, rng.integers(0, 16, x.shape))


def test_a_quotient_rounded_to_binary32_first_would_differ() -> None:
    # x is just below 2.5 scales, by less than half an ulp of 2.5.
    scale = float(np.float32(0.1))
    x = float(np.nextafter(2.5 * scale, 0))
    assert np.float32(x) / np.float32(scale) == 2.5
    format = Affine(element=INT8, scale=(scale,), zero_point=(0,))
    away = Cast(format=format, rounding=Rounding.NEAREST_AWAY)
    assert Fraction(x) / Fraction(scale) < Fraction(5, 2)
    assert int(away.encode(x).codes) == 2


def test_the_zero_point_comes_before_overflow() -> None:
    # The quotient 255 is no int8, but 255 - 128 is one.
    low = Affine(element=INT8, scale=(1.0,), zero_point=(-128,))
    for overflow in POLICIES:
        assert Cast(format=low, overflow=overflow).encode([255.0, 1]).codes.tolist() == [127, -127]
    assert Cast(format=low).encode([256.0, -1.0]).codes.tolist() == [127, -128]
    with pytest.raises(FormatError, match=r"Affine does not wrap: .*SATURATE"):
        Cast(format=low, overflow=Overflow.WRAP)
    symmetric = Cast(format=low, overflow=Overflow.SATURATE_SYMMETRIC)
    assert symmetric.encode_counted([256.0, 0.0])[1].saturated == 2
    unsigned = Cast(format=replace(low, element=UINT8, zero_point=(128,)))
    assert unsigned.encode([-128.0, -129.0, 127.0, 128.0]).codes.tolist() == [0, 0, 255, 255]


@pytest.mark.parametrize("special", [nan, inf, -inf])
@pytest.mark.parametrize("overflow", POLICIES)
def test_what_is_not_finite_is_refused_by_its_index(special: float, overflow: Overflow) -> None:
    x = np.ones((2, 3))
    x[1, 1], x[1, 2] = special, nan
    cast = Cast(format=Affine(element=UINT8, scale=(0.5,), zero_point=(3,)), overflow=overflow)
    with pytest.raises(FormatError, match=rf"^x\[1, 1\] is {special}: .* remove it first$"):
        cast.encode(x)


@pytest.mark.parametrize("x", [1e300, -1e300, 1.7e308])
def test_a_quotient_beyond_binary64_saturates_as_any_other(x: float) -> None:
    format = Affine(element=UINT8, scale=(float(np.float32(1e-30)),), zero_point=(7,))
    assert Cast(format=format).encode([x, 0.0]).codes.tolist() == [255 if x > 0 else 0, 7]
    with pytest.raises(FormatError, match=r"^x\[1\] is .*SATURATE$"):
        Cast(format=format, overflow=Overflow.RAISE).encode([0.0, x])


@pytest.mark.parametrize(
    ("shape", "axis", "count"), [((2, 3), 0, 3), ((2, 3), 2, 3), ((), 0, 1), ((3,), -2, 3)]
)
def test_an_array_without_the_channels_is_refused(
    shape: tuple[int, ...], axis: int, count: int
) -> None:
    format = Affine(element=INT8, scale=(1.0,) * count, zero_point=(0,) * count, axis=axis)
    with pytest.raises(FormatError, match=f"has no {count} channels on axis {axis}"):
        Cast(format=format).encode(np.zeros(shape))


def test_codes_in_the_order_of_columns_keep_their_channels() -> None:
    format = Affine(element=INT8, scale=(1.0, 2.0), zero_point=(0, 0), axis=0)
    codes = np.array([[1, 2], [3, 4]], np.int8)
    for laid in (codes, np.asfortranarray(codes), np.repeat(codes, 2, 1)[:, ::2]):
        assert Coded(format=format, codes=laid).values().tolist() == [[1.0, 2.0], [6.0, 8.0]]


def test_a_transpose_keeps_values_and_is_refused_where_channels_have_an_axis() -> None:
    x = np.arange(8.0).reshape(2, 2, 2)
    whole = Cast(format=Affine(element=INT8, scale=(0.5,), zero_point=(3,))).encode(x)
    assert np.array_equal(whole.T.values(), x.swapaxes(-1, -2))
    for axis in (0, 2, -2):
        format = Affine(element=INT8, scale=(1.0, 2.0), zero_point=(0, 5), axis=axis)
        coded = Cast(format=format).encode(x)
        with pytest.raises(FormatError, match="have scales of their own"):
            _ = coded.T


@settings(max_examples=60)
@given(data=st.data(), axis=st.sampled_from([None, 0, 1, -1]))
def test_the_compiled_lane_gives_the_same_bits(data: st.DataObject, axis: int | None) -> None:
    # float32, ties to even and saturation have a lane; the same numbers as float64 do not.
    shape = data.draw(st.sampled_from([(3, 5), (2, 70), (70, 2), (1, 4099)]))
    count = 1 if axis is None else shape[axis]
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    format = Affine(
        element=data.draw(st.sampled_from([INT8, UINT8, Fixed(bits=3), Fixed(bits=16)])),
        scale=tuple(float(s) for s in rng.uniform(0.01, 4, count).astype(np.float32)),
        zero_point=tuple(int(z) for z in rng.integers(0, 4, count)),
        axis=axis,
    )
    steps = rng.integers(-300, 300, shape) / 2
    x = np.where(rng.integers(0, 2, shape), steps * format.columns(shape)[0], steps)
    x = x.astype(np.float32)
    for overflow in (Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC):
        cast = Cast(format=format, overflow=overflow)
        coded, counts = cast.encode_counted(x)
        expected, exact_counts = cast.encode_counted(x.astype(np.float64))
        assert coded.equals(expected)
        assert counts == exact_counts


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"scale": 0.5}, "scale of an Affine is 0.5: give a tuple"),
        ({"scale": [0.5]}, r"scale of an Affine is \[0.5\]: give a tuple"),
        ({"scale": ("0.5",)}, "scale '0.5' is no positive binary32"),
        ({"scale": (True,)}, "scale True is no positive binary32"),
        ({"scale": (np.float32(0.5),)}, r"give float\(numpy.float32\(scale\)\)"),
        ({"scale": (nan,)}, "scale nan is no positive binary32"),
        ({"zero_point": 3}, "zero_point of an Affine is 3: give a tuple"),
        ({"zero_point": (3.0,)}, "zero point 3.0 is no code"),
        ({"axis": 1.0}, "axis of an Affine is 1.0: give a plain int"),
        ({"axis": True}, "axis of an Affine is True: give a plain int"),
    ],
)
def test_fields_are_of_their_types(words: dict[str, Any], said: str) -> None:
    with pytest.raises(FormatError, match=said):
        Affine(**{"element": UINT8, "scale": (0.5,), "zero_point": (3,), **words})


@pytest.mark.parametrize("scale", [1.0, 3.0, 0.1, 7e-39, 1e38, 1.9999999])
def test_every_tie_of_16_bits_and_its_neighbours_are_rounded_once(scale: float) -> None:
    narrow = float(np.float32(scale))
    format = Affine(element=Fixed(bits=16), scale=(narrow,), zero_point=(-3,))
    ties = (np.arange(-(2**15) - 40, 2**15 + 40) + 0.5) * narrow
    with np.errstate(over="ignore"):
        near = ties.astype(np.float32)
    near = near[np.isfinite(near)]
    x = np.concatenate([near, np.nextafter(near, np.float32(inf)), np.nextafter(near, -inf)])
    x = x[np.isfinite(x)].astype(np.float32)
    cast = Cast(format=format)
    fast, counts = cast.encode_counted(x)
    slow, slow_counts = cast.encode_counted(x.astype(np.float64))  # divides integers
    assert fast.equals(slow)
    assert counts == slow_counts


@pytest.mark.parametrize("shape", [(3, 100), (40_000,), (1, 0), (2, 3, 70), (5, 9)])
@pytest.mark.parametrize("axis", [None, 0])
def test_values_are_the_products_in_either_type(shape: tuple[int, ...], axis: int | None) -> None:
    count = 1 if axis is None else shape[0]
    scales = tuple(float(2.0 ** (k % 7) * 3) for k in range(count))
    format = Affine(element=INT8, scale=scales, zero_point=(5,) * count, axis=axis)
    codes = np.random.default_rng(0).integers(-128, 128, shape).astype(np.int8)
    sides = (-1,) + (1,) * (len(shape) - 1)
    wanted = (codes.astype(np.int64) - 5) * (np.reshape(scales, sides) if axis == 0 else scales[0])
    coded = Coded(format=format, codes=codes)
    for dtype in (np.float32, np.float64):
        values = coded.values(dtype)
        assert values.dtype == dtype
        assert np.array_equal(values.astype(np.float64), wanted)


def test_values_that_are_no_float32_are_refused_as_such() -> None:
    tenth = float(np.float32(0.1))
    codes = np.array([1, 3, 100], np.int8)
    coded = Coded(format=Affine(element=INT8, scale=(tenth,), zero_point=(0,)), codes=codes)
    assert [Fraction(v) for v in coded.values().tolist()] == [
        int(c) * Fraction(tenth) for c in codes
    ]
    with pytest.raises(FormatError, match="no float32"):
        coded.values(np.float32)
    assert coded[:1].values(np.float32).tolist() == [tenth]
