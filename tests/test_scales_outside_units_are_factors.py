"""Scales of tensors and zero points leave units alone: integers of differences, and one factor.

The oracle sums Python's integers, ``(q - z)(p - y)`` one after the other into the register, and
rounds the product of a sum and its scales once, as Fractions.
"""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from accumulator_cases import REGISTER_OVERFLOW, any_coded, pick
from emu_cases import round_once, same_bits
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.emu import (
    ACCUMULATOR_PRESETS,
    DatapathError,
    Dots,
    ExactAccumulator,
    IntegerAccumulator,
    SequentialAccumulator,
    dot,
    matmul,
)
from bitpde.formats import (
    FP16,
    FP32,
    FP64,
    INT4,
    INT8,
    INT16,
    NVFP4,
    OFP8_E4M3,
    UINT4,
    UINT8,
    UINT16,
    Affine,
    Coded,
    Fixed,
    Overflow,
)

seeds = st.integers(0, 2**32)


def affine(rng: np.random.Generator, shape: tuple[int, ...], axis: int | None) -> Coded:
    """Return affine integers of any codes, the ends often, with channels along ``axis``."""
    element = pick(rng, UINT8, INT8, UINT4, INT4, INT16, UINT16)
    count = 1 if axis is None else shape[axis]
    low, high = element.codes()[0], element.codes()[-1]
    draws = [int(pick(rng, low, high, 0, rng.integers(low, high + 1))) for _ in range(count)]
    zero_point = tuple(0 for _ in draws) if rng.random() < 0.3 else tuple(draws)
    scale = tuple(float(np.float32(np.exp2(rng.uniform(-60, 60)))) for _ in draws)
    format = Affine(element=element, scale=scale, zero_point=zero_point, axis=axis)
    codes = rng.choice([low, high, 0, 1], shape)
    codes = np.where(rng.random(shape) < 0.6, rng.integers(low, high + 1, shape), codes)
    return Coded(format=format, codes=codes.astype(element.code_dtype))


def parts(x: Coded) -> tuple[Any, Any]:
    """Return every ``q - z`` and every scale, spread over the elements."""
    if not isinstance(x.format, Affine):
        return x.codes.astype(object), np.broadcast_to(1.0, x.shape)
    scale, zero_point = x.format.columns(x.shape)
    return x.codes.astype(object) - zero_point, np.broadcast_to(scale, x.shape)


def register(unit: IntegerAccumulator, products: list[int], c: int) -> tuple[int, bool]:
    """Return the register after all steps, and whether one of them left it."""
    (least, greatest), left = unit.limits, False
    size = unit.terms or max(1, len(products))
    for first in range(0, len(products), size):
        c += sum(products[first : first + size])
        if not least <= c <= greatest:
            left = True
            c = min(max(c, least), greatest) if unit.overflow is not Overflow.WRAP else (
                (c - least) % 2**unit.bits + least
            )  # fmt: skip
    return c, left


@given(seed=seeds)
@settings(max_examples=150)
def test_affine_integers_are_summed_as_differences(seed: int) -> None:
    rng = np.random.default_rng(seed)
    m, k, n = (int(rng.integers(low, 6)) for low in (1, 0, 1))
    a = affine(rng, (m, k), pick(rng, None, 0, -2))
    b = affine(rng, (k, n), pick(rng, None, 1, -1))
    if rng.random() < 0.2:
        b = Coded(format=INT8, codes=rng.integers(-128, 128, (k, n)).astype(np.int8))
    unit = IntegerAccumulator(
        bits=pick(rng, 8, 16, 24, 32, 40, 64), terms=pick(rng, 0, 1, 2),
        overflow=pick(rng, *REGISTER_OVERFLOW),
    )  # fmt: skip
    c = rng.integers(*unit.limits, (m, n), endpoint=True) if rng.random() < 0.5 else None
    got = dot(a, b, unit, c)
    (left, of_a), (right, of_b) = parts(a), parts(b)
    assert got.scale is not None
    assert got.scale.shape == got.codes.shape == (m, n)
    for i, j in np.ndindex(m, n):
        products = [int(left[i, t]) * int(right[t, j]) for t in range(k)]
        expected, overflowed = register(unit, products, 0 if c is None else int(c[i, j]))
        assert got.codes[i, j] == expected
        assert got.overflowed[i, j] == overflowed
        if k:
            scale = Fraction(of_a[i, 0]) * Fraction(of_b[0, j])
            assert Fraction(float(got.scale[i, j])) == scale
            if abs(expected) <= 2**53 and c is None:
                small = got.codes[i : i + 1, j : j + 1]
                one = Dots(
                    format=None, codes=small, exponents=np.zeros((1, 1), np.int64),
                    overflowed=small > 0, invalid=small > 0, nan=small != small,
                    scale=got.scale[i : i + 1, j : j + 1],
                )  # fmt: skip
                assert one.values().item() == float(expected * scale)


