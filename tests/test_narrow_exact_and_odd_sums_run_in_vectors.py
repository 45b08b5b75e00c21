"""Narrow trees, lossless and odd fused units and exact sums in vectors have the bits of integers.

The lanes of integers are held to rational arithmetic elsewhere.
"""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from accumulator_cases import UNITS, pick
from hypothesis import given, settings
from hypothesis import strategies as st
from vector_cases import agree, any_matrices, any_start, by_integers, fresh

from bitpde.emu import (
    ACCUMULATOR_PRESETS,
    ExactAccumulator,
    FusedAccumulator,
    Order,
    SequentialAccumulator,
    TreeAccumulator,
    dot,
)
from bitpde.emu.dot_vectors import group_spans
from bitpde.emu.dot_vectors import lane as vector_lane
from bitpde.emu.dots import kulisch
from bitpde.emu.dots.sums import Sums
from bitpde.emu.gemm import slices
from bitpde.formats import (
    BF16,
    FP16,
    FP32,
    MXFP8_E5M2,
    OFP8_E4M3,
    OFP8_E5M2,
    TF32,
    Cast,
    Coded,
    Minifloat,
    Overflow,
    Rounding,
    kernels_are_compiled,
)

vectors = pytest.mark.skipif(not kernels_are_compiled(), reason="vectors are machine code")

seeds = st.integers(0, 2**32)
E8M13 = Minifloat(exponent_bits=8, significand_bits=13, bias=127)
NEAREST, ZERO = Rounding.NEAREST_EVEN, Rounding.TOWARD_ZERO
RVBNA = ACCUMULATOR_PRESETS["rvbna_8"]
MXDOTP = ACCUMULATOR_PRESETS["mxdotp"]
assert isinstance(RVBNA, FusedAccumulator)
assert isinstance(MXDOTP, FusedAccumulator)


def any_unit(rng: np.random.Generator, kind: str) -> Any:
    """Return a unit of the kind."""
    if kind == "narrow tree":
        return TreeAccumulator(
            format=pick(rng, FP16, BF16, TF32, E8M13, OFP8_E4M3, OFP8_E5M2),
            rounding=pick(rng, NEAREST, NEAREST, ZERO), terms=4,
            order=pick(rng, Order.ADJACENT, Order.ADJACENT, Order.STRIDED),
        )  # fmt: skip
    if kind == "lossless":
        return replace(
            MXDOTP, terms=pick(rng, 1, 4, 8), rounding=pick(rng, NEAREST, NEAREST, ZERO),
            format=pick(rng, FP32, FP32, FP16, BF16), result_bits=pick(rng, None, None, 5),
            product_limit=pick(rng, None, None, 16),
        )  # fmt: skip
    if kind == "odd":
        return replace(
            RVBNA, terms=pick(rng, 4, 8, 16), fraction_bits=pick(rng, 5, 25, 26, 27),
            zero_exponent=pick(rng, None, None, -126, 0), exponent_floor=pick(rng, None, -3),
        )  # fmt: skip
    unit: ExactAccumulator = UNITS["exact"](rng)
    wraps = unit.overflow is Overflow.WRAP
    return replace(unit, overflow=Overflow.SATURATE) if wraps else unit


KINDS = ("narrow tree", "lossless", "odd", "exact")


@vectors
@pytest.mark.parametrize("kind", KINDS)
@given(seed=seeds)
@settings(max_examples=60)
def test_every_new_lane_has_the_bits_of_integers(kind: str, seed: int) -> None:
    _compare(kind, seed)


@vectors
@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", KINDS)
@given(seed=seeds)
@settings(max_examples=5000)
def test_many_more_have(kind: str, seed: int) -> None:
    _compare(kind, seed)


