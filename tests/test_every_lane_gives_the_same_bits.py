"""Which lane, how many threads and which memory layout compute a product never shows in its bits.

Every lane whose preconditions hold is called by its private name; the dispatch table of
`emu/gemm/gemm.py` is then held to the lanes it is said to choose.
"""

from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from emu_cases import random_coded, same_bits
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.emu import ExactAccumulator, SequentialAccumulator, matmul, value_span
from bitpde.emu.gemm import gemm, panel_lanes, strided_lanes
from bitpde.formats import (
    BF16,
    FP16,
    FP32,
    FP64,
    INT8,
    INT12,
    MXFP8_E4M3,
    MXFP8_E5M2,
    MXINT8,
    SMX_INT4,
    SMX_INT8,
    SMX_INT12,
    SMX_INT16,
    Block,
    Coded,
    Format,
    Minifloat,
    set_thread_count,
)


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    set_thread_count(None)


def spanned(a: Coded, b: Coded) -> tuple[panel_lanes.Spanned, panel_lanes.Spanned]:
    return panel_lanes.Spanned(a, value_span(a)), panel_lanes.Spanned(b.T, value_span(b))


def panels(a: Coded, b: Coded, depth: int, format: Minifloat) -> Any:
    dtype = np.float32 if format == FP32 else np.float64
    return panel_lanes.chained(*spanned(a, b), depth, dtype, finite=False)


def strided_chain(a: Coded, b: Coded, depth: int, format: Minifloat) -> Any:
    return strided_lanes.strided(a, b, depth, np.float32 if format == FP32 else np.float64)


def exact_chain(a: Coded, b: Coded, depth: int, format: Minifloat) -> Any:
    return panel_lanes.widened(*spanned(a, b), depth, to_odd=False)


def to_odd(a: Coded, b: Coded, depth: int, format: Minifloat) -> Any:
    return panel_lanes.widened(*spanned(a, b), depth, to_odd=True)


def wide(a: Coded, b: Coded, depth: int, format: Minifloat) -> Any:
    return gemm._wide_by_loops(a, b, depth)


def general(a: Coded, b: Coded, depth: int, format: Minifloat) -> Any:
    return gemm._general(a, b, depth, False, format)


Lane = Callable[[Coded, Coded, int, Minifloat], Any]

#: Operands, depth, accumulator, and the lanes whose preconditions they meet with scales of
#: 2^-8 .. 2^8: FP32 holds 24 bits of tile product, FP64 53, and `wide` is for FP32 only.
CASES: dict[str, tuple[Format, Format, int, Minifloat, list[Lane]]] = {
    "SMX_INT4, 10 bits": (SMX_INT4, SMX_INT4, 4, FP32, [panels, strided_chain, wide, to_odd]),
    "SMX_INT12 x SMX_INT8, 20 bits": (
        SMX_INT12,
        SMX_INT8,
        4,
        FP32,
        [panels, strided_chain, wide, to_odd],
    ),
    "SMX_INT12, 24 bits": (SMX_INT12, SMX_INT12, 4, FP32, [panels, strided_chain, wide, to_odd]),
    "SMX_INT16, 32 bits": (SMX_INT16, SMX_INT16, 4, FP32, [wide, to_odd]),
    "SMX_INT16 in FP64": (SMX_INT16, SMX_INT16, 4, FP64, [panels, strided_chain]),
    "MXINT8, 19 bits": (MXINT8, MXINT8.T, 32, FP32, [panels, strided_chain, wide, to_odd]),
    "MXFP8_E4M3, 41 bits": (MXFP8_E4M3, MXFP8_E4M3.T, 32, FP32, [wide, to_odd]),
    "INT8 one by one": (INT8, INT8, 1, FP32, [panels, strided_chain, wide, to_odd]),
    "FP16 x INT8 one by one": (FP16, INT8, 1, FP32, [panels, strided_chain]),
    "BF16 one by one": (BF16, BF16, 1, FP32, [panels, strided_chain]),
    "FP32 in FP32": (FP32, FP32, 1, FP32, [panels, strided_chain]),
    "FP64 in FP64": (FP64, FP64, 1, FP64, [panels, strided_chain]),
}


@pytest.mark.parametrize("case", CASES)
@given(m=st.integers(1, 13), n=st.integers(1, 40), k=st.integers(1, 300), seed=st.integers(0, 999))
@settings(max_examples=8)
def test_every_lane_that_may_run_agrees(case: str, m: int, n: int, k: int, seed: int) -> None:
    left, right, depth, format, lanes = CASES[case]
    a, b = random_coded(left, m, k, seed, spread=8), random_coded(right, k, n, seed + 1, spread=8)
    expected = general(a, b, depth, format)
    assert same_bits(matmul(a, b, SequentialAccumulator(format=format)), expected)
    for lane in lanes:
        assert same_bits(lane(a, b, depth, format), expected), lane


