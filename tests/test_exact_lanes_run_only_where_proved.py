"""BLAS multiplies where a proof says that nothing can be rounded, and nowhere else.

Where the proof holds the product is that of Fractions; every other lane and the exact twin give the
same bits and flags; one product beyond the limit the proof fails, and rightly so.
"""

from fractions import Fraction
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from accumulator_cases import UNITS, all_exact, any_coded, pick, same
from emu_cases import coded, numbers_of, random_coded
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.emu import (
    ACCUMULATOR_PRESETS,
    DatapathError,
    ExactAccumulator,
    IntegerAccumulator,
    SequentialAccumulator,
    TreeAccumulator,
    dot,
    value_span,
)
from bitpde.emu.dots import lanes as dot_lanes
from bitpde.emu.gemm import blas_lanes, blas_operands
from bitpde.formats import (
    BF16,
    FP16,
    FP32,
    FP64,
    INT4,
    INT8,
    MXFP4_E2M1,
    MXFP8_E4M3,
    MXINT8,
    NVFP4,
    OCP_E2M1,
    OFP8_E4M3,
    SMX_INT4,
    SMX_INT8,
    UINT8,
    Block,
    Coded,
    Fixed,
    Format,
    Overflow,
    Rounding,
)

seeds = st.integers(0, 2**32)
FORMATS: list[Format] = [
    INT4, INT8, UINT8, FP16, OCP_E2M1, OFP8_E4M3, SMX_INT4, SMX_INT8, MXINT8, MXFP4_E2M1,
    MXFP8_E4M3, NVFP4, FP32, FP64, Fixed(bits=16, fraction_bits=20),
    Fixed(bits=8, fraction_bits=-9),
]  # fmt: skip


def exact_product(a: Coded, b: Coded) -> list[Fraction]:
    """Return every element of ``A B^T`` as a Fraction."""
    left, right = ([[Fraction(x) for x in row] for row in numbers_of(m)] for m in (a, b))
    return [sum(map(Fraction.__mul__, x, y), Fraction()) for x in left for y in right]