@given(seed=seeds)
@settings(max_examples=40)
def test_corrections_folded_into_a_bias_give_the_same_integers(seed: int) -> None:
    # sum (q - z)(p - y) = sum q p - y sum q - z sum p + K z y, in a register that wraps.
    rng = np.random.default_rng(seed)
    k = int(rng.integers(1, 40))
    a, b = affine(rng, (3, k), None), affine(rng, (k, 2), None)
    unit = IntegerAccumulator(bits=32, overflow=Overflow.WRAP)
    raw_a, raw_b = (Coded(format=Fixed(bits=17), codes=x.codes.astype(np.int32)) for x in (a, b))
    z, y = (x.format.zero_point[0] for x in (a, b))  # type: ignore[union-attr]
    q, p = (x.codes.astype(np.int64) for x in (a, b))
    bias = -y * q.sum(axis=1, keepdims=True) - z * p.sum(axis=0, keepdims=True) + k * z * y
    wrapped = (bias + 2**31) % 2**32 - 2**31
    folded = dot(raw_a, raw_b, unit, wrapped)
    assert np.array_equal(dot(a, b, unit).codes, folded.codes)


def test_channels_go_with_their_rows_columns_and_batches() -> None:
    rng = np.random.default_rng(5)
    unit = IntegerAccumulator(bits=48)
    for shape, other, axis, of_other in [
        ((3, 4), (4, 2), 0, 1), ((3, 4), (4, 2), None, -1), ((5, 3, 4), (4, 2), 0, 1),
        ((5, 3, 4), (5, 4, 2), 1, 0), ((5, 3, 4), (5, 4, 2), -3, -1), ((4,), (4, 2), None, 1),
        ((3, 4), (4,), -2, None), ((4,), (4,), None, None), ((4,), (5, 4, 2), None, 0),
        ((2, 1, 3, 4), (5, 4, 2), 2, 2),
    ]:  # fmt: skip
        a, b = affine(rng, shape, axis), affine(rng, other, of_other)
        got, product = matmul(a, b, unit), np.matmul(a.values(), b.values())
        assert got.shape == np.shape(product)
        # Both err by a few of 2^-53 of the sum of magnitudes: K + 3 roundings each.
        size = np.matmul(np.abs(a.values()), np.abs(b.values()))
        assert np.all(np.abs(got - product) <= 2 * 7 * 2.0**-53 * size)


def nvfp4(rng: np.random.Generator, shape: tuple[int, int], turned: bool = False) -> Coded:
    x = any_coded(NVFP4, shape, int(rng.integers(2**32)), 1, 1)
    scale = float(np.float32(np.exp2(rng.uniform(-40, 40))))
    x = Coded(format=NVFP4, codes=x.codes, scales=x.scales, tensor_scale=scale)
    return x.T if turned else x


def without_tensor_scale(x: Coded) -> Coded:
    return Coded(format=x.format, codes=x.codes, scales=x.scales, tensor_scale=1.0)


@pytest.mark.parametrize("name", ["kulisch_fp32", "fma_fp32", "blackwell_mxf4nvf4", "mxdotp"])
@given(seed=seeds)
@settings(max_examples=25)
def test_tensor_scales_are_applied_by_one_rounding(name: str, seed: int) -> None:
    rng, unit = np.random.default_rng(seed), ACCUMULATOR_PRESETS[name]
    a, b = nvfp4(rng, (3, 50)), nvfp4(rng, (2, 50), turned=True)
    got, plain = dot(a, b, unit), dot(without_tensor_scale(a), without_tensor_scale(b), unit)
    assert np.array_equal(got.codes, plain.codes)
    assert plain.scale is None
    assert a.tensor_scale is not None
    assert b.tensor_scale is not None
    factor = Fraction(a.tensor_scale) * Fraction(b.tensor_scale)
    expected = [round_once(Fraction(x) * factor, FP32) for x in plain.values().ravel().tolist()]
    numbers = matmul(a, b, unit)
    assert numbers.dtype == np.float32
    assert np.array_equal(numbers.ravel().astype(np.float64), expected)
    assert np.array_equal(np.signbit(numbers), np.signbit(plain.floats()))


