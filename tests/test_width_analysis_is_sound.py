"""A span contains every value, product and sum it speaks for, and a sum that fits is exact.

This is what the fast lanes of the matrix product rest on: where the analysis says 24 (53) bits,
float32 (float64) sums are exact in any order; a case one bit wider is shown to be inexact.
"""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from emu_cases import coded, numbers_of, random_coded
from format_cases import NARROW
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.emu import Span, element_span, value_span
from bitpde.emu.gemm import gemm, panel_lanes
from bitpde.formats import (
    FP16,
    FP32,
    INT8,
    INT12,
    MXFP8_E5M2,
    MXINT8,
    SMX_INT8,
    SMX_INT12,
    SMX_INT16,
    Coded,
    Format,
    decode_exact,
)


def holds(span: Span, x: Fraction | float) -> bool:
    """Return whether a finite number is a multiple of 2^lsb and at most 2^top in magnitude."""
    exact = Fraction(x)
    multiple = (exact / Fraction(2) ** span.lsb).denominator == 1
    return multiple and abs(exact) <= Fraction(2) ** span.top


@pytest.mark.parametrize("name", [name for name, format in NARROW.items() if format.bits <= 12])
def test_the_span_of_an_element_holds_all_its_values(name: str) -> None:
    format = NARROW[name]
    values = [decode_exact(format, code) for code in format.codes()]
    assert all(holds(element_span(format), x) for x in values if np.isfinite(float(x)))


@pytest.mark.parametrize("format", [SMX_INT8, MXINT8, MXFP8_E5M2, FP16, FP32, INT8])
@given(data=st.data())
@settings(max_examples=25)
def test_the_span_of_a_matrix_holds_all_its_values(format: Format, data: st.DataObject) -> None:
    rows, columns = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 40))
    matrix = data.draw(coded(format, rows, columns))
    span = value_span(matrix)
    assert all(holds(span, x) for row in numbers_of(matrix) for x in row if np.isfinite(float(x)))


@given(data=st.data())
@settings(max_examples=25)
def test_tiles_of_zeros_and_of_nan_widen_nothing(data: st.DataObject) -> None:
    matrix = random_coded(SMX_INT8, 8, 12, data.draw(st.integers(0, 999)))
    codes, scales = matrix.codes.copy(), np.array(matrix.scales)
    codes[:4, :4] = 0
    scales[0, 0] = 0
    scales[1, 1] = 255
    edited = Coded(format=SMX_INT8, codes=codes, scales=scales)
    span, whole = value_span(edited), value_span(matrix)
    assert whole.lsb <= span.lsb
    assert span.top <= whole.top


spans = st.builds(
    lambda lsb, bits: Span(lsb, lsb + bits), st.integers(-200, 200), st.integers(0, 30)
)


def inside(data: Any, span: Span) -> Fraction:
    """Draw a number of the span, the largest ones often."""
    most = 2**span.bits
    count = data.draw(st.one_of(st.integers(-most, most), st.sampled_from([most, -most])))
    return count * Fraction(2) ** span.lsb


@given(data=st.data(), a=spans, b=spans, shift=st.integers(-300, 300))
def test_products_and_scaled_numbers_are_in_their_spans(
    data: st.DataObject, a: Span, b: Span, shift: int
) -> None:
    x, y = inside(data, a), inside(data, b)
    assert holds(a.times(b), x * y)
    assert holds(a.shifted(shift - 3, shift + 2), x * Fraction(2) ** shift)


@given(data=st.data(), span=spans, count=st.integers(1, 40))
def test_sums_of_at_most_count_numbers_are_in_their_span(
    data: st.DataObject, span: Span, count: int
) -> None:
    terms = [inside(data, span) for _ in range(data.draw(st.integers(0, count)))]
    assert holds(span.summed(count), sum(terms, Fraction(0)))
    # And no narrower power of two would do for the largest sum.
    largest = count * Fraction(2) ** span.top
    assert not holds(Span(span.lsb, span.summed(count).top - 1), largest)


@pytest.mark.parametrize(("dtype", "limit"), [(np.float32, 24), (np.float64, 53)])
@given(data=st.data(), count=st.integers(1, 20))
def test_a_sum_that_fits_is_exact_in_any_order(
    dtype: Any, limit: int, data: st.DataObject, count: int
) -> None:
    spare = (count - 1).bit_length()
    lsb = data.draw(st.integers(-149, 100))
    span = Span(lsb, lsb + data.draw(st.integers(0, limit - spare)))
    assert span.summed(count).bits <= limit
    terms = [inside(data, span) for _ in range(count)]
    total = dtype(0)
    for index in data.draw(st.permutations(range(count))):
        total = total + dtype(float(terms[index]))
    assert Fraction(float(total)) == sum(terms, Fraction(0))


def test_where_the_analysis_says_25_bits_float32_is_inexact() -> None:
    # Five products of the largest INT12: 5 * 2047^2 = 20 951 045, odd and above 2^24.
    tile = element_span(INT12).times(element_span(INT12)).summed(5)
    assert tile.bits == 25
    total = np.float32(0)
    for _ in range(5):
        total = total + np.float32(2047) * np.float32(2047)
    assert int(total) != 5 * 2047**2
    assert element_span(INT12).times(element_span(INT12)).summed(4).bits == 24


def test_panels_would_be_wrong_where_the_analysis_refuses_them() -> None:
    a, b = random_coded(SMX_INT16, 12, 40, 1), random_coded(SMX_INT16, 40, 12, 2)
    assert value_span(a).times(value_span(b)).summed(4).bits >= 32
    left, right = (panel_lanes.Spanned(x, value_span(x)) for x in (a, b.T))
    panels = panel_lanes.chained(left, right, 4, np.float32, finite=False)
    assert (panels != gemm._general(a, b, 4, False, FP32)).any()


@pytest.mark.parametrize("spread", [0, 3, 30, 120])
def test_the_spread_of_scales_is_counted(spread: int) -> None:
    matrix = random_coded(SMX_INT12, 40, 40, 1, spread)
    assert value_span(matrix).bits <= 11 + 2 * spread
    assert value_span(matrix).bits > 11 + 2 * spread - max(2, spread // 4)
