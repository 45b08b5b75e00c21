"""A tile product of up to 53 bits is added to the FP32 accumulator with one rounding, vectorized.

The register of `gemm_kernels.multiply_general`, which follows the definition, is the oracle: for
random and adversarial codes, scales at both ends, cancellation, results below the normal numbers,
zeros of either sign and tiles cut off by the end of k.  What each of the two ways to round may be
given is a claim of its own.
"""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from emu_cases import coded, random_coded, same_bits, twice_along_columns, with_cancellation
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.emu import SequentialAccumulator, matmul, value_span
from bitpde.emu.gemm import gemm, panel_lanes
from bitpde.emu.gemm.panel_lanes import Spanned, widened
from bitpde.formats import (
    BF16,
    FP16,
    FP32,
    INT8,
    INT16,
    MXFP4_E2M1,
    MXFP8_E4M3,
    MXINT8,
    OFP8_E5M2,
    SMX_INT8,
    SMX_INT16,
    Block,
    Coded,
    Fixed,
    Format,
    PowerOfTwo,
    kernels_are_compiled,
    set_thread_count,
)

pytestmark = pytest.mark.skipif(
    not kernels_are_compiled(), reason="vector kernels have no interpreted twin of their own"
)

SEQUENTIAL = SequentialAccumulator()
LOW_SCALES = PowerOfTwo(exponent_bits=8, bias=160)
ODD_SQUARE = Block(element=Fixed(bits=15), tile=(5, 5))

#: Operands whose tile products need more than 24 bits and no more than 53, and their depth.
WIDE: dict[str, tuple[Format, Format, int]] = {
    "SMX_INT16": (SMX_INT16, SMX_INT16, 4),
    "MXFP8_E4M3": (MXFP8_E4M3, MXFP8_E4M3.T, 32),
    "15 bits in 5x5": (ODD_SQUARE, ODD_SQUARE, 5),
    "MXINT8 x INT16": (MXINT8, INT16, 32),
}


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    set_thread_count(None)


def register(a: Coded, b: Coded, depth: int) -> Any:
    """Return the product by the definition of the accumulator."""
    return gemm._general(a, b, depth, False, FP32)


def vectorized(a: Coded, b: Coded, depth: int, *, to_odd: bool) -> Any:
    left, right = (Spanned(x, value_span(x)) for x in (a, b.T))
    return widened(left, right, depth, to_odd=to_odd)


@pytest.mark.parametrize("name", WIDE)
@given(data=st.data())
@settings(max_examples=25)
def test_any_codes_and_any_scales_are_rounded_once_to_odd(name: str, data: st.DataObject) -> None:
    left, right, depth = WIDE[name]
    m, n = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 5))
    k = data.draw(st.integers(1, 70 if depth == 32 else 23))
    a, b = data.draw(coded(left, m, k)), data.draw(coded(right, k, n))
    if data.draw(st.booleans()):
        a, b = twice_along_columns(a, depth), with_cancellation(b, depth)
    expected = register(a, b, depth)
    assert same_bits(matmul(a, b, SEQUENTIAL), expected)
    if np.isfinite(a.values()).all() and np.isfinite(b.values()).all():
        assert same_bits(vectorized(a, b, depth, to_odd=True), expected)


@pytest.mark.parametrize("name", WIDE)
@given(m=st.integers(1, 20), n=st.integers(1, 40), k=st.integers(1, 200), seed=st.integers(0, 999))
@settings(max_examples=12)
def test_both_ways_to_round_agree_where_no_sum_needs_more_than_53_bits(
    name: str, m: int, n: int, k: int, seed: int
) -> None:
    # 2 * 15 bits of codes (or 36 of E4M3), 8 of the sum, 2 * 2 of scales and 1: at most 51.
    left, right, depth = WIDE[name]
    a, b = random_coded(left, m, k, seed, spread=1), random_coded(right, k, n, seed + 1, spread=1)
    expected = register(a, b, depth)
    for to_odd in (False, True):
        assert same_bits(vectorized(a, b, depth, to_odd=to_odd), expected)


@given(seed=st.integers(0, 9999), low=st.integers(-6, 6), twice=st.booleans())
@settings(max_examples=25)
def test_an_exact_chain_ends_right_among_subnormal_numbers(
    seed: int, low: int, twice: bool
) -> None:
    # The least step is 2^(low - 149) where low < 0: below what float32 has, and not for this way.
    a, b = random_coded(SMX_INT16, 7, 11, seed, 0), random_coded(SMX_INT16, 11, 9, seed + 1, 0)
    if twice:
        a, b = twice_along_columns(a, 4), with_cancellation(b, 4)
    a = scaled(a, low - 149 + 80)
    b = scaled(b, -80)
    assert value_span(a).lsb + value_span(b).lsb == low - 149
    expected = register(a, b, 4)
    assert same_bits(matmul(a, b, SEQUENTIAL), expected)
    if low >= 0:
        assert same_bits(vectorized(a, b, 4, to_odd=False), expected)


