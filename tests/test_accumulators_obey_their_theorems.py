"""What order, grouping and truncation do to a sum is what each accumulator's theory says.

Exact sums do not depend on order, rounded ones do, and a witness is shown.  Rounded sums are
monotone in every product; a truncated alignment is not, and a witness is shown.  Registers are
compared with plain integers, RISC-V's bulk normalization with integers written from its chapter.
"""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from accumulator_cases import MODES, any_coded, any_codes
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.emu import (
    ACCUMULATOR_PRESETS,
    Addend,
    ChunkedAccumulator,
    ExactAccumulator,
    FusedAccumulator,
    IntegerAccumulator,
    LateAddend,
    Order,
    PintaAccumulator,
    Reference,
    SequentialAccumulator,
    TreeAccumulator,
    dot,
    dot_exact,
)
from bitpde.formats import (
    BF16,
    FP16,
    FP32,
    INT8,
    OFP8_E4M3,
    OFP8_E5M2,
    SMX_INT8,
    Cast,
    Coded,
    Fixed,
    Overflow,
    Rounding,
)

seeds = st.integers(0, 2**32)


def summed(unit: Any, *numbers: float, c: int | None = None) -> Any:
    """Return the sum of numbers that FP32 holds, each times one."""
    a = Cast(format=FP32).encode(np.array(numbers, np.float32))
    b = Cast(format=FP32).encode(np.ones(len(numbers), np.float32))
    expected = dot_exact(a, b, unit, c)
    got = dot(a, b, unit, c)
    assert int(got.codes) == expected.code
    return expected.value


def permuted(a: Coded, b: Coded, seed: int) -> tuple[Coded, Coded]:
    order = np.random.default_rng(seed).permutation(a.shape[1])
    return (
        Coded(format=a.format, codes=a.codes[:, order]),
        Coded(format=b.format, codes=b.codes[order]),
    )


@given(seed=seeds, mode=st.sampled_from(MODES), kind=st.integers(0, 3))
@settings(max_examples=30)
def test_an_exact_sum_does_not_depend_on_order(seed: int, mode: Rounding, kind: int) -> None:
    unit = ExactAccumulator(format=BF16, rounding=mode)
    a, b = any_coded(FP16, (2, 23), seed, kind, 0), any_coded(OFP8_E5M2, (23, 2), seed, kind, 0)
    there, again = dot(a, b, unit), dot(*permuted(a, b, seed), unit)
    assert np.array_equal(there.codes, again.codes)
    assert np.array_equal(there.invalid, again.invalid)


@given(seed=seeds, kind=st.integers(0, 3))
@settings(max_examples=30)
def test_a_single_fused_step_does_not_depend_on_order(seed: int, kind: int) -> None:
    # Largest exponent, truncations and an integer sum: each is symmetric in the terms.
    unit = ACCUMULATOR_PRESETS["hopper_fp8"]
    a, b = (
        any_coded(OFP8_E4M3, (2, 31), seed, kind, 0),
        any_coded(OFP8_E4M3, (31, 2), seed, kind, 0),
    )
    assert np.array_equal(dot(a, b, unit).codes, dot(*permuted(a, b, seed), unit).codes)


def test_sequential_sums_trees_and_chained_steps_depend_on_order() -> None:
    half = SequentialAccumulator(format=BF16)
    assert summed(half, 256.0, 1.0, 1.0) == 256
    assert summed(half, 1.0, 1.0, 256.0) == 258
    assert summed(TreeAccumulator(format=BF16), 256.0, 1.0, 1.0, 0.0) == 256
    assert summed(TreeAccumulator(format=BF16), 256.0, 0.0, 1.0, 1.0) == 258
    strided = TreeAccumulator(format=BF16, order=Order.STRIDED)
    assert summed(strided, 256.0, 1.0, 0.0, 1.0) == 258
    unit = FusedAccumulator(terms=2, fraction_bits=7)
    assert summed(unit, 256.0, 1.0, 1.0, 1.0) == 256
    assert summed(unit, 1.0, 1.0, 256.0, 1.0) == 258


