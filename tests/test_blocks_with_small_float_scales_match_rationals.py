"""Blocks whose scales are small floats (NVFP4, P3109) are what rationals and tables of values say.

The oracle knows the values of all codes and nothing of exponents: a rounding is a choice between
the two values on either side.
"""

from bisect import bisect_right
from dataclasses import replace
from fractions import Fraction
from functools import cache
from math import inf, isfinite, isnan, nan
from typing import Any

import numpy as np
import pytest
from format_cases import laid_out
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitpde.formats import (
    BINARY8P1UF,
    BINARY8P4SE,
    NVFP4,
    OCP_E2M1,
    OFP8_E5M2,
    UE4M3,
    Block,
    Cast,
    Fixed,
    FormatError,
    Minifloat,
    NonFinite,
    Overflow,
    Rounding,
    ScaleRule,
    Scaling,
    p3109,
)

MAX, RANGE = ScaleRule.MAX, ScaleRule.RANGE
BLOCKS: dict[str, Any] = {
    "NVFP4": NVFP4,
    "NVFP4 in squares": replace(NVFP4, tile=(3, 3)),
    "UE4M3": Block(element=OCP_E2M1, tile=(1, 5), scale=UE4M3),
    "P3109": Block(element=BINARY8P4SE, tile=(1, 8), scale=BINARY8P1UF),
    "P3109 in columns": Block(element=p3109(6, 3), tile=(4, 1), scale=p3109(8, 3, signed=False)),
    "P3109 finite": Block(element=p3109(4, 2, extended=False), tile=(2, 2), scale=BINARY8P1UF),
    "P3109 narrow": Block(element=OFP8_E5M2, tile=(2, 3), scale=p3109(5, 4, signed=False)),
    "integers": Block(element=Fixed(bits=5), tile=(1, 4), scale=UE4M3),
}
SCALE_ROUNDINGS = [Rounding.NEAREST_EVEN, Rounding.UP, Rounding.TOWARD_ZERO, Rounding.TO_ODD]
ROUNDINGS = [
    *(Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY, Rounding.TOWARD_ZERO, Rounding.AWAY_FROM_ZERO),
    *(Rounding.DOWN, Rounding.UP, Rounding.TO_ODD),
]


@cache
def magnitudes(format: Fixed | Minifloat, *, negative: bool = False) -> list[Fraction]:
    """Return the magnitudes of the codes 0, 1, 2, ... or 0, -1, -2, ... up to the last."""
    if isinstance(format, Fixed):
        return [code * format.lsb for code in range(format.max_ordinal + 1 + negative)]
    return [Fraction(format.decode(code)) for code in range(format.max_ordinal + 1)]


def rounded(format: Fixed | Minifloat, x: Fraction, rounding: Rounding) -> int:
    """Return the magnitude code of ``|x|``; beyond the largest value, that one."""
    values, size = magnitudes(format, negative=x < 0), abs(x)
    if size >= values[-1]:
        return len(values) - 1
    code = bisect_right(values, size) - 1
    below, above = values[code], values[code + 1]
    if size == below:
        return code
    match rounding:
        case Rounding.NEAREST_EVEN:
            nearer = above if size - below > above - size else below
            tie = size - below == above - size
            return code + (code % 2 if tie else nearer == above)
        case Rounding.NEAREST_AWAY:
            return code + (size - below >= above - size)
        case Rounding.AWAY_FROM_ZERO:
            return code + 1
        case Rounding.DOWN:
            return code + (x < 0)
        case Rounding.UP:
            return code + (x > 0)
        case Rounding.TO_ODD:
            return code + (code % 2 == 0)
    return code


def element_code(cast: Cast, x: Fraction, negative: bool) -> int:
    """Return the saturated code of a finite quotient."""
    element = cast.element
    code = rounded(element, x, cast.rounding)
    if isinstance(element, Fixed):
        return -code if x < 0 else code
    return code + (element.sign_code if negative and (code or element.has_negative_zero) else 0)


def binary32(x: Fraction) -> float:
    """Return the nearest binary32 of a positive number, clamped to the positive finite ones."""
    near = np.float32(float(x))  # off by one at most: the twice rounded one
    few = [np.nextafter(near, np.float32(0)), near, np.nextafter(near, np.float32(inf))]
    few = [v for v in few if 0 < v < inf]
    best = min(few, key=lambda v: (abs(Fraction(float(v)) - x), int(v.view(np.uint32)) % 2))
    return float(best)


