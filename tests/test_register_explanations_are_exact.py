"""An explanation covers exactly the inputs that its fault in binary32 or binary64 can touch.

Each fault is computed here from its own definition, by correctly rounded logarithms of mpmath or in
rational numbers, over every input near where it occurs.
"""

from fractions import Fraction
from math import floor

import mpmath
import numpy as np

from bitpde.formats import (
    MXFP4_E2M1,
    MXFP8_E4M3,
    MXINT8,
    NVFP4,
    OCP_E2M1,
    OFP8_E4M3,
    UE4M3,
    Cast,
    Rounding,
    ScaleRule,
    Scaling,
)
from bitpde.validation.peers import explanations


def rows(leaders: np.ndarray) -> np.ndarray:
    x = np.zeros((leaders.size, 32), np.float32)
    x[:, 0] = leaders
    return x


def rounded_logarithm(x: float) -> np.float32:
    """log2 rounded once to binary32; binary64 is no intermediate that could double round here."""
    with mpmath.workprec(200):
        exact = mpmath.log(mpmath.mpf(x), 2)
        near = np.float32(float(exact))
        around = [np.nextafter(near, np.float32(-999)), near, np.nextafter(near, np.float32(999))]
        return min(around, key=lambda y: abs(mpmath.mpf(float(y)) - exact))


def below_powers(exponents: list[int], steps: int) -> np.ndarray:
    """Float32 numbers from each power of two downwards."""
    tops = np.array([2.0**k if k < 128 else 0 for k in exponents], np.float32)
    words = np.where(tops > 0, tops.view(np.uint32), 0x7F800000).astype(np.uint32)
    found = (words[:, None] - np.arange(steps, dtype=np.uint32)).ravel().view(np.float32)
    return found[np.isfinite(found)]


def test_a_tile_is_covered_when_its_logarithm_rounds_up() -> None:
    x = below_powers([-125, -64, -20, -3, -1, 0, 1, 2, 3, 5, 20, 64, 65, 127, 128], 60)
    cast = Cast(format=MXFP4_E2M1)
    covered = explanations.tile_logarithm_rounds_up(cast, rows(x))[:, 0]
    top = explanations.tile_logarithm_rounds_to_128(cast, rows(x))[:, 0]
    reached = np.array([rounded_logarithm(float(value)) for value in x])
    wrong = np.floor(reached) > np.frexp(x.astype(np.float64))[1] - 1
    assert wrong.any()
    assert not wrong.all()
    assert np.array_equal(covered, wrong & (reached < 128))
    assert np.array_equal(top, wrong & (reached == 128))


def test_an_element_is_covered_when_its_logarithm_rounds_up_among_normal_values() -> None:
    elements = below_powers([-9, -7, -6, -5, -4, -1, 0], 8)
    emin = OFP8_E4M3.emin
    x = np.zeros((elements.size, 32), np.float32)
    x[:, 0], x[:, 1] = 256, elements  # a tile whose scale is 1
    covered = explanations.element_logarithm_rounds_up(Cast(format=MXFP8_E4M3), x)[:, 1]
    for value, found in zip(elements, covered, strict=True):
        true = np.frexp(float(value))[1] - 1
        taken = max(floor(rounded_logarithm(float(value))), emin)
        assert found == (taken > max(true, emin)), value


def test_an_integer_has_no_exponent_of_its_own() -> None:
    x = rows(np.array([1.0]))
    x[0, 1] = np.nextafter(np.float32(2.0**-7), np.float32(0))
    assert not explanations.element_logarithm_rounds_up(Cast(format=MXINT8), x).any()


def test_a_half_is_covered_when_adding_it_in_binary32_gives_another_integer() -> None:
    step = 2.0**-6
    ints = np.array([0.25, 0.5, 1, 1.5, 2, 2.5, 3.5, 63.5, 64], np.float32)
    near = (ints.view(np.uint32)[:, None] + np.arange(-4, 5)).astype(np.uint32).view(np.float32)
    x = np.zeros((near.size, 32), np.float32)
    x[:, 0], x[:, 1] = 1, near.ravel() * np.float32(step)
    covered = explanations.one_ulp_below_half_a_step(Cast(format=MXINT8), x)[:, 1]
    added = np.floor(near.ravel() + np.float32(0.5))
    exact = np.array([floor(Fraction(float(v)) + Fraction(1, 2)) for v in near.ravel()])
    assert np.array_equal(covered, added != exact)
    assert covered.sum() == 1


def test_a_random_sum_is_covered_when_binary64_rounds_it_to_one() -> None:
    bits = 5
    for rounding, half in ((Rounding.STOCHASTIC, 0.0), (Rounding.STOCHASTIC_B, 0.5)):
        numbers = np.arange(2**bits)
        corner = 1 - (numbers + half) * 2.0**-bits
        near = corner.view(np.int64)[:, None] + np.arange(-6, 7)
        fractions = near.view(np.float64)
        draws = np.broadcast_to(numbers[:, None], fractions.shape)
        keep = (fractions > 0) & (fractions < 1)
        fraction, draw = fractions[keep], draws[keep]
        cast = Cast(format=OCP_E2M1, rounding=rounding, random_bits=bits)
        # Steps of E2M1 are 1/2 below 2.
        covered = explanations.random_sum_rounds_to_one(cast, fraction / 2, draw)
        floats = fraction + (draw + half) * 2.0**-bits >= 1
        exact = [
            Fraction(f) + (int(r) + Fraction(half)) / 2**bits >= 1
            for f, r in zip(fraction.tolist(), draw, strict=True)
        ]
        assert np.array_equal(covered, floats & ~np.array(exact))
        assert covered.any()


