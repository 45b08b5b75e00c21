"""Chains of the processor's FMA of binary16 have the bits of the integer lanes, flags included."""

import os
import subprocess
import sys
from functools import partial
from typing import Any

import numpy as np
import pytest
from accumulator_cases import any_coded, cancelling, pick
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitpde.emu import SequentialAccumulator, dot
from bitpde.emu.dot_vectors import chain_lane, half_lane
from bitpde.emu.dot_vectors import lane as vector_lane
from bitpde.emu.dots.lanes import fill_by_integers
from bitpde.emu.dots.sums import Sums
from bitpde.formats import (
    BF16,
    FP16,
    INT8,
    MXINT8,
    OFP8_E4M3,
    OFP8_E5M2,
    Cast,
    Coded,
    Fixed,
    Overflow,
    kernels_are_compiled,
)

on_such_processors = pytest.mark.skipif(
    not kernels_are_compiled() or not half_lane.has_half_fma(),
    reason="this processor has no fused multiply-add of binary16",
)

FORMATS: list[Any] = [FP16, FP16, OFP8_E4M3, OFP8_E5M2, INT8, Fixed(bits=11, fraction_bits=10)]
OVERFLOWS = [Overflow.INFINITY_OR_NAN, Overflow.SATURATE]


def sums_from(start: NDArray[Any]) -> Sums:
    codes = start.astype(np.int64)
    return Sums(codes, np.zeros(codes.shape, np.uint8), np.zeros(codes.shape, np.int64))


@on_such_processors
@given(seed=st.integers(0, 2**32))
@settings(max_examples=150)
def test_every_sum_has_the_bits_of_integers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, inner = pick(rng, 1, 7, 8, 9, 17), pick(rng, 1, 2, 3, 31, 70)
    columns = pick(rng, 1, 32, 63, 64, 65, 130)
    kinds = (0, 1, 1, 1, 2, 3)
    a = any_coded(pick(rng, *FORMATS), (rows, inner), seed, pick(rng, *kinds), 0)
    b = any_coded(pick(rng, *FORMATS), (inner, columns), seed + 9, pick(rng, *kinds), 0)
    a, b = cancelling(a, b) if rng.random() < 0.25 else (a, b)
    unit = SequentialAccumulator(format=FP16, overflow=pick(rng, *OVERFLOWS))
    start = np.zeros((rows, columns))
    if rng.random() < 0.5:
        start = any_coded(FP16, (rows, columns), seed + 5, pick(rng, *kinds), 0).codes
    assert half_lane.half_lane(a, b.T, None) is not None
    got, expected = sums_from(start), sums_from(start)
    by_integers = partial(fill_by_integers, started=True)
    assert vector_lane.fill_anyway(a, b.T, unit, got, by_integers, started=True)
    by_integers(a, b.T, unit, expected)
    assert np.array_equal(got.codes, expected.codes)
    assert np.array_equal(got.flags, expected.flags)


@on_such_processors
def test_what_fp16_does_not_hold_takes_another_lane() -> None:
    x = Cast(format=BF16).encode(np.ones((2, 3)))
    wide = Cast(format=MXINT8).encode(np.array([[1.0, 2.0**-40]]).repeat(32, 1))
    assert half_lane.half_lane(x, x, None) is None
    assert half_lane.half_lane(wide, wide, None) is None
    assert half_lane.half_lane(Cast(format=FP16).encode(np.ones((2, 3))), x, None) is None
    for bits, fraction_bits in ((12, 0), (8, 25), (8, -9)):  # the last ends at -2^16
        format = Fixed(bits=bits, fraction_bits=fraction_bits)
        y = Cast(format=format).encode(np.ones((2, 3)))
        assert half_lane.half_lane(y, y, None) is None


@on_such_processors
def test_without_the_instruction_other_lanes_have_the_same_bits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(2)
    a = Cast(format=FP16).encode(rng.standard_normal((70, 90)))
    b = Cast(format=FP16).encode(rng.standard_normal((90, 70)))
    unit = SequentialAccumulator(format=FP16)
    with_it = dot(a, b, unit)
    monkeypatch.setattr(half_lane, "has_half_fma", lambda: False)
    assert chain_lane.half_lane(a, b.T, None) is None
    assert np.array_equal(with_it.codes, dot(a, b, unit).codes)


@on_such_processors
def test_sums_that_leave_fp16_and_come_back_are_told() -> None:
    a = Cast(format=FP16).encode(np.full((40, 64), 255.0))
    codes = Cast(format=FP16).encode(np.full((64, 70), 255.0)).codes.copy()
    codes[32:] ^= 0x8000  # 32 * 255^2 is beyond 65504, and all of it is taken away again
    b = Coded(format=FP16, codes=codes)
    found = dot(a, b, SequentialAccumulator(format=FP16, overflow=Overflow.INFINITY_OR_NAN))
    assert found.overflowed.all()
    assert np.isinf(found.values()).all()
    kept = dot(a, b, SequentialAccumulator(format=FP16, overflow=Overflow.SATURATE))
    assert kept.overflowed.all()
    assert np.isfinite(kept.values()).all()


@pytest.mark.skipif(not kernels_are_compiled(), reason="nothing is compiled")
@pytest.mark.parametrize("processor", ["haswell", "generic"])
def test_a_processor_without_the_instruction_never_tries_it(processor: str) -> None:
    # LLVM would call what is not there, and the process end.
    code = (
        "import numpy as np; from bitpde.emu import SequentialAccumulator, dot;"
        "from bitpde.emu.dot_vectors import half_lane;"
        "from bitpde.formats import FP16, Cast;"
        "x = Cast(format=FP16).encode(np.ones((70, 70)));"
        "d = dot(x, x.T, SequentialAccumulator(format=FP16));"
        "print(half_lane.has_half_fma(), d.values().min())"
    )
    target = {"NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **target}, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "False 70.0\n"), done.stderr