@given(seed=seeds)
@settings(max_examples=150)
def test_a_product_with_a_proof_is_exact_and_has_no_negative_zero(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = [(int(rng.integers(0, 4)), k) for k in [pick(rng, 0, 1, 3, 17)] * 2]
    a, b = (
        any_coded(pick(rng, *FORMATS), shape, seed + n, pick(rng, 1, 1, 0, 2, 3), pick(rng, 0, 1))
        for n, shape in enumerate(shapes)
    )
    operands = blas_operands.blas_operands(a, b)
    if operands is None:
        return
    product = operands.product()
    assert product.shape == (shapes[0][0], shapes[1][0])
    assert [Fraction(float(x)) for x in product.ravel()] == exact_product(a, b)
    assert not np.signbit(product[product == 0]).any()


@given(seed=seeds)
@settings(max_examples=150)
def test_the_first_rows_only_spare_the_look_at_the_others(seed: int) -> None:
    rng = np.random.default_rng(seed)
    k = pick(rng, 1, 3, 17)
    a, b = (
        any_coded(
            pick(rng, *FORMATS),
            (int(rng.integers(0, 9)), k),
            seed + n,
            pick(rng, 1, 1, 0, 2, 3),
            pick(rng, 0, 1),
        )
        for n in range(2)
    )
    with patch.object(blas_operands, "_LARGE", 0):
        looked = blas_operands.blas_operands(a, b)
    with patch.object(blas_operands, "_LARGE", 1 << 60):
        decoded = blas_operands.blas_operands(a, b)
    assert (looked and looked[2:]) == (decoded and decoded[2:])


@pytest.mark.parametrize(("top", "dtype"), [(53, np.float64), (54, None)])
def test_first_rows_of_just_53_bits_rule_nothing_out(top: int, dtype: Any) -> None:
    # The only product is 2^top, and its least step 1.
    format = Fixed(bits=32)
    a, b = (Coded(format=format, codes=np.array([[1 << n]], np.int32)) for n in (27, top - 27))
    with patch.object(blas_operands, "_LARGE", 0):
        operands = blas_operands.blas_operands(a, b)
    assert (operands and operands.dtype) == dtype


def constant(value: int, rows: int, k: int) -> Coded:
    return Coded(format=INT8, codes=np.full((rows, k), value, np.int8))


def test_int8_without_its_least_value_is_exact_in_float32_up_to_1040() -> None:
    for k, dtype in ((1040, np.float32), (1041, np.float64)):
        a = constant(127, 2, k)
        operands = blas_operands.blas_operands(a, a)
        assert operands is not None
        assert operands.dtype == dtype
        assert (operands.product() == k * 127**2).all()
    # 1041 * 127^2 is odd and above 2^24: no float32.
    assert float(np.float32(1041 * 127**2)) != 1041 * 127**2


def test_the_bound_itself_is_attained() -> None:
    # -128 * -128 * 1024 = 2^24 is the last integer before float32 skips one.
    for k, dtype in ((1024, np.float32), (1025, np.float64)):
        operands = blas_operands.blas_operands(constant(-128, 1, k), constant(-128, 1, k))
        assert operands is not None
        assert operands.dtype == dtype


@pytest.mark.parametrize(("spread", "dtype"), [(0, np.float32), (3, np.float64), (9, None)])
def test_scales_must_be_near_each_other(spread: int, dtype: Any) -> None:
    a, b = random_coded(MXINT8, 4, 320, 1, spread), random_coded(MXINT8, 5, 320, 2, spread)
    operands = blas_operands.blas_operands(a, b)
    # 2 * 7 bits of codes, 9 of the sum, and 4 spreads: 23, 35 and 59 at most.
    assert (operands and operands.dtype) == dtype


def test_operands_of_zeros_ask_nothing_of_the_other() -> None:
    huge = Coded(format=FP64, codes=np.array([[1e300, 5e-324]]).view(np.uint64))
    zero = Coded(format=FP64, codes=np.array([[0.0, -0.0]] * 3).view(np.uint64))
    operands = blas_operands.blas_operands(huge, zero)
    assert operands is not None
    assert operands.product().tolist() == [[0.0, 0.0, 0.0]]
    assert not np.signbit(operands.product()).any()


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_never_proved(special: float) -> None:
    codes = np.array([[special, 1.0], [0.0, 0.0]], np.float16).view(np.uint16)
    a, zero = Coded(format=FP16, codes=codes), constant(0, 2, 2)
    assert blas_operands.blas_operands(a, zero) is None
    assert blas_operands.blas_operands(zero, a) is None
    assert dot(a, zero.T, ExactAccumulator()).invalid.tolist() == [[not np.isnan(special)] * 2,
                                                                    [False] * 2]  # fmt: skip


@pytest.mark.parametrize(
    "format", [NVFP4, Block(element=OFP8_E4M3, tile=(1, 4), scale=NVFP4.scale)]
)
@given(seed=seeds)
@settings(max_examples=40)
def test_the_span_of_small_float_scales_holds_all_values(format: Block, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = any_coded(format, (2, 9), seed, 1, pick(rng, 0, 1, 3))
    scales = np.array(x.scales)
    scales[rng.random(scales.shape) < 0.2] = 0
    low = int(rng.integers(1, 120))
    scales = np.where(scales == 127, 127, np.clip(scales, 0, low)).astype(np.uint8)
    codes = x.codes.copy()
    codes[0, 0], scales[0, 0] = format.element.max_ordinal, low  # the largest of all
    x = Coded(format=format, codes=codes, scales=scales, tensor_scale=x.tensor_scale)
    span = value_span(x)
    for value in (Fraction(v) for row in numbers_of(x) for v in row if np.isfinite(float(v))):
        assert (value / Fraction(2) ** span.lsb).denominator == 1
        assert abs(value) <= Fraction(2) ** span.top


SMALL: list[Format] = [
    INT4, INT8, UINT8, OCP_E2M1, SMX_INT4, MXFP4_E2M1, NVFP4, OFP8_E4M3,
    Fixed(bits=4, fraction_bits=3),
]  # fmt: skip


def small_operands(rng: np.random.Generator, kind: str) -> tuple[Coded, Coded]:
    """Return operands whose sums often need no rounding: few bits, few terms, scales alike."""
    formats = [INT4, INT8, UINT8, SMALL[-1]] if kind == "integer" else SMALL
    left, right = pick(rng, *formats), pick(rng, *formats)
    k = pick(rng, 0, 1, 2, 3, 8, 33)
    shapes = (int(rng.integers(0, 3)), k), (int(rng.integers(0, 3)), k)
    a, b = (
        any_coded(format, shape, int(rng.integers(2**32)), 1, pick(rng, 0, 0, 1))
        for format, shape in zip((left, right), shapes, strict=True)
    )
    return a, b.T


@pytest.mark.parametrize("kind", [kind for kind in UNITS if kind not in ("pinta", "fused")])
@given(seed=seeds)
@settings(max_examples=60)
def test_no_lane_shows_in_codes_or_flags(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    unit, (a, b) = UNITS[kind](rng), small_operands(rng, kind)
    try:
        expected = all_exact(a, b, unit, None)
    except DatapathError:
        with pytest.raises(DatapathError):
            dot(a, b, unit)
        return
    if not expected:
        return  # nothing that the twin could refuse
    assert same(dot(a, b, unit), expected), unit
    others = {"fill_by_blas": lambda *_, **__: False, "exact_column": lambda *_: None}
    with patch.multiple(dot_lanes, **others):
        assert same(dot(a, b, unit), expected), unit


@given(seed=seeds)
@settings(max_examples=150)
def test_what_never_rounds_gives_the_exact_sum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    unit = UNITS[pick(rng, "exact", "sequential", "tree", "chunked")](rng)
    a, b = small_operands(rng, "any")
    operands = blas_operands.blas_operands(a, b.T)
    if operands is None or not blas_lanes.never_rounds(unit, operands.lsb, operands.most):
        return
    try:
        results = all_exact(a, b, unit, None)
    except DatapathError:
        return  # tiles that do not meet, or that chunks cut
    assert [Fraction(x.value) for x in results] == exact_product(a, b.T)
    assert not any(x.overflowed or x.invalid for x in results)
    assert not any(np.signbit(float(x.value)) for x in results if not x.value)


UP = Fixed(bits=16, fraction_bits=2)
#: An accumulator, the operands' format, K, C if any, and whether BLAS alone computes it.
TAKEN: dict[str, tuple[Any, Format, int, Any, bool]] = {
    "int32": (ACCUMULATOR_PRESETS["int32"], INT8, 64, None, True),
    "int32 from C": (ACCUMULATOR_PRESETS["int32"], INT8, 64, 5, True),
    "int32 from its end": (ACCUMULATOR_PRESETS["int32"], INT8, 64, 2**31 - 1, False),
    "int16": (IntegerAccumulator(bits=16), INT8, 64, None, False),
    "fma_fp32": (SequentialAccumulator(), INT8, 64, None, True),
    "fma_fp32 from C": (SequentialAccumulator(), INT8, 64, 0, False),
    "chain down": (SequentialAccumulator(rounding=Rounding.DOWN), INT8, 64, None, False),
    "chain in BF16": (SequentialAccumulator(format=BF16), INT8, 64, None, False),
    "chain in BF16, K = 1": (SequentialAccumulator(format=BF16), INT4, 1, None, True),
    "cdna1": (ACCUMULATOR_PRESETS["cdna1_f16"], INT8, 64, None, True),
    "cdna2": (ACCUMULATOR_PRESETS["cdna2_f16"], INT8, 64, None, False),
    "tree of E4M3": (TreeAccumulator(), OFP8_E4M3, 64, None, False),
    "kulisch of E4M3": (ACCUMULATOR_PRESETS["kulisch_fp32"], OFP8_E4M3, 64, None, True),
    "kulisch of BF16": (ACCUMULATOR_PRESETS["kulisch_fp32"], BF16, 64, None, False),
    "kulisch of NVFP4": (ACCUMULATOR_PRESETS["kulisch_fp32"], NVFP4, 64, None, True),
    "hopper": (ACCUMULATOR_PRESETS["hopper_f16"], INT8, 64, None, False),
    "fixed": (SequentialAccumulator(format=UP, overflow=Overflow.SATURATE), INT4, 64, None, True),
    "unsigned": (
        SequentialAccumulator(format=UINT8, overflow=Overflow.SATURATE), INT4, 2, None, False
    ),
    "fixed, full": (
        SequentialAccumulator(format=UP, overflow=Overflow.SATURATE), INT8, 64, None, False
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TAKEN)
def test_the_exact_lane_runs_where_it_may(case: str) -> None:
    unit, format, k, c, taken = TAKEN[case]
    a, b = any_coded(format, (2, k), 1, 1, 0), any_coded(format, (3, k), 2, 1, 0).T
    found: list[bool] = []
    real = dot_lanes.fill_by_blas

    def spy(*arguments: Any, **names: Any) -> bool:
        found.append(real(*arguments, **names))
        return found[-1]

    with patch.object(dot_lanes, "fill_by_blas", spy):
        got = dot(a, b, unit, c)
    assert found == [taken]
    start = None if c is None else np.full((2, 3), c)
    assert same(got, all_exact(a, b, unit, start))


@pytest.mark.parametrize("name", ["SMX_INT8", "FP16"])
@given(data=st.data())
@settings(max_examples=20)
def test_any_codes_have_one_exact_sum(name: str, data: st.DataObject) -> None:
    format: Format = {"SMX_INT8": SMX_INT8, "FP16": FP16}[name]
    a, b = (data.draw(coded(format, 3, 9)) for _ in range(2))
    for unit in (ExactAccumulator(format=FP64), ExactAccumulator(format=BF16)):
        assert same(dot(a, b.T, unit), all_exact(a, b.T, unit, None))
