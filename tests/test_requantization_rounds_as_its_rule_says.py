"""Each rule of requantization is the public implementation it names, and keeps its error bound."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bitpde.emu import (
    DatapathError,
    Requantization,
    RequantizationRule,
    divide_by_power_of_two,
    doubling_high_multiply,
    quantize_multiplier,
)
from bitpde.formats import (
    INT8,
    INT16,
    UINT8,
    Fixed,
    Overflow,
    spec_from_json,
    spec_to_json,
)

DOUBLE, SINGLE = RequantizationRule.DOUBLE, RequantizationRule.SINGLE
REDUCED, FLOAT = RequantizationRule.REDUCED, RequantizationRule.FLOAT
EXACT = RequantizationRule.EXACT
LOW, HIGH = -(2**31), 2**31 - 1
#: An output that shows the whole register.
WHOLE = Fixed(bits=32)


def around(*centres: int) -> list[int]:
    return [centre + step for centre in centres for step in (-2, -1, 0, 1, 2)]


#: Accumulators and multipliers of 32 bits at whose ends, ties and carries something can go wrong.
_POWERS = [sign * 2**k for k in (3, 15, 16, 24, 29, 30, 31) for sign in (1, -1)]
EDGES = sorted({x for x in around(0, *_POWERS) if LOW <= x <= HIGH})
MULTIPLIERS = [
    *(2**30 + step for step in (0, 1, 2, 2**15 - 1, 2**15, 2**15 + 1, 2**29)),
    *(2**31 - step for step in (1, 2, 3, 2**15, 2**15 + 1, 2**16 - 1, 2**16, 2**16 + 1, 2**28)),
    *(1518500250, 0x55555555, 0x7FFF0000, 0x7FFEFFFF, 0x7FFE8000, 0x7FFE7FFF),
]
SHIFTS = range(-31, 31)


def wrapped(x: int) -> int:
    return (x + 2**31) % 2**32 - 2**31


def truncated_quotient(a: int, b: int) -> int:
    """Return a / b as C does."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def high_multiply(a: int, b: int) -> int:
    """SaturatingRoundingDoublingHighMul of gemmlowp's fixedpoint.h, in Python integers."""
    if a == b == LOW:
        return HIGH
    nudge = 2**30 if a * b >= 0 else 1 - 2**30
    return truncated_quotient(a * b + nudge, 2**31)


def divide(x: int, exponent: int) -> int:
    """RoundingDivideByPOT of gemmlowp's fixedpoint.h: remainder and threshold."""
    mask = 2**exponent - 1
    return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0))


def half_up(x: Fraction) -> int:
    return math.floor(x + Fraction(1, 2))


def scaled(rule: RequantizationRule, acc: int, multiplier: int, shift: int) -> int:
    """Return what the sources compute, wrapping where a C int32 does on two's complement machines.

    TensorFlow Lite's MultiplyByQuantizedMultiplier (kernels/internal/common.cc): both overloads.
    """
    if rule is DOUBLE:
        left = wrapped(acc * 2 ** max(shift, 0))
        return divide(high_multiply(left, multiplier), max(-shift, 0))
    if rule is SINGLE:
        return wrapped((acc * multiplier + 2 ** (30 - shift)) >> (31 - shift))
    reduced = (multiplier + 2**15) >> 16 if multiplier < 0x7FFF0000 else 0x7FFF
    return wrapped((acc * reduced + 2 ** (14 - shift)) >> (15 - shift))


def real(multiplier: int, shift: int) -> float:
    """Return the real multiplier that is coded so, exactly."""
    return math.ldexp(multiplier, shift - 31)


REALS = st.one_of(
    st.builds(real, st.integers(2**30, 2**31 - 1), st.sampled_from(SHIFTS)),
    st.floats(2.0**-32, 127.0),
    st.sampled_from([0.25, 0.5, 1.0, 2.0**-31]),
)
ACCUMULATORS = st.one_of(st.integers(LOW, HIGH), st.sampled_from(EDGES), st.integers(-300, 300))
RULES = st.sampled_from(RequantizationRule)


