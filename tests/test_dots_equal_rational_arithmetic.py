"""A dot product has the bits and flags that rational arithmetic gives its accumulator.

The twin forms every product as a Fraction and follows the definition of the accumulator; the
kernels work in integers of 64 bits, or hand what is too wide for them to the twin.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from accumulator_cases import (
    OPERANDS,
    UNITS,
    all_exact,
    any_coded,
    any_codes,
    fused,
    operands,
    pick,
    row,
    same,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.emu import (
    ACCUMULATOR_PRESETS,
    Addend,
    ChunkedAccumulator,
    DatapathError,
    ExactAccumulator,
    FusedAccumulator,
    IntegerAccumulator,
    PintaAccumulator,
    SequentialAccumulator,
    TreeAccumulator,
    dot,
    dot_exact,
    matmul,
)
from bitpde.formats import (
    BF16,
    FNUZ_E4M3,
    FP16,
    FP32,
    FP64,
    INT8,
    MXFP8_E4M3,
    OFP8_E4M3,
    OFP8_E5M2,
    Block,
    Cast,
    Coded,
    Fixed,
    Overflow,
    Rounding,
    p3109,
)

seeds = st.integers(0, 2**32)


def start_for(unit: Any, shape: tuple[int, int], seed: int) -> Any:
    """Return a C of any codes the unit takes, or None."""
    if isinstance(unit, PintaAccumulator) or seed % 2:
        return None
    if isinstance(unit, IntegerAccumulator):
        return np.random.default_rng(seed).integers(*unit.limits, shape, endpoint=True)
    format = unit.outer.format if isinstance(unit, ChunkedAccumulator) else unit.format
    return any_codes(format, shape, seed, seed // 2 % 4)


def check(unit: Any, a: Coded, b: Coded, seed: int) -> None:
    c = start_for(unit, (a.shape[0], b.shape[1]), seed)
    try:
        expected = all_exact(a, b, unit, c)
    except DatapathError:
        with pytest.raises(DatapathError):
            dot(a, b, unit, c)
        return
    assert same(dot(a, b, unit, c), expected), (unit, a.format, b.format, c)


@pytest.mark.parametrize("kind", UNITS)
@given(seed=seeds)
@settings(max_examples=100)
def test_any_unit_on_any_codes_has_the_bits_of_its_definition(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    unit = UNITS[kind](rng)
    check(unit, *operands(rng, unit), seed)


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", UNITS)
@given(seed=seeds)
@settings(max_examples=3000)
def test_many_more_units_have(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    unit = UNITS[kind](rng)
    check(unit, *operands(rng, unit), seed)


@pytest.mark.parametrize("name", ACCUMULATOR_PRESETS)
@given(seed=seeds)
@settings(max_examples=6)
def test_every_preset_has_the_bits_of_its_definition(name: str, seed: int) -> None:
    unit = ACCUMULATOR_PRESETS[name]
    check(unit, *operands(np.random.default_rng(seed), unit), seed)


@given(seed=seeds)
@settings(max_examples=60)
def test_products_that_nearly_cancel_leave_what_was_not_dropped(seed: int) -> None:
    # 1, -1, and something far below, where what alignment dropped is the whole result.
    rng = np.random.default_rng(seed)
    unit, k = fused(rng), int(rng.integers(3, 10))
    exponents = np.r_[0, 0, rng.integers(-24, 8, k - 2)]
    signs = np.r_[1, -1, rng.choice([1, -1], k - 2)]
    left = signs * np.exp2(exponents // 2) * np.r_[1, 1, rng.choice([1.0, 1.5, 1.75], k - 2)]
    right = np.exp2(exponents - exponents // 2)
    order = rng.permutation(k)
    cast = Cast(format=pick(rng, FP16, BF16))
    check(unit, cast.encode(left[order][None]), cast.encode(right[order][:, None]), seed)


@pytest.mark.parametrize("unit", [ExactAccumulator(), SequentialAccumulator()], ids=str)
@pytest.mark.parametrize("format", [BF16, OFP8_E5M2, MXFP8_E4M3])
def test_a_dot_product_in_fp32_is_the_matrix_product(unit: Any, format: Any) -> None:
    other = format.T if isinstance(format, Block) else format
    for kind in (0, 1):
        a, b = any_coded(format, (5, 40), kind, kind, 1), any_coded(other, (40, 6), kind, kind, 1)
        got, product = dot(a, b, unit), matmul(a, b, unit)
        nan = np.isnan(product)
        assert np.array_equal(np.isnan(got.values()), nan)
        assert np.array_equal(got.codes[~nan], product.view(np.uint32)[~nan])


@pytest.mark.parametrize("name", ["hopper_fp8", "mxdotp", "cdna2_f16", "fma_fp32"])
def test_vectors_are_rows_and_columns(name: str) -> None:
    unit = ACCUMULATOR_PRESETS[name]
    a, b = any_coded(OFP8_E4M3, (3, 40), 1, 1, 0), any_coded(OFP8_E4M3, (40, 2), 2, 1, 0)
    whole = dot(a, b, unit)
    assert whole.codes.shape == (3, 2)
    for i, j in np.ndindex(3, 2):
        one = dot(row(a, i), row(b.T, j), unit)
        assert one.codes.shape == ()
        assert one.codes == whole.codes[i, j]


def test_c_broadcasts_and_chains() -> None:
    # Two dot products one after the other are one twice as long, where steps do not straddle.
    unit = ACCUMULATOR_PRESETS["hopper_fp8"]
    a, b = any_coded(OFP8_E4M3, (3, 64), 1, 1, 0), any_coded(OFP8_E4M3, (64, 2), 2, 1, 0)
    first = dot(a[:, :32], b[:32], unit, np.uint32(0))
    both = dot(a[:, 32:], b[32:], unit, first.codes)
    assert np.array_equal(both.codes, dot(a, b, unit).codes)


one = Coded(format=INT8, codes=np.ones(4, np.int8))
tall = Coded(format=OFP8_E4M3, codes=np.full((2, 3), 0x38, np.uint8))
nan = Coded(format=OFP8_E4M3, codes=np.full(4, 0x7F, np.uint8))
mx = Cast(format=MXFP8_E4M3).encode(np.ones(64))
smx = Cast(format=Block(element=INT8, tile=(4, 4))).encode(np.ones((4, 64)))
REFUSED: dict[str, tuple[Any, str]] = {
    "no unit": (lambda: dot(one, one, FP32), "no accumulator"),  # type: ignore[arg-type]
    "no unit, twin": (lambda: dot_exact(one, one, FP32), "no acc"),  # type: ignore[arg-type]
    "shapes": (lambda: dot(tall, tall, ExactAccumulator()), "do not multiply"),
    "lengths, twin": (lambda: dot_exact(one, mx, ExactAccumulator()), "one length"),
    "c of floats": (lambda: dot(one, one, ExactAccumulator(), 1.0), "give codes"),
    "c too large": (lambda: dot(one, one, ExactAccumulator(), 2**32), "run from 0"),
    "c of another shape": (lambda: dot(one, one, ExactAccumulator(), [1, 2]), "does not fit"),
    "c of no code, twin": (lambda: dot_exact(one, one, ExactAccumulator(), -1), "give a code"),
    "c of PINTA": (lambda: dot(smx, smx.T, PintaAccumulator(), 1), "starts empty"),
    "PINTA on floats": (lambda: dot(mx, mx, PintaAccumulator()), "tiles of integers"),
    "integers of floats": (lambda: dot(mx, mx, IntegerAccumulator()), "not Fixed"),
    "c beyond the register, twin": (
        lambda: dot_exact(one, one, IntegerAccumulator(bits=8), 128), "holds -128"
    ),
    "NaN in fixed point": (
        lambda: dot(nan, nan, ExactAccumulator(format=INT8, overflow=Overflow.SATURATE)),
        "no code",
    ),
    "overflow that raises": (
        lambda: dot(one, one, ExactAccumulator(format=Fixed(bits=2), overflow=Overflow.RAISE)),
        "no code",
    ),
    "tiles that do not meet": (
        lambda: dot(smx, _column(), SequentialAccumulator()), "do not meet"
    ),
    "chunks that cut tiles": (
        lambda: dot(mx, mx, ChunkedAccumulator(inner=SequentialAccumulator(), length=8)), "cut"
    ),
    "exact groups over tiles": (
        lambda: dot(mx, mx, FusedAccumulator(terms=48, exact_terms=48)), "edge of a tile"
    ),
    "guard bits beyond 61": (
        lambda: dot(*_wide_tiles(), PintaAccumulator(guard_bits=32)), "fewer guard bits"
    ),
}  # fmt: skip


def _column() -> Coded:
    return Cast(format=MXFP8_E4M3.T).encode(np.ones((64, 1)))


def _wide_tiles() -> tuple[Coded, Coded]:
    square = Cast(format=Block(element=Fixed(bits=16), tile=(4, 4))).encode(np.ones((4, 4)))
    return square, square


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_summed_is_refused_in_one_line(case: str) -> None:
    action, message = REFUSED[case]
    with pytest.raises(DatapathError, match=message) as error:
        action()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("format", OPERANDS, ids=range(len(OPERANDS)))
def test_nothing_is_left_of_an_empty_sum_but_c(format: Any) -> None:
    a = any_coded(format, (2, 0), 0, 1, 1)
    b = any_coded(format.T if isinstance(format, Block) else format, (0, 3), 0, 1, 1)
    units = [FusedAccumulator(), ExactAccumulator(), SequentialAccumulator(), TreeAccumulator()]
    late = replace(FusedAccumulator(), addend=Addend.ROUNDED)
    for unit in [*units, late]:
        assert np.array_equal(dot(a, b, unit, 0x3F800000).values(), np.ones((2, 3)))
        assert not dot(a, b, unit).codes.any()


def test_an_accumulator_of_64_bits_is_held_as_it_is() -> None:
    # The sign bit of FP64 is that of the int64 in which kernels hold codes.
    a, b = Cast(format=FP64).encode([[-1.5, 2.0]]), Cast(format=FP64).encode([[1.0], [-4.0]])
    unit = ExactAccumulator(format=FP64)
    first = dot(a, b, unit)
    assert first.values().item() == -9.5
    assert dot(a, b, unit, first.codes).values().item() == -19.0
    promoted = ChunkedAccumulator(inner=SequentialAccumulator(), length=1, outer=unit)
    assert dot(a, b, promoted, first.codes).values().item() == -19.0


def both(a: Coded, b: Coded, unit: Any, c: int | None = None) -> tuple[Any, bool]:
    """Return code and overflow of one dot product, on which the kernel and the twin agree."""
    got, expected = dot(a, b, unit, c), dot_exact(row(a, 0), row(b.T, 0), unit, c)
    assert same(got, [expected])
    return expected.code, expected.overflowed


@pytest.mark.parametrize("outer", [FP32, FNUZ_E4M3], ids=["FP32", "FNUZ"])
def test_a_tree_that_flushes_inputs_takes_results_of_chunks_as_they_are(outer: Any) -> None:
    # 2^-20 is subnormal in FP16 and 2^-9 in E4M3; what the outer tree flushes is its own C.
    size = 2.0**-20 if outer is FP32 else 2.0**-9
    inner = ExactAccumulator(format=FP16 if outer is FP32 else OFP8_E4M3)
    tree = TreeAccumulator(format=outer, flush_inputs=True)
    unit = ChunkedAccumulator(inner=inner, length=1, outer=tree)
    a, b = Cast(format=FP64).encode([[size]]), Cast(format=FP64).encode([[1.0]])
    chunk = int(Cast(format=outer).encode(np.float64(size)).codes)
    subnormal, negative_zero_or_nan = 1, outer.sign_code
    assert both(a, b, unit)[0] == chunk
    assert both(a, b, unit, subnormal)[0] == chunk
    nan = outer.nan_code == negative_zero_or_nan
    assert both(a, b, unit, negative_zero_or_nan)[0] == (outer.nan_code if nan else chunk)
    assert both(a[:, :0], b[:0], unit, negative_zero_or_nan)[0] == (outer.nan_code if nan else 0)


def test_the_least_integer_is_beyond_a_symmetric_range() -> None:
    unit = ExactAccumulator(format=INT8, overflow=Overflow.SATURATE_SYMMETRIC)
    a = Coded(format=INT8, codes=np.array([[-128]], np.int8))
    one = Coded(format=INT8, codes=np.ones((1, 1), np.int8))
    assert both(a, one, replace(unit, overflow=Overflow.SATURATE)) == (-128, False)
    assert both(a, one, unit) == (-127, True)
    assert both(a[:, :0], one[:0], unit, -128) == (-127, True)
    zero = Coded(format=INT8, codes=np.zeros((1, 1), np.int8))
    symmetric = Overflow.SATURATE_SYMMETRIC
    for each in (unit, SequentialAccumulator(format=INT8, overflow=symmetric)):
        assert both(a, zero, each, -128) == (-127, True)
        assert both(a, zero, each, -127) == (-127, False)


def test_codes_without_a_significand_are_odd_or_even_by_their_exponent() -> None:
    # p3109(8, 1): consecutive codes are powers of two, and the largest number has an even code.
    format = p3109(8, 1)
    largest = format.max_ordinal
    assert largest % 2 == 0
    unit = SequentialAccumulator(
        format=format, rounding=Rounding.TO_ODD, overflow=Overflow.SATURATE
    )
    top = Coded(format=format, codes=np.array([[largest]], np.uint8))
    one = Cast(format=FP64).encode([[1.0]])
    assert both(top, one, unit) == (largest, False)
    assert both(top, one, unit, largest - 2) == (largest, True)
