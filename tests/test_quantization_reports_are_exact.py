"""The report on a quantization is what rational arithmetic over its elements gives."""

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bitpde.formats import (
    BF16,
    CATALOGUE,
    FP32,
    FP64,
    INT8,
    MXFP8_E4M3,
    NVFP4,
    OFP8_E5M2,
    SMX_INT8,
    Affine,
    Block,
    Cast,
    FormatError,
    NonFinite,
    Overflow,
    Rounding,
    ScaleRule,
    Scaling,
    whole_file,
)
from bitpde.validation import (
    ArrayFileError,
    QuantizationReport,
    quantize_array,
    read_array,
)
from bitpde.validation.quantization_error import compensated_sum, sum_of_squares

floats = hnp.arrays(
    np.float64,
    st.integers(1, 40),
    elements=st.one_of(
        st.floats(-1e3, 1e3), st.floats(allow_nan=False, allow_infinity=False), st.just(0.0)
    ),
)


def squares(values: list[Fraction]) -> Fraction:
    return sum((value * value for value in values), Fraction(0))


def log10(value: Fraction) -> float:
    """The logarithm of a positive rational of any size, to a few units in the last place."""
    shift = value.numerator.bit_length() - value.denominator.bit_length()
    return math.log10(value / Fraction(2) ** shift) + shift * math.log10(2)


@pytest.mark.parametrize("format", [INT8, OFP8_E5M2, BF16, MXFP8_E4M3, SMX_INT8], ids=str)
def test_sqnr_and_largest_error_are_those_of_rationals(format: Any) -> None:
    @given(floats)
    def check(x: NDArray[np.float64]) -> None:
        done = quantize_array(Cast(format=format), x)
        exact = [Fraction(v) for v in x.tolist()]
        errors = [a - Fraction(v) for a, v in zip(exact, done.coded.values().tolist(), strict=True)]
        signal, noise = squares(exact), squares(errors)
        report = done.report
        if not noise or not signal:
            assert report.sqnr_db is None
            assert report.sqnr_text().startswith("undefined" if not signal else "infinite")
        else:
            expected = 10 * log10(signal / noise)
            assert report.sqnr_db is not None
            # As its docstring derives, and as much again for the logarithm here.
            assert abs(report.sqnr_db - expected) <= 2 * (1e-12 + 2e-15 * abs(expected))
        largest = max(abs(error) for error in errors)
        assert report.max_abs_error == float(largest)  # both round |x - q| once
        assert report.counts == Cast(format=format).encode_counted(x)[1]

    check()


@given(st.sampled_from([np.int64, np.uint64]), st.integers(0, 2**32))
def test_integers_that_no_float64_holds_lose_what_they_lose(dtype: type, seed: int) -> None:
    limits = np.iinfo(dtype)
    x = np.random.default_rng(seed).integers(limits.min, limits.max, 9, dtype, endpoint=True)
    x[:3] = limits.max, 2**53 + 1, limits.min
    done = quantize_array(Cast(format=BF16), x)
    errors = [
        a - Fraction(v) for a, v in zip(x.tolist(), done.coded.values().tolist(), strict=True)
    ]
    largest = float(max(abs(error) for error in errors))
    assert done.report.max_abs_error is not None
    # A float64 takes x - q to one rounding, and what it left of x to another.
    assert abs(done.report.max_abs_error - largest) <= 2.0**-52 * largest
    expected = 10 * log10(squares([Fraction(v) for v in x.tolist()]) / squares(errors))
    assert done.report.sqnr_db is not None
    assert abs(done.report.sqnr_db - expected) <= 2 * (1e-12 + 2e-15 * abs(expected))
    alone = quantize_array(Cast(format=FP64), np.array([2**53 + 1])).report
    assert alone.max_abs_error == 1.0


@given(hnp.arrays(np.float64, st.integers(0, 300), elements=st.floats(0, 1e300)))
@example(np.array([1.0, *(2.0**-53 * (n & (n - 1) == 0) for n in range(1, 4096))]))  # all ties
def test_the_compensated_sum_is_right_to_two_units(x: NDArray[np.float64]) -> None:
    expected = math.fsum(x.tolist())
    assert abs(compensated_sum(x) - expected) <= 2 * math.ulp(expected)


