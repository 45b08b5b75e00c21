"""Codes of NaN, finite numbers by themselves, ties of quotients, padding: where faults had hidden.

What is here was found by planting faults that the other tests of encoding let pass.
"""

import numpy as np
import pytest
from format_cases import scales_of

from bitpde.formats import (
    BF16,
    FP16,
    IEEE_E3M4,
    IEEE_E4M3,
    NVFP4,
    OCP_E2M1,
    OFP8_E5M2,
    TF32,
    UE4M3,
    Block,
    Cast,
    Minifloat,
    NonFinite,
    ScaleRule,
    Scaling,
)
from bitpde.validation.breakpoints import REFUSED, staircase
from bitpde.validation.targets import lawful_casts, targets


@pytest.mark.parametrize(
    ("format", "code"),
    [
        (OFP8_E5M2, 0x7E),
        (IEEE_E4M3, 0x7C),
        (IEEE_E3M4, 0x78),
        (FP16, 0x7E00),
        (BF16, 0x7FC0),
        (TF32, 0x3FE00),
    ],
)
def test_a_nan_is_encoded_as_the_quiet_one_without_payload(format: Minifloat, code: int) -> None:
    # IEEE 754-2019, 6.2.1: of a quiet NaN the first bit of the trailing significand is 1.
    for dtype in (np.float32, np.float64):
        assert Cast(format=format).encode(np.array([np.nan, -np.nan], dtype)).codes.tolist() == [
            code,
            code,
        ]


@pytest.mark.parametrize("name", ["FNUZ_E4M3", "OFP8_E4M3", "OFP8_E5M2", "UE4M3", "Binary8p1se"])
def test_finite_numbers_by_themselves_agree_with_the_reference(name: str) -> None:
    # With a NaN or an infinity among them they would take the general lane, compiled or not.
    for cast in lawful_casts(targets()[name]):
        stairs = staircase(cast)
        bits = stairs.neighbourhoods(2)
        expected = stairs.at(bits)
        taken = np.isfinite(bits.view(np.float32)) & (expected != REFUSED)
        codes = cast.encode(bits[taken].view(np.float32)).codes
        assert np.array_equal(codes, expected[taken]), cast


def test_ties_of_a_quotient_stay_ties() -> None:
    # Every number is exactly a tie times the scale of its tile times that of the tensor; a product
    # with the rounded inverse of the scale would send some to the other side.
    ties = np.array([0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0])
    scales = np.array([(8 + k) / 8 for k in range(8)])[:, None]
    whole = float(np.float32(0.1))
    x = np.zeros((9, 16))
    x[:8, 0], x[:8, 1:8] = 6 * whole * scales[:, 0], whole * scales * ties
    x[8, 0] = 6 * 448 * whole
    coded = Cast(format=NVFP4, scaling=Scaling(rule=ScaleRule.RANGE)).encode(x)
    assert coded.tensor_scale == whole
    assert (coded.codes[:8, 1:8] == Cast(format=OCP_E2M1).encode(ties).codes).all()


@pytest.mark.parametrize("shape", [(1, 17), (2, 5), (17,)])
def test_the_padding_of_a_ragged_tile_is_finite(shape: tuple[int, ...]) -> None:
    # A NaN that is alone in such a tile has zeros beside it, so that the scale is not NaN.
    block = Block(element=IEEE_E4M3, tile=(1, 16), scale=NVFP4.scale)
    scaling = Scaling(rule=ScaleRule.RANGE)
    x = np.full(shape, np.nan)
    coded = Cast(format=block, nonfinite=NonFinite.ELEMENT, scaling=scaling).encode(x)
    nan = scales_of(coded) == NVFP4.scale.nan_code
    assert not nan[..., -1].any()
    assert nan[..., :-1].all()


def test_the_lower_end_of_unsigned_elements_is_zero_under_the_largest_scales() -> None:
    # The upper end under this scale, 448 times 2^120, is no binary32, though every value is one.
    cast = Cast(format=Block(element=UE4M3, tile=(1, 2)), scaling=Scaling(rule=ScaleRule.CEIL))
    x = np.array([[3e38, -1e38]], np.float32)
    assert cast.quantize(x).tolist() == cast.encode(x.astype(np.float64)).values().tolist()
    assert cast.quantize(x)[0, 1] == 0
