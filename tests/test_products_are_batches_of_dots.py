"""A product of any operands in any accumulator is, element by element, its exact dot product.

`matmul` gives the numbers and `dot` the codes of one and the same machine, for stacks of matrices,
vectors, transposes and views as NumPy pairs and lays out arrays.
"""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from accumulator_cases import (
    MODES,
    UNITS,
    all_exact,
    any_coded,
    any_codes,
    operands,
)
from emu_cases import same_bits
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitpde.emu import (
    ACCUMULATOR_PRESETS,
    ChunkedAccumulator,
    DatapathError,
    ExactAccumulator,
    IntegerAccumulator,
    PintaAccumulator,
    SequentialAccumulator,
    dot,
    matmul,
    outer,
)
from bitpde.formats import (
    BF16,
    FP16,
    FP32,
    FP64,
    INT8,
    MXFP8_E4M3,
    NVFP4,
    OFP8_E4M3,
    SMX_INT8,
    SMX_INT12,
    Block,
    Cast,
    Coded,
    Fixed,
    Format,
    Overflow,
    Rounding,
)

seeds = st.integers(0, 2**32)
DTYPES = {FP16: np.float16, FP32: np.float32, FP64: np.float64}


def result_format(unit: Any) -> Any:
    if isinstance(unit, IntegerAccumulator | PintaAccumulator):
        return None
    return unit.outer.format if isinstance(unit, ChunkedAccumulator) else unit.format