def test_a_tree_of_four_rounds_once_where_one_of_two_rounds_twice() -> None:
    numbers = (256.0, 1.0, 1.0, 1.0)
    assert summed(TreeAccumulator(format=BF16), *numbers) == 258  # (256 + 1) + (1 + 1)
    assert summed(TreeAccumulator(format=BF16, arity=4), *numbers) == 260  # 259, a tie to even
    assert summed(TreeAccumulator(format=BF16, terms=2), *numbers) == 258  # 256 + 1, then + 2


def test_a_chunk_keeps_what_a_long_sum_loses() -> None:
    ones = [1.0] * 600
    assert summed(SequentialAccumulator(format=BF16), *ones) == 256
    inner = SequentialAccumulator(format=BF16)
    assert summed(ChunkedAccumulator(inner=inner, length=100), *ones) == 600
    assert summed(ChunkedAccumulator(inner=inner, length=300), *ones) == 512


@pytest.mark.parametrize("mode", MODES)
@given(seed=seeds, raised=st.integers(0, 6))
@settings(max_examples=6)
def test_rounded_sums_are_monotone_in_every_product(mode: Rounding, seed: int, raised: int) -> None:
    # Addition and every rounding are monotone, hence so is what is composed of them.
    numbers = np.random.default_rng(seed).standard_normal(7).astype(np.float32)
    greater = numbers.copy()
    greater[raised] += np.float32(2.0**-7)
    for kind in (ExactAccumulator, SequentialAccumulator, TreeAccumulator):
        unit = kind(format=BF16, rounding=mode)
        assert summed(unit, *greater.tolist()) >= summed(unit, *numbers.tolist())


def test_a_truncated_alignment_is_not_monotone() -> None:
    # A greater first term raises the window, and the others fall out of it: a larger term gives a
    # smaller sum.  (4 terms, no fraction bits: 1 + 3/4 counts as 1, and 2 hides three of 1.)
    unit = FusedAccumulator(terms=4, fraction_bits=0)
    assert summed(unit, 1.75, 1.0, 1.0, 1.0) == 4
    assert summed(unit, 2.0, 1.0, 1.0, 1.0) == 2
    hopper = ACCUMULATOR_PRESETS["hopper_fp8"]
    small = [2.0**-13] * 31
    assert summed(hopper, 1.0, *small) == 1 + 31 * Fraction(1, 2**13)
    assert summed(hopper, 2.0, *small) < 2 + Fraction(1, 2**13)


def test_the_alignment_modes_drop_what_their_names_say() -> None:
    def total(mode: Rounding, bits: int = 2) -> Any:
        return summed(FusedAccumulator(fraction_bits=bits, alignment=mode), 4.0, -0.75, 0.25)

    assert total(Rounding.TOWARD_ZERO) == 4
    assert total(Rounding.DOWN) == 3
    assert total(Rounding.UP) == 5
    assert total(Rounding.TO_ODD) == 4  # -1 and +1
    assert total(Rounding.TO_ODD, 3) == Fraction(4)  # -0.5 and +0.5: the sticky bit of 2 bits
    assert total(Rounding.NEAREST_EVEN) == 3
    assert total(Rounding.TOWARD_ZERO, 4) == Fraction(7, 2)


