"""No dot product is farther from the exact one than its bound, and some are as far as the bound.

The error is measured in rational arithmetic.  Bounds are tried on any unit with any operands, on
every preset, and where they could be too small: on operands made to lose what can be lost.  Each
family and each preset also comes near its bound, so that none is safe for being far too large.
"""

from dataclasses import replace
from fractions import Fraction
from math import inf, isfinite, nextafter
from typing import Any

import numpy as np
import pytest
from accumulator_cases import MODES, UNITS, all_exact, any_coded, any_codes, operands, row
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bitpde.emu import (
    ACCUMULATOR_PRESETS,
    Addend,
    ChunkedAccumulator,
    DatapathError,
    ExactAccumulator,
    FusedAccumulator,
    IntegerAccumulator,
    LateAddend,
    PintaAccumulator,
    SequentialAccumulator,
    TreeAccumulator,
    a_priori_bound,
    dot,
    error_bound,
    error_report,
    forward_error,
)
from bitpde.emu.bounds.balls import exactly, loss, upward
from bitpde.emu.dots.tile_depth import depth_for
from bitpde.emu.exact.dot import result_format
from bitpde.emu.exact.fused import steps_of, terms_of
from bitpde.emu.exact.operands import leading_exponent, products_of
from bitpde.formats import (
    BF16,
    FP16,
    FP32,
    INT8,
    MXFP4_E2M1,
    MXFP8_E4M3,
    OFP8_E4M3,
    OFP8_E5M2,
    SMX_INT8,
    Cast,
    Coded,
    Fixed,
    FormatError,
    Overflow,
    Rounding,
    round_exact,
)

RZ, DOWN = Rounding.TOWARD_ZERO, Rounding.DOWN
seeds = st.integers(0, 2**32)


def start_of(rng: np.random.Generator, unit: Any, shape: tuple[int, int]) -> Any:
    """Return codes of C, or none."""
    format = result_format(unit)
    if isinstance(unit, PintaAccumulator) or rng.random() < 0.5:
        return None
    if format is None:
        return rng.integers(-100, 101, shape)
    return any_codes(format, shape, int(rng.integers(2**32)), 1)


def value_of(unit: Any, code: Any) -> float:
    """Return what a code of C stands for."""
    format: Any = result_format(unit)
    return float(Coded(format=format, codes=np.asarray(code)).values())


def any_case(kind: str, seed: int) -> tuple[Coded, Coded, Any, Any]:
    rng = np.random.default_rng(seed)
    unit = UNITS[kind](rng)
    a, b = operands(rng, unit)
    return a, b, unit, start_of(rng, unit, (a.shape[0], b.shape[1]))


@pytest.mark.parametrize("kind", UNITS)
@given(seed=seeds)
@settings(max_examples=50)
def test_no_error_of_any_unit_exceeds_its_bound(kind: str, seed: int) -> None:
    a, b, unit, c = any_case(kind, seed)
    try:
        report = error_report(a, b, unit, c)
    except (DatapathError, FormatError):
        return
    assert (report.errors <= report.bounds).all()


def formats_of(name: str) -> list[Any]:
    """Return what operands a preset is made for."""
    if name == "pinta":
        return [SMX_INT8]
    if name == "int32":
        return [INT8, Fixed(bits=16)]
    if "mxf" in name:
        return [MXFP4_E2M1] if "nvf4" in name else [MXFP8_E4M3, MXFP4_E2M1]
    return [OFP8_E4M3, FP16, BF16]


def preset_cases(name: str) -> Any:
    """Yield operands of every format: near 1, near the ends, and far apart."""
    unit = ACCUMULATOR_PRESETS[name]
    for format in formats_of(name):
        turned = format.T if hasattr(format, "T") else format
        for seed, (left, right) in enumerate(((1, 1), (2, 2), (3, 2))):
            a = any_coded(format, (1, 48), seed, left, seed % 2)
            b = any_coded(turned, (48, 1), seed + 50, right, seed % 2)
            yield a, b, unit, start_of(np.random.default_rng(seed), unit, (1, 1))


@pytest.mark.parametrize("name", ACCUMULATOR_PRESETS)
def test_no_error_of_a_preset_exceeds_its_bound_and_some_is_a_quarter(name: str) -> None:
    greatest = 0.0
    for case in preset_cases(name):
        report = error_report(*case)
        assert (report.errors <= report.bounds).all()
        greatest = max([greatest, *report.ratios[np.isfinite(report.ratios)]])
    if name != "int32":  # whose bounds of such sums are zero
        a, b, unit = worst(ACCUMULATOR_PRESETS[name])
        assert max(greatest, error_report(a, b, unit).ratios.item()) >= 0.25