def a_start(unit: Any, a: Coded, b: Coded, seed: int) -> tuple[Any, Any]:
    """Return codes to start from and the numbers they stand for, or None twice."""
    shape, format = (a.shape[0], b.shape[1]), result_format(unit)
    if isinstance(unit, PintaAccumulator) or seed % 2:
        return None, None
    if format is not None:
        codes = any_codes(format, shape, seed, seed // 2 % 4)
        values = Coded(format=format, codes=codes).values()
        return codes, values.astype(DTYPES.get(format, np.float64))
    least, greatest = unit.limits
    codes = np.random.default_rng(seed).integers(least, greatest, shape, endpoint=True)
    codes >>= max(0, unit.bits - 50)
    return codes, np.ldexp(codes.astype(float), a.element.lsb_min + b.element.lsb_min)


@pytest.mark.parametrize("kind", UNITS)
@given(seed=seeds)
@settings(max_examples=40)
def test_the_numbers_are_those_of_the_definition(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    unit = UNITS[kind](rng)
    a, b = operands(rng, unit)
    codes, numbers = a_start(unit, a, b, seed)
    try:
        expected = [x.value for x in all_exact(a, b, unit, codes)]
    except DatapathError:
        with pytest.raises(DatapathError):
            matmul(a, b, unit, numbers)
        return
    unit_step = Fraction(2) ** (a.element.lsb_min + b.element.lsb_min)
    if kind == "integer" and any(abs(Fraction(x) / unit_step) > 2**53 for x in expected):
        with pytest.raises(DatapathError, match="no float64"):
            matmul(a, b, unit, numbers)
        return
    got = matmul(a, b, unit, numbers)
    assert got.dtype == DTYPES.get(result_format(unit), np.float64)
    assert got.shape == (a.shape[0], b.shape[1])
    floats = np.array([float(x) for x in expected]).reshape(got.shape)
    if isinstance(result_format(unit), Fixed) or result_format(unit) is None:
        floats += 0.0  # one zero
    assert same_bits(got.astype(np.float64), floats), unit


@pytest.mark.parametrize("kind", [SequentialAccumulator, ExactAccumulator])
@pytest.mark.parametrize("rounding", MODES)
def test_every_rounding_in_fp32_and_fp64_is_itself(kind: Any, rounding: Rounding) -> None:
    # Products of 22 bits, 40 binades apart: neither format holds their sums.
    rng = np.random.default_rng(0)
    x = rng.integers(1024, 2048, (2, 6)) * np.exp2([20.0, -20, 0, -1, 5, -7]) * [[1], [-1]]
    a, b = Cast(format=FP64).encode(x), Cast(format=FP64).encode(x.T[:, ::-1])
    for format in (FP32, FP64):
        for overflow in (Overflow.INFINITY_OR_NAN, Overflow.SATURATE):
            unit = kind(format=format, rounding=rounding, overflow=overflow)
            expected = [float(r.value) for r in all_exact(a, b, unit, None)]
            assert matmul(a, b, unit).ravel().tolist() == expected


def test_a_sum_that_overflows_saturates_where_the_accumulator_does() -> None:
    big = Coded(format=BF16, codes=np.full((1, 2), 0x7F7F, np.uint16))
    one = Coded(format=INT8, codes=np.ones((2, 1), np.int8))
    for overflow, top in (
        (Overflow.SATURATE, float(FP32.max)), (Overflow.INFINITY_OR_NAN, np.inf)
    ):  # fmt: skip
        for kind in (SequentialAccumulator, ExactAccumulator):
            assert matmul(big, one, kind(overflow=overflow)).item() == top


#: Leading axes of both operands, as NumPy broadcasts them; the third and fourth fold into rows.
BATCHES = [
    ((2, 1), (3,)), ((), (2,)), ((2,), ()), ((2, 3), (1, 1)), ((1,), (2, 1)), ((0,), ()),
    ((2, 0), (1,)),
]  # fmt: skip
#: An accumulator, its operands, and the rows of the left one: whole and ragged tiles.
STACKS: list[tuple[str, Format, Format, int]] = [
    ("fma_fp32", SMX_INT8, SMX_INT12, 4),
    ("fma_fp32", SMX_INT8, SMX_INT8, 3),
    ("fma_fp32", OFP8_E4M3, BF16, 2),
    ("kulisch_fp32", MXFP8_E4M3, MXFP8_E4M3.T, 3),
    ("hopper_fp8", OFP8_E4M3, OFP8_E4M3, 3),
    ("blackwell_mxf4nvf4", NVFP4, NVFP4.T, 2),
    ("cdna1_f16", FP16, INT8, 1),
    ("hopper_fp8_promoted", MXFP8_E4M3, MXFP8_E4M3.T, 2),
    ("int32", INT8, INT8, 2),
    ("pinta", SMX_INT8, SMX_INT12, 3),
]


def stack(format: Format, shape: tuple[int, ...], seed: int) -> Coded:
    """Return matrices of codes and scales near 1, one after the other."""
    *batch, rows, columns = shape
    count = int(np.prod(batch))
    parts = [any_coded(format, (rows, columns), seed + 7 * n, 1, 1) for n in range(count)]
    if not parts:
        parts = [any_coded(format, (rows, columns), seed, 1, 1)]
    codes, scales = np.array([x.codes for x in parts]), None
    if isinstance(format, Block):
        scales = np.array([x.scales for x in parts])[:count]
        scales = scales.reshape(*batch, *scales.shape[1:])
    return Coded(
        format=format, codes=codes[:count].reshape(shape), scales=scales,
        tensor_scale=parts[0].tensor_scale,
    )  # fmt: skip


@pytest.mark.parametrize("place", range(len(STACKS)))
@pytest.mark.parametrize("batches", BATCHES, ids=str)
def test_every_matrix_of_a_stack_is_multiplied_by_itself(
    place: int, batches: tuple[tuple[int, ...], tuple[int, ...]]
) -> None:
    name, left, right, rows = STACKS[place]
    unit = ACCUMULATOR_PRESETS[name]
    a, b = stack(left, (*batches[0], rows, 9), 3), stack(right, (*batches[1], 9, 5), 4)
    got, numbers = dot(a, b, unit), matmul(a, b, unit)
    whole = np.broadcast_shapes(*batches)
    assert got.codes.shape == numbers.shape == got.overflowed.shape == (*whole, rows, 5)
    for index in np.ndindex(whole):
        one, other = (
            x[tuple(i if n > 1 else 0 for i, n in zip(index[len(index) - len(s):], s, strict=True))]
            for x, s in zip((a, b), batches, strict=True)
        )  # fmt: skip
        alone = dot(one, other, unit)
        assert np.array_equal(got.codes[index], alone.codes)
        assert np.array_equal(got.invalid[index], alone.invalid)
        assert np.array_equal(got.overflowed[index], alone.overflowed)
        assert same_bits(numbers[index], matmul(one, other, unit))
        assert same_bits(numbers[index], alone.floats())


@pytest.mark.parametrize("name", ["fma_fp32", "hopper_fp8", "kulisch_fp32", "int32"])
@pytest.mark.parametrize(
    ("one", "other"),
    [((7,), (7,)), ((7,), (7, 2)), ((3, 7), (7,)), ((7,), (2, 7, 3)), ((2, 3, 7), (7,)),
     ((0,), (0, 2)), ((0, 7), (7, 2)), ((2, 0), (0,)), ((3, 7), (7, 0)), ((1,), (1,))],
)  # fmt: skip
def test_shapes_are_those_of_numpy(name: str, one: tuple[int, ...], other: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    a, b = (Coded(format=INT8, codes=rng.integers(-9, 9, s).astype(np.int8)) for s in (one, other))
    product = np.matmul(a.values(), b.values())
    got = matmul(a, b, ACCUMULATOR_PRESETS[name])
    assert got.shape == np.shape(product)
    assert np.array_equal(got, product)  # small integers, which every one of these holds


@pytest.mark.parametrize("name", ["fma_fp32", "hopper_fp8"])
def test_c_is_the_same_in_numbers_and_in_codes(name: str) -> None:
    unit = ACCUMULATOR_PRESETS[name]
    a, b = stack(OFP8_E4M3, (2, 3, 9), 0), stack(OFP8_E4M3, (9, 5), 1)
    c = np.array([0.1, -2.5, -0.0, np.inf, 1e-40], np.float32)
    for numbers in (c, c.astype(np.float64), c.astype(">f4"), c[None, None]):
        got = matmul(a, b, unit, numbers)
        assert same_bits(got, dot(a, b, unit, c.view(np.uint32)).floats())


UNITS_OF_SQUARES = ["fma_fp32", "kulisch_fp32", "hopper_fp8", "cdna1_f16", "cdna3_fp8", "pinta"]


@pytest.mark.parametrize("name", [*UNITS_OF_SQUARES, "rvbna_8", "mxdotp", "hopper_fp8_promoted"])
def test_square_tiles_are_transposed_without_touching_a_code(name: str) -> None:
    unit = ACCUMULATOR_PRESETS[name]
    a, b = any_coded(SMX_INT8, (6, 37), 1, 1, 1), any_coded(SMX_INT12, (37, 5), 2, 1, 1)
    turned = dot(b.T, a.T, unit)
    assert np.shares_memory(a.T.codes, a.codes)
    assert a.T.format == a.format
    assert np.array_equal(turned.codes.T, dot(a, b, unit).codes)
    assert same_bits(matmul(b.T, a.T, unit).T, matmul(a, b, unit))


@pytest.mark.parametrize("name", [*UNITS_OF_SQUARES, "int32"])
def test_views_have_the_bits_of_their_copies(name: str) -> None:
    unit = ACCUMULATOR_PRESETS[name]
    format: Format = INT8 if name == "int32" else SMX_INT8
    a, b = any_coded(format, (6, 21), 1, 1, 1), any_coded(format, (21, 5), 2, 1, 1)
    expected = dot(a, b, unit)

    def strided(x: Coded) -> Coded:
        room = np.zeros((2 * x.shape[0], 3 * x.shape[1]), np.int8)
        room[::-2, ::3] = x.codes
        scales = None if x.scales is None else np.asfortranarray(x.scales)
        return Coded(format=format, codes=room[::-2, ::3], scales=scales)

    for x, y in ((strided(a), b), (a, strided(b)), (strided(a), strided(b))):
        assert np.array_equal(dot(x, y, unit).codes, expected.codes)
        assert same_bits(matmul(x, y, unit), expected.floats())


@pytest.mark.parametrize("name", ["fma_fp32", "hopper_fp8", "kulisch_fp32"])
@pytest.mark.parametrize("format", [OFP8_E4M3, MXFP8_E4M3, SMX_INT8, FP16])
def test_an_outer_product_is_the_dot_product_of_every_pair(name: str, format: Format) -> None:
    unit = ACCUMULATOR_PRESETS[name]
    a, b = (Cast(format=format).encode(np.linspace(low, 3, 41)) for low in (-1, -7))
    got = outer(a, b, unit)
    assert got.shape == (41, 41)
    # Products of at most 11 bits each: no accumulator here rounds one product but 13 bits of FP8.
    if name != "hopper_fp8":
        assert np.array_equal(got, np.outer(a.values(), b.values()).astype(np.float32))
    scalar = Coded(format=FP16, codes=np.array([1.5], np.float16).view(np.uint16))
    assert outer(scalar, scalar, unit).tolist() == [[2.25]]


tall = Coded(format=OFP8_E4M3, codes=np.full((2, 3), 0x38, np.uint8))
ones = Coded(format=INT8, codes=np.ones((2, 2), np.int8))
mx = Cast(format=MXFP8_E4M3).encode(np.ones((32, 32)))
REFUSED: dict[str, tuple[Any, str]] = {
    "no accumulator": (lambda: matmul(tall, tall.T, FP32), "no accumulator"),  # type: ignore[arg-type]
    "shapes": (lambda: matmul(tall, tall, SequentialAccumulator()), "do not multiply"),
    "no axes": (lambda: matmul(tall[0, 0], tall, SequentialAccumulator()), "do not multiply"),
    "batches": (
        lambda: dot(stack(INT8, (2, 1, 3), 0), stack(INT8, (3, 3, 1), 0), IntegerAccumulator()),
        "do not broadcast",
    ),
    "tiles across k": (lambda: matmul(mx, mx, SequentialAccumulator()), "do not meet"),
    "codes for numbers": (
        lambda: matmul(ones, ones, SequentialAccumulator(), c=[1, 2]), "numbers as floats"
    ),
    "c that is no BF16": (
        lambda: matmul(ones, ones, SequentialAccumulator(format=BF16), c=1 + 2.0**-8), "1.00390625"
    ),
    "c that is no FP32": (
        lambda: matmul(ones, ones, SequentialAccumulator(), c=np.float64(0.1)), "does not"
    ),
    "c between integers": (
        lambda: matmul(ones, ones, IntegerAccumulator(), c=0.5), "no integers"
    ),
    "c beyond the register": (
        lambda: matmul(ones, ones, IntegerAccumulator(bits=8), c=128.0), "codes run from -128"
    ),
    "NaN for integers": (
        lambda: matmul(ones, ones, IntegerAccumulator(), c=np.nan), "no integers"
    ),
    "c of another shape": (
        lambda: matmul(ones, ones, SequentialAccumulator(), c=np.ones(3)), "does not fit"
    ),
    "c of PINTA": (
        lambda: matmul(stack(SMX_INT8, (4, 4), 0), stack(SMX_INT8, (4, 4), 0),
                       PintaAccumulator(), c=1.0), "starts empty"
    ),
    "an outer product of matrices": (
        lambda: outer(tall, tall, ExactAccumulator()), "two vectors"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_in_one_line(case: str) -> None:
    action, message = REFUSED[case]
    with pytest.raises(DatapathError, match=message) as error:
        action()
    assert "\n" not in str(error.value)


def test_nothing_is_asked_of_the_memory_of_c() -> None:
    # 0-d, a view backwards, and integers of another width for a register.
    c: NDArray[Any] = np.arange(4.0)[::-2]
    assert matmul(ones, ones, SequentialAccumulator(), c=c).tolist() == [[5.0, 3.0], [5.0, 3.0]]
    assert matmul(ones, ones, IntegerAccumulator(), c=np.int8(-2)).tolist() == [[0.0, 0.0]] * 2
    assert matmul(ones, ones, SequentialAccumulator(), c=np.float32(1)).tolist() == [[3.0, 3.0]] * 2
