"""Fused units whose sums fit 31 bits have the bits of the lanes of integers, however C compares.

Products of many magnitudes and signs that nearly cancel, and a C of any exponent: far above, far
below, next to the sum, subnormal and zero.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from vector_cases import agree

from bitpde.emu import ACCUMULATOR_PRESETS, FusedAccumulator
from bitpde.emu.dot_vectors import fused_lane
from bitpde.formats import (
    BF16,
    FNUZ_E4M3,
    FP16,
    OFP8_E5M2,
    TF32,
    Cast,
    Minifloat,
    kernels_are_compiled,
)

pytestmark = pytest.mark.skipif(not kernels_are_compiled(), reason="vectors are machine code")

CDNA3 = ACCUMULATOR_PRESETS["cdna3_f16"]
assert isinstance(CDNA3, FusedAccumulator)

#: A unit, its operands, and the kernel that computes it.
CASES: dict[str, tuple[str, Minifloat, str]] = {
    "late": ("cdna3_f16", FP16, "narrow_late_tiles"),
    "late, 8 bits of significand": ("cdna3_bf16", BF16, "narrow_late_tiles"),
    "late, 4 products": ("cdna3_xf32", TF32, "narrow_late_tiles"),
    "paired": ("cdna3_fp8", FNUZ_E4M3, "narrow_paired_tiles"),
    "paired, 32 bits of sum": ("cdna3_fp8", FP16, "paired_tiles"),
    "odd": ("rvbna_8", FP16, "narrow_odd_tiles"),
    "odd, 4 products": ("rvbna_4", OFP8_E5M2, "narrow_odd_tiles"),
    "odd, 33 bits of sum": ("rvbna_16", OFP8_E5M2, "odd_tiles"),
    "truncated": ("volta_f16", FP16, "narrow_tiles"),
    "rounded": ("volta_f16_half", FP16, "half_tiles"),
}


def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which the kernels that run add their names."""
    names, real = list[str](), fused_lane.run_tiles

    def spy(kernel: Any, *arguments: Any) -> None:
        names.append(kernel.__name__)
        real(kernel, *arguments)

    monkeypatch.setattr(fused_lane, "run_tiles", spy)
    return names


@pytest.mark.parametrize("name", CASES)
def test_the_kernel_is_the_narrowest_that_holds_the_sums(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    preset, operand, kernel = CASES[name]
    names, rng = ran(monkeypatch), np.random.default_rng(0)
    a, b = (Cast(format=operand).encode(x) for x in rng.standard_normal((2, 9, 20)))
    assert agree(a, b, ACCUMULATOR_PRESETS[preset], np.zeros((9, 9), np.int64))
    assert names == [kernel]


@pytest.mark.parametrize("name", CASES)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=60)
def test_sums_of_any_size_meet_a_c_of_any_size(name: str, seed: int) -> None:
    preset, operand, _ = CASES[name]
    unit, rng = ACCUMULATOR_PRESETS[preset], np.random.default_rng(seed)
    assert isinstance(unit, FusedAccumulator)
    if rng.random() < 0.3:
        unit = replace(unit, terms=int(rng.integers(1, unit.terms + 1)))
    a, b = (Cast(format=operand).encode(x) for x in _operands(rng, operand))
    products = np.abs(a.values()) @ np.abs(b.values()).T
    scale = np.where(products > 0, products, 1.0) * np.exp2(rng.integers(-45, 35, products.shape))
    start = np.where(rng.random(products.shape) < 0.15, 0.0, scale * _signs(rng, products.shape))
    start[rng.random(products.shape) < 0.03] = 2.0**-140
    assert agree(a, b, unit, _codes(unit.result, start * rng.uniform(1, 2, products.shape)))


def _codes(format: Minifloat, start: NDArray[np.float64]) -> NDArray[np.int64]:
    with np.errstate(under="ignore"):
        return Cast(format=format).encode(start).codes.astype(np.int64)


def _signs(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    return rng.choice([-1.0, 1.0], shape)


def _operands(
    rng: np.random.Generator, operand: Minifloat
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return 9 and 17 rows whose products spread over some binades; some cancel, some are zero."""
    inner, spread = int(rng.integers(1, 20)), int(rng.integers(0, 12))
    x, y = (
        _signs(rng, (rows, inner))
        * rng.integers(2 ** (operand.significand_bits + 1), size=(rows, inner))
        * np.exp2(-rng.integers(0, spread + 1, (rows, inner)) - operand.significand_bits)
        for rows in (9, 17)
    )
    if inner > 1 and rng.random() < 0.5:
        half = inner // 2
        x[:, half : 2 * half], y[:, half : 2 * half] = -x[:, :half], y[:, :half]
        x[:, half] *= 1 + 2.0**-operand.significand_bits
    return x, y


@pytest.mark.parametrize(("rest", "last"), [(2.0**-31, 2.0**-23), (0.0, 0.0), (2.0**-32, 0.0)])
def test_what_lies_below_a_tie_decides_it_if_it_is_kept(rest: float, last: float) -> None:
    # 1 + 2^-24 is half way between two FP32 numbers; of what is below that 2^-31 is kept.
    a = Cast(format=FP16).encode(np.array([[2.0**-12, rest * 2.0**16]]))
    b = Cast(format=FP16).encode(np.array([[2.0**-12, 2.0**-16]]))
    found = fused_lane.fused_lane(a, b, CDNA3, np.ones((1, 1), np.float32))
    assert found is not None
    assert found.values.item() == 1.0 + last
