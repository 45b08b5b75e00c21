"""Sequential sums and trees take the cheapest vector kernel that is proved to have their bits.

So each case runs the kernel that is named, or its neighbours where a proof just fails, and has the
bits of integers.
"""

from typing import Any

import numpy as np
import pytest
from vector_cases import agree

from bitpde.emu import Order, SequentialAccumulator, TreeAccumulator, dot
from bitpde.emu.dot_vectors import chain_lane, panels
from bitpde.formats import (
    BF16,
    FP16,
    FP32,
    INT8,
    MXFP8_E4M3,
    MXINT8,
    OFP8_E4M3,
    OFP8_E5M2,
    SMX_INT8,
    Cast,
    Minifloat,
    Rounding,
    kernels_are_compiled,
)

pytestmark = pytest.mark.skipif(not kernels_are_compiled(), reason="vectors are machine code")

E8M13 = Minifloat(exponent_bits=8, significand_bits=13, bias=127)
#: Operands of a sequential sum, its format, the kernel that computes it, and its type.
CHAINS: list[tuple[Any, Any, Minifloat, str]] = [
    (OFP8_E4M3, OFP8_E4M3, FP16, "product_tiles"),  # 8 bits of product, 11 of C
    (OFP8_E4M3, OFP8_E4M3, BF16, "product_tiles"),  # 8 of both
    (OFP8_E4M3, OFP8_E5M2, FP16, "gradual_tiles"),  # steps of 2^-25, below those of FP16
    (INT8, INT8, FP16, "product_tiles"),  # 14 of product, 11 of C, in float64
    (OFP8_E4M3, OFP8_E4M3, OFP8_E4M3, "gradual_tiles"),  # underflows
    (OFP8_E4M3, OFP8_E5M2, E8M13, "product_tiles"),  # twice 14 bits of C, but small products
    (FP16, FP16, FP16, "gradual_tiles"),
    (FP32, FP32, FP16, "nearest_tiles"),  # 48 of product, 11 of C
    (BF16, BF16, BF16, "guarded_tiles"),  # 16 of product, 8 of C
    (OFP8_E4M3, OFP8_E4M3, FP32, "multiply_panels"),
    (MXFP8_E4M3, MXFP8_E4M3, FP32, "multiply_wide_panels"),
    (SMX_INT8, SMX_INT8, BF16, "sum_tiles"),
    (MXINT8, OFP8_E4M3, FP16, "sum_tiles"),
]


#: The same of sums toward zero.
TRUNCATED_CHAINS: list[tuple[Any, Any, Minifloat, str]] = [
    (OFP8_E4M3, OFP8_E4M3, FP16, "masked_tiles"),  # multiples of 2^-18 below 2^16
    (OFP8_E5M2, OFP8_E5M2, BF16, "masked_tiles"),  # 40 bits
    (OFP8_E4M3, OFP8_E5M2, FP16, "sum_tiles"),  # underflows
    (INT8, INT8, FP16, "masked_tiles"),
    (INT8, INT8, OFP8_E4M3, "truncated_tiles"),  # 480 has the bits of E4M3 and is none of it
    (BF16, BF16, BF16, "masked_tiles"),  # the products that are there and their sums
]
CHAIN_CASES = [
    *((*case, Rounding.NEAREST_EVEN) for case in CHAINS),
    *((*case, Rounding.TOWARD_ZERO) for case in TRUNCATED_CHAINS),
]


@pytest.mark.parametrize(("left", "right", "format", "kernel", "rounding"), CHAIN_CASES)
def test_the_kernel_is_the_cheapest_that_is_proved(
    left: Any,
    right: Any,
    format: Minifloat,
    kernel: str,
    rounding: Rounding,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran, real, fma = list[str](), panels.run_tiles, chain_lane._BY_FMA[FP32]
    widened = chain_lane.widened_sums

    def spy(function: Any, *arguments: Any) -> None:
        ran.append(function.__name__)
        real(function, *arguments)

    monkeypatch.setattr(panels, "run_tiles", spy)
    chains = lambda *given: ran.append("multiply_panels") or fma(*given)  # noqa: E731
    wide = lambda *given: ran.append("multiply_wide_panels") or widened(*given)  # noqa: E731
    monkeypatch.setattr(chain_lane, "widened_sums", wide)
    monkeypatch.setitem(chain_lane._BY_FMA, FP32, chains)
    monkeypatch.setitem(chain_lane._BY_FMA, FP16, lambda *_: None)
    rng = np.random.default_rng(3)
    a, b = (Cast(format=f).encode(rng.standard_normal((12, 64)) / 8) for f in (left, right))
    unit = SequentialAccumulator(format=format, rounding=rounding)
    assert agree(a, b, unit, np.zeros((12, 12), np.int64))
    assert ran == [kernel]


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("low", [-12, -14, -60])
def test_a_sum_of_more_bits_than_the_carrier_has_is_truncated(sign: float, low: int) -> None:
    # 2^40 less what has no room beside it in float64 truncates to the number below 2^40.
    a = Cast(format=BF16).encode(np.full((13, 2), [sign * 2.0**20, -sign * 2.0**low]))
    b = Cast(format=BF16).encode(np.full((17, 2), [2.0**20, 1.0]))
    unit = SequentialAccumulator(format=BF16, rounding=Rounding.TOWARD_ZERO)
    assert agree(a, b, unit, np.zeros((13, 17), np.int64))
    assert (dot(a, b.T, unit).values() == sign * (2.0**40 - 2.0**32)).all()


@pytest.mark.parametrize("length", [127, 128, 129, 300])
def test_truncated_sums_go_on_after_a_block_of_k(length: int) -> None:
    rng = np.random.default_rng(length)
    a, b = (Cast(format=OFP8_E4M3).encode(rng.standard_normal((13, length))) for _ in range(2))
    unit = SequentialAccumulator(format=FP16, rounding=Rounding.TOWARD_ZERO)
    start = Cast(format=FP16).encode(np.full((13, 13), 3.5)).codes.astype(np.int64)
    assert agree(a, b, unit, start)


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("format", [FP16, OFP8_E4M3])
def test_a_tree_remembers_what_overflowed_in_it(format: Minifloat, order: Order) -> None:
    # Two of the largest number, less two of it, and the powers of two below: 0, or what remains.
    unit = TreeAccumulator(format=format, terms=4, order=order)
    top = float(format.max)
    for ends in ([top, top, -top, -top], [top, -top, top, -top], [top / 2, top / 2, -top, 1.0]):
        a = Cast(format=format).encode(np.full((13, 8), [*ends, 1.0, 1.0, 1.0, 1.0]))
        b = Cast(format=format).encode(np.ones((17, 8)))
        assert agree(a, b, unit, np.zeros((13, 17), np.int64))
