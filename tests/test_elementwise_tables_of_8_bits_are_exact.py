"""Sums, differences, products and quotients of all pairs of 8-bit codes are rounded once.

The truth is a search of the exact results, as integers, among the values of the format.
"""

from typing import Any

import numpy as np
import pytest
from elementwise_oracle import by_breakpoints, by_definition, numbers_of

from bitpde.emu import elementwise
from bitpde.formats import (
    BINARY8P3SE,
    FNUZ_E4M3,
    OFP8_E4M3,
    OFP8_E5M2,
    Cast,
    Coded,
    Minifloat,
    Overflow,
    Rounding,
    encode_exact,
)

FORMATS = {
    "e4m3": OFP8_E4M3,
    "e5m2": OFP8_E5M2,
    "fnuz_e4m3": FNUZ_E4M3,
    "binary8p3se": BINARY8P3SE,
}
ROUNDINGS = [
    Rounding.NEAREST_EVEN,
    Rounding.NEAREST_AWAY,
    Rounding.TOWARD_ZERO,
    Rounding.DOWN,
    Rounding.UP,
    Rounding.STOCHASTIC,
]
DRAWS = np.random.default_rng(7).integers(0, 32, (256, 256), np.uint32)


def casts(format: Minifloat) -> list[tuple[Cast, Any]]:
    """Return casts of every rounding and both ends of overflow, with their random bits."""
    found = []
    for overflow in (Overflow.SATURATE, Overflow.INFINITY_OR_NAN):
        for rounding in ROUNDINGS:
            count = 5 if rounding.is_stochastic else 0
            cast = Cast(format=format, rounding=rounding, overflow=overflow, random_bits=count)
            found.append((cast, DRAWS if count else None))
    return found


def all_codes(format: Minifloat) -> Coded:
    return Coded(format=format, codes=np.arange(256, dtype=np.uint8))


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide"])
@pytest.mark.parametrize("format", FORMATS.values(), ids=FORMATS)
def test_all_pairs_are_rounded_once(name: str, format: Minifloat) -> None:
    codes = all_codes(format)
    given = casts(format)
    for (cast, bits), table in zip(given, by_breakpoints(name, format, given), strict=True):
        result = getattr(elementwise, name)(codes[:, None], codes[None, :], cast, bits)
        wrong = np.argwhere(result.codes != table)
        assert wrong.tolist() == [], (cast.rounding, cast.overflow)


@pytest.mark.parametrize("format", FORMATS.values(), ids=FORMATS)
def test_all_roots_are_rounded_once(format: Minifloat) -> None:
    codes = all_codes(format)
    exact = [by_definition("sqrt", [x], False) for x in numbers_of(codes)]
    for cast, bits in casts(format):
        draws = None if bits is None else bits[0]
        result = elementwise.sqrt(codes, cast, draws).codes.tolist()
        random = [0] * 256 if draws is None else draws.tolist()
        assert result == [encode_exact(cast, x, r) for x, r in zip(exact, random, strict=True)]


@pytest.mark.parametrize("name", ["add", "multiply"])
def test_operands_of_two_formats_are_rounded_once(name: str) -> None:
    a, b = all_codes(OFP8_E4M3), all_codes(OFP8_E5M2)
    cast = Cast(format=FNUZ_E4M3, overflow=Overflow.INFINITY_OR_NAN)
    result = getattr(elementwise, name)(a[::3][:, None], b[None, ::5], cast)
    for i, x in enumerate(numbers_of(a[::3])):
        exact = [by_definition(name, [x, y], False) for y in numbers_of(b[::5])]
        assert result.codes[i].tolist() == [encode_exact(cast, z) for z in exact]


@pytest.mark.parametrize("name", ["add", "multiply", "divide"])
def test_8_bits_equal_a_peer(name: str) -> None:
    # ml_dtypes computes in binary32 and rounds again: 2 p + 2 = 10 bits or less are in its 24, so
    # that a sum, product or quotient of two such numbers is rounded as if once (Figueroa 1995).
    ml_dtypes = pytest.importorskip("ml_dtypes")
    codes = np.arange(256, dtype=np.uint8)
    theirs = codes.view(ml_dtypes.float8_e5m2)
    with np.errstate(all="ignore"):
        operation = getattr(np, name)
        wanted = operation(theirs[:, None], theirs[None, :])
    cast = Cast(format=OFP8_E5M2, overflow=Overflow.INFINITY_OR_NAN)
    mine = all_codes(OFP8_E5M2)
    result = getattr(elementwise, name)(mine[:, None], mine[None, :], cast)
    nan = np.isnan(wanted.astype(np.float32))
    assert np.array_equal(np.isnan(result.values()), nan)
    assert np.array_equal(result.codes[~nan], wanted.view(np.uint8)[~nan])