def test_the_two_steps_are_gemmlowps_on_all_pairs_of_edges() -> None:
    a, b = np.meshgrid(EDGES, [*EDGES, *MULTIPLIERS], indexing="ij")
    expected = [high_multiply(x, y) for x, y in zip(a.flat, b.flat, strict=True)]
    assert doubling_high_multiply(a, b).reshape(-1).tolist() == expected
    x, exponent = np.meshgrid(EDGES, range(32), indexing="ij")
    expected = [divide(v, n) for v, n in zip(x.flat, exponent.flat, strict=True)]
    assert divide_by_power_of_two(x, exponent).reshape(-1).tolist() == expected


@given(a=st.integers(LOW, HIGH), b=st.integers(LOW, HIGH), exponent=st.integers(0, 31))
@example(a=LOW, b=LOW, exponent=0)
def test_the_high_multiply_ties_up_and_the_division_away(a: int, b: int, exponent: int) -> None:
    assert high_multiply(a, b) == doubling_high_multiply(a, b)
    assert doubling_high_multiply(a, b) == min(half_up(Fraction(a * b, 2**31)), HIGH)
    quotient = Fraction(a, 2**exponent)
    away = math.copysign(1, a) * half_up(abs(quotient))
    assert divide(a, exponent) == divide_by_power_of_two(a, exponent) == away


@given(value=st.floats(2.0**-33, 2.0**29))
@example(value=1 - 2.0**-33)  # 2^31 after rounding: carried
@example(value=2.0**-32 * (1 - 2.0**-53))  # shift -32, saved by the carry
@example(value=2.0**-32 * (1 - 2.0**-31))  # shift -32: zero
def test_a_multiplier_is_rounded_once_to_31_bits(value: float) -> None:
    # As the source does it: std::frexp, std::round of a product that is exact, carry, flush.
    fraction, exponent = math.frexp(value)
    q = half_up(Fraction(fraction * 2.0**31))
    q, exponent = (q, exponent) if q < 2**31 else (2**30, exponent + 1)
    multiplier, shift = quantize_multiplier(value)
    assert (multiplier, shift) == ((q, exponent) if exponent >= -31 else (0, 0))
    if multiplier == 0:
        assert value < 2.0**-32
    else:
        assert 2**30 <= multiplier < 2**31
        coded = Fraction(multiplier) * Fraction(2) ** (shift - 31)
        assert abs(coded - Fraction(value)) <= Fraction(value) / 2**31


def test_every_coded_multiplier_is_its_own_code() -> None:
    for shift in SHIFTS:
        for multiplier in MULTIPLIERS:
            assert quantize_multiplier(real(multiplier, shift)) == (multiplier, shift)


@pytest.mark.parametrize("rule", [DOUBLE, SINGLE, REDUCED])
def test_every_edge_with_every_multiplier_and_shift_agrees(
    rule: RequantizationRule,
) -> None:
    codes = [
        (multiplier, shift)
        for multiplier in MULTIPLIERS
        for shift in SHIFTS
        if rule is not REDUCED or shift < 8
    ]
    accumulators = EDGES
    if rule is REDUCED:
        accumulators = [*EDGES, *around(2**40), *(s * (2**47 - 1) for s in (1, -1)), -(2**47)]
    machine = Requantization(
        multipliers=tuple(real(*code) for code in codes),
        rule=rule,
        output=WHOLE,
        overflow=Overflow.WRAP,
    )
    acc = np.repeat(np.array(accumulators, np.int64)[:, None], len(codes), 1)
    expected = [[scaled(rule, x, *code) for code in codes] for x in accumulators]
    assert machine.apply(acc).tolist() == expected


def register_free(rule: RequantizationRule, acc: int, value: float) -> int | None:
    """Return the scaled accumulator, or None where 32 bits overflow on the way."""
    multiplier, shift = quantize_multiplier(value)
    if rule is DOUBLE and not LOW <= acc * 2 ** max(shift, 0) <= HIGH:
        return None
    product = Fraction(acc * multiplier) * Fraction(2) ** (shift - 31)
    return None if abs(product) > 2**30 else scaled(rule, acc, multiplier, shift)