def row_of(*numbers: float, format: Any = FP32) -> tuple[Coded, Coded]:
    """Return operands whose products are the numbers."""
    cast = Cast(format=format, overflow=Overflow.INFINITY_OR_NAN)
    return cast.encode(np.array([numbers])), cast.encode(np.ones((len(numbers), 1)))


def worst(unit: Any) -> tuple[Coded, Coded, Any]:
    """Return products of which the unit loses as much as it can, as a short argument shows."""
    if isinstance(unit, ChunkedAccumulator):
        return (*worst(unit.inner)[:2], unit)
    if isinstance(unit, FusedAccumulator) and unit.fraction_bits is not None:
        # A one, and terms just below the window's last bit, each of which is dropped, or just
        # above zero, where each is jammed into that bit.
        jams = unit.alignment is Rounding.TO_ODD
        low = 2.0**-unit.fraction_bits * (2.0**-7 if jams else 1 - 2.0**-7)
        if not jams and unit.terms * low < 2.0**-unit.result.significand_bits:
            # All of them are less than what the rounding of the sum can lose.
            return (*row_of(1.0, 2.0**-unit.result.significand_bits * (1 - 2.0**-7)), unit)
        return (*row_of(1.0, *[low] * (unit.terms - 1)), unit)
    if isinstance(unit, IntegerAccumulator):
        # Saturates, and comes back from where the exact sum never was.
        a = Cast(format=INT8).encode([[127.0] * 3 + [-127.0]])
        return a, Cast(format=INT8).encode([[127.0]] * 4), unit
    if isinstance(unit, PintaAccumulator):
        # Tiles 2^12 below the first: their -1 is less than the guard bits' unit, and floored.
        a = Coded(format=SMX_INT8, codes=np.array([[64] * 4 + [-1, 0, 0, 0] * 7], np.int8),
                  scales=np.array([[127] + [115] * 7], np.uint8))  # fmt: skip
        ones = np.ones((32, 1), np.int8)
        b = Coded(format=SMX_INT8.T, codes=ones, scales=np.full((8, 1), 127, np.uint8))
        return a, b, unit
    # A one, and numbers of a third of its last place, each of which is lost.
    low = 2.0 ** -(unit.format.significand_bits + 1) * 0.75
    return (*row_of(1.0, *[low] * 7), unit)


NARROW = FusedAccumulator(terms=8, fraction_bits=9)
TIGHT: dict[str, Any] = {
    "exact": ExactAccumulator(format=BF16, rounding=RZ),
    "sequential": SequentialAccumulator(format=BF16),
    "tree": TreeAccumulator(format=BF16, terms=1),
    "fused": NARROW,
    "fused, C late": replace(NARROW, addend=Addend.LATE, late=LateAddend()),
    "fused, C rounded": replace(NARROW, addend=Addend.ROUNDED),
    "fused, lanes": replace(NARROW, addend=Addend.ROUNDED, lanes=2, terms=16),
    "chunked": ChunkedAccumulator(inner=NARROW, length=8),
    "integer": IntegerAccumulator(bits=16),
    "pinta": PintaAccumulator(),
}


@pytest.mark.parametrize("kind", TIGHT)
def test_some_error_is_more_than_half_of_its_bound(kind: str) -> None:
    report = error_report(*worst(TIGHT[kind]))
    assert report.errors.item() <= report.bounds.item()
    assert report.ratios.item() > 0.5


def test_bounds_of_small_sums_are_these_numbers() -> None:
    # 256 + 1 + 1 in BF16, whose neighbours at 256 are 2 apart: half of that, twice.
    assert error_bound(*row_of(256.0, 1.0, 1.0), SequentialAccumulator(format=BF16)).item() == 2
    # One rounding: 258 is a whole number of 2, and 257 a tie.
    assert error_bound(*row_of(256.0, 1.0, 1.0), ExactAccumulator(format=BF16)).item() == 0
    assert error_bound(*row_of(256.0, 1.0), ExactAccumulator(format=BF16)).item() == 1
    # A window of 4 bits below 1, where 3/64 of grain 1/64 loses 1/16 - 1/64 at most, and 3/64.
    unit = FusedAccumulator(terms=2, fraction_bits=4)
    assert error_bound(*row_of(1.0, 3 / 64), unit).item() == 3 / 64
    assert error_bound(*row_of(1.0, 3 / 64), replace(unit, alignment=DOWN)).item() == 3 / 64
    assert error_bound(*row_of(1.0, 1 / 64), unit).item() == 1 / 64
    assert error_bound(*row_of(1.0, 1 / 64), replace(unit, alignment=DOWN)).item() == 3 / 64