@pytest.mark.parametrize("format", [FP32, FP64], ids=["FP32", "FP64"])
@pytest.mark.parametrize("operand", [SMX_INT8, INT8, MXFP8_E4M3], ids=["SMX", "INT8", "E4M3"])
@given(m=st.integers(1, 9), n=st.integers(1, 9), k=st.integers(1, 99), seed=st.integers(0, 999))
@settings(max_examples=8)
def test_an_exact_sum_by_blas_is_the_one_of_the_register(
    format: Minifloat, operand: Format, m: int, n: int, k: int, seed: int
) -> None:
    # 18 + 18 bits of product, 2 * 1 of scale and 7 of sum are below 53: the order cannot matter.
    a = random_coded(operand, m, k, seed, spread=1)
    b = random_coded(operand, n, k, seed + 1, spread=1).T
    blas = matmul(a, b, ExactAccumulator(format=format))
    assert same_bits(blas, gemm._general(a, b, 1, True, format))


SQUARE_5 = Block(element=INT12, tile=(5, 5))
MX_E5M2 = MXFP8_E5M2
SEQUENTIAL, SEQUENTIAL_64 = SequentialAccumulator(format=FP32), SequentialAccumulator(format=FP64)
EXACT, EXACT_64 = ExactAccumulator(format=FP32), ExactAccumulator(format=FP64)
LANES = {
    "strided": "strided",
    "panels": "chained",
    "wide": "widened_sums",
    "register": "_general",
}


@pytest.mark.parametrize(
    ("left", "right", "accumulator", "spread", "lane"),
    [
        (SMX_INT8, SMX_INT8, SEQUENTIAL, 4, "panels"),
        (SMX_INT12, SMX_INT12, SEQUENTIAL, 4, "panels"),  # 24 bits: all that FP32 has
        (SQUARE_5, SQUARE_5, SEQUENTIAL, 4, "wide"),  # 25 bits
        (SMX_INT8, SMX_INT8, SEQUENTIAL, 80, "wide"),  # steps of 2^-160, below FP32
        (SMX_INT16, SMX_INT16, SEQUENTIAL, 4, "wide"),
        (SMX_INT16, SMX_INT16, SEQUENTIAL_64, 4, "panels"),
        (MXFP8_E4M3, MXFP8_E4M3.T, SEQUENTIAL, 4, "wide"),
        (MX_E5M2, MX_E5M2.T, SEQUENTIAL, 4, "register"),  # 69 bits
        (FP32, FP32, SEQUENTIAL, 4, "strided"),
        (FP64, FP64, SEQUENTIAL_64, 4, "strided"),
        (FP16, INT8, SEQUENTIAL, 4, "panels"),  # one by one: an FMA rounds once
        (BF16, BF16, SEQUENTIAL, 4, "panels"),
        (FP64, FP64, SEQUENTIAL, 4, "register"),
        (SMX_INT8, SMX_INT8, EXACT, 4, "blas"),
        (SMX_INT8, SMX_INT8, EXACT_64, 4, "blas"),
        (SMX_INT8, SMX_INT8, EXACT, 60, "register"),
        (FP32, FP32, EXACT, 4, "register"),
    ],
)
def test_the_lane_is_the_fastest_that_is_exact(
    left: Format, right: Format, accumulator: Any, spread: int, lane: str
) -> None:
    a, b = random_coded(left, 8, 64, 1, spread), random_coded(right, 64, 8, 2, spread)
    ran: list[str] = []

    def spy(name: str) -> Callable[..., Any]:
        real = getattr(gemm, LANES[name])

        def run(*arguments: Any, **options: Any) -> Any:
            ran.append(name)
            return real(*arguments, **options)

        return run

    spies: dict[str, Any] = {private: spy(name) for name, private in LANES.items()}
    with patch.multiple(gemm, **spies):
        matmul(a, b, accumulator)
    assert (ran[0] if ran else "blas") == lane


BATCHED = [case for case in CASES if strided_chain in CASES[case][4]] + ["SMX_INT16, 32 bits"]