@given(
    rule=st.sampled_from([DOUBLE, SINGLE, REDUCED]),
    value=REALS,
    acc=ACCUMULATORS,
    output=st.sampled_from([INT8, UINT8, INT16, WHOLE, Fixed(bits=4)]),
    data=st.data(),
)
def test_zero_point_and_clamp_follow(
    rule: RequantizationRule, value: float, acc: int, output: Fixed, data: st.DataObject
) -> None:
    if rule is REDUCED and quantize_multiplier(value)[1] > 7:
        return
    codes = output.codes()
    small = st.integers(max(codes[0], -(2**20)), min(codes[-1], 2**20))
    zero = data.draw(small)
    lowest, highest = sorted(data.draw(st.tuples(small, small)))
    result = register_free(rule, acc, value)
    machine = Requantization(
        multipliers=(value,), rule=rule, output=output, zero_point=zero,
        lowest=lowest, highest=highest,
    )  # fmt: skip
    if result is None:
        return
    code = machine.apply(np.array([acc]))
    assert code.dtype == output.code_dtype
    assert code[0] == min(max(result + zero, lowest), highest)


@given(rule=RULES, value=st.floats(2.0**-40, 100.0), acc=ACCUMULATORS)
def test_each_rule_keeps_its_error_bound(rule: RequantizationRule, value: float, acc: int) -> None:
    multiplier, shift = quantize_multiplier(value)
    coded = Fraction(multiplier) * Fraction(2) ** (shift - 31)
    if abs(value * acc) >= 2**30 or (rule is DOUBLE and abs(acc) << max(shift, 0) > HIGH):
        return
    result = int(Requantization(multipliers=(value,), rule=rule, output=WHOLE).apply(acc))
    if rule is EXACT:
        assert result == round(Fraction(value) * acc)
    elif rule is SINGLE:
        assert result == half_up(coded * acc)
    elif rule is DOUBLE:
        slack = Fraction(2) ** (shift - 1) if shift < 0 else 0
        assert abs(result - coded * acc) <= Fraction(1, 2) + slack
    elif rule is REDUCED:
        # 15 bits of multiplier: half a unit off, or nearly one at 0x7FFF, which saturates.
        unit = Fraction(2) ** (shift - 15)
        most = Fraction(1, 2) if multiplier < 0x7FFF0000 else 1
        assert abs(result - coded * acc) <= Fraction(1, 2) + most * unit * abs(acc)
    else:
        exact = Fraction(value) * acc
        u = Fraction(1, 2**24)
        assert abs(result - exact) <= Fraction(1, 2) + abs(exact) * ((1 + u) ** 3 - 1)


def test_the_rules_differ() -> None:
    def apply(rule: RequantizationRule, value: float, acc: int) -> int:
        return int(Requantization(multipliers=(value,), rule=rule, output=WHOLE).apply(acc))

    # Double rounding: 1/4 -> 1/2 in the high half, up to 1, whose half goes away from zero to 1.
    assert [apply(rule, 0.25, 1) for rule in (DOUBLE, SINGLE, EXACT, FLOAT)] == [1, 0, 0, 0]
    # A tie: -1/2 goes up (SINGLE), away through -1 (DOUBLE), to even (EXACT, FLOAT).
    assert [apply(rule, 0.25, -2) for rule in (DOUBLE, SINGLE, EXACT, FLOAT)] == [-1, 0, 0, 0]
    assert [apply(rule, 0.5, 1) for rule in (DOUBLE, SINGLE, EXACT, FLOAT)] == [1, 1, 0, 0]
    # An accumulator of 25 bits is no float32.
    assert [apply(rule, 1.0, 2**24 + 1) for rule in (SINGLE, EXACT, FLOAT)] == [
        *(2**24 + 1, 2**24 + 1, 2**24)
    ]
    # A multiplier of 15 bits: 2^-1 + 2^-17 is rounded to 2^-1.
    assert [apply(rule, 0.5 + 2.0**-17, 2**18) for rule in (SINGLE, REDUCED)] == [131074, 131072]