def test_exponents_of_zeros_floors_and_references_move_the_window() -> None:
    tiny = 2.0**-40
    assert summed(FusedAccumulator(fraction_bits=4), tiny, 0.0) == Fraction(1, 2**40)
    assert summed(FusedAccumulator(fraction_bits=4, exponent_floor=-36), tiny) == Fraction(1, 2**40)
    assert summed(FusedAccumulator(fraction_bits=4, exponent_floor=-35), tiny) == 0
    assert summed(FusedAccumulator(fraction_bits=4, zero_exponent=-35), tiny) == 0  # C is zero
    # 1.5 times 1.5 is 2.25: its leading bit, and a carry, are one above the sum of exponents.
    a = Cast(format=FP32).encode(np.array([1.5, 0.25]))
    b = Cast(format=FP32).encode(np.array([1.5, 1.0]))
    kept = {Reference.OPERANDS: Fraction(5, 2), Reference.CARRY: 2, Reference.LEADING_BIT: 2}
    for reference, value in kept.items():
        unit = FusedAccumulator(fraction_bits=2, reference=reference)
        assert dot_exact(a, b, unit).value == value
    # -2 times 1 in units of the integers' exponent is a carry too, and hides 3/4 from its window.
    a, b = (Coded(format=INT8, codes=np.array(x, np.int8)) for x in ([-128, 64], [64, 48]))
    for reference, value in ((Reference.OPERANDS, -6144), (Reference.CARRY, -8192)):
        unit = FusedAccumulator(fraction_bits=1, reference=reference)
        assert dot_exact(a, b, unit).value == dot(a, b, unit).values().item() == value
    subnormal = Coded(format=OFP8_E4M3, codes=np.array([0x01], np.uint8))
    for reference, value in ((Reference.CARRY, 0), (Reference.LEADING_BIT, Fraction(1, 2**18))):
        unit = FusedAccumulator(fraction_bits=2, reference=reference)
        assert dot_exact(subnormal, subnormal, unit).value == value


def test_c_joins_where_it_is_told() -> None:
    c = int(np.float32(4.0).view(np.uint32))
    aligned = FusedAccumulator(fraction_bits=2)
    assert summed(aligned, 0.75, 0.75, c=c) == 4
    late = FusedAccumulator(fraction_bits=2, addend=Addend.LATE, late=LateAddend(sum_bits=3))
    assert summed(late, 0.75, 0.75, c=c) == Fraction(11, 2)
    floored = FusedAccumulator(fraction_bits=2, addend=Addend.LATE, late=LateAddend(sum_bits=2))
    assert summed(floored, -0.75, -0.75, c=c) == 2
    narrow = FusedAccumulator(fraction_bits=9, addend=Addend.ROUNDED, result_bits=1)
    assert summed(narrow, 1.0, 0.75, c=c) == 4  # 1.75 -> 1.5, and 5.5 -> 4 with one bit
    dropped = LateAddend(cutoff=3)
    far = FusedAccumulator(fraction_bits=9, addend=Addend.LATE, late=dropped)
    assert summed(far, 32.0, c=c) == 36
    assert summed(far, 64.0, c=c) == 64


@pytest.mark.parametrize("overflow", [Overflow.SATURATE, Overflow.WRAP])
@given(seed=seeds, bits=st.integers(8, 24), terms=st.integers(0, 5))
@settings(max_examples=20)
def test_an_integer_register_is_python_s_integers(
    overflow: Overflow, seed: int, bits: int, terms: int
) -> None:
    unit = IntegerAccumulator(bits=bits, overflow=overflow, terms=terms)
    a, b = any_codes(INT8, (23,), seed, 0), any_codes(INT8, (23,), seed + 1, 0)
    c, left = 0, False
    for first in range(0, 23, terms or 23):
        c += sum(int(x) * int(y) for x, y in zip(a[first:][: terms or 23], b[first:], strict=False))
        top = 2 ** (bits - 1)
        left |= not -top <= c < top
        wrapped = (c + top) % (2 * top) - top
        c = wrapped if overflow is Overflow.WRAP else min(max(c, -top), top - 1)
    got = dot(Coded(format=INT8, codes=a), Coded(format=INT8, codes=b), unit)
    assert (int(got.codes), bool(got.overflowed)) == (c, left)


