"""Quantizing is a projection that keeps order, changes sign with its argument and scales with 2^k.

Each law comes with the conditions under which it is a theorem, and with a counterexample where one
of them is dropped.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from format_cases import (
    ALL,
    BLOCKS,
    SCALARS,
    edges,
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
    INT8,
    OFP8_E5M2,
    SMX_INT8,
    Cast,
    Fixed,
    FormatError,
    Minifloat,
    Overflow,
    Rounding,
)

Floats = NDArray[np.float64]

#: A saturated value is the nearest one the format has; the other policies leave the number line.
LEAVING = (Overflow.WRAP, Overflow.RAISE, Overflow.INFINITY_OR_NAN, Overflow.INFINITY_OR_MAX)
MIRRORED = {
    Rounding.DOWN: Rounding.UP,
    Rounding.UP: Rounding.DOWN,
    Rounding.NEAREST_DOWN: Rounding.NEAREST_UP,
    Rounding.NEAREST_UP: Rounding.NEAREST_DOWN,
}
FINITE = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=6),
    elements=numbers(np.float64).filter(np.isfinite),
)
MANY = settings(max_examples=100)


def with_edges(cast: Cast, x: Floats) -> Floats:
    return np.concatenate([x.reshape(-1), edges(cast.format)])


def quantize(cast: Cast, x: Floats, seed: int = 0) -> Floats:
    return cast.encode(x, random_for(cast, x.shape, seed)).values()


def same_bits(a: Floats, b: Floats) -> bool:
    return np.array_equal(a.view(np.uint64), b.view(np.uint64))


def is_exact(x: Floats, k: int) -> NDArray[np.bool]:
    """Whether ``2^k x`` is a finite float64, for each x."""
    with np.errstate(over="ignore"):
        scaled = np.ldexp(x, k)
    return np.isfinite(scaled) & (np.ldexp(scaled, -k) == x)


def is_symmetric(cast: Cast) -> bool:
    """Whether the least value is minus the greatest, as it is not in all of two's complement."""
    symmetric = isinstance(cast.element, Minifloat) or cast.overflow is Overflow.SATURATE_SYMMETRIC
    return symmetric and cast.element.signed


@MANY
@given(cast=some_cast(SCALARS, without=(Overflow.RAISE,)), x=FINITE)
def test_a_scalar_quantization_repeated_changes_nothing(cast: Cast, x: Floats) -> None:
    # It is the identity on the values of the format, and a wrapped value is one of them; the two
    # random seeds differ because a value of the format is not moved by any random bits.
    once = quantize(cast, with_edges(cast, x), seed=1)
    assert same_bits(quantize(cast, once, seed=2), once)


@MANY
@given(cast=some_cast(BLOCKS, without=LEAVING).filter(is_symmetric), x=FINITE)
def test_a_block_quantization_repeated_changes_nothing(cast: Cast, x: Floats) -> None:
    # The largest element of a tile keeps its binade when it is rounded, hence the tile its scale,
    # if no element becomes -2^(b-1), a power of two in the binade above: so symmetrically.
    once = quantize(cast, x, seed=1)
    assert same_bits(quantize(cast, once, seed=2), once)


def test_repeating_may_change_a_tile_that_holds_the_most_negative_code() -> None:
    tile = np.array([[-127.9, 1.0]])
    once = Cast(format=SMX_INT8).quantize(tile)
    assert once.tolist() == [[-128.0, 1.0]]
    assert Cast(format=SMX_INT8).quantize(once).tolist() == [[-128.0, 0.0]]


@MANY
@given(cast=some_cast(SCALARS, without=LEAVING[:2]), x=FINITE)
def test_a_larger_number_has_no_lesser_value(cast: Cast, x: Floats) -> None:
    # Stochastic rounding keeps the order of numbers that draw the same bits.
    x = np.sort(with_edges(cast, x))
    draw = None if cast.random_bits == 0 else np.full(x.shape, 11)
    values = cast.encode(x, draw).values()
    ordered = values[~np.isnan(values)]
    assert (ordered[1:] >= ordered[:-1]).all()


@MANY
@given(cast=some_cast(BLOCKS, without=LEAVING), x=FINITE)
def test_a_larger_number_in_a_tile_has_no_lesser_value(cast: Cast, x: Floats) -> None:
    # The elements of a tile share a scale; between tiles the order may be lost.
    format: Any = cast.format
    tile = np.zeros(format.tile)
    flat = x.reshape(-1)[: tile.size]
    tile.reshape(-1)[: flat.size] = flat
    draw = None if cast.random_bits == 0 else np.full(tile.shape, 11)
    values = cast.encode(tile, draw).values().reshape(-1)[np.argsort(tile, axis=None)]
    assert (values[1:] >= values[:-1]).all()