@given(rule=RULES, value=REALS, a=ACCUMULATORS, b=ACCUMULATORS)
def test_every_rule_is_monotone(rule: RequantizationRule, value: float, a: int, b: int) -> None:
    if rule is REDUCED and quantize_multiplier(value)[1] > 7:
        return
    machine = Requantization(
        multipliers=(value,), rule=rule, output=WHOLE, zero_point=3, overflow=Overflow.SATURATE
    )
    first, second = machine.apply(sorted([a, b])).tolist()
    assert first <= second


@given(
    value=st.one_of(st.floats(2.0**-126, 2.0**29), st.floats(2.0**-5, 1.0)),
    acc=st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(LOW, HIGH)),
)
def test_float_is_three_operations_of_float32(value: float, acc: int) -> None:
    machine = Requantization(multipliers=(value,), rule=FLOAT, output=WHOLE)
    product = np.float32(acc) * np.float32(value)
    nearest = round(Fraction(float(product)))  # ties to even
    assert machine.apply(acc) == min(max(nearest, LOW), HIGH)


@given(value=REALS, acc=st.integers(-(2**63), 2**63 - 1))
def test_exact_is_one_rounding_of_any_accumulator(value: float, acc: int) -> None:
    machine = Requantization(multipliers=(value,), rule=EXACT, output=INT16, zero_point=-7)
    expected = min(max(round(Fraction(value) * acc) - 7, -(2**15)), 2**15 - 1)
    assert machine.apply([acc]).tolist() == [expected]


@pytest.mark.parametrize("rule", RequantizationRule)
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_a_channel_is_a_tensor_of_its_own(rule: RequantizationRule, axis: int) -> None:
    acc = np.random.default_rng(2).integers(-(2**20), 2**20, (3, 3, 3))
    values = (0.0003, 2.0**-12, 0.017)
    whole = Requantization(multipliers=values, rule=rule, output=INT16, axis=axis).apply(acc)
    for place, value in enumerate(values):
        alone = Requantization(multipliers=(value,), rule=rule, output=INT16)
        part = alone.apply(np.moveaxis(acc, axis, 0)[place])
        assert np.array_equal(np.moveaxis(whole, axis, 0)[place], part)


def test_a_register_that_is_exceeded_wraps_saturates_or_is_an_error() -> None:
    def apply(overflow: Overflow, rule: RequantizationRule, value: float, acc: int) -> int:
        machine = Requantization(
            multipliers=(value,), rule=rule, output=WHOLE, zero_point=5, overflow=overflow
        )
        return int(machine.apply(acc))

    # 2^29 to the left by 3, times 1/2: 2^32 is 0 or HIGH; the half of HIGH is 2^30 - 1/2, up.
    assert apply(Overflow.WRAP, DOUBLE, 4.0, 2**29) == 5
    assert apply(Overflow.SATURATE, DOUBLE, 4.0, 2**29) == 2**30 + 5
    assert apply(Overflow.WRAP, SINGLE, 4.0, 2**29) == LOW + 5
    assert apply(Overflow.SATURATE, SINGLE, 4.0, 2**29) == HIGH
    assert apply(Overflow.WRAP, SINGLE, 1.0, HIGH) == LOW + 4
    assert apply(Overflow.SATURATE, SINGLE, 1.0, HIGH) == HIGH
    for rule, value, acc, what in [
        (DOUBLE, 4.0, 2**29, "an accumulator shifted left is 4294967296"),
        (SINGLE, 4.0, 2**29, "a product is 2147483648"),
        (REDUCED, 1.0, 2**40, "a product is 1099511627776"),
        (SINGLE, 1.0, HIGH, "a sum is 2147483652"),
    ]:
        with pytest.raises(DatapathError, match=what):
            apply(Overflow.RAISE, rule, value, acc)


def test_a_multiplier_too_small_for_its_shift_makes_everything_zero() -> None:
    for rule in (DOUBLE, SINGLE, REDUCED):
        machine = Requantization(multipliers=(2.0**-34,), rule=rule, zero_point=-3)
        assert machine.fixed_point == ((0, 0),)
        assert machine.apply([HIGH, LOW, 0]).tolist() == [-3, -3, -3]


