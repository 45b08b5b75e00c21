"""What random operands hardly ever meet: zeros with signs, rests far below, ties of two roundings.

Each of these was once a fault that every other test let pass.  Expected numbers are those of IEEE
754-2019 or of the definition, and both the compiled sum and the rational one are asked.
"""

from typing import Any

import numpy as np
import pytest

from bitpde.emu import (
    Addend,
    ExactAccumulator,
    FusedAccumulator,
    PintaAccumulator,
    Requantization,
    RequantizationRule,
    SequentialAccumulator,
    Span,
    TreeAccumulator,
    dot,
    dot_exact,
)
from bitpde.formats import (
    FP16,
    FP32,
    FP64,
    OFP8_E5M2,
    SMX_INT8,
    UE4M3,
    Block,
    Cast,
    Coded,
    Overflow,
    Rounding,
)

DOWN, UP, RZ, RNE = (Rounding[name] for name in ("DOWN", "UP", "TOWARD_ZERO", "NEAREST_EVEN"))
ODD = Rounding.TO_ODD


def code_of(unit: Any, products: list[float], c: int | None = None, format: Any = FP32) -> int:
    """Return the code that both ways give the sum of the products."""
    cast = Cast(format=format, overflow=Overflow.INFINITY_OR_NAN)
    a, b = cast.encode(np.array(products)), cast.encode(np.ones(len(products)))
    expected = dot_exact(a, b, unit, c)
    got = dot(a, b, unit, c)
    assert int(got.codes) == expected.code
    assert (bool(got.overflowed), bool(got.invalid)) == (expected.overflowed, expected.invalid)
    return int(got.codes)


@pytest.mark.parametrize("kind", [SequentialAccumulator, TreeAccumulator])
@pytest.mark.parametrize("mode", [RNE, RZ, UP, DOWN])
def test_zero_sums_have_the_sign_of_clause_6_3(kind: Any, mode: Rounding) -> None:
    unit = kind(rounding=mode)
    minus = 0x80000000
    cancelled = minus if mode is DOWN else 0
    assert code_of(unit, [1.5, -1.5]) == cancelled
    assert code_of(unit, [-1.5], 0x3FC00000) == cancelled
    assert code_of(unit, [0.0, -0.0], minus) == cancelled
    # A leaf of a tree is a sum with +0.
    alike = minus if kind is SequentialAccumulator else cancelled
    assert code_of(unit, [-0.0, -0.0], minus) == alike
    assert code_of(unit, [0.0, 0.0], 0) == 0


@pytest.mark.parametrize("kind", [SequentialAccumulator, TreeAccumulator, ExactAccumulator])
@pytest.mark.parametrize("far", [2.0**-60, 2.0**-100])
def test_a_rest_far_below_the_last_bit_decides_a_directed_rounding(kind: Any, far: float) -> None:
    one = 0x3F800000
    codes = [code_of(kind(rounding=mode), [far], one) for mode in (UP, DOWN, ODD, RNE)]
    assert codes == [one + 1, one, one + 1, one]
    codes = [code_of(kind(rounding=mode), [-far], one) for mode in (UP, DOWN, RZ, RNE)]
    assert codes == [one, one - 1, one - 1, one]


def test_infinities_of_both_signs_are_invalid_and_a_nan_is_not() -> None:
    cast = Cast(format=FP16, overflow=Overflow.INFINITY_OR_NAN)
    ones = cast.encode(np.ones(2))
    for unit in (
        SequentialAccumulator(),
        TreeAccumulator(),
        ExactAccumulator(),
        FusedAccumulator(),
    ):
        for numbers, invalid in (([np.inf, -np.inf], True), ([np.nan, np.inf], False)):
            sums = dot(cast.encode(numbers), ones, unit)
            assert np.isnan(sums.values())
            assert bool(sums.invalid) == invalid


def test_only_subnormal_numbers_are_flushed_and_keep_their_sign_in_trees() -> None:
    least = 0x00800000
    fused = FusedAccumulator(flush_inputs=True)
    assert [code_of(fused, [0.0], code) for code in (least, least - 1)] == [least, 0]
    tree = TreeAccumulator(flush_results=True)
    tiny = 2.0**-130
    assert code_of(tree, [-tiny], 0x80000000) == 0x80000000
    assert code_of(tree, [-tiny, -tiny], 0x80000000) == 0x80000000
    assert code_of(tree, [-(2.0**-126)], 0x80000000) == 0x80000000 | least


