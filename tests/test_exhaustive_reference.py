"""The breakpoints that every float32 is held to are those of the definitions, found otherwise.

Here a value is chosen out of the list of all values: the nearest, the largest not above, the odd
one of two neighbours.  The values come from `decode`, not from the reference's own reading.
"""

from bisect import bisect_left
from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import ceil, floor, inf, isnan
from typing import Any

import numpy as np
import pytest

from bitpde.formats import (
    INT4,
    INT8,
    OCP_E2M1,
    OFP8_E4M3,
    SMX_INT8,
    Block,
    Cast,
    Fixed,
    FormatError,
    Minifloat,
    Overflow,
    Rounding,
)
from bitpde.validation.breakpoints import INFINITY, PATTERNS, REFUSED, WRAPPED, Staircase, staircase
from bitpde.validation.lattice import side_of
from bitpde.validation.targets import lawful_casts, targets
from bitpde.validation.wrapping import wrapped_codes

TARGETS = targets()
DETERMINISTIC = [m for m in Rounding if not m.is_stochastic]
MODES = [
    *(f"nearest_{tie}" for tie in ("even", "away", "zero", "up", "down", "odd")),
    *("toward_zero", "away_from_zero", "down", "up", "to_odd"),
]
FINE = Fixed(bits=5, fraction_bits=3)
#: Patterns at a zero, at an infinity, in the range of INT8 and where it ends.
EDGES = [
    *(0, 0x3EFFFF00, 0x42FDFF00, 0x42FFFF00, 0x437FFF80, 0x7F7FFF80),
    *(2**31 - 256, 2**31, 0xC2FFFF80, 0xC3007F00, PATTERNS - 512),
]
SATURATING = [
    Cast(format=format, rounding=mode)
    for format in (OCP_E2M1, INT4, FINE)
    for mode in DETERMINISTIC
]


def patterns(values: Any) -> Any:
    return np.asarray(values, np.float32).view(np.uint32)


@cache
def numbers_of(format: Fixed | Minifloat) -> list[Fraction]:
    """Return all finite values of a format in increasing order, one zero."""
    decoded = [format.decode(code) for code in format.codes()]
    return sorted({Fraction(v) for v in decoded if abs(v) < inf})


def by_definition(cast: Cast, x: Fraction) -> Fraction:
    """Return the value that ``x`` becomes, chosen from the list of all values."""
    numbers = numbers_of(cast.element)
    x = min(max(x, numbers[0]), numbers[-1])
    above = bisect_left(numbers, x)
    if numbers[above] == x:
        return x
    low, high = numbers[above - 1], numbers[above]
    near, far = sorted((low, high), key=abs)
    # Numbered outward from zero, values alternate between even and odd.
    odd, even = (low, high) if (above - 1 - numbers.index(Fraction(0))) % 2 else (high, low)
    ties = {
        "nearest_even": even, "nearest_odd": odd, "nearest_away": far, "nearest_zero": near,
        "nearest_up": high, "nearest_down": low,
    }  # fmt: skip
    directed = {
        "toward_zero": near, "away_from_zero": far, "down": low, "up": high, "to_odd": odd,
    }  # fmt: skip
    mode = cast.rounding.value
    if mode in directed:
        return directed[mode]
    return min((low, high), key=lambda v: (abs(v - x), v != ties[mode]))


@pytest.mark.parametrize("cast", SATURATING, ids=str)
def test_the_staircase_goes_to_the_value_that_the_definition_picks(cast: Cast) -> None:
    # Eighths of an lsb within the range are each their own case; beyond it both ends saturate.
    # What a value beyond the largest one rounds to is the same clamp for every rounding.
    lsb = cast.element.lsb
    grid = np.arange(-96, 97) * float(lsb / 8)
    points = np.concatenate([grid, np.nextafter(grid.astype(np.float32), np.float32(inf)), [1e30]])
    codes = staircase(cast).at(patterns(points))
    for x, code in zip(points.astype(np.float32).tolist(), codes.tolist(), strict=True):
        assert Fraction(cast.element.decode(code)) == by_definition(cast, Fraction(x)), x


