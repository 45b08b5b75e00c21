"""Quantizing is a projection that keeps order, changes sign with its argument and scales with 2^k.

Each law comes with the conditions under which it is a theorem, and with a counterexample where one
of them is dropped.
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from format_cases import ALL, BLOCKS, SCALARS, casts, edges, numbers, random_for
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitpde.formats import (
    FP16,
    INT8,
    OFP8_E5M2,
    SMX_INT8,
    Block,
    Cast,
    Fixed,
    FormatError,
    Minifloat,
    Overflow,
    Rounding,
)

#: A saturated value is the nearest one the format has; the other policies leave the number line.
SATURATING = (Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC)
OTHERS = tuple(policy for policy in Overflow if policy not in SATURATING)
MIRRORED = {Rounding.DOWN: Rounding.UP, Rounding.UP: Rounding.DOWN}
FINITE = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=9),
    elements=numbers(np.float64).filter(np.isfinite),
)


def with_edges(format: Fixed | Minifloat, x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([x.reshape(-1), edges(format)])


def quantize(cast: Cast, x: NDArray[np.float64], seed: int = 0) -> NDArray[np.float64]:
    return cast.encode(x, random_for(cast, x.shape, seed)).values()


def same_bits(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    return np.array_equal(a.view(np.uint64), b.view(np.uint64))


@pytest.mark.parametrize("name", SCALARS)
@settings(max_examples=20)
@given(x=FINITE)
def test_a_scalar_quantization_repeated_changes_nothing(
    name: str, x: NDArray[np.float64]
) -> None:
    # It is the identity on the values of the format, and a wrapped value is one of them; the two
    # random seeds differ because a value of the format is not moved by any random bits.
    x = with_edges(SCALARS[name], x)
    for cast in casts(SCALARS[name], without=(Overflow.RAISE, Overflow.INFINITY_OR_NAN)):
        once = quantize(cast, x, seed=1)
        assert same_bits(quantize(cast, once, seed=2), once), cast


@pytest.mark.parametrize("name", BLOCKS)
@settings(max_examples=20)
@given(x=FINITE)
def test_a_block_quantization_repeated_changes_nothing(name: str, x: NDArray[np.float64]) -> None:
    # The largest element of a tile keeps its binade when it is rounded, hence the tile its scale,
    # if no element becomes -2^(b-1), a power of two in the binade above: so symmetrically.
    for cast in casts(BLOCKS[name], without=OTHERS):
        if isinstance(cast.element, Minifloat) or cast.overflow is Overflow.SATURATE_SYMMETRIC:
            once = quantize(cast, x, seed=1)
            assert same_bits(quantize(cast, once, seed=2), once), cast


def test_repeating_may_change_a_tile_that_holds_the_most_negative_code() -> None:
    tile = np.array([[-127.9, 1.0]])
    once = Cast(format=SMX_INT8).quantize(tile)
    assert once.tolist() == [[-128.0, 1.0]]
    assert Cast(format=SMX_INT8).quantize(once).tolist() == [[-128.0, 0.0]]


@pytest.mark.parametrize("name", SCALARS)
@settings(max_examples=20)
@given(x=FINITE)
def test_a_larger_number_has_no_lesser_value(name: str, x: NDArray[np.float64]) -> None:
    # Stochastic rounding keeps the order of numbers that draw the same bits.
    x = np.sort(with_edges(SCALARS[name], x))
    for cast in casts(SCALARS[name], without=(Overflow.WRAP, Overflow.RAISE)):
        draw = None if cast.random_bits == 0 else np.full(x.shape, 11)
        values = cast.encode(x, draw).values()
        ordered = values[~np.isnan(values)]
        assert (ordered[1:] >= ordered[:-1]).all(), cast


@pytest.mark.parametrize("name", BLOCKS)
@settings(max_examples=20)
@given(x=FINITE)
def test_a_larger_number_in_a_tile_has_no_lesser_value(
    name: str, x: NDArray[np.float64]
) -> None:
    # The elements of a tile share a scale; between tiles the order may be lost.
    rows, columns = BLOCKS[name].tile
    tile = np.zeros((rows, columns))
    flat = x.reshape(-1)[: rows * columns]
    tile.reshape(-1)[: flat.size] = flat
    order = np.argsort(tile, axis=None)
    for cast in casts(BLOCKS[name], without=OTHERS):
        draw = None if cast.random_bits == 0 else np.full(tile.shape, 11)
        values = cast.encode(tile, draw).values().reshape(-1)[order]
        assert (values[1:] >= values[:-1]).all(), cast


def test_order_may_be_lost_between_tiles() -> None:
    x = np.array([[1000.0, 2.0, 2.0, 2.0, 1.0]])
    assert Cast(format=SMX_INT8).quantize(x).tolist() == [[1000.0, 0.0, 0.0, 0.0, 1.0]]


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=20)
@given(x=FINITE)
def test_the_opposite_number_has_the_opposite_value(name: str, x: NDArray[np.float64]) -> None:
    # Down and up are each other's mirror image, every other mode is its own.  Two's complement has
    # a symmetric range only where -2^(b-1) is left out.
    for cast in casts(ALL[name], without=(Overflow.WRAP, Overflow.RAISE)):
        if isinstance(cast.element, Fixed) and cast.overflow is not Overflow.SATURATE_SYMMETRIC:
            continue
        mirror = replace(cast, rounding=MIRRORED.get(cast.rounding, cast.rounding))
        assert np.array_equal(quantize(mirror, -x), -quantize(cast, x), equal_nan=True), cast


def test_the_opposite_of_an_integer_may_saturate_elsewhere() -> None:
    assert Cast(format=INT8).quantize([200.0, -200.0]).tolist() == [127.0, -128.0]


@settings(max_examples=50)
@given(x=FINITE, k=st.integers(-40, 40), bits=st.integers(2, 32), places=st.integers(-60, 60))
def test_moving_the_point_of_fixed_point_is_a_power_of_two(
    x: NDArray[np.float64], k: int, bits: int, places: int
) -> None:
    scaled = np.ldexp(x, k)
    exact = np.isfinite(scaled) & (np.ldexp(scaled, -k) == x)
    for cast in casts(Fixed(bits=bits, fraction_bits=places), without=(Overflow.RAISE,)):
        moved = replace(cast, format=Fixed(bits=bits, fraction_bits=places - k))
        first, second = quantize(cast, x)[exact], quantize(moved, scaled)[exact]
        assert same_bits(np.ldexp(first, k), second), cast


@pytest.mark.parametrize("name", [n for n, f in SCALARS.items() if isinstance(f, Minifloat)])
@settings(max_examples=20)
@given(x=FINITE, k=st.integers(-8, 8))
def test_normal_floats_scale_with_powers_of_two(
    name: str, x: NDArray[np.float64], k: int
) -> None:
    # Where x and 2^k x both lie in the binades of normal numbers, one below the largest.
    format = SCALARS[name]
    k = max(-abs(format.emax - 1 - format.emin), min(k, format.emax - 1 - format.emin))
    lowest, highest = Fraction(2) ** format.emin, Fraction(2) ** format.emax
    x = with_edges(format, x)
    inside = [lowest <= abs(Fraction(v)) < highest and lowest <= abs(Fraction(v)) * Fraction(2) ** k < highest for v in x.tolist()]
    x = x[inside]
    for cast in casts(format):
        assert same_bits(quantize(cast, np.ldexp(x, k)), np.ldexp(quantize(cast, x), k)), cast


@pytest.mark.parametrize("name", BLOCKS)
@settings(max_examples=20)
@given(x=FINITE, k=st.integers(-60, 60))
def test_blocks_scale_with_powers_of_two(name: str, x: NDArray[np.float64], k: int) -> None:
    # As long as no scale is at an end of its range: the scales absorb the factor, the codes stay.
    block = BLOCKS[name]
    for cast in casts(block):
        try:
            first = cast.encode(x, random_for(cast, x.shape, 0))
        except FormatError:
            continue
        with np.errstate(over="ignore"):
            scaled = np.ldexp(x, k)
        exact = np.isfinite(scaled).all() and np.array_equal(np.ldexp(scaled, -k), x)
        inside = (first.scales > max(0, -k)) & (first.scales < 254 - max(0, k))
        if not exact or not inside.all():
            return
        second = cast.encode(scaled, random_for(cast, x.shape, 0))
        assert np.array_equal(first.codes, second.codes), cast
        assert np.array_equal(first.scales + k, second.scales), cast


def test_subnormal_floats_do_not_scale_with_powers_of_two() -> None:
    x = np.array([1.25])
    assert Cast(format=OFP8_E5M2).quantize(x).tolist() == [1.25]
    assert Cast(format=OFP8_E5M2).quantize(np.ldexp(x, -15)).tolist() == [2.0**-15 * 1.0]
    assert float(FP16.lsb) == 2.0**-24