def test_a_rounded_maximum_is_covered_when_its_carry_leaves_binary32() -> None:
    words = np.concatenate([0x7F7FFFFF - np.arange(100), 0x7F600000 + np.arange(-3, 4)])
    x = words.astype(np.uint32).view(np.float32)
    cast = Cast(format=MXFP4_E2M1, scaling=Scaling(rule=ScaleRule.EVEN))
    covered = explanations.rounded_maximum_overflows(cast, rows(x))[:, 0]
    carried = (x.view(np.uint32) + np.uint32(1 << (23 - 1 - 1))) >> np.uint32(23)
    assert np.array_equal(covered, carried == 255)
    assert covered.any()
    assert not covered.all()


def test_a_subnormal_quotient_is_covered_only_where_the_least_power_of_two_is_missed() -> None:
    rule = Scaling(rule=ScaleRule.RCEIL)
    for block in (MXFP4_E2M1, MXFP8_E4M3):
        largest = block.element.max
        corner = np.array([float(largest) * 2.0**-127], np.float32).view(np.uint32)
        x = (corner + np.arange(-50, 51)).astype(np.uint32).view(np.float32)
        covered = explanations.quotient_is_subnormal(Cast(format=block, scaling=rule), rows(x))
        quotient = x * np.float32(1 / float(largest))
        taken = np.where(quotient <= np.float32(2.0**-127), 0, 1)
        exact = [int(Fraction(float(v)) > largest * Fraction(1, 2**127)) for v in x]
        assert (taken != exact).any()
        assert covered[:, 0][taken != exact].all()


def test_negative_zero_is_covered_where_the_quotient_is_one_in_binary32() -> None:
    x = np.zeros((1, 32), np.float32)
    x[0, :5] = [2.0**100, -0.0, 0.0, -(2.0**-149), -(2.0**-10)]
    covered = explanations.scaled_to_negative_zero(Cast(format=MXFP4_E2M1), x)
    quotient = x / np.float32(2.0**98)
    assert np.array_equal(covered, (quotient == 0) & np.signbit(quotient))
    assert covered[0, :5].tolist() == [False, True, False, True, False]


def test_nvfp4_is_covered_where_its_steps_in_binary32_part_from_one_rounding() -> None:
    rng = np.random.default_rng(0)
    cast = Cast(format=NVFP4, scaling=Scaling(rule=ScaleRule.RANGE))
    grid = np.array([0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0, 1.0, 3.0])
    covered_scales = covered_elements = differing = 0
    for factor in 1 + rng.random(12):
        exact = rng.choice(grid, (64, 16)) * rng.choice([16.0, 17, 19, 21, 300], (64, 1))
        exact[:, 0] = 6 * rng.choice([16.0, 17, 19, 21, 300], 64)
        exact[0, 0] = 6 * 448
        x = (exact * factor).astype(np.float32)
        tensor_scale = x.max() / np.float32(6 * 448)
        top = x.max(axis=1, keepdims=True)
        scales = Cast(format=UE4M3).quantize(top / np.float32(6) / tensor_scale)
        factors = (np.float32(1) / tensor_scale) / scales
        codes = Cast(format=OCP_E2M1).encode(x * factors).codes
        ours = cast.encode(x)
        assert ours.scales is not None
        other_scale = Cast(format=UE4M3).encode(scales).codes != ours.scales
        by_scale = explanations.nvfp4_scale_near_a_midpoint(cast, x)
        by_element = explanations.nvfp4_element_near_a_midpoint(cast, x)
        assert (by_scale[:, :1] | ~other_scale).all()
        assert (by_scale | by_element | (codes == ours.codes)).all()
        covered_scales += int(by_scale[:, 0].sum())
        covered_elements += int((by_element & ~by_scale).sum())
        differing += int((codes != ours.codes).sum())
    assert differing > 0
    assert 0 < covered_scales < 12 * 64
    assert 0 < covered_elements < 12 * 64 * 16 // 2


def test_nvfp4_is_covered_where_the_scale_is_below_the_least_normal() -> None:
    x = np.zeros((2, 16), np.float32)
    x[:, 0] = [6 * 448, 0]
    x[1, 3] = np.nextafter(np.float32(6 * 2.0**-6), np.float32(0))
    cast = Cast(format=NVFP4, scaling=Scaling(rule=ScaleRule.RANGE))
    assert explanations.nvfp4_scale_below_the_least_normal(cast, x).all(axis=1).tolist() == [
        False,
        True,
    ]
    x[1, 3] = 6 * 2.0**-6
    assert not explanations.nvfp4_scale_below_the_least_normal(cast, x).any()