@pytest.mark.parametrize("name", TARGETS)
def test_the_values_read_off_the_fields_are_the_decoded_ones(name: str) -> None:
    format = TARGETS[name]
    sides = [side_of(format, negative=negative) for negative in (False, True)]
    known: dict[int, Fraction | float] = {}
    for side in sides:
        sign = -1 if side.negative else 1
        for code, magnitude in zip(side.codes, side.magnitudes[:-1], strict=True):
            known[code] = sign * magnitude
        assert list(side.magnitudes) == sorted(set(side.magnitudes))
        if side.infinity is not None:
            known[side.infinity] = sign * inf
    for code in format.codes():
        decoded = format.decode(code)
        if isnan(decoded):
            assert code not in known
        else:
            assert known.pop(code) == decoded
    assert known == {}
    nan = sides[0].nan
    assert nan == sides[1].nan == (None if isinstance(format, Fixed) else format.nan_code)


@pytest.mark.parametrize("name", TARGETS)
def test_larger_inputs_get_larger_values_and_every_code_is_reached(name: str) -> None:
    format = TARGETS[name]
    for mode in DETERMINISTIC:
        stairs = staircase(Cast(format=format, rounding=mode))
        assert stairs.starts[0] == 0
        assert (np.diff(stairs.starts) > 0).all()
        finite = stairs.starts % 2**31 < INFINITY
        reached = stairs.outcomes[finite]
        values = [format.decode(int(code)) for code in reached]
        signs = stairs.starts[finite] < 2**31
        positive = [v for v, s in zip(values, signs, strict=True) if s]
        negative = [v for v, s in zip(values, signs, strict=True) if not s]
        assert all(a < b for a, b in pairwise(positive))
        assert all(a > b for a, b in pairwise(negative))
        assert len(set(reached)) == sum(abs(format.decode(c)) < inf for c in format.codes())


def test_policies_beyond_the_largest_value_are_what_their_lines_say() -> None:
    # 464 is the tie of OFP8 E4M3 between 448 and 480, the value that would come next.
    x = patterns([464.0, np.nextafter(np.float32(464), np.float32(inf)), 480.0, inf, np.nan, -inf])
    expected = {
        Overflow.SATURATE: [0x7E, 0x7E, 0x7E, 0x7E, 0x7F, 0xFE],
        Overflow.INFINITY_OR_NAN: [0x7E, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F],
        Overflow.RAISE: [0x7E, REFUSED, REFUSED, REFUSED, 0x7F, REFUSED],
    }
    for overflow, codes in expected.items():
        assert staircase(Cast(format=OFP8_E4M3, overflow=overflow)).at(x).tolist() == codes
    inward = Cast(
        format=OFP8_E4M3, overflow=Overflow.INFINITY_OR_NAN, rounding=Rounding.TOWARD_ZERO
    )
    assert staircase(inward).at(x).tolist() == [0x7E, 0x7E, 0x7E, 0x7F, 0x7F, 0x7F]
    y = patterns([127.4, 127.5, -127.5, -128.5, -128.6, -0.0, np.nan, inf])
    for overflow, codes in {
        Overflow.SATURATE: [127, 127, -128, -128, -128, 0, REFUSED, REFUSED],
        Overflow.SATURATE_SYMMETRIC: [127, 127, -127, -127, -127, 0, REFUSED, REFUSED],
        Overflow.WRAP: [127, -128, -128, -128, 127, 0, REFUSED, REFUSED],
        Overflow.RAISE: [127, REFUSED, -128, -128, REFUSED, 0, REFUSED, REFUSED],
    }.items():
        assert staircase(Cast(format=INT8, overflow=overflow)).at(y).tolist() == codes


def rounded(q: Fraction, mode: str) -> int:
    """Return the integer that a rounding picks, by its definition among the two neighbours."""
    low, high = floor(q), ceil(q)
    near, far = sorted((low, high), key=abs)
    odd, even = (low, high) if low % 2 else (high, low)
    directed = {
        "toward_zero": near, "away_from_zero": far, "down": low, "up": high, "to_odd": odd,
    }  # fmt: skip
    ties = {
        "nearest_even": even, "nearest_odd": odd, "nearest_away": far, "nearest_zero": near,
        "nearest_up": high, "nearest_down": low,
    }  # fmt: skip
    if low == high or mode in directed:
        return low if low == high else directed[mode]
    return min((low, high), key=lambda n: (abs(n - q), n != ties[mode]))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("width", "signed"), [(4, True), (8, True), (8, False), (16, False)])