@pytest.mark.parametrize("rule", RequantizationRule)
def test_shapes_are_kept_and_empty_is_empty(rule: RequantizationRule) -> None:
    machine = Requantization(multipliers=(0.5,), rule=rule)
    for shape in [(), (0,), (0, 3), (2, 1, 3)]:
        codes = machine.apply(np.zeros(shape, np.int32))
        assert (codes.shape, codes.dtype) == (shape, np.int8)
    assert machine.apply(np.array([[7, 9]], np.uint64)).shape == (1, 2)


def test_a_spec_is_plain_data() -> None:
    machine = Requantization(
        multipliers=(0.1, 2.0**-9), rule=SINGLE, output=UINT8, zero_point=128, lowest=128, axis=0
    )
    kinds: dict[str, type] = {"Requantization": Requantization, "Fixed": Fixed}
    assert spec_from_json(spec_to_json(machine), kinds) == machine
    names = {**kinds, "RequantizationRule": RequantizationRule, "Overflow": Overflow}
    assert eval(repr(machine), names) == machine


def given_by(**fields: Any) -> Callable[[], Requantization]:
    return lambda: Requantization(**{"multipliers": (0.5,), **fields})


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (given_by(multipliers=()), "tuple of at least one float"),
        (given_by(multipliers=[0.5]), "tuple of at least one float"),
        (given_by(multipliers=(0.0,)), "finite positive float"),
        (given_by(multipliers=(-0.5,)), "finite positive float"),
        (given_by(multipliers=(math.nan,)), "finite positive float"),
        (given_by(multipliers=(math.inf,)), "finite positive float"),
        (given_by(multipliers=(1,)), "finite positive float"),
        (given_by(multipliers=(2.0**30,)), r"below 2\^30"),
        (given_by(multipliers=(128.0,), rule=REDUCED), r"below 2\^7"),
        (given_by(multipliers=(2.0**-127,), rule=FLOAT), "normal number"),
        (given_by(rule="double"), "give a RequantizationRule"),
        (given_by(output=Fixed(bits=8, fraction_bits=1)), "without fraction bits"),
        (given_by(output=8), "give a Fixed"),
        (given_by(overflow=Overflow.SATURATE_SYMMETRIC), "choose RAISE, WRAP or SATURATE"),
        (given_by(zero_point=128), "zero_point is 128: give a code of the output, -128 to 127"),
        (given_by(zero_point=None), "zero_point is None"),
        (given_by(zero_point=True), "zero_point is True"),
        (given_by(lowest=-129), "lowest is -129"),
        (given_by(lowest=3, highest=2), "give an interval"),
        (given_by(axis=0.0), "give an integer"),
    ],
)
def test_a_spec_that_cannot_be_is_refused(make: Any, match: str) -> None:
    with pytest.raises(DatapathError, match=match):
        make()


@pytest.mark.parametrize(
    ("machine", "acc", "match"),
    [
        (given_by(), [0.5], "accumulators are float64: give integers of 32 bits"),
        (given_by(), [True], "accumulators are bool"),
        (given_by(), [2**31], "run from 2147483648 to 2147483648: .* takes 32 bits"),
        (given_by(rule=SINGLE), [-(2**31) - 1], "takes 32 bits"),
        (given_by(rule=REDUCED), [2**47], "takes 48 bits"),
        (given_by(rule=EXACT), np.array([2**63], np.uint64), "give integers of 64 bits"),
        (given_by(multipliers=(0.5, 0.25)), [1, 2, 3], "give 2 channels along axis -1"),
        (given_by(multipliers=(0.5, 0.25), axis=1), [1, 2], "no axis 1"),
        (given_by(multipliers=(0.5, 0.25)), 3, "no axis -1"),
    ],
)
def test_accumulators_that_do_not_fit_are_refused(machine: Any, acc: Any, match: str) -> None:
    with pytest.raises(DatapathError, match=match):
        machine().apply(acc)