def test_a_saturated_register_is_off_by_the_greatest_excursion() -> None:
    a = Cast(format=INT8).encode([100.0, 100.0, -100.0])
    b = Cast(format=INT8).encode([1.0, 1.0, 1.0])
    report = error_report(a, b, IntegerAccumulator(bits=8))
    assert (report.errors.item(), report.bounds.item()) == (73, 73)  # 200 - 127
    wraps = error_report(a, b, IntegerAccumulator(bits=8, overflow=Overflow.WRAP))
    assert (wraps.errors.item(), wraps.bounds.item()) == (0, 0)  # 100 is inside
    out = error_report(a[:2], b[:2], IntegerAccumulator(bits=8, overflow=Overflow.WRAP))
    assert (out.errors.item(), out.bounds.item()) == (256, 328)  # 200 as -56; 200 - (-128)


def test_no_statement_is_made_of_nan_infinities_and_overflow() -> None:
    unit = SequentialAccumulator(format=FP16)
    for numbers in ([np.inf, 1.0], [np.nan, 1.0], [np.inf, -np.inf], [60000.0, 60000.0]):
        a, b = row_of(*numbers, format=FP16)
        report = error_report(a, b, unit)
        assert (report.errors.item(), report.bounds.item()) == (inf, inf)
        assert np.isnan(report.ratios.item())
    a, b = row_of(60000.0, 60000.0, format=FP16)
    assert error_bound(a, b, replace(unit, overflow=Overflow.SATURATE)).item() == 120000 - 65504
    assert error_bound(a, b, SequentialAccumulator(), 0x7F800000).item() == inf
    limited = FusedAccumulator(product_limit=4)
    assert error_bound(*row_of(16.0), limited).item() == inf
    assert error_bound(*row_of(15.0), limited).item() == 0


#: The largest binary64; an error beyond it is reported as infinite.
GREATEST = Fraction(2) ** 1024 - Fraction(2) ** 971


@given(seed=seeds, kind=st.sampled_from(["fused", "tree", "sequential", "pinta"]))
@example(seed=3_350_768_032, kind="sequential")
@settings(max_examples=20)
def test_the_measured_error_is_that_of_rational_arithmetic(seed: int, kind: str) -> None:
    a, b, unit, c = any_case(kind, seed)
    try:
        expected = all_exact(a, b, unit, c)
    except (DatapathError, FormatError):
        return
    errors = forward_error(a, b, unit, c)
    for (i, j), result in zip(np.ndindex(errors.shape), expected, strict=True):
        numbers = [product.value() for product in products_of(row(a, i), row(b.T, j))]
        if c is not None:
            numbers.append(value_of(unit, c[i, j]))
        got = float(errors[i, j])
        if not all(isinstance(x, Fraction) or isfinite(x) for x in [result.value, *numbers]):
            assert got == inf
            continue
        exact = sum((Fraction(x) for x in numbers), Fraction(0))
        error = abs(Fraction(result.value) - exact)
        if got == inf:
            assert error > GREATEST
            continue
        assert Fraction(got) >= error
        assert error == 0 or Fraction(nextafter(got, 0)) < error


@given(st.fractions(min_value=0))
def test_rounding_up_is_the_least_float_not_below(x: Fraction) -> None:
    y = upward(x)
    assert Fraction(y) >= x
    assert y == 0 or Fraction(nextafter(y, 0)) < x


@pytest.mark.parametrize("mode", MODES)
def test_a_loss_is_the_greatest_there_is(mode: Rounding) -> None:
    # Of all whole numbers of 2^grain and magnitude 2^5 or less; toward zero and to nearest a number
    # by itself is bounded by its magnitude too.
    for grain in (-2, 0, 1):
        numbers = [n * Fraction(2) ** grain for n in range(-128, 129) if abs(n) * 2.0**grain <= 32]
        for place in range(-3, 6):
            step = Fraction(2) ** place
            moves = [abs(round_exact(x, step, mode) * step - x) for x in numbers]
            ball = exactly(Fraction(0))._replace(radius=Fraction(32), grain=grain)
            assert max(moves) == loss(mode, place, ball)
            alone = [loss(mode, place, exactly(x)) for x in numbers]
            assert all(move <= most for move, most in zip(moves, alone, strict=True))


