"""Registers of up to 62 bits become codes by the formulas of both rules, at every edge."""

from fractions import Fraction
from itertools import product
from math import floor

import numpy as np
import pytest

from bitpde.emu import (
    DatapathError,
    Limits,
    Requantization,
    RequantizationRule,
    Scaling,
    add_terms,
    function_codes,
    interpolate,
    look_up,
    quantize_multiplier,
    rescale,
    rounded_quotient,
    wide_multiplier,
)
from bitpde.formats import Fixed, Overflow

DOUBLE, SINGLE = RequantizationRule.DOUBLE, RequantizationRule.SINGLE
HALF = Fraction(1, 2)
NO_LIMITS = Limits(0, -(2**30), 2**30)
EDGES_32 = sorted({s * (2**k + d) for k in range(31) for d in (-1, 0, 1) for s in (-1, 1)})
EDGES_62 = sorted({s * (2**k + d) for k in range(31, 61, 3) for d in (-1, 0, 1) for s in (-1, 1)})
MULTIPLIERS = (2**30, 2**30 + 1, 3 * 2**29, 2**31 - 1)


def definition(a: int, multiplier: int, shift: int, rule: RequantizationRule) -> int:
    """Return the rounded product, by rational arithmetic."""
    if rule is SINGLE:
        exact = floor(a * multiplier * Fraction(2) ** (shift - 31) + HALF)
    else:
        high = floor(Fraction((a << max(shift, 0)) * multiplier, 2**31) + HALF)
        part = Fraction(abs(high)) / 2 ** max(-shift, 0)
        exact = floor(part + HALF) * (-1 if high < 0 else 1)
    return max(-(2**30), min(2**30, exact))


def scaling(offset: int, multiplier: int, shift: int) -> Scaling:
    return Scaling(*(np.array([each], np.int64) for each in (offset, multiplier, shift)))


@pytest.mark.parametrize("rule", [DOUBLE, SINGLE])
@pytest.mark.parametrize("bits", [32, 64])
def test_registers_at_edges_are_the_formula(rule: RequantizationRule, bits: int) -> None:
    edges = EDGES_32 if bits == 32 else EDGES_32[::5] + EDGES_62
    acc = np.array(edges, np.int64)
    shifts = [*range(-62, 31, 1 if bits == 64 else 3), -31, -30, -1, 0, 1]
    for multiplier, shift in product(MULTIPLIERS, shifts):
        found = rescale(acc, scaling(0, multiplier, shift), NO_LIMITS, rule, np.int64, bits=bits)
        wanted = [definition(a, multiplier, shift, rule) for a in edges]
        assert found.tolist() == wanted, (multiplier, shift)


@pytest.mark.parametrize("rule", [DOUBLE, SINGLE])
def test_in_32_bits_they_are_those_of_the_unit(rule: RequantizationRule) -> None:
    acc = np.array(EDGES_32, np.int32)
    for real in (0.3, 2.0**-7, 1.9e-4, 0.99999):
        unit = Requantization(
            multipliers=(real,), rule=rule, output=Fixed(bits=16), zero_point=5,
            overflow=Overflow.SATURATE,
        )  # fmt: skip
        limits = Limits(5, -(2**15), 2**15 - 1)
        assert wide_multiplier(real) == quantize_multiplier(real)
        found = rescale(acc, scaling(0, *wide_multiplier(real)), limits, rule, np.int16, bits=32)
        assert np.array_equal(found, unit.apply(acc))


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_channels_have_their_own_scalings(axis: int, dtype: type) -> None:
    rng = np.random.default_rng(axis)
    acc = rng.integers(-(2**23), 2**23, (3, 4, 5)).astype(dtype)
    count = acc.shape[axis]
    parts = Scaling(
        rng.integers(-99, 99, count), rng.integers(2**30, 2**31, count), -rng.integers(0, 9, count)
    )
    limits = Limits(7, -100, 120)
    for rule, bits in product((DOUBLE, SINGLE), (32, 64)):
        found = rescale(acc, parts, limits, rule, np.int16, left=3, bits=bits, axis=axis)
        for index in np.ndindex(acc.shape):
            offset, multiplier, shift = (int(part[index[axis]]) for part in parts)
            code = 7 + definition(8 * int(acc[index]) + offset, multiplier, shift, rule)
            assert found[index] == max(-100, min(120, code))


def test_two_terms_are_added_before_they_are_rounded() -> None:
    a, b = np.meshgrid(np.arange(-40, 40), np.arange(-5, 5))
    limits = Limits(2, -6, 7)
    for guard in (1, 3):
        total = [Fraction(int(n), 2**guard) for n in (a + b).ravel()]
        ups = [floor(t + HALF) for t in total]
        aways = [floor(abs(t) + HALF) * (-1 if t < 0 else 1) for t in total]
        for rule, rounded in ((SINGLE, ups), (DOUBLE, aways)):
            found = add_terms(a, b, guard, limits, rule, np.int8).ravel().tolist()
            assert found == [max(-6, min(7, 2 + each)) for each in rounded]


def test_lines_between_entries_are_rounded_once() -> None:
    table = np.array([-700, 300, 5000, 4096], np.int32)
    codes = np.arange(-12, 12)
    found = interpolate(codes, -12, 3, table, Limits(1, -2, 18), np.int8).tolist()
    wanted = []
    for o in range(24):
        k, rest = divmod(o, 8)
        line = table[k].item() + Fraction((table[k + 1] - table[k]).item() * rest, 8)
        wanted.append(max(-2, min(18, 1 + floor(line / 256 + HALF))))
    assert found == wanted


def test_tables_begin_where_they_say() -> None:
    table = np.array([9, 8, 7, 6], np.uint8)
    assert look_up(np.array([[-3, 0], [-1, -2]]), -3, table).tolist() == [[9, 6], [7, 8]]


@pytest.mark.parametrize("name", ["gelu", "tanh", "sigmoid", "exp"])
def test_functions_of_integers_are_rounded_once(name: str) -> None:
    import mpmath

    functions = {
        "gelu": lambda x: x * mpmath.ncdf(x),
        "tanh": mpmath.tanh,
        "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
        "exp": mpmath.exp,
    }
    codes = np.array([*range(-130, 131, 7), -1000, -1, 0, 1, 500])
    step, unit = 2.0**-6, float(np.float32(0.0137))
    found = function_codes(name, codes, step, unit).tolist()
    with mpmath.workprec(200):
        for code, made in zip(codes.tolist(), found, strict=True):
            exact = functions[name](mpmath.mpf(code) * step) / unit
            assert abs(exact - made) <= 0.5
    assert found == [
        rounded_quotient(name, c * Fraction(step), Fraction(unit)) for c in codes.tolist()
    ]


def test_what_has_no_meaning_is_refused() -> None:
    acc = np.arange(6).reshape(2, 3)
    with pytest.raises(DatapathError, match="choose"):
        rescale(acc, scaling(0, 2**30, 0), NO_LIMITS, RequantizationRule.FLOAT, np.int32)
    two = Scaling(*(np.array([1, 1]) for _ in range(3)))
    with pytest.raises(DatapathError, match="give 2 channels"):
        rescale(acc, two, NO_LIMITS, SINGLE, np.int32)
    with pytest.raises(DatapathError, match="keep operands away"):
        function_codes("log", np.array([0]), 1.0, 1.0)
    assert rescale(np.zeros((0, 3)), scaling(0, 2**30, 0), NO_LIMITS, SINGLE, np.int8).shape == (
        0,
        3,
    )
