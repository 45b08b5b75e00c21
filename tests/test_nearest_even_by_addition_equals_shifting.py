"""Rounding to nearest even by the float adder gives the bits, counts and values of shifting.

float64 input takes the general lane, which shifts, and is held to rationals by another file.
"""

from dataclasses import replace

import numpy as np
import pytest
from format_cases import FNUZ, minifloat
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitpde.formats import (
    CATALOGUE,
    FP16,
    INT4,
    INT8,
    INT16,
    OCP_E2M1,
    OCP_E3M2,
    OCP_INT8,
    OFP8_E4M3,
    OFP8_E5M2,
    UINT8,
    Block,
    Cast,
    Fixed,
    FormatError,
    Minifloat,
    Overflow,
    Rounding,
    ScaleRule,
    Scaling,
    Specials,
    p3109,
)
from bitpde.formats.vector_tables import EVEN, loop_kind

ELEMENTS: dict[str, Fixed | Minifloat] = {
    "INT4": INT4, "INT8": INT8, "INT16": INT16, "UINT8": UINT8, "E2M1": OCP_E2M1, "E3M2": OCP_E3M2,
    "E4M3": OFP8_E4M3, "E5M2": OFP8_E5M2, "FP16": FP16, "binary8p4se": p3109(8, 4),
    "E4M3 without -0": minifloat(4, 3, 8, FNUZ),
    "unsigned": replace(minifloat(3, 3, 3, Specials.NONE), signed=False),
    "6 exponent bits": minifloat(6, 2, 31, Specials.NONE),
    "8 exponent bits": minifloat(8, 7, 127, Specials.IEEE),
}  # fmt: skip
#: Those that are read in one pass, and some that are not.
TILES = [(1, 32), (4, 4), (8, 8), (2, 8), (3, 4), (1, 16), (5, 48), (3, 5), (2, 12), (32, 1)]
#: Whole tiles of all sizes, none of them whole, and matrices of which the last tile is cut.
SHAPES = [(32, 96), (31, 45), (2, 7, 64)]
RULES = [rule for rule in ScaleRule if rule.gives_power_of_two]


def numbers(shape: tuple[int, ...], spread: int, seed: int) -> NDArray[np.float32]:
    """Return numbers of ``spread`` binades in each row, of all binades in all rows; many ties."""
    rng = np.random.default_rng(seed)
    rows = int(np.prod(shape[:-1]))
    first = rng.permutation(np.linspace(0, 254 - spread, rows).astype(np.uint32))[:, None]
    words = rng.integers(0, 2**32, (rows, shape[-1]), dtype=np.uint32)
    kept = np.uint32(0x80000000) | rng.choice(
        np.array([0x700000, 0x7FFFFF], np.uint32), words.shape
    )
    exponent = np.where(words % 29 == 0, 0, first + words % np.uint32(spread))
    return (words & kept | exponent << 23).astype(np.uint32).view(np.float32).reshape(shape)


def middle(shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return numbers of 20 binades about 1, many of them ties."""
    rng = np.random.default_rng(11)
    ties = rng.integers(-64, 65, shape) * 2.0 ** rng.integers(-20, 1, shape)
    return np.where(rng.uniform(size=shape) < 0.5, ties, ties * rng.uniform(size=shape)).astype(
        np.float32
    )


def bits(values: NDArray[np.floating]) -> list[int]:
    narrow = values.astype(np.float32)
    return np.where(np.isnan(narrow), np.float32(np.nan), narrow).view(np.uint32).tolist()


def check(cast: Cast, x: NDArray[np.float32]) -> None:
    assert loop_kind(cast.element, cast.rounding, cast.overflow, 0) == EVEN
    with np.errstate(all="ignore"):
        coded, counts, refused = cast.attempt(x)
        expected = cast.attempt(x.astype(np.float64))
        assert (counts, refused) == (expected.counts, expected.refused), cast
        assert coded.equals(expected.coded), cast
        values = coded.values()
        try:
            narrow = cast.quantize(x)
        except FormatError:
            assert refused or not np.array_equal(values.astype(np.float32), values, equal_nan=True)
        else:
            assert bits(narrow) == bits(values), cast


@pytest.mark.parametrize("name", ELEMENTS)
@pytest.mark.parametrize("spread", [1, 4, 20])
def test_every_binade_of_a_block(name: str, spread: int) -> None:
    for k, tile in enumerate(TILES):
        format = Block(element=ELEMENTS[name], tile=tile)
        for shape in SHAPES:
            check(Cast(format=format), numbers(shape, spread, seed=k))


@pytest.mark.parametrize("name", ELEMENTS)
@pytest.mark.parametrize("shape", [(32, 96), (31, 45), (200, 96)])
def test_blocks_that_one_pass_takes(name: str, shape: tuple[int, int]) -> None:
    # One pass takes 4096 elements at once, and none of them if one tile is not for the adder.
    for tile in ((1, 32), (4, 4), (2, 8)):
        check(Cast(format=Block(element=ELEMENTS[name], tile=tile)), middle(shape))


@pytest.mark.parametrize("name", ELEMENTS)
def test_every_binade_without_a_scale(name: str) -> None:
    for spread in (1, 4, 20):
        check(Cast(format=ELEMENTS[name]), numbers((64, 50), spread, seed=3))


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_every_scale_rule(rule: ScaleRule) -> None:
    for tile in TILES:
        for element in (INT8, OCP_INT8, OCP_E2M1, OFP8_E4M3):
            cast = Cast(format=Block(element=element, tile=tile), scaling=Scaling(rule=rule))
            x = numbers((32, 96), 4, seed=5)
            check(cast, x)
            subnormal = x.view(np.uint32) & np.uint32(0x807FFFFF)
            check(cast, subnormal.view(np.float32) * np.float32(0.125))


@settings(max_examples=60)
@given(
    name=st.sampled_from(sorted(ELEMENTS)),
    tile=st.sampled_from(TILES),
    place=st.integers(0, 32 * 96 - 1),
    strange=st.sampled_from([np.nan, np.inf, -np.inf, 1e-40, 3e38, -3e38, 0.0]),
)
def test_one_number_that_the_adder_cannot_take(
    name: str, tile: tuple[int, int], place: int, strange: float
) -> None:
    x = numbers((32, 96), 3, seed=9)
    x.reshape(-1)[place] = strange
    for format in (Block(element=ELEMENTS[name], tile=tile), ELEMENTS[name]):
        check(Cast(format=format), x)


def test_symmetric_integers() -> None:
    for name in ("SMX_INT4", "SMX_INT8", "SMX_INT12", "MXINT8"):
        format = CATALOGUE[name]
        assert isinstance(format, Block)
        for spread in (1, 4):
            symmetric = Cast(format=format, overflow=Overflow.SATURATE_SYMMETRIC)
            check(symmetric, numbers((32, 96), spread, seed=2))


def test_infinities_that_stay() -> None:
    for element in (OFP8_E5M2, FP16, p3109(8, 4)):
        x = numbers((32, 96), 3, seed=1)
        x[::5, 7] = np.inf
        check(Cast(format=element, overflow=Overflow.SATURATE_FINITE), x)


def test_one_bit_significands_are_left_to_shifting() -> None:
    assert loop_kind(p3109(8, 1), Rounding.NEAREST_EVEN, Overflow.SATURATE, 0) != EVEN