def _compare(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    unit = any_unit(rng, kind)
    a, b = any_matrices(rng, unit)
    agree(a, b, unit, any_start(rng, unit, (a.shape[0], b.shape[0])))


TAKEN: list[tuple[Any, Any]] = [
    (TreeAccumulator(format=FP16, terms=4), FP16),
    (TreeAccumulator(format=BF16, terms=4, order=Order.STRIDED), BF16),
    (TreeAccumulator(format=E8M13, terms=4), OFP8_E4M3),
    (TreeAccumulator(format=FP16, terms=4, rounding=ZERO), FP16),
    (MXDOTP, OFP8_E5M2),
    (MXDOTP, FP16),
    (RVBNA, FP16),
    (RVBNA, BF16),
    (SequentialAccumulator(), MXFP8_E5M2),
    (ExactAccumulator(), FP32),
    (ExactAccumulator(format=BF16, rounding=Rounding.TO_ODD), FP16),
]


@vectors
@pytest.mark.parametrize("case", range(len(TAKEN)))
def test_normal_numbers_are_taken_and_nothing_is_computed_again(case: int) -> None:
    unit, format = TAKEN[case]
    x = np.random.default_rng(case).standard_normal((2, 37, 64))
    a, b = (Cast(format=format).encode(matrix) for matrix in x)

    def never(*_: Any) -> None:
        pytest.fail("a sum was computed again")

    start = np.zeros((37, 37), np.int64)
    got, expected = fresh(start), fresh(start)
    assert vector_lane.fill_anyway(a, b, unit, got, never, started=True)
    by_integers(a, b, unit, expected)
    assert np.array_equal(got.codes, expected.codes)
    assert not got.flags.any()


def sums_of(terms: list[tuple[float, float]], format: Any, unit: Any) -> list[float]:
    """Return the sums of the products and of their negatives, in tiles of registers."""
    x, y = (Cast(format=format).encode(np.array(part)) for part in zip(*terms, strict=True))
    rows = Coded(format=format, codes=np.stack([x.codes] * 9))
    minus = Coded(format=format, codes=y.codes ^ y.codes.dtype.type(format.sign_code))
    columns = Coded(format=format, codes=np.stack([y.codes, minus.codes] * 9))
    sums = fresh(np.zeros((9, 18), np.int64))
    assert vector_lane.fill_anyway(rows, columns, unit, sums, by_integers, started=True)
    values = Coded(format=unit.format, codes=sums.codes.astype(unit.format.code_dtype)).values()
    assert np.all(values == values[0, [0, 1] * 9])
    return [float(v) for v in values[0, :2]]


@vectors
@pytest.mark.parametrize(("low", "kept"), [(2.0**-30, 2.0**-26), (3 * 2.0**-26, 3 * 2.0**-26)])
def test_what_a_shift_drops_sets_the_last_bit(low: float, kept: float) -> None:
    # 26 fraction bits below 2^0: a term that is lost is one unit of them, of its sign.
    terms = [(1.0, 1.0), (2.0**-15, low * 2.0**15), (1.0, -1.0)]
    found = sums_of(terms, BF16, RVBNA)
    assert found == [kept, -kept]


@vectors
def test_an_even_term_that_loses_bits_moves_away_from_zero() -> None:
    # 4.5 units of the last kept bit are 5 of either sign, and not 3 or 4.
    unit = replace(RVBNA, fraction_bits=4)
    found = sums_of([(1.0, 1.0), (0.28125, 1.0), (1.0, -1.0)], BF16, unit)
    assert found == [0.3125, -0.3125]


@vectors
def test_the_sum_and_its_addition_to_c_are_each_rounded_to_odd() -> None:
    # 1 + 2^-24 is odd 1 + 2^-23, and so is that plus 2^-40.
    unit = replace(RVBNA, terms=2)
    terms = [(1.0, 1.0), (2.0**-12, 2.0**-12), (2.0**-20, 2.0**-20), (0.0, 0.0)]
    assert sums_of(terms, BF16, unit) == [1 + 2.0**-23, -1 - 2.0**-23]


@vectors
def test_the_sum_of_products_is_rounded_before_c_joins() -> None:
    # 1 + 2^-24 is 1 + 2^-23, of which C = -1 leaves 2^-23.
    terms = [(-1.0, 1.0), (0.0, 0.0), (1.0, 1.0), (2.0**-12, 2.0**-12)]
    assert sums_of(terms, BF16, replace(RVBNA, terms=2)) == [2.0**-23, -(2.0**-23)]


@vectors
@pytest.mark.parametrize("format", [FP32, BF16])
def test_an_exact_sum_remembers_what_cancels(format: Any) -> None:
    unit = ExactAccumulator()
    big = 2.0**60
    assert sums_of([(big, big), (1.5, 1.0), (big, -big)], format, unit) == [1.5, -1.5]
    assert sums_of([(big, big), (big, -big)], format, unit) == [0.0, 0.0]


@vectors
def test_steps_of_a_lossless_unit_are_not_single_products() -> None:
    # 2^24 + 1 - 2^24 is 1 in one step, and 0 where each product is a step.
    terms = [(2.0**12, 2.0**12), (1.0, 1.0), (2.0**12, -(2.0**12))]
    assert sums_of(terms, BF16, MXDOTP) == [1.0, -1.0]
    assert sums_of(terms, BF16, replace(MXDOTP, terms=1)) == [0.0, 0.0]


@vectors
@pytest.mark.parametrize("rounding", [NEAREST, ZERO])
def test_a_leaf_is_rounded_before_it_is_added(rounding: Rounding) -> None:
    # (137 / 128)^2 is 1173.06 / 1024, which FP16 takes for 1173 / 1024.
    unit = TreeAccumulator(format=FP16, terms=4, rounding=rounding)
    terms = [(137 / 128, 137 / 128), (51 / 16, -23 / 64), (0.0, 1.0), (0.0, 1.0)]
    assert sums_of(terms, BF16, unit) == [0.0, 0.0]


@vectors
def test_what_lies_far_below_truncates_a_sum() -> None:
    # 2^10 - 2^-24 has 34 bits, and 2^10 - 2^-1 is the number of FP16 below it.
    unit = TreeAccumulator(format=FP16, terms=4, rounding=ZERO)
    terms = [(2.0**5, 2.0**5), (-(2.0**-12), 2.0**-12), (0.0, 1.0), (0.0, 1.0)]
    assert sums_of(terms, BF16, unit) == [1023.5, -1023.5]


@vectors
@pytest.mark.parametrize("format", [BF16, OFP8_E4M3])
def test_truncation_keeps_exact_sums_of_either_sign(format: Minifloat) -> None:
    unit = SequentialAccumulator(format=format, rounding=ZERO)
    assert sums_of([(1.0, 1.0), (0.5, 0.5)], format, unit) == [1.25, -1.25]


@vectors
def test_only_rows_with_numbers_far_apart_are_computed_again() -> None:
    rng = np.random.default_rng(1)
    a = Cast(format=OFP8_E5M2).encode(rng.standard_normal((40, 64)))
    b = Cast(format=OFP8_E5M2).encode(rng.standard_normal((40, 64)) * 2.0**12)
    codes = a.codes.copy()
    codes[5, :2] = [0x7B, 1]  # the greatest and the least
    tiny = b.codes.copy()
    tiny[:, :2] = [0x7B, 1]
    left, right = (Coded(format=OFP8_E5M2, codes=x) for x in (codes, tiny))
    again: list[tuple[int, ...]] = []

    def general(a: Coded, b: Coded, unit: Any, sums: Sums) -> None:
        again.append(sums.codes.shape)
        by_integers(a, b, unit, sums)

    got, expected = fresh(np.zeros((40, 40), np.int64)), fresh(np.zeros((40, 40), np.int64))
    assert vector_lane.fill_anyway(left, right, MXDOTP, got, general, started=True)
    by_integers(left, right, MXDOTP, expected)
    assert again == [(1, 40)]
    assert np.array_equal(got.codes, expected.codes)


@given(seed=seeds)
@settings(max_examples=50)
def test_sums_of_rows_that_fit_are_exact_in_any_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    depth, inner = int(rng.integers(1, 6)), int(rng.integers(1, 12))
    spread = int(rng.integers(1, 40))
    x, y = (
        rng.integers(-3, 4, (3, inner)) * np.exp2(rng.integers(-spread, spread, (3, inner)))
        for _ in range(2)
    )
    spreads = (group_spans.spreads_of(values, depth) for values in (x, y))
    fits = group_spans.rows_that_fit(*spreads, depth)
    for i in np.flatnonzero(fits):
        for row in y:
            for first in range(0, inner, depth):
                pairs = [*zip(x[i], row, strict=True)][first : first + depth]
                exact = sum((Fraction(p) * Fraction(q) for p, q in pairs), Fraction(0))
                for order in (pairs, pairs[::-1]):
                    total = 0.0
                    for p, q in order:
                        total += p * q
                    assert Fraction(total) == exact


@given(seed=seeds, count=st.integers(1, 4), bits=st.integers(1, 26))
@settings(max_examples=50)
def test_slices_are_short_and_sum_to_the_matrix(seed: int, count: int, bits: int) -> None:
    rng = np.random.default_rng(seed)
    low = int(rng.integers(-90, 50))
    width = min(53, count * bits)
    x = np.ldexp(rng.integers(1 - 2**width, 2**width, (3, 4)).astype(np.float64), low)
    parts = slices._slices(x, low, count, bits)
    total = np.zeros(x.shape, object)
    for n, part in enumerate(parts):
        assert np.all(np.abs(part) < 2.0**bits)
        assert np.all(part == np.trunc(part))
        total += np.vectorize(Fraction, otypes=[object])(part) * Fraction(2) ** (low + n * bits)
    assert np.all(total == np.vectorize(Fraction, otypes=[object])(x))


@given(left=st.integers(0, 300), right=st.integers(0, 300), length=st.integers(1, 2**20))
def test_products_of_slices_fit_a_float(left: int, right: int, length: int) -> None:
    cut = slices.cut_for(left, right, length)
    if cut is None:
        return
    assert length * 2 ** sum(cut.bits) <= 2**53
    for width, count, bits in zip((left, right), *cut, strict=True):
        assert count * bits >= width


@given(seed=seeds, limbs=st.integers(1, 7))
@settings(max_examples=200)
def test_a_register_is_read_to_61_bits_and_a_sticky_one(seed: int, limbs: int) -> None:
    rng = np.random.default_rng(seed)
    register = rng.integers(0, 2**32, limbs) >> rng.integers(0, 33, limbs)
    register[rng.random(limbs) < 0.4] = 0
    whole = sum(int(limb) << (32 * k) for k, limb in enumerate(register))
    m, position = kulisch.leading_window(register)
    if whole == 0:
        assert m == 0
        return
    # What is read has 61 bits or all of the number, and the last of them says whether more is set.
    assert m >> 60 == 1 or position == 0
    cut = whole >> position
    assert m == (cut | 1 if whole != cut << position else cut)


@vectors
def test_matmul_takes_the_vectors_too() -> None:
    x = np.random.default_rng(3).standard_normal((2, 80, 96))
    cast = Cast(format=MXFP8_E5M2)
    a, b = cast.encode(x[0]), cast.encode(x[1]).T
    for unit in (SequentialAccumulator(), ExactAccumulator()):
        expected = fresh(np.zeros((80, 80), np.int64))
        by_integers(a, b.T, unit, expected)
        floats = expected.codes.astype(np.uint32).view(np.float32)
        assert np.array_equal(dot(a, b, unit).floats(), floats)