@pytest.mark.parametrize("case", BATCHED)
@given(m=st.integers(1, 3), n=st.integers(1, 3), k=st.integers(1, 3), seed=st.integers(0, 999))
@settings(max_examples=6)
def test_a_batch_is_its_matrices(case: str, m: int, n: int, k: int, seed: int) -> None:
    left, right, _, format, _ = CASES[case]
    side = 32 if isinstance(left, Block) else 13  # batches are rows of one matrix: tiles stay whole
    m, n, k = side * m, side * n, side * k
    other = right.T if isinstance(right, Block) else right
    a = random_coded(left, 3 * m, k, seed, spread=8).reshape(3, m, k)
    b = random_coded(other, 3 * n, k, seed + 1, spread=8).reshape(3, n, k).T
    accumulator = SequentialAccumulator(format=format)
    found = gemm.multiply(a, b, accumulator)
    flipped = gemm.multiply(b.T, a.T, accumulator)
    for one, two, x, y in zip(found, flipped, a, b, strict=True):
        expected = gemm.multiply(x, y, accumulator)
        assert same_bits(one, expected)
        assert same_bits(two.T, expected)


@pytest.mark.parametrize(
    ("left", "right", "accumulator"),
    [
        (SMX_INT8, SMX_INT8, SEQUENTIAL),
        (FP32, FP32, SEQUENTIAL),
        (SMX_INT16, SMX_INT16, SEQUENTIAL),
        (SMX_INT8, SMX_INT8, EXACT_64),
        (FP64, FP64, EXACT_64),
    ],
)
def test_one_two_and_three_threads_give_the_same_bits(
    left: Format, right: Format, accumulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Large enough that packing, panels and rows are all cut into several pieces of work.
    monkeypatch.setattr(panel_lanes, "_LEAST", 1)
    rows = 40 if left == FP64 else 1400
    a, b = random_coded(left, rows, 100, 5), random_coded(right, 100, 35, 6)
    results = []
    for count in (1, 2, 3):
        set_thread_count(count)
        results.append(matmul(a, b, accumulator))
    assert same_bits(results[0], results[1])
    assert same_bits(results[0], results[2])


@pytest.mark.parametrize("columns", [32, 35])
@pytest.mark.parametrize("format", [FP32, FP64])
def test_blocks_of_rows_and_panels_for_many_do_not_show(format: Minifloat, columns: int) -> None:
    # Of 260 k some 120 rows make a block; 100 rows meet B where it lies, 1030 meet its panels.
    a, b = random_coded(format, 1030, 260, 1), random_coded(format, 260, columns, 2)
    parts = [strided_chain(a[i : i + 100], b, 1, format) for i in range(0, 1030, 100)]
    expected = np.concatenate(parts)
    assert same_bits(strided_chain(a, b, 1, format), expected)
    assert same_bits(strided_chain(column_major(a), column_major(b), 1, format), expected)


def strided(x: Coded) -> Coded:
    """Return the same matrix as every other element of one twice as large, backwards."""
    rows, columns = x.shape
    room = np.zeros((2 * rows, 2 * columns), x.codes.dtype)
    view = room[::-2, ::2]
    view[:] = x.codes
    return Coded(format=x.format, codes=view, scales=x.scales)


def column_major(x: Coded) -> Coded:
    scales = None if x.scales is None else np.asfortranarray(x.scales)
    return Coded(format=x.format, codes=np.asfortranarray(x.codes), scales=scales)


@pytest.mark.parametrize(
    "case", ["SMX_INT12, 24 bits", "MXINT8, 19 bits", "SMX_INT16, 32 bits", "FP32 in FP32"]
)
@given(m=st.integers(1, 9), n=st.integers(1, 9), k=st.integers(1, 40), seed=st.integers(0, 999))
@settings(max_examples=8)
def test_the_layout_in_memory_does_not_show(case: str, m: int, n: int, k: int, seed: int) -> None:
    left, right, *_ = CASES[case]
    a, b = random_coded(left, m, k, seed), random_coded(right, k, n, seed + 1)
    for accumulator in (SEQUENTIAL, SEQUENTIAL_64, EXACT):
        expected = matmul(a, b, accumulator)
        for x in (a, strided(a), column_major(a)):
            for y in (b, strided(b), column_major(b)):
                assert same_bits(matmul(x, y, accumulator), expected)


@pytest.mark.parametrize("case", CASES)
@given(m=st.integers(1, 9), n=st.integers(1, 9), k=st.integers(1, 40), seed=st.integers(0, 999))
@settings(max_examples=8)
def test_a_product_of_transposes_is_the_transpose_of_the_product(
    case: str, m: int, n: int, k: int, seed: int
) -> None:
    left, right, _, format, _ = CASES[case]
    a, b = random_coded(left, m, k, seed), random_coded(right, k, n, seed + 1)
    for accumulator in (SequentialAccumulator(format=format), ExactAccumulator(format=format)):
        assert same_bits(matmul(b.T, a.T, accumulator).T, matmul(a, b, accumulator))