@given(floats)
def test_a_sum_of_squares_neither_overflows_nor_vanishes(x: NDArray[np.float64]) -> None:
    value, exponent = sum_of_squares(x)
    exact = squares([Fraction(v) for v in x.tolist()])
    # One rounding per square and two units of the sum; what scaling loses is below 2^-1000.
    assert abs(Fraction(value) * Fraction(2) ** exponent - exact) <= exact * Fraction(4, 2**53)


SHAPES: list[tuple[int, ...]] = [(), (0,), (1,), (67,), (0, 5), (7, 70), (9, 6), (2, 5, 9)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("format", [INT8, MXFP8_E4M3, SMX_INT8, MXFP8_E4M3.T], ids=str)
def test_codes_and_counts_do_not_depend_on_the_parts(shape: tuple[int, ...], format: Any) -> None:
    x = np.random.default_rng(1).standard_normal(shape) * 60
    cast = Cast(format=format)
    whole, counts = cast.encode_counted(x)
    for part in (1, 40, 200, 2**20):
        seen: list[int] = []
        done = quantize_array(cast, x, part=part, on_part=seen.append, sample=10)
        assert done.coded.equals(whole)
        assert done.report.counts == counts
        assert sum(seen) == x.size
        assert done.before.size == done.after.size
        if isinstance(format, Block) and len(shape) == 2 and part == 40 and x.size > 100:
            assert len(seen) > 1


def test_a_scale_of_the_whole_tensor_sees_all_of_it() -> None:
    x = np.random.default_rng(4).standard_normal((40, 40)) * np.arange(1, 41)
    cast = Cast(format=NVFP4, scaling=Scaling(rule=ScaleRule.RANGE))
    assert quantize_array(cast, x, part=64).coded.equals(cast.encode(x))


@pytest.mark.parametrize("length", [1, 15, 16, 17, 33])
def test_a_scale_of_the_whole_vector_sees_its_ragged_end(length: int) -> None:
    x = np.arange(1.0, length + 1)
    cast = Cast(format=NVFP4, scaling=Scaling(rule=ScaleRule.RANGE))
    assert quantize_array(cast, x).coded.equals(cast.encode(x))


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_channels_are_counted_in_the_whole_array(axis: int | None) -> None:
    count = 1 if axis is None else (6, 7)[axis]
    scales = tuple(2.0**n for n in range(count))
    cast = Cast(
        format=Affine(element=INT8, scale=scales, zero_point=tuple(range(count)), axis=axis)
    )
    x = np.arange(42.0).reshape(6, 7)
    done = quantize_array(cast, x, part=5)
    whole, counts = cast.encode_counted(x)
    assert done.coded.equals(whole)
    assert done.report.counts == counts


def test_random_bits_go_with_their_elements() -> None:
    cast = Cast(format=SMX_INT8, rounding=Rounding.STOCHASTIC, random_bits=8)
    rng = np.random.default_rng(2)
    x, bits = rng.standard_normal((30, 30)), rng.integers(0, 256, (30, 30), dtype=np.uint32)
    done = quantize_array(cast, x, random=bits, part=50)
    assert done.coded.equals(cast.encode(x, bits))


@pytest.mark.parametrize(
    ("x", "format", "overflow", "said"),
    [
        ([], INT8, Overflow.SATURATE, "undefined: the array is empty"),
        ([0.0, -0.0], INT8, Overflow.SATURATE, "undefined: every element is zero"),
        ([1.0, 2.0], INT8, Overflow.SATURATE, "infinite: no element changed"),
        ([np.nan, 1.0], FP32, Overflow.SATURATE, "undefined: the input holds 1 NaN and 0 inf"),
        ([np.inf, 1.0], FP32, Overflow.SATURATE, "undefined: the input holds 0 NaN and 1 inf"),
        ([1e9, 1.0], OFP8_E5M2, Overflow.INFINITY_OR_NAN, "undefined: 1 finite elements became"),
    ],
)
def test_a_ratio_that_is_no_number_is_explained(
    x: list[float], format: Any, overflow: Overflow, said: str
) -> None:
    report = quantize_array(Cast(format=format, overflow=overflow), np.array(x)).report
    assert report.sqnr_db is None
    assert report.sqnr_text().startswith(said)
    assert report.to_json()["sqnr_db"] is None


def test_numbers_that_are_not_finite_are_counted_and_left_out_of_the_error() -> None:
    x = np.array([np.nan, np.inf, -np.inf, 1.25, 3e38, 7.0])
    overflow = Overflow.INFINITY_OR_NAN
    report = quantize_array(Cast(format=OFP8_E5M2, overflow=overflow), x).report
    before, after = (report.nan_before, report.infinite_before), (
        report.nan_after, report.infinite_after)  # fmt: skip
    assert (before, after) == ((1, 2), (1, 3))
    assert report.max_abs_error == 0.0
    nothing = quantize_array(Cast(format=FP64), np.array([np.nan])).report
    assert nothing.max_abs_error is None


def test_bytes_are_those_of_packed_codes_and_scales() -> None:
    report = quantize_array(Cast(format=SMX_INT8), np.ones((8, 8), np.float32)).report
    assert (report.bytes_before, report.bytes_after) == (256, 64 + 4)
    assert report.bits_per_element == SMX_INT8.bits_per_element
    mx = quantize_array(Cast(format=CATALOGUE["MXFP4_E2M1"]), np.ones((3, 32), np.float16)).report
    assert (mx.bytes_before, mx.bytes_after) == (192, 48 + 3)


def test_a_refused_element_is_named_within_its_part() -> None:
    x = np.zeros((8, 4))
    x[5, 2] = np.nan
    cast = Cast(format=SMX_INT8, nonfinite=NonFinite.RAISE)
    with pytest.raises(FormatError, match=r"^x\[5, 2\] is nan"):
        quantize_array(cast, x)
    with pytest.raises(FormatError, match=r"^in the part x\[4:8, 0:4\]: x\[1, 2\] is nan"):
        quantize_array(cast, x, part=16)


@pytest.mark.parametrize("dtype", ["<f2", ">f4", "<f8", ">f8", "i1", ">i4", "u8", "<i8"])
def test_a_file_gives_its_numbers(dtype: str, tmp_path: Path) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    for stored in (array, np.asfortranarray(array), array[:0]):
        np.save(tmp_path / "x.npy", stored)
        read = read_array(tmp_path / "x.npy")
        assert (read.dtype, read.shape) == (stored.dtype, stored.shape)
        assert np.array_equal(read, stored)
        done = quantize_array(Cast(format=INT8), read, part=5)
        assert np.array_equal(done.coded.values(), stored.astype(np.float64))


@pytest.mark.parametrize(
    "array",
    [np.zeros(2, complex), np.array([{}], object), np.array(["x"]), np.zeros(2, bool),
     np.zeros(2, "M8[s]"), np.zeros(2, [("a", "f4")])],
)  # fmt: skip
def test_a_file_of_anything_else_is_refused(array: NDArray[Any], tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", array, allow_pickle=True)
    with pytest.raises(ArrayFileError, match=r"holds .*: give float16, float32, float64 or int"):
        read_array(tmp_path / "x.npy")


def test_every_cut_of_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.arange(3.0))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ArrayFileError, match=r"x\.npy .*numpy\.save"):
            read_array(path)


def test_a_file_that_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(b"old")

    def write(failure: type[BaseException] | None) -> None:
        with whole_file(path) as file:
            file.write(b"new")
            if failure is not None:
                raise failure

    for failure in (ValueError, KeyboardInterrupt):
        with pytest.raises(failure):
            write(failure)
        assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"x.npz": b"old"}
    write(None)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"x.npz": b"new"}


def test_a_report_as_data_is_a_report() -> None:
    report = quantize_array(Cast(format=INT8), np.array([0.25, 300.0])).report
    assert isinstance(report, QuantizationReport)
    data = report.to_json()
    assert (data["elements"], data["saturated"], data["underflowed"]) == (2, 1, 1)
    assert data["sqnr_db"] == report.sqnr_db
    assert dict(report.lines())["saturated"] == "1 (50 %)"
