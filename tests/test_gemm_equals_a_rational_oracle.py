"""A matrix product is, bit for bit, what rational arithmetic says its accumulator makes of it.

The oracle decodes every code by the definition of its format, forms all products as Fractions and
rounds as often as the accumulator says, once per tile or once per sum, to FP32 or FP64 with
subnormals, overflow, NaN, infinities and the sign of zero as IEEE 754 has them.
"""

import numpy as np
import pytest
from emu_cases import (
    coded,
    product_oracle,
    random_coded,
    same_bits,
    twice_along_columns,
    with_cancellation,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.emu import DatapathError, ExactAccumulator, SequentialAccumulator, matmul
from bitpde.formats import (
    BF16,
    FP16,
    FP32,
    FP64,
    INT4,
    INT8,
    INT12,
    INT16,
    MXFP4_E2M1,
    MXFP6_E2M3,
    MXFP6_E3M2,
    MXFP8_E4M3,
    MXFP8_E5M2,
    MXINT8,
    SMX_INT4,
    SMX_INT8,
    SMX_INT12,
    SMX_INT16,
    Block,
    Cast,
    Coded,
    Format,
    Minifloat,
)

#: What the left and the right operand are, and how many k share their scales.
PAIRS: dict[str, tuple[Format, Format, int]] = {
    "SMX_INT4": (SMX_INT4, SMX_INT4, 4),
    "SMX_INT8": (SMX_INT8, SMX_INT8, 4),
    "SMX_INT12": (SMX_INT12, SMX_INT12, 4),
    "SMX_INT16": (SMX_INT16, SMX_INT16, 4),
    "SMX_INT12 x SMX_INT8": (SMX_INT12, SMX_INT8, 4),
    "SMX_INT4 x SMX_INT16": (SMX_INT4, SMX_INT16, 4),
    "INT12 in 5x5": (Block(element=INT12, tile=(5, 5)), Block(element=INT12, tile=(5, 5)), 5),
    "MXFP4_E2M1": (MXFP4_E2M1, MXFP4_E2M1.T, 32),
    "MXFP6_E2M3": (MXFP6_E2M3, MXFP6_E2M3.T, 32),
    "MXFP6_E3M2": (MXFP6_E3M2, MXFP6_E3M2.T, 32),
    "MXFP8_E4M3": (MXFP8_E4M3, MXFP8_E4M3.T, 32),
    "MXFP8_E5M2": (MXFP8_E5M2, MXFP8_E5M2.T, 32),
    "MXINT8": (MXINT8, MXINT8.T, 32),
    "tall x long": (MXINT8.T, MXFP8_E4M3, 1),
    "INT4": (INT4, INT4, 1),
    "INT8": (INT8, INT8, 1),
    "INT16": (INT16, INT16, 1),
    "FP16": (FP16, FP16, 1),
    "BF16": (BF16, BF16, 1),
    "FP32": (FP32, FP32, 1),
    "FP64": (FP64, FP64, 1),
    "FP32 x FP64": (FP32, FP64, 1),
    "INT8 x FP16": (INT8, FP16, 1),
    "SMX_INT8 x FP16": (SMX_INT8, FP16, 4),
    "FP32 x SMX_INT12": (FP32, SMX_INT12, 4),
    "MXINT8 x INT8": (MXINT8, INT8, 32),
    "BF16 x MXFP4_E2M1": (BF16, MXFP4_E2M1.T, 32),
}
ACCUMULATORS = [
    kind(format=format)
    for kind in (SequentialAccumulator, ExactAccumulator)
    for format in (FP32, FP64)
]
few = settings(max_examples=16)


def check(a: Coded, b: Coded, depth: int) -> None:
    for accumulator in ACCUMULATORS:
        sequential = isinstance(accumulator, SequentialAccumulator)
        step = depth if sequential else max(1, a.shape[1])
        assert isinstance(accumulator.format, Minifloat)
        expected = product_oracle(a, b, step, accumulator.format)
        result = matmul(a, b, accumulator)
        assert result.dtype == (np.float32 if accumulator.format == FP32 else np.float64)
        assert result.shape == (a.shape[0], b.shape[1])
        assert same_bits(result.astype(np.float64), expected), accumulator


@st.composite
def operands(draw: st.DrawFn, name: str) -> tuple[Coded, Coded]:
    left, right, depth = PAIRS[name]
    m, n = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    inner = draw(st.integers(0, 13 if depth < 32 else 70))
    a, b = draw(coded(left, m, inner)), draw(coded(right, inner, n))
    if draw(st.booleans()):
        a, b = twice_along_columns(a, depth), with_cancellation(b, depth)
    return a, b


@pytest.mark.parametrize("name", PAIRS)
@given(data=st.data())
@few
def test_any_codes_and_any_scales_give_the_rational_product(name: str, data: st.DataObject) -> None:
    a, b = data.draw(operands(name))
    check(a, b, PAIRS[name][2])


@pytest.mark.parametrize("name", ["SMX_INT8", "SMX_INT16", "MXINT8", "FP32", "FP64", "FP16"])
@given(m=st.integers(1, 14), n=st.integers(1, 70), k=st.integers(1, 13), seed=st.integers(0, 9999))
@settings(max_examples=4)
def test_any_shape_does(name: str, m: int, n: int, k: int, seed: int) -> None:
    # A register tile is 6 x 32 (FP32) or 6 x 16 (FP64): shapes straddle both.
    left, right, depth = PAIRS[name]
    check(random_coded(left, m, k, seed), random_coded(right, k, n, seed + 1), depth)


@pytest.mark.parametrize("name", ["SMX_INT8", "SMX_INT16", "MXINT8", "FP32", "FP64", "BF16"])
@given(k=st.integers(1018, 1100), seed=st.integers(0, 9999))
@settings(max_examples=3)
def test_sums_longer_than_a_cache_block_keep_their_order(name: str, k: int, seed: int) -> None:
    left, right, depth = PAIRS[name]
    check(random_coded(left, 2, k, seed), random_coded(right, k, 3, seed + 1), depth)


@pytest.mark.exhaustive
@pytest.mark.parametrize("side", [2, 3, 7, 8, 9, 16])
@given(k=st.integers(1, 600), m=st.integers(1, 13), seed=st.integers(0, 9999))
@settings(max_examples=10)
def test_any_tile_side_does(side: int, k: int, m: int, seed: int) -> None:
    square = Block(element=INT8, tile=(side, side))
    check(random_coded(square, m, k, seed), random_coded(square, k, 3, seed + 1), side)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", PAIRS)
@given(data=st.data())
@settings(max_examples=500)
def test_many_more_codes_and_scales_do(name: str, data: st.DataObject) -> None:
    a, b = data.draw(operands(name))
    check(a, b, PAIRS[name][2])


def floats(format: Minifloat, rows: list[list[float]]) -> Coded:
    """Return the codes of numbers that the format holds."""
    dtype, codes = (np.float32, np.uint32) if format == FP32 else (np.float64, np.uint64)
    return Coded(format=format, codes=np.array(rows, dtype).view(codes))


@pytest.mark.parametrize("format", [FP32, FP64], ids=["FP32", "FP64"])
def test_a_negative_zero_appears_where_ieee_754_says(format: Minifloat) -> None:
    # The accumulator starts at +0.  Only an underflow makes it -0, and then it takes -0 to keep it.
    tiny = 2.0**-100 if format == FP32 else 2.0**-600
    a = floats(format, [[tiny, 0.0], [tiny, -0.0], [-0.0, -0.0], [1.0, -1.0]])
    b = floats(format, [[-tiny], [1.0]])
    accumulator = SequentialAccumulator(format=format)
    result = matmul(a, b, accumulator)[:, 0]
    assert np.signbit(result).tolist() == [False, True, False, True]
    check(a, b, 1)


def int16(codes: list[int], *exponents: int) -> Coded:
    """Return a row of SMX_INT16 from its codes and the exponents of its tiles."""
    scales = np.array([[127 + e for e in exponents]], np.uint8)
    return Coded(format=SMX_INT16, codes=np.array([codes], np.int16), scales=scales)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("lane", ["exact FP32", "exact FP64", "FP64", "E5M2", "SMX_INT16"])
def test_a_tie_is_broken_by_what_lies_far_below(lane: str, sign: int) -> None:
    # 1 + half an ulp is a tie and goes to 1, the even one; half an ulp and a little more goes up.
    # The little lies below the 53 bits of float64, or below the 61 of the register's window.
    if lane.startswith("exact"):
        format, half, little = (FP32, -24, -90) if lane == "exact FP32" else (FP64, -53, -300)
        a = floats(format, [[1.0, 2.0**half, sign * 2.0**little]])
        b, top, step = floats(format, [[1.0]] * 3), 1.0, 2.0 ** (half + 1)
        result = matmul(a, b, ExactAccumulator(format=format))
    else:
        # FP64: 1 + 2^-24 (1 + 2^-40); E5M2: 2^30 + 2^6 + 2^-32; SMX_INT16: 1 + (2^30 + 1) 2^-54
        far = [2.0**15, 2.0**3, 2.0**-16]
        a, b, depth, top, step = {
            "FP64": (floats(FP64, [[1, 2.0**-24]]), floats(FP64, [[1], [1 + sign * 2.0**-40]]),
                     1, 1.0, 2.0**-23),
            "E5M2": (Cast(format=MXFP8_E5M2).encode([far]),
                     Cast(format=MXFP8_E5M2.T).encode([[far[0]], [far[1]], [sign * far[2]]]),
                     32, 2.0**30, 2.0**7),
            "SMX_INT16": (int16([2**14, 0, 0, 0, 2**15 - 1, 2**8, 1, 1], -14, -27),
                          int16([2**14, 0, 0, 0, 2**15 - 1, 2**8, *[min(0, sign)] * 2], -14, -27).T,
                          4, 1.0, 2.0**-23),
        }[lane]  # fmt: skip
        check(a, b, depth)
        result = matmul(a, b, SequentialAccumulator(format=FP32))
    assert result.tolist() == [[top + step if sign > 0 else top]]


@pytest.mark.parametrize("format", [SMX_INT8, SMX_INT16, BF16, FP32, FP64])
def test_what_overflowed_stays_infinite(format: Format) -> None:
    # One large number in each of three tiles: in order the sum overflows at the second, and the
    # third, of the other sign, cannot bring it back; an exact sum is the first number.
    top = 2.0**1023 if format == FP64 else 2.0**127
    row = np.zeros((2, 12))
    row[:, [0, 4, 8]] = [[top, top, -top], [-top, -top, top]]
    a, b = Cast(format=format).encode(row), Cast(format=format).encode(np.ones((12, 1)))
    check(a, b, 4 if isinstance(format, Block) else 1)
    narrow = FP64 if format == FP64 else FP32
    in_order = matmul(a, b, SequentialAccumulator(format=narrow))
    assert in_order.ravel().tolist() == [np.inf, -np.inf]
    assert matmul(a, b, ExactAccumulator(format=narrow)).ravel().tolist() == [top, -top]


def test_a_nan_tile_spoils_its_rows_and_no_other() -> None:
    a, b = random_coded(SMX_INT8, 9, 9, 1), random_coded(SMX_INT8, 9, 5, 2)
    scales = np.array(a.scales)
    scales[1, 2] = 255
    spoilt = Coded(format=SMX_INT8, codes=a.codes, scales=scales)
    for accumulator in ACCUMULATORS:
        result = matmul(spoilt, b, accumulator)
        assert np.isnan(result).all(axis=1).tolist() == [4 <= i < 8 for i in range(9)]
        whole = matmul(a, b, accumulator)
        assert same_bits(result[:4], whole[:4])
        assert same_bits(result[8:], whole[8:])


@pytest.mark.parametrize("shape", [(0, 3, 2), (2, 0, 3), (2, 3, 0), (0, 0, 0)])
@pytest.mark.parametrize("name", ["SMX_INT8", "SMX_INT16", "FP32", "FP16"])
def test_empty_operands_give_an_empty_product_or_zeros(
    name: str, shape: tuple[int, int, int]
) -> None:
    m, k, n = shape
    left, right, depth = PAIRS[name]
    check(random_coded(left, m, k, 0), random_coded(right, k, n, 0), depth)


@pytest.mark.parametrize(
    ("left", "right", "shapes"),
    [
        (SMX_INT8, SMX_INT8, ((2, 3), (4, 2))),
        (SMX_INT8, SMX_INT8, ((2, 3, 4), (3, 4, 2))),
        (MXINT8, MXINT8, ((4, 32), (32, 4))),
        (SMX_INT8, MXINT8.T, ((4, 32), (32, 4))),
    ],
)
def test_operands_that_do_not_meet_are_refused(
    left: Format, right: Format, shapes: tuple[tuple[int, ...], tuple[int, ...]]
) -> None:
    a, b = (
        Coded(format=f, codes=np.zeros(s, np.int8), scales=np.zeros(f.grid(s), np.uint8))
        for f, s in zip((left, right), shapes, strict=True)
        if isinstance(f, Block)
    )
    with pytest.raises(DatapathError, match="do not m"):
        matmul(a, b, SequentialAccumulator())