@given(seed=seeds, guard=st.integers(0, 8), bits=st.integers(16, 32))
@settings(max_examples=20)
def test_pinta_is_one_shift_and_one_saturation_per_pair_of_tiles(
    seed: int, guard: int, bits: int
) -> None:
    # All sixteen accumulators of a tile at once, with arithmetic shifts, as its array has them.
    rng = np.random.default_rng(seed)
    a = any_coded(SMX_INT8, (4, 20), seed, 0, 1)
    b = any_coded(SMX_INT8, (20, 4), seed + 1, 0, 1)
    if rng.random() < 0.3:
        a = Coded(format=SMX_INT8, codes=np.full((4, 20), -128, np.int8), scales=a.scales)
        b = Coded(format=SMX_INT8, codes=np.full((20, 4), -128, np.int8), scales=b.scales)
    assert a.scales is not None
    assert b.scales is not None
    acc, exponent, left = np.zeros((4, 4), np.int64), None, np.zeros((4, 4), bool)
    for t in range(5):
        own = int(a.scales[0, t]) + int(b.scales[t, 0]) - 254
        rows, columns = a.codes[:, 4 * t : 4 * t + 4], b.codes[4 * t : 4 * t + 4]
        product = (rows.astype(np.int64) @ columns.astype(np.int64)) << guard
        top = own if exponent is None else max(own, exponent)
        acc >>= min(0 if exponent is None else top - exponent, 63)
        acc += product >> min(top - own, 63)
        limit = 2 ** (bits - 1)
        left |= (acc < -limit) | (acc >= limit)
        acc, exponent = np.clip(acc, -limit, limit - 1), top
    got = dot(a, b, PintaAccumulator(bits=bits, guard_bits=guard))
    assert got.exponents is not None
    assert exponent is not None
    assert np.array_equal(got.codes, acc)
    assert np.array_equal(got.overflowed, left)
    assert (got.exponents == exponent - guard).all()


def bulk_normalized(a: list[int], b: list[int], c: float) -> float:
    """Return RVBNA's sum of OFP8 E5M2 products plus C, in integers (rvbna.adoc, 1.1)."""
    n, q = len(a), 24
    g = n.bit_length() - 1
    fields = (
        [((x >> 2) & 31, x & 3, x >> 7) for x in a],
        [((x >> 2) & 31, x & 3, x >> 7) for x in b],
    )
    exponents, sizes, signs = [], [], []
    for (ea, ma, sa), (eb, mb, sb) in zip(*fields, strict=True):
        size = ((4 if ea else 0) | ma) * ((4 if eb else 0) | mb)
        exponents.append(max(ea, 1) + max(eb, 1) if size else 0)
        sizes.append(size)
        signs.append(sa ^ sb)
    top = max(exponents)
    total = 0
    for exponent, size, sign in zip(exponents, sizes, signs, strict=True):
        wide, shift = size << (q + 1 + g - 6), top - exponent
        kept = (wide >> shift) | (1 if wide & ((1 << shift) - 1) else 0)
        total += -kept if sign else kept
    size = abs(total)
    drop = max(size.bit_length() - q, 0)
    odd = (size >> drop) | (1 if size & ((1 << drop) - 1) else 0)
    weight = Fraction(2) ** (top - 30 - (q - 1 + g) + drop)
    exact = (-odd if total < 0 else odd) * weight + Fraction(c)
    if not exact:
        return 0.0
    rounded = np.float64(float(exact))
    if Fraction(float(rounded)) != exact:  # float64 first: the sum of two floats fits its 53 bits
        raise ArithmeticError
    bits = int(rounded.view(np.int64))
    dropped = bits & ((1 << 29) - 1)
    jammed = (bits >> 29 | (1 if dropped else 0)) << 29
    return float(np.int64(jammed).view(np.float64))


@pytest.mark.parametrize("name", ["rvbna_4", "rvbna_8", "rvbna_16"])
@given(seed=seeds, spread=st.sampled_from([3, 8, 31]))
@settings(max_examples=25)
def test_bulk_normalization_is_its_chapter_in_integers(name: str, seed: int, spread: int) -> None:
    unit = ACCUMULATOR_PRESETS[name]
    n = int(name.partition("_")[2])
    rng = np.random.default_rng(seed)
    sign = rng.integers(0, 2, (2, n)) << 7
    field = rng.integers(max(0, 15 - spread), min(31, 15 + spread), (2, n)) << 2
    a, b = (sign | field | rng.integers(0, 4, (2, n))).astype(np.uint8)
    c = float(rng.integers(-8, 9)) * 2.0 ** int(rng.integers(-4, 5))
    code = int(np.float32(c).view(np.uint32))
    got = dot(
        Coded(format=OFP8_E5M2, codes=a), Coded(format=OFP8_E5M2, codes=b), unit, np.uint32(code)
    )
    assert got.values().item() == bulk_normalized(a.tolist(), b.tolist(), c)