def oracle(
    cast: Cast, x: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], float]:
    """Return codes, scale codes, values and the scale of the tensor of a matrix."""
    block: Any = cast.format
    (rows, columns), element, scale = block.tile, block.element, block.scale
    codes, values = np.zeros(x.shape, np.int64), np.zeros(x.shape)
    scales = np.zeros(block.grid(x.shape), np.int64)
    tops = [abs(Fraction(v)) for v in x.reshape(-1).tolist() if isfinite(v)]
    top_of_all = max(tops, default=Fraction(0))
    tensor = 1.0
    if block.tensor_scale and top_of_all:
        tensor = binary32(top_of_all / (element.max * scale.max))
    for place in np.ndindex(scales.shape):
        at = tuple(slice(k * n, (k + 1) * n) for k, n in zip(place, (rows, columns), strict=True))
        tile = x[at].reshape(-1).tolist()
        finite = [abs(Fraction(v)) for v in tile if isfinite(v)]
        top = max(finite, default=Fraction(0))
        unknown = len(finite) < len(tile) if cast.nonfinite is NonFinite.PROPAGATE else not finite
        if unknown:
            scales[place], values[at] = scale.nan_code, nan
            continue
        range_rule = cast.scaling.rule is RANGE
        wanted = top / (element.max * Fraction(tensor)) if range_rule else top
        code = rounded(scale, wanted, cast.scaling.rounding)
        scales[place] = max(code, 1) if range_rule and top else code
        step = magnitudes(scale)[scales[place]] * Fraction(tensor)
        tile_codes, tile_values = zip(*(one(cast, v, step) for v in tile), strict=True)
        codes[at] = np.array(tile_codes).reshape(codes[at].shape)
        values[at] = np.array(tile_values).reshape(codes[at].shape)
    return codes, scales, values, tensor


def one(cast: Cast, x: float, step: Fraction) -> tuple[int, float]:
    """Return code and value of an element; P3109 (5) says what is not finite."""
    element: Any = cast.element
    negative = bool(np.signbit(x))
    if isnan(x):
        return element.nan_code, nan
    if step == 0:  # nothing is left of the tile, of its infinities neither
        return element_code(cast, Fraction(0), negative), -0.0 if negative else 0.0
    if isfinite(x):
        code = element_code(cast, Fraction(x) / step, negative)
    elif cast.overflow is Overflow.SATURATE_FINITE and element.has_infinity:
        return element.infinity_code + negative * element.sign_code, x
    else:
        code = element.max_ordinal + negative * element.sign_code
    value = element.decode(code)
    return code, float(Fraction(value) * step) if value else float(value)


def check(cast: Cast, x: NDArray[Any]) -> None:
    codes, scales, values, tensor = oracle(cast, x)
    coded = cast.encode(x)
    assert coded.scales is not None
    assert coded.scales.tolist() == scales.tolist()
    assert coded.codes.tolist() == codes.tolist()
    assert np.array_equal(coded.values(), values, equal_nan=True)
    block: Any = cast.format
    assert coded.tensor_scale == (tensor if block.tensor_scale else None)
    assert coded.codes.dtype == np.dtype(block.element.code_dtype)
    assert np.array_equal(coded.T.values(), values.T, equal_nan=True)


@st.composite
def casts(draw: st.DrawFn, nonfinite: NonFinite = NonFinite.PROPAGATE) -> Cast:
    """Draw a cast to one of the blocks."""
    names = [n for n, b in BLOCKS.items() if nonfinite is NonFinite.PROPAGATE or has_nan(b.element)]
    block = BLOCKS[draw(st.sampled_from(names))]
    overflows = [Overflow.SATURATE]
    if isinstance(block.element, Minifloat):
        overflows += [Overflow.SATURATE_FINITE]
    rule = RANGE if block.tensor_scale else draw(st.sampled_from([MAX, RANGE]))
    return Cast(
        format=block,
        rounding=draw(st.sampled_from(ROUNDINGS)),
        overflow=draw(st.sampled_from(overflows)),
        nonfinite=nonfinite,
        scaling=Scaling(rule=rule, rounding=draw(st.sampled_from(SCALE_ROUNDINGS))),
    )


def has_nan(element: Fixed | Minifloat) -> bool:
    return isinstance(element, Minifloat) and element.has_nan


SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, max_side=11)


@settings(max_examples=100)
@given(cast=casts(), x=laid_out(np.float32, SHAPES), wide=st.booleans())
def test_any_matrix_is_what_the_rationals_say(
    cast: Cast, x: NDArray[np.float32], wide: bool
) -> None:
    with np.errstate(invalid="ignore"):  # of signaling NaNs
        check(cast, x.astype(np.float64) if wide else x)


@settings(max_examples=100)
@given(
    cast=casts(),
    seed=st.integers(0, 2**20),
    power=st.sampled_from([0, 0, 0, -20, 9, -140, 120]),
)
def test_numbers_of_one_size_are_what_the_rationals_say(cast: Cast, seed: int, power: int) -> None:
    # Small multiples of a power of two: many ties, of scales and of elements.
    rng = np.random.default_rng(seed)
    x = np.ldexp(rng.integers(-96, 97, (4, 10)) / 16.0, rng.integers(-3, 4, (4, 1)))
    x[0, :5] *= seed % 2
    check(cast, np.ldexp(x, power).astype(np.float32))