def test_wrapping_keeps_the_low_bits_of_the_rational_rounding(
    mode: str, width: int, signed: bool
) -> None:
    rng = np.random.default_rng(0)
    near = rng.uniform(-600, 600, 200)
    ties = rng.integers(-(2**20), 2**20, 200) + 0.5
    large = rng.uniform(1, 2, 100) * 2.0 ** rng.integers(10, 100, 100)
    x = np.concatenate([near, ties, large, -large, [0.0, -0.0, 1e-40, -1e-45]]).astype(np.float32)
    lowest = -(2 ** (width - 1)) if signed else 0
    for places in (0, 6, -3):
        codes = wrapped_codes(
            patterns(x), width=width, fraction_bits=places, signed=signed, mode=mode
        )
        for number, code in zip(x.tolist(), codes.tolist(), strict=True):
            assert (rounded(Fraction(number) * Fraction(2) ** places, mode) - code) % 2**width == 0
            assert lowest <= code < lowest + 2**width


@pytest.mark.parametrize("overflow", [Overflow.RAISE, Overflow.WRAP, Overflow.SATURATE])
def test_the_walk_and_the_lookup_read_the_same_staircase(overflow: Overflow) -> None:
    for mode in DETERMINISTIC:
        stairs = staircase(Cast(format=INT8, rounding=mode, overflow=overflow))
        for start in EDGES:
            bits = (np.arange(512) + start).astype(np.uint32)
            runs = list(stairs.stretches(start, start + 512))
            assert all(len({p.outcome == REFUSED for p in run}) == 1 for run in runs)
            pieces = [piece for run in runs for piece in run]
            assert [p.start for p in pieces] == [start, *(p.stop for p in pieces[:-1])]
            assert pieces[-1].stop == start + 512
            read = [
                stairs.wrapped(bits[p.start - start : p.stop - start], consecutive=True)
                if p.outcome == WRAPPED
                else np.full(p.stop - p.start, p.outcome)
                for p in pieces
            ]
            assert np.concatenate(read).tolist() == stairs.at(bits).tolist()


@pytest.mark.parametrize("overflow", [Overflow.WRAP, Overflow.SATURATE])
def test_a_spot_check_looks_at_every_step_and_at_both_ends(overflow: Overflow) -> None:
    near = staircase(Cast(format=INT4, overflow=overflow)).neighbourhoods(2)
    steps = [k + 0.5 for k in range(-9, 8)]
    assert np.isin(patterns([*steps, -0.0, inf, -inf]), near).all()


def test_what_has_no_staircase_is_refused() -> None:
    stochastic = Cast(format=INT8, rounding=Rounding.STOCHASTIC, random_bits=3)
    for cast in (stochastic, Cast(format=SMX_INT8)):
        with pytest.raises(FormatError, match="has no staircase"):
            staircase(cast)
    with pytest.raises(FormatError, match="at most 16"):
        staircase(Cast(format=Fixed(bits=17)))
    wrong = staircase(Cast(format=INT4, overflow=Overflow.WRAP))
    other = Staircase(cast=Cast(format=OFP8_E4M3), starts=wrong.starts, outcomes=wrong.outcomes)
    with pytest.raises(FormatError, match="does not wrap"):
        other.at(patterns([3.0]))


def test_every_scalar_of_the_catalogue_up_to_8_bits_is_a_target() -> None:
    from bitpde.formats import CATALOGUE

    small = {n for n, f in CATALOGUE.items() if not isinstance(f, Block) and f.bits <= 8}
    assert small <= set(TARGETS)
    assert all(isinstance(f, Fixed | Minifloat) and f.bits <= 8 for f in TARGETS.values())
    for format in TARGETS.values():
        casts = list(lawful_casts(format))
        assert {cast.rounding for cast in casts} == set(DETERMINISTIC)
        assert len(set(casts)) == len(casts)