def test_order_may_be_lost_between_tiles() -> None:
    x = np.array([[1000.0, 2.0, 2.0, 2.0, 1.0]])
    assert Cast(format=SMX_INT8).quantize(x).tolist() == [[1000.0, 0.0, 0.0, 0.0, 1.0]]


@MANY
@given(cast=some_cast(ALL, without=LEAVING[:2]).filter(is_symmetric), x=FINITE)
def test_the_opposite_number_has_the_opposite_value(cast: Cast, x: Floats) -> None:
    # Down and up are each other's mirror image, every other mode is its own.  Without a sign there
    # is no opposite.
    mirror = replace(cast, rounding=MIRRORED.get(cast.rounding, cast.rounding))
    for y in (x, with_edges(cast, x)):
        opposite = quantize(mirror, -y)
        assert np.array_equal(opposite, -quantize(cast, y), equal_nan=True)


def test_the_opposite_of_an_integer_may_saturate_elsewhere() -> None:
    assert Cast(format=INT8).quantize([200.0, -200.0]).tolist() == [127.0, -128.0]


@MANY
@given(
    cast=some_cast({n: f for n, f in SCALARS.items() if isinstance(f, Fixed)}, (Overflow.RAISE,)),
    x=FINITE,
    k=st.integers(-40, 40),
)
def test_moving_the_point_of_fixed_point_is_a_power_of_two(cast: Cast, x: Floats, k: int) -> None:
    format: Any = cast.format
    assume(-256 <= format.fraction_bits - k <= 256)
    x = with_edges(cast, x)
    x = x[is_exact(x, k)]
    moved = replace(format, fraction_bits=format.fraction_bits - k)
    first = cast.encode(x, random_for(cast, x.shape, 0))
    second = replace(cast, format=moved).encode(np.ldexp(x, k), random_for(cast, x.shape, 0))
    assert np.array_equal(first.codes, second.codes)
    assert same_bits(np.ldexp(first.values(), k), second.values())


def in_normal_binades(format: Minifloat, x: Floats) -> NDArray[np.bool]:
    """Whether each x lies among the normal numbers, and a binade below the largest."""
    inside = (np.abs(x) >= 2.0**format.emin) & (np.abs(x) < 2.0**format.emax)
    return inside & (format.signed | (x > 0))


@MANY
@given(
    cast=some_cast({n: f for n, f in SCALARS.items() if isinstance(f, Minifloat)}),
    x=FINITE,
    data=st.data(),
)
def test_normal_floats_scale_with_powers_of_two(cast: Cast, x: Floats, data: st.DataObject) -> None:
    format: Any = cast.format
    room = max(0, format.emax - 1 - format.emin)
    k = data.draw(st.integers(-room, room))
    if format.significand_bits == 0:
        k -= k % 2  # evenness is of the code, which then is the exponent itself
    x = with_edges(cast, x)
    x = x[is_exact(x, k) & in_normal_binades(format, x)]
    x = x[in_normal_binades(format, np.ldexp(x, k))]
    assert same_bits(quantize(cast, np.ldexp(x, k)), np.ldexp(quantize(cast, x), k))


def test_subnormal_floats_do_not_scale_with_powers_of_two() -> None:
    x = np.array([1.25])
    assert Cast(format=OFP8_E5M2).quantize(x).tolist() == [1.25]
    assert Cast(format=OFP8_E5M2).quantize(np.ldexp(x, -15)).tolist() == [2.0**-15]


@MANY
@given(cast=some_cast(BLOCKS), x=FINITE, k=st.integers(-60, 60))
def test_blocks_scale_with_powers_of_two(cast: Cast, x: Floats, k: int) -> None:
    # As long as no scale is at an end of its range: the scales absorb the factor, the codes stay.
    try:
        first = cast.encode(x, random_for(cast, x.shape, 0))
    except FormatError:
        return
    assume(is_exact(x, k).all())
    scales = scales_of(first).astype(int)
    assume(((scales > max(0, -k)) & (scales < 254 - max(0, k))).all())
    second = cast.encode(np.ldexp(x, k), random_for(cast, x.shape, 0))
    assert np.array_equal(first.codes, second.codes)
    assert np.array_equal(scales + k, scales_of(second))