@settings(max_examples=100)
@given(cast=casts(nonfinite=NonFinite.ELEMENT), seed=st.integers(0, 2**20))
def test_what_is_not_finite_is_so_alone(cast: Cast, seed: int) -> None:
    # Rows 0 and 2 are finite and so is every third column: no tile is without a finite number.
    rng = np.random.default_rng(seed)
    x = rng.integers(-96, 97, (4, 10)) / 16.0 * rng.integers(0, 2, (4, 1))
    some = rng.choice([1.0, nan, inf, -inf], x.shape, p=[0.5, 0.2, 0.2, 0.1])
    some[::2], some[:, ::3] = 1.0, 1.0
    x = np.where(np.isfinite(some), x, some)
    check(cast, x.astype(np.float32))


def test_a_nan_stays_one_where_the_scale_is_zero() -> None:
    # P3109 (5): of a zero scale everything becomes zero, infinities too, but NaN.
    block = BLOCKS["P3109"]
    for rule, tiny in ((MAX, 2.0**-140), (MAX, 0.0), (RANGE, 0.0)):
        cast = Cast(format=block, nonfinite=NonFinite.ELEMENT, scaling=Scaling(rule=rule))
        coded = cast.encode([[tiny, nan, inf, -tiny]])
        assert coded.codes.tolist() == [[0, BINARY8P4SE.nan_code, 0, 0]]
        assert np.array_equal(coded.values(), [[0.0, nan, 0.0, 0.0]], equal_nan=True)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_tile_of_zeros_has_scale_code_zero(name: str) -> None:
    rule = RANGE if BLOCKS[name].tensor_scale else MAX
    coded = Cast(format=BLOCKS[name], scaling=Scaling(rule=rule)).encode(np.zeros((5, 9)))
    assert coded.scales is not None
    assert not coded.scales.any()
    assert not coded.values().any()
    assert coded.tensor_scale == (1.0 if BLOCKS[name].tensor_scale else None)


def test_a_scale_rounded_up_never_saturates_its_tile() -> None:
    # Under MAX every quotient is at most 1 in magnitude, under RANGE at most the largest element.
    rng = np.random.default_rng(1)
    x = np.ldexp(rng.standard_normal((64, 15)), rng.integers(-4, 5, (64, 1)))
    for rule in (MAX, RANGE):
        scaling = Scaling(rule=rule, rounding=Rounding.UP)
        _, counts = Cast(format=BLOCKS["UE4M3"], scaling=scaling).encode_counted(x)
        assert counts.saturated == 0
    # Rounded down to a power of two, the largest element may be beyond the range.
    scaling = Scaling(rule=RANGE, rounding=Rounding.TOWARD_ZERO)
    cast = Cast(format=BLOCKS["P3109 finite"], overflow=Overflow.RAISE, scaling=scaling)
    with pytest.raises(FormatError, match=r"^x\[\d+, \d+\] is .*SATURATE$"):
        cast.encode(x)


def test_a_tile_that_would_vanish_under_range_keeps_the_least_scale() -> None:
    x = np.array([[2688.0, *[0.0] * 15, 2.0**-9, *[0.0] * 15]])
    coded = Cast(format=NVFP4, scaling=Scaling(rule=RANGE)).encode(x)
    assert coded.tensor_scale == 1.0
    assert coded.scales is not None
    assert coded.scales.tolist() == [[UE4M3.max_ordinal, 1]]
    assert coded.values()[0, 16] == 2.0**-9


def test_the_tensor_scale_is_the_same_for_every_layout_and_counts_finite_numbers_alone() -> None:
    x = np.array([[1.0, -5376.0], [nan, 3.0]])
    for y in (x, x.T, np.asfortranarray(x)):
        assert Cast(format=NVFP4, scaling=Scaling(rule=RANGE)).encode(y).tensor_scale == 2.0


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0,), (), (7,), (2, 3, 17)])
def test_arrays_of_any_number_of_axes(shape: tuple[int, ...]) -> None:
    x = np.arange(np.prod(shape, dtype=int), dtype=np.float64).reshape(shape)
    for name in ("NVFP4", "P3109 finite"):
        rule = RANGE if BLOCKS[name].tensor_scale else MAX
        coded = Cast(format=BLOCKS[name], scaling=Scaling(rule=rule)).encode(x)
        assert coded.shape == shape
        assert coded.values().shape == shape
    if len(shape) == 3:
        scaling = Scaling(rule=MAX)
        whole = Cast(format=BLOCKS["P3109"], scaling=scaling).encode(x)
        for k in range(shape[0]):
            one_matrix = Cast(format=BLOCKS["P3109"], scaling=scaling).encode(x[k])
            assert np.array_equal(one_matrix.codes, whole.codes[k])