@pytest.mark.parametrize("signed", [False, True])
def test_a_negative_sum_that_vanishes_has_the_sign_of_the_unit(signed: bool) -> None:
    for rounding in (RZ, RNE):
        unit = FusedAccumulator(rounding=rounding, signed_underflow=signed)
        cast = Cast(format=FP32)
        a, b = cast.encode([-(2.0**-100)]), cast.encode([2.0**-100])
        for sums in (int(dot(a, b, unit).codes), dot_exact(a, b, unit).code):
            assert sums == (0x80000000 if signed else 0)


def test_lanes_take_products_in_turn() -> None:
    # Even and odd products: each lane loses its 2^-5 in a window of 4 bits below 1.
    unit = FusedAccumulator(terms=4, lanes=2, fraction_bits=4, addend=Addend.ROUNDED)
    assert code_of(unit, [1.0, 1.0, 2.0**-5, 2.0**-5]) == 0x40000000


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("rounding", [RNE, RZ, ODD, UP, DOWN])
def test_beyond_the_range_modes_that_round_inward_stop(rounding: Rounding, sign: float) -> None:
    unit = FusedAccumulator(format=FP16, rounding=rounding, overflow_to_infinity=False)
    inward = rounding in (RZ, ODD) or rounding is (DOWN if sign > 0 else UP)
    expected = (0x7BFF if inward else 0x7C00) | (0x8000 if sign < 0 else 0)
    assert code_of(unit, [sign * 65504.0, sign * 65504.0]) == expected


def test_products_of_long_significands_are_whole() -> None:
    # (2^53 - 1)^2 = 2^106 - 2^54 + 1, of which 2^106 - 2^54 is taken away.
    cast = Cast(format=FP64)
    a = cast.encode([2.0**53 - 1, -(2.0**53), 2.0**53])
    b = cast.encode([2.0**53 - 1, 2.0**53, 2.0])
    unit = ExactAccumulator(format=FP64)
    assert dot(a, b, unit).values() == dot_exact(a, b, unit).value == 1


def test_a_pinta_register_of_zero_keeps_its_exponent() -> None:
    # The first tile is zero with the scale 1; what comes 2^-12 below is floored at 2^-8.
    codes = np.zeros((4, 8), np.int8)
    codes[0, 4] = 3
    scales = np.array([[127, 115]], np.uint8)
    a = Coded(format=SMX_INT8, codes=codes, scales=scales)
    ones = np.ones((8, 4), np.int8)
    b = Coded(format=SMX_INT8, codes=ones, scales=np.full((2, 1), 127, np.uint8))
    sums = dot(a, b, PintaAccumulator())
    assert sums.exponents is not None
    assert int(sums.exponents[0, 0]) == 2 * SMX_INT8.element.lsb_min - 8
    assert int(sums.codes[0, 0]) == 0


def test_an_infinity_under_a_scale_of_zero_is_nan_and_invalid() -> None:
    format = Block(element=OFP8_E5M2, scale=UE4M3, tile=(1, 2))
    a = Coded(
        format=format, codes=np.array([[0x7C, 0x3C]], np.uint8), scales=np.array([[0]], np.uint8)
    )
    b = Cast(format=FP16).encode(np.ones((2, 1)))
    sums = dot(a, b, FusedAccumulator())
    assert np.isnan(sums.values()).all()
    assert sums.invalid.all()


def test_three_of_the_largest_need_two_more_bits() -> None:
    assert [Span(0, 7).summed(count).top - 7 for count in (1, 2, 3, 4, 5)] == [0, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("acc", "value", "rounded"),
    [(1572730594, "0x1.3f83dep-25", 59), (473712304, "0x1.cc2176p-23", 102)],
)
def test_the_float_rule_rounds_the_accumulator_first(acc: int, value: str, rounded: int) -> None:
    # The exact product rounds to 58.5, or 101.5, in float32, and from there to even.
    multiplier = float.fromhex(value)
    assert np.rint(np.float32(acc * multiplier)) == rounded - 1
    machine = Requantization(multipliers=(multiplier,), rule=RequantizationRule.FLOAT)
    assert machine.apply([acc]).tolist() == [rounded]