@pytest.mark.parametrize("format", [FP32, FP16], ids=["FP32", "FP16"])
def test_a_scaled_sum_is_not_rounded_twice(format: Any) -> None:
    # v s is a little off a tie of the format, and nearest in 53 bits is the tie itself.
    dtype, bits = (np.float32, 24) if format == FP32 else (np.float16, 11)
    sums, scales = [], []
    for v in range(3, 400, 2):
        for tie in (1 + 2.0**-bits, 1 + 3 * 2.0**-bits, 1.5 + 2.0**-bits):
            sums.append(dtype(v))
            scales.append(tie / v)
    codes = np.array(sums).view(format.code_dtype)
    flags = np.zeros(codes.shape, np.bool_)
    dots = Dots(
        format=format, codes=codes, exponents=None, overflowed=flags, invalid=flags, nan=flags,
        scale=np.array(scales),
    )  # fmt: skip
    step = Fraction(2) ** (1 - bits)
    exact = [Fraction(float(v)) * Fraction(s) for v, s in zip(sums, scales, strict=True)]
    expected = [float(round(x / step) * step) for x in exact]  # in the binade of 1; ties to even
    assert dots.floats().dtype == dtype
    assert dots.floats().astype(np.float64).tolist() == expected
    twice = (np.array(sums, np.float64) * np.array(scales)).astype(dtype)
    assert np.count_nonzero(twice.astype(np.float64) != expected) > 50


def test_what_is_not_finite_or_leaves_the_floats_follows_ieee_754() -> None:
    values = np.array([np.inf, -np.inf, np.nan, -0.0, 3e38, 1e-45, -1e-45], np.float32)
    flags = np.zeros(values.shape, np.bool_)
    dots = Dots(
        format=FP32, codes=values.view(np.uint32), exponents=None, overflowed=flags,
        invalid=flags, nan=flags, scale=np.array([2.0, 2.0, 2.0, 2.0, 2.0, 0.25, 0.75]),
    )  # fmt: skip
    expected = np.array([np.inf, -np.inf, np.nan, -0.0, np.inf, 0.0, -1e-45], np.float32)
    assert same_bits(dots.floats(), expected)
    wide = Dots(
        format=FP64, codes=np.array([1e308]).view(np.uint64), exponents=None,
        overflowed=flags[:1], invalid=flags[:1], nan=flags[:1], scale=np.array([4.0]),
    )  # fmt: skip
    assert wide.values().item() == wide.floats().item() == np.inf


rng = np.random.default_rng(0)
REFUSED: dict[str, tuple[Any, str]] = {
    "channels along k": (
        lambda: dot(affine(rng, (2, 3), 1), affine(rng, (3, 2), None), IntegerAccumulator()),
        "vary along k",
    ),
    "channels along k, right": (
        lambda: dot(affine(rng, (2, 3), None), affine(rng, (3, 2), -2), IntegerAccumulator()),
        "vary along k",
    ),
    "channels of a vector": (
        lambda: dot(affine(rng, (3,), 0), affine(rng, (3, 2), None), IntegerAccumulator()),
        "vary along k",
    ),
    "zero points in floats": (
        lambda: matmul(affine(rng, (2, 3), 0), affine(rng, (3, 2), None), ExactAccumulator()),
        "no zero points",
    ),
    "zero points against floats": (
        lambda: dot(
            affine(rng, (2, 3), 0),
            Coded(format=OFP8_E4M3, codes=np.zeros((3, 2), np.uint8)),
            IntegerAccumulator(),
        ),
        "not Fixed",
    ),
    "C before the scale": (
        lambda: matmul(
            nvfp4(rng, (2, 16)), nvfp4(rng, (2, 16), turned=True), SequentialAccumulator(), c=1.0
        ),
        "before the scales",
    ),
    "numbers of wide registers": (
        lambda: matmul(
            Coded(format=INT16, codes=np.full((1, 2**10), -(2**15), np.int16)),
            Coded(format=Fixed(bits=32), codes=np.full((2**10, 1), 2**31 - 1, np.int32)),
            IntegerAccumulator(bits=64),
        ),
        "no float64",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_factor_is_refused_in_one_line(case: str) -> None:
    action, message = REFUSED[case]
    with pytest.raises(DatapathError, match=message) as error:
        action()
    assert "\n" not in str(error.value)
