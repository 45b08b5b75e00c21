"""A dot product by vectors of floats has the codes and flags that the lanes of integers give it.

Those are held to rational arithmetic elsewhere; here both compute matrices larger than a tile of
registers, with rows, columns and steps to spare, numbers that nearly cancel and specials.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from accumulator_cases import OPERANDS, UNITS, all_exact, any_coded, any_codes, pick
from hypothesis import given, settings
from hypothesis import strategies as st
from vector_cases import agree, any_matrices, any_start, by_integers, fresh

from bitpde.emu import (
    ACCUMULATOR_PRESETS,
    FusedAccumulator,
    IntegerAccumulator,
    Order,
    PintaAccumulator,
    SequentialAccumulator,
    TreeAccumulator,
    dot,
)
from bitpde.emu.dot_vectors import lane as vector_lane
from bitpde.emu.dots.sums import Sums
from bitpde.formats import (
    BF16,
    FP16,
    FP32,
    FP64,
    INT8,
    MXFP8_E4M3,
    OFP8_E4M3,
    OFP8_E5M2,
    SMX_INT8,
    Block,
    Cast,
    Coded,
    Minifloat,
    Overflow,
    Rounding,
    kernels_are_compiled,
    set_thread_count,
)

pytestmark = pytest.mark.skipif(not kernels_are_compiled(), reason="vectors are machine code")

ROUNDINGS = (Rounding.NEAREST_EVEN, Rounding.NEAREST_EVEN, Rounding.TOWARD_ZERO)
TRUNCATING = [u for u in ACCUMULATOR_PRESETS.values() if isinstance(u, FusedAccumulator)]
seeds = st.integers(0, 2**32)


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    set_thread_count(None)


def any_unit(rng: np.random.Generator, kind: str) -> Any:
    """Return a unit that vectors often take."""
    if kind == "sequential":
        return replace(UNITS[kind](rng), rounding=pick(rng, *ROUNDINGS))
    if kind == "fused":
        unit = pick(rng, *TRUNCATING)
        return replace(unit, result_bits=pick(rng, *[unit.result_bits] * 3, 5))
    if kind == "integer":
        policies = (Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC)
        terms = pick(rng, 0, 1, 3)
        return IntegerAccumulator(
            bits=pick(rng, 12, 20, 24, 40), overflow=pick(rng, *policies), terms=terms
        )
    order = pick(rng, Order.ADJACENT, Order.ADJACENT, Order.STRIDED)
    terms = 4 if order is Order.STRIDED else pick(rng, 2, 4)
    flushes = [pick(rng, False, True) for _ in range(2)]
    return TreeAccumulator(
        terms=terms, order=order, flush_inputs=flushes[0], flush_results=flushes[1]
    )


KINDS = ("sequential", "fused", "tree", "integer")


@pytest.mark.parametrize("kind", KINDS)
@given(seed=seeds)
@settings(max_examples=60)
def test_every_lane_has_the_bits_of_integers(kind: str, seed: int) -> None:
    _compare(kind, seed)


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
    if isinstance(unit, SequentialAccumulator):
        depths = {x.format.tile[1] for x in (a, b) if isinstance(x.format, Block)} - {1}
        if len(depths) > 1:
            return
    exact = getattr(unit, "exact_terms", 1)
    if exact == 1:
        agree(a, b, unit, any_start(rng, unit, (a.shape[0], b.shape[0])))


@pytest.mark.parametrize("name", ACCUMULATOR_PRESETS)
def test_every_preset_that_vectors_take_is_that_of_the_definition(name: str) -> None:
    unit = ACCUMULATOR_PRESETS[name]
    operands = {IntegerAccumulator: INT8, PintaAccumulator: SMX_INT8}
    operand: Any = operands.get(type(unit), OFP8_E5M2)
    a, b = any_coded(operand, (3, 70), 1, 1, 0), any_coded(operand, (70, 2), 2, 1, 0)
    sums = fresh(np.zeros((3, 2), np.int64))
    taken = vector_lane.fill_anyway(a, b.T, unit, sums, by_integers, started=True)
    assert taken == (name not in _BY_INTEGERS)
    if taken:
        expected = all_exact(a, b, unit, None)
        held = sums.codes.ravel().tolist()  # 64 bits of a code count as signed
        assert [(x.code - y) % 2**64 for x, y in zip(expected, held, strict=True)] == [0] * 6


_BY_INTEGERS = {
    "blackwell_mxf4nvf4", "hopper_fp8_promoted", "int32",
}  # fmt: skip


@given(seed=seeds)
@settings(max_examples=30)
def test_chains_of_fp64_are_the_processors(seed: int) -> None:
    rng = np.random.default_rng(seed)
    formats = FP64, FP64, FP32, OFP8_E5M2, INT8
    a = any_coded(pick(rng, *formats), (5, 9), seed, pick(rng, 0, 1, 1, 2, 3), 0)
    b = any_coded(pick(rng, *formats), (9, 7), seed + 1, pick(rng, 0, 1, 1, 2, 3), 0)
    start = any_start(rng, SequentialAccumulator(format=FP64), (5, 7))
    assert agree(a, b.T, SequentialAccumulator(format=FP64), start)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("mode", [Rounding.NEAREST_EVEN, Rounding.TOWARD_ZERO])
@pytest.mark.parametrize("rest", [2.0**-40, -(2.0**-40), 0.0])
def test_a_tie_and_a_rest_far_below_round_as_the_rest_says(
    sign: float, mode: Rounding, rest: float
) -> None:
    # 7 * 37 = 259 lies half way between the BF16 numbers 258 and 260, whose last bit is 0.
    unit = SequentialAccumulator(format=BF16, rounding=mode)
    a = Cast(format=BF16).encode(np.full((13, 2), [sign * rest, sign * 7.0]))
    b = Cast(format=BF16).encode(np.full((17, 2), [1.0, 37.0]))
    sums = fresh(np.zeros((13, 17), np.int64))
    assert vector_lane.fill_anyway(a, b, unit, sums, by_integers, started=True)
    values = Coded(format=BF16, codes=sums.codes.astype(np.uint16)).values()
    near = 258.0 if rest < 0 or mode is Rounding.TOWARD_ZERO else 260.0
    assert np.all(values == sign * near)


@pytest.mark.parametrize("name", ["hopper_fp8", "ampere_f16", "volta_f16_half", "cdna3_f16"])
@given(seed=seeds)
@settings(max_examples=25)
def test_what_alignment_drops_is_dropped_in_every_column(name: str, seed: int) -> None:
    # 1, -1 and numbers far below it, where what is kept of these is the whole result.
    unit, rng = ACCUMULATOR_PRESETS[name], np.random.default_rng(seed)
    k = 37
    exponents = np.r_[0, 0, rng.integers(-26, 4, k - 2)]
    left = rng.choice([1.0, -1.0], k) * np.exp2(exponents // 2) * rng.choice([1.0, 1.5, 1.75], k)
    order = rng.permutation(k)
    right = np.exp2(exponents - exponents // 2) * np.ones((18, 1))
    right[:, 1] *= rng.choice([1.0, -1.0], 18)
    cast = Cast(format=FP16)
    a, b = cast.encode(left[None, order] * np.ones((13, 1))), cast.encode(right[:, order])
    assert agree(a, b, unit, np.zeros((13, 18), np.int64))


@pytest.mark.parametrize("name", ["hopper_f16", "blackwell_f8f6f4", "hopper_fp8", "cdna3_f16"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_full_steps_of_the_largest_terms_fit(name: str, sign: float) -> None:
    # Every product is just below 4 times the power of two that it is aligned by.
    unit = ACCUMULATOR_PRESETS[name]
    a = Cast(format=FP16).encode(np.full((13, 64), sign * (2 - 2.0**-10)))
    b = Cast(format=FP16).encode(np.full((17, 64), 2 - 2.0**-10))
    assert agree(a, b, unit, np.zeros((13, 17), np.int64))


@pytest.mark.parametrize("name", [n for n in ACCUMULATOR_PRESETS if n not in _BY_INTEGERS])
@pytest.mark.parametrize("kind", [0, 2])
def test_a_tiny_c_outlives_products_that_are_zero(name: str, kind: int) -> None:
    unit = ACCUMULATOR_PRESETS[name]
    if isinstance(unit, IntegerAccumulator | PintaAccumulator):
        return
    format = unit.format  # type: ignore[union-attr]
    assert isinstance(format, Minifloat)
    start = any_codes(format, (13, 17), 5, kind).astype(np.int64)
    zeros = Coded(format=OFP8_E4M3, codes=np.zeros((17, 33), np.uint8))
    ones = Coded(format=OFP8_E4M3, codes=np.full((13, 33), 0x38, np.uint8))
    agree(ones, zeros, unit, start)
    agree(zeros[:13], zeros, unit, start)
    agree(ones, Coded(format=OFP8_E4M3, codes=np.full((17, 33), 0x80, np.uint8)), unit, start)


@pytest.mark.parametrize(("order", "total"), [(Order.ADJACENT, 1.0), (Order.STRIDED, 2.0)])
def test_the_order_of_a_tree_shows_where_a_neighbour_is_lost(order: Order, total: float) -> None:
    # 2^24 + 1 rounds to 2^24, so that of both ones the one next to -2^24 is left.
    a = Cast(format=BF16).encode(np.tile([2.0**24, 1.0, -(2.0**24), 1.0], (13, 1)))
    b = Cast(format=BF16).encode(np.ones((17, 4)))
    unit = TreeAccumulator(terms=4, order=order)
    assert agree(a, b, unit, np.zeros((13, 17), np.int64))
    assert (dot(a, b.T, unit).values() == total).all()


@pytest.mark.parametrize("name", ["cdna3_f16", "cdna3_fp8"])
def test_a_finished_sum_is_floored_where_c_is_larger(name: str) -> None:
    # 2^25 - 1 would be a tie; 2^-14 less is 2^-6 less once it is floored, and is below the tie.
    a, b = np.zeros((2, 3)), np.ones((3, 17))
    a[:, 0], a[:, 2], b[2] = -1.0, -(2.0**-7), 2.0**-7
    left, right = (Cast(format=OFP8_E4M3).encode(x) for x in (a, b.T))
    start = np.full((2, 17), (127 + 25) << 23, np.int64)
    sums = fresh(start)
    unit = ACCUMULATOR_PRESETS[name]
    assert vector_lane.fill_anyway(left, right, unit, sums, by_integers, started=True)
    assert np.all(sums.codes.astype(np.uint32).view(np.float32) == 2.0**25 - 2)
    assert agree(left, right, unit, start)


@pytest.mark.parametrize("mode", [Rounding.NEAREST_EVEN, Rounding.TOWARD_ZERO])
@pytest.mark.parametrize("places", [0, 2, 12])
def test_small_sums_round_on_the_grid_of_subnormals(mode: Rounding, places: int) -> None:
    # Products around the least step of E4M3, 2^-9, down to sums that underflow, of either sign.
    rng = np.random.default_rng(places)
    x = rng.standard_normal((2, 17, 40)) * 2.0**-4
    a, b = (Cast(format=FP16).encode(matrix) for matrix in x)
    last = Cast(format=FP16).encode(x[0] * 2.0**-places)
    unit = SequentialAccumulator(format=OFP8_E4M3, rounding=mode)
    zeros = np.zeros((17, 17), np.int64)
    assert agree(a, b, unit, zeros)
    assert agree(last, b, unit, zeros)
    assert agree(last[:, :1], b[:, :1], unit, zeros)


SPECIAL: dict[str, tuple[Any, Any]] = {
    "sequential": (SequentialAccumulator(format=FP16), FP16),
    "chain": (SequentialAccumulator(), FP32),
    "fused": (ACCUMULATOR_PRESETS["hopper_f16"], FP16),
    "tree": (ACCUMULATOR_PRESETS["cdna1_f16"], FP16),
}


@pytest.mark.parametrize("kind", SPECIAL)
def test_only_what_is_doubtful_is_computed_again(kind: str) -> None:
    unit, format = SPECIAL[kind]
    x = np.random.default_rng(1).standard_normal((2, 40, 40))
    x[0, 3, 5] = x[1, 7, 2] = np.nan
    a, b = (Cast(format=format).encode(matrix) for matrix in x)
    again: list[tuple[int, int]] = []

    def general(a: Coded, b: Coded, unit: Any, sums: Sums) -> None:
        again.append(sums.codes.shape)
        by_integers(a, b, unit, sums)

    got, expected = fresh(np.zeros((40, 40), np.int64)), fresh(np.zeros((40, 40), np.int64))
    assert vector_lane.fill_anyway(a, b, unit, got, general, started=True)
    by_integers(a, b, unit, expected)
    assert again == [(1, 40), (40, 1)]
    assert np.array_equal(got.codes, expected.codes)
    assert np.array_equal(got.flags, expected.flags)


@pytest.mark.parametrize("overflow", [Overflow.INFINITY_OR_NAN, Overflow.SATURATE])
@pytest.mark.parametrize("mode", [Rounding.NEAREST_EVEN, Rounding.TOWARD_ZERO])
@pytest.mark.parametrize(
    ("operand", "format"),
    [(OFP8_E5M2, FP16), (FP16, FP16), (BF16, BF16), (OFP8_E4M3, OFP8_E4M3), (FP32, FP32)],
)
def test_what_overflows_and_comes_back_is_seen(
    operand: Minifloat, format: Minifloat, mode: Rounding, overflow: Overflow
) -> None:
    # The largest number twice, then its negative: finite again, or not, as the format says.
    unit = SequentialAccumulator(format=format, rounding=mode, overflow=overflow)
    top = float(operand.max)
    a = Cast(format=operand).encode(np.full((13, 5), [top, top, -top, -top, 1.0]))
    b = Cast(format=operand).encode(np.ones((17, 5)))
    assert agree(a, b, unit, np.zeros((13, 17), np.int64))


def test_a_register_remembers_that_it_was_full() -> None:
    unit = IntegerAccumulator(bits=8)
    a = Coded(format=INT8, codes=np.array([[100, 100, -100], [100, -100, 5]], np.int8))
    b = Coded(format=INT8, codes=np.ones((20, 3), np.int8))
    sums = fresh(np.zeros((2, 20), np.int64))
    assert vector_lane.fill_anyway(a, b, unit, sums, by_integers, started=True)
    assert np.all(sums.codes == [[27], [5]])
    assert np.all(sums.flags == [[1], [0]])


@pytest.mark.parametrize("unit", [SequentialAccumulator(format=FP16), TRUNCATING[0]])
@pytest.mark.parametrize("format", [OFP8_E4M3, MXFP8_E4M3, SMX_INT8])
def test_threads_leave_no_trace_and_large_products_take_the_lane(unit: Any, format: Any) -> None:
    rng = np.random.default_rng(5)
    turned = format.T if isinstance(format, Block) else format
    a = Cast(format=format).encode(rng.standard_normal((70, 100)))
    b = Cast(format=turned).encode(rng.standard_normal((100, 50)))
    results = []
    for count in (1, 2, 3):
        set_thread_count(count)
        results.append(dot(a, b, unit))
    assert all(np.array_equal(r.codes, results[0].codes) for r in results)
    expected = fresh(np.zeros((70, 50), np.int64))
    by_integers(a, b.T, unit, expected)
    assert np.array_equal(results[0].codes, expected.codes)
    assert not (results[0].overflowed | results[0].invalid).any()


def test_operands_that_floats_do_not_hold_are_left_to_integers() -> None:
    zeros = np.zeros((2, 2), np.int64)
    wide = any_coded(FP64, (2, 5), 1, 1, 0)
    assert not agree(wide, wide, SequentialAccumulator(), zeros)
    assert not agree(wide, wide, ACCUMULATOR_PRESETS["hopper_f16"], zeros)
    assert FP64 in OPERANDS


@pytest.mark.parametrize("terms", [4, 64])
@pytest.mark.parametrize("result_bits", [None, 10, 5])
def test_results_of_half_precision_have_the_bits_that_are_asked_for(
    terms: int, result_bits: int | None
) -> None:
    unit = FusedAccumulator(
        terms=terms, fraction_bits=22, rounding=Rounding.NEAREST_EVEN, format=FP16,
        result_bits=result_bits,
    )  # fmt: skip
    x = Cast(format=OFP8_E4M3).encode(np.random.default_rng(terms).standard_normal((40, 64)))
    assert agree(x[:17], x, unit, np.zeros((17, 40), np.int64))