def scaled(x: Coded, exponent: int) -> Coded:
    """Return x with all its scales ``2^exponent``."""
    scales = np.full_like(x.scales, 127 + exponent)
    return Coded(format=x.format, codes=x.codes, scales=scales)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("last", [1, -1])
def test_a_sum_of_54_bits_needs_rounding_to_odd(sign: int, last: int) -> None:
    # 1 + 2^-24 +- 2^-53: float64 drops the last bit (a tie, to even), and what is left is a tie of
    # float32, which goes to 1; the sum itself lies above that tie, or below it.
    codes = np.array([[2**14, 0, 0, 0, 2**14, 2**14, 1, 0]], np.int16)
    others = sign * codes
    others[0, 6] *= last
    a = Coded(format=SMX_INT16, codes=codes, scales=np.array([[113, 100]], np.uint8))
    b = Coded(format=SMX_INT16, codes=others, scales=np.array([[113, 101]], np.uint8)).T
    expected = sign * (1 + 2.0**-23 if last > 0 else 1)
    assert register(a, b, 4) == matmul(a, b, SEQUENTIAL) == expected
    assert vectorized(a, b, 4, to_odd=True) == expected
    assert vectorized(a, b, 4, to_odd=False) == sign


@pytest.mark.parametrize(
    ("format", "k", "exponent", "to_odd"),
    [
        (SMX_INT16, 4, 0, False),  # 2 * 15 + 2 bits
        (SMX_INT16, 1 << 20, 0, False),  # 2 * 15 + 20
        (SMX_INT16, 1 << 23, 0, True),  # 2 * 15 + 23, and one for the roundings: 54
        (SMX_INT16, 4, -149, False),
        (SMX_INT16, 4, -150, True),
        (SMX_INT16, 4, 94, False),  # 2^(94 + 32) and one for the roundings: below 2^128
        (SMX_INT16, 4, 95, True),
        (MXFP8_E4M3, 1 << 16, 0, False),  # 2 * 18 + 16
        (MXFP8_E4M3, (1 << 16) + 32, 0, True),
    ],
)
def test_the_exact_chain_is_taken_for_sums_that_fit_and_no_others(
    format: Block, k: int, exponent: int, to_odd: bool
) -> None:
    seen = []

    def spy(*operands: Any, to_odd: bool) -> Any:
        seen.append(to_odd)
        return np.zeros((1, 1), np.float32)

    code, dtype = (1, np.int16) if format == SMX_INT16 else (8, np.uint8)
    a, b = (
        Coded(
            format=f, codes=np.full((1, k), code, dtype),
            scales=np.full(f.grid((1, k)), 127 + e, np.uint8),
        )
        for f, e in ((format, exponent // 2), (format, exponent - exponent // 2))
    )  # fmt: skip
    with patch.object(panel_lanes, "widened", spy):
        matmul(a, b.T, SEQUENTIAL)
    assert seen == [to_odd]


def test_a_sum_that_underflows_to_negative_zero_stays_so() -> None:
    # -1 * 1 * 2^-254 rounds to -0; the second tile adds zeros of either sign to it.
    codes = np.array([[-1, 0, 0, 0, 0, -1]], np.int16)
    a = scaled(Coded(format=SMX_INT16, codes=codes, scales=np.zeros((1, 2), np.uint8)), -127)
    for last in (0, 1):
        other = np.array([[1, 0, 0, 0, 0, last]], np.int16)
        b = scaled(Coded(format=SMX_INT16, codes=other, scales=np.zeros((1, 2), np.uint8)), -127)
        result = matmul(a, b.T, SEQUENTIAL)
        assert same_bits(result, register(a, b.T, 4))
        assert result == 0
    e4m3 = Coded(
        format=MXFP8_E4M3, codes=np.array([[0x81] + [0x80] * 40], np.uint8),
        scales=np.zeros((1, 2), np.uint8),
    )  # fmt: skip
    positive = Coded(format=MXFP8_E4M3, codes=e4m3.codes & 0x7F, scales=e4m3.scales)
    result = matmul(e4m3, positive.T, SEQUENTIAL)
    assert same_bits(result, register(e4m3, positive.T, 32))
    assert np.signbit(result).all()


@pytest.mark.parametrize("name", ["SMX_INT16", "MXFP8_E4M3"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_nan_goes_to_the_plain_loops_with_all_its_bits(name: str, side: str) -> None:
    left, right, depth = WIDE[name]
    a, b = random_coded(left, 9, 70, 1), random_coded(right, 70, 5, 2)
    spoilt = a if side == "left" else b
    scales = np.array(spoilt.scales)
    scales.flat[1] = 255
    with_nan = Coded(format=spoilt.format, codes=spoilt.codes, scales=scales)
    a, b = (with_nan, b) if side == "left" else (a, with_nan)
    assert vectorized(a, b, depth, to_odd=False) is None
    result = matmul(a, b, SEQUENTIAL)
    expected = gemm._wide_by_loops(a, b, depth)
    assert np.isnan(result).any()
    assert result.tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", WIDE)
@pytest.mark.parametrize("spread", [1, 30])
def test_pieces_threads_and_storage_do_not_show(
    name: str, spread: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel_lanes, "_LEAST", 1)
    # 19 panels of rows: one to a piece and thread by thread, or all in one.
    left, right, depth = WIDE[name]
    a, b = random_coded(left, 111, 67, 3, spread), random_coded(right, 67, 37, 4, spread)
    expected = register(a, b, depth)
    for count, pieces in ((1, 1), (2, 3), (3, 9)):
        set_thread_count(count)
        with patch.object(panel_lanes, "_PIECES", pieces):
            assert same_bits(matmul(a, b, SEQUENTIAL), expected)
            assert same_bits(matmul(b.T, a.T, SEQUENTIAL), expected.T)


#: Of one byte and of two, scalar and in tiles of every shape; the last with steps of 2^12.
PACKED = [
    INT8, SMX_INT8, MXINT8, MXINT8.T, MXFP8_E4M3, MXFP4_E2M1, OFP8_E5M2, INT16, ODD_SQUARE, FP16,
    Block(element=Fixed(bits=6, fraction_bits=-12), tile=(3, 5)),
]  # fmt: skip


@pytest.mark.parametrize("format", PACKED)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("width", [4, 6, 32])
def test_pieces_of_panels_end_where_tiles_do_and_hold_the_values(
    format: Format, dtype: Any, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel_lanes, "_LEAST", 1)
    set_thread_count(4)
    x = random_coded(format, 500, 37, 1)
    tiles = format.tile[0] if isinstance(format, Block) else 1
    strided = Coded(format=format, codes=np.repeat(x.codes, 2, axis=1)[:, ::2], scales=x.scales)
    for view in (x, column_major(x), strided):
        panels = panel_lanes._Panels(Spanned(view, value_span(x)), width, 40, dtype, finite=False)
        assert (width * panels.per_piece) % tiles == 0
        packed = []
        for start in range(0, panels.count, panels.per_piece):
            stop = min(panels.count, start + panels.per_piece)
            with panels.room(stop - start) as its:
                assert panels.pack(start, stop, its)
                packed.append(its.copy())
        assert len(packed) > 1
        values = np.zeros((panels.count * width, 40))
        values[:500, :37] = x.values()
        rows = np.concatenate(packed).reshape(-1, 40, width).transpose(0, 2, 1).reshape(-1, 40)
        assert same_bits(rows.astype(np.float64), values)


def column_major(x: Coded) -> Coded:
    scales = None if x.scales is None else np.asfortranarray(x.scales)
    return Coded(format=x.format, codes=np.asfortranarray(x.codes), scales=scales)


def test_the_least_integer_may_be_the_power_that_overflows() -> None:
    # -128 * 2^-6 is -2: under 2^127 it is no float32, under 2^126 it is.
    fits = []
    for scale in (254, 253):
        scales = np.array([[scale]], np.uint8)
        x = Coded(format=MXINT8, codes=np.array([[-128]], np.int8), scales=scales)
        fits.append(Spanned(x, value_span(x)).fits(np.float32))
        one = Coded(format=INT8, codes=np.array([[1]], np.int8))
        assert same_bits(matmul(x, one, SEQUENTIAL), register(x, one, 32))
    assert fits == [False, True]


def test_a_factor_that_float32_does_not_hold_is_not_made() -> None:
    # Codes of 2^12 under 2^-155: the values are multiples of 2^-143, the factor alone is none.
    format = Block(element=Fixed(bits=6, fraction_bits=-12), tile=(2, 2), scale=LOW_SCALES)
    codes = np.arange(-10, 14, dtype=np.int8).reshape(4, 6)
    x = Coded(format=format, codes=codes, scales=np.full((2, 3), 5, np.uint8))
    one = Coded(format=INT8, codes=np.eye(6, dtype=np.int8))
    assert value_span(x).lsb == -143
    assert matmul(x, one, SEQUENTIAL).tolist() == np.ldexp(codes.astype(float), -143).tolist()


@pytest.mark.parametrize(
    ("left", "right"), [(BF16, FP16), (OFP8_E5M2, OFP8_E5M2), (FP16, INT16), (FP32, BF16)]
)
@given(data=st.data())
@settings(max_examples=15)
def test_products_one_by_one_are_fused_multiply_adds(
    left: Format, right: Format, data: st.DataObject
) -> None:
    m, k, n = (data.draw(st.integers(1, 9)) for _ in range(3))
    a, b = data.draw(coded(left, m, k)), data.draw(coded(right, k, n))
    result = matmul(a, b, SEQUENTIAL)
    assert same_bits(result, register(a, b, 1))
    if not (np.isfinite(a.values()).all() and np.isfinite(b.values()).all()):
        assert result.tobytes() == register(a, b, 1).tobytes()