@given(seed=seeds)
@settings(max_examples=20)
def test_mxdotp_is_the_correct_rounding_of_eight_products_and_c(seed: int) -> None:
    a, b = any_coded(OFP8_E5M2, (3, 8), seed, 1, 0), any_coded(OFP8_E5M2, (8, 3), seed, 1, 0)
    c = any_codes(FP32, (3, 3), seed, 1)
    got = dot(a, b, ACCUMULATOR_PRESETS["mxdotp"], c)
    exact = dot(a, b, ExactAccumulator(), c)
    assert np.array_equal(got.codes, exact.codes)


def test_specials_and_overflow_follow_the_unit() -> None:
    unit = ACCUMULATOR_PRESETS["hopper_f16"]
    infinite, huge = np.inf, 2.0**127
    cast = Cast(format=FP32, overflow=Overflow.INFINITY_OR_NAN)
    a = cast.encode(np.array([[infinite, 1.0], [infinite, -infinite], [huge, huge]]))
    b = cast.encode(np.array([[1.0, 0.0], [1.0, 1.0]]))
    got = dot(a, b, unit)
    assert got.codes.tolist()[0] == [0x7F800000, 0x7FFFFFFF]  # infinity; 0 times infinity
    assert got.codes.tolist()[1] == [0x7FFFFFFF, 0x7FFFFFFF]
    assert got.codes.tolist()[2] == [0x7F800000, 0x7F000000]  # truncated, and infinite beyond
    assert got.overflowed.tolist() == [[False, False], [False, False], [True, False]]
    assert got.invalid.tolist() == [[False, True], [True, True], [False, False]]
    minus = dot(a, cast.encode(np.array([[-1.0, 0.0], [1.0, 1.0]])), unit)
    assert minus.codes.tolist()[0] == [0xFF800000, 0x7FFFFFFF]
    stops = FusedAccumulator(overflow_to_infinity=False)
    assert dot(a, b, stops).codes.tolist()[2] == [0x7F7FFFFF, 0x7F000000]
    limited = FusedAccumulator(product_limit=127)
    assert dot(a, b, limited).codes.tolist()[2] == [0x7F800000, 0x7F800000]


def test_a_tiny_negative_result_is_a_zero_of_the_unit_s_sign() -> None:
    tiny = Cast(format=FP32).encode(np.array([-(2.0**-100)]))
    other = Cast(format=FP32).encode(np.array([2.0**-100]))
    assert dot(tiny, other, FusedAccumulator()).codes == 0
    signed = FusedAccumulator(signed_underflow=True)
    assert dot(tiny, other, signed).codes == dot_exact(tiny, other, signed).code == 2**31
    down = SequentialAccumulator(rounding=Rounding.DOWN)
    assert dot(tiny, other, down).codes == 2**31 + 1
    assert summed(down, 1.0, -1.0) == 0
    one = Cast(format=FP32).encode(np.array([1.0, -1.0]))
    assert dot(one, one[::-1], down).codes == int(np.float32(-2.0).view(np.uint32))


def test_fixed_point_sums_wrap_or_saturate_as_told() -> None:
    q = Fixed(bits=8, fraction_bits=4)
    saturating = SequentialAccumulator(format=q, overflow=Overflow.SATURATE)
    wrapping = SequentialAccumulator(format=q, overflow=Overflow.WRAP)
    assert summed(saturating, 6.0, 6.0, -6.0) == Fraction(127, 16) - 6
    assert summed(wrapping, 6.0, 6.0, -6.0) == 6
    assert summed(ExactAccumulator(format=q, overflow=Overflow.SATURATE), 6.0, 6.0, -6.0) == 6