def sizes_of(a: Coded, b: Coded, unit: Any, c: Any) -> dict[str, Any]:
    """Return what an a-priori bound asks for, of the element at (0, 0)."""
    products = products_of(row(a, 0), row(b.T, 0))
    flush = getattr(unit, "flush_inputs", False)
    numbers = [product.value(flush) for product in products]
    size = sum((abs(Fraction(x)) for x in numbers), Fraction(0))
    if c is not None:
        size += abs(Fraction(value_of(unit, c[0, 0])))
    own = unit.inner if isinstance(unit, ChunkedAccumulator) else unit
    exponents = [-2000]
    if isinstance(own, FusedAccumulator):
        length = unit.length if isinstance(unit, ChunkedAccumulator) else len(products) or 1
        for first in range(0, len(products), length):
            for step in steps_of(own, products[first : first + length]):
                exponents += [t.exponent for t in terms_of(own, step) if t.exponent is not None]
    if isinstance(own, PintaAccumulator):
        for p in products:
            scales = Fraction(p.left.scale) * Fraction(p.right.scale) * p.left.step * p.right.step
            exponents.append(leading_exponent(scales))
    depth = depth_for(unit, a, b.T)
    return {"length": len(products), "magnitude": size, "exponent": max(exponents), "depth": depth}


@pytest.mark.parametrize("kind", ["exact", "sequential", "tree", "fused", "chunked", "pinta"])
@given(seed=seeds)
@settings(max_examples=30)
def test_no_error_exceeds_the_bound_from_its_sizes_alone(kind: str, seed: int) -> None:
    a, b, unit, c = any_case(kind, seed)
    parts = (unit, unit.inner, unit.outer) if isinstance(unit, ChunkedAccumulator) else (unit,)
    if any(getattr(part, "flush_inputs", False) for part in parts):
        return
    try:
        report = error_report(a[:1], b[:, :1], unit, None if c is None else c[:1, :1])
    except (DatapathError, FormatError):
        return
    error = report.errors.item()
    if kind == "pinta" and dot(a, b, unit).overflowed[0, 0]:
        return
    if isfinite(error):
        assert error <= a_priori_bound(unit, **sizes_of(a, b, unit, c))


@pytest.mark.parametrize("kind", [kind for kind in TIGHT if kind != "integer"])
def test_some_error_is_a_quarter_of_the_bound_from_sizes_alone(kind: str) -> None:
    a, b, unit = worst(TIGHT[kind])
    error = forward_error(a, b, unit).item()
    bound = a_priori_bound(unit, **sizes_of(a, b, unit, None))
    assert bound / 4 <= error <= bound


def test_what_bounds_cannot_use_is_refused() -> None:
    a, b = row_of(1.0, 2.0)
    with pytest.raises(DatapathError, match="no accumulator"):
        error_bound(a, b, FP32)  # type: ignore[arg-type]
    with pytest.raises(DatapathError, match="do not multiply"):
        error_bound(a, b[1:], SequentialAccumulator())
    with pytest.raises(DatapathError, match="give codes"):
        error_bound(a, b, SequentialAccumulator(), 0.5)
    with pytest.raises(DatapathError, match="codes run from"):
        error_bound(a, b, SequentialAccumulator(), -1)
    with pytest.raises(DatapathError, match="not Fixed"):
        error_bound(a, b, IntegerAccumulator())
    with pytest.raises(DatapathError, match="holds none"):
        error_bound(a, b, PintaAccumulator())
    with pytest.raises(DatapathError, match="give none below"):
        a_priori_bound(SequentialAccumulator(), length=-1, magnitude=1.0)
    with pytest.raises(DatapathError, match="largest exponent"):
        a_priori_bound(FusedAccumulator(), length=1, magnitude=1.0)
    assert a_priori_bound(IntegerAccumulator(bits=8), length=9, magnitude=128.0) == inf
    assert a_priori_bound(SequentialAccumulator(), length=9, magnitude=inf) == inf
    assert a_priori_bound(SequentialAccumulator(), length=2**26, magnitude=1.0) == inf


def test_a_report_has_the_shape_of_the_result_and_c_broadcasts() -> None:
    a = Cast(format=OFP8_E5M2).encode(np.ones((3, 5)))
    b = Cast(format=OFP8_E5M2).encode(np.ones((5, 2)))
    report = error_report(a, b, SequentialAccumulator(format=FP16), [0x3C00, 0x4000])
    assert report.errors.shape == report.bounds.shape == report.ratios.shape == (3, 2)
    assert "largest ratio 0.000" in report.describe()
    assert error_report(a[:0], b, SequentialAccumulator()).describe() == "no dot product"
