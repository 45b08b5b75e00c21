"""The scale of a tile is the one its rule names, at every threshold and at both ends of the range.

Four witnesses: the tables of torchao and Brevitas, the definitions as inequalities, the slow twin.
"""

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitpde.formats import (
    FP16,
    INT4,
    INT8,
    OCP_E2M1,
    OCP_E2M3,
    OCP_E3M2,
    OCP_INT8,
    OFP8_E4M3,
    OFP8_E5M2,
    Block,
    Cast,
    Fixed,
    FormatError,
    Minifloat,
    NonFinite,
    PowerOfTwo,
    ScaleOverflow,
    ScaleRule,
    Scaling,
    ZeroScale,
    encode_array_exact,
    p3109,
)

RULES = [rule for rule in ScaleRule if rule.gives_power_of_two]
ELEMENTS: dict[str, Any] = {
    "E4M3": OFP8_E4M3,
    "E5M2": OFP8_E5M2,
    "E3M2": OCP_E3M2,
    "E2M3": OCP_E2M3,
    "E2M1": OCP_E2M1,
    "MXINT8": OCP_INT8,
    "INT4": INT4,
    "UINT6": Fixed(bits=6, signed=False),
    "FP16": FP16,
    "P1": p3109(6, 1),
}
#: (rule, largest magnitude, exponent): what torchao computes, and Brevitas for its midmax.
TABLE = {
    "E2M1": {
        ScaleRule.FLOOR: {4.0: 0, 5.0: 0, 6.0: 0, 6.5: 0, 7.0: 0, 7.9: 0},
        ScaleRule.RCEIL: {4.0: 0, 5.0: 0, 6.0: 0, 6.5: 1, 7.0: 1, 7.9: 1},
        ScaleRule.CEIL: {4.0: 0, 5.0: 1, 6.0: 1, 6.5: 1, 7.0: 1, 7.9: 1},
        ScaleRule.EVEN: {4.0: 0, 5.0: 0, 6.0: 0, 6.5: 0, 7.0: 1, 7.9: 1},
        ScaleRule.MIDMAX: {4.0: 0, 6.0: 0, 7.0: 0, 7.0000005: 1, 7.9: 1, 8.0: 1},
    },
    "E4M3": {
        ScaleRule.FLOOR: {448.0: 0, 449.0: 0, 480.0: 0, 496.0: 0, 511.0: 0},
        ScaleRule.RCEIL: {448.0: 0, 449.0: 1, 480.0: 1, 496.0: 1, 511.0: 1},
        ScaleRule.CEIL: {256.0: 0, 448.0: 1, 449.0: 1, 480.0: 1, 496.0: 1, 511.0: 1},
        ScaleRule.EVEN: {448.0: 0, 449.0: 0, 480.0: 0, 495.9: 0, 496.0: 1, 511.0: 1},
        ScaleRule.MIDMAX: {448.0: 0, 480.0: 0, 480.00003: 1, 511.0: 1},
    },
    "E5M2": {ScaleRule.MIDMAX: {57344.0: 0, 61440.0: 0, 61440.004: 1}},
    "E3M2": {ScaleRule.MIDMAX: {28.0: 0, 30.0: 0, 30.000002: 1}},
    "E2M3": {ScaleRule.MIDMAX: {7.5: 0, 7.75: 0, 7.7500005: 1}},
}
ROWS = [(n, r, a, s) for n, rules in TABLE.items() for r, t in rules.items() for a, s in t.items()]


def exponents(
    element: Fixed | Minifloat, rule: ScaleRule, tops: list[float], dtype: Any
) -> list[int]:
    """Return the exponents of the scales of tiles whose largest magnitudes these are."""
    cast = Cast(format=Block(element=element, tile=(1, 2)), scaling=Scaling(rule=rule))
    sign = 1 if element.signed else -1  # a negative element counts by its magnitude as well
    x = np.array([[top * (-1) ** k, top / 3 * sign] for k, top in enumerate(tops)], dtype)
    scales = cast.encode(x).scales
    assert scales is not None
    return [int(code) - 127 for code in scales[:, 0]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "rule", "top", "exponent"), ROWS)
def test_published_exponents(
    name: str, rule: ScaleRule, top: float, exponent: int, dtype: Any
) -> None:
    tops = [top * 2.0**k for k in (0, 40, -40)]
    assert exponents(ELEMENTS[name], rule, tops, dtype) == [exponent, exponent + 40, exponent - 40]


def least(holds: Any, start: int) -> int:
    """Return the least exponent from which on the statement holds; it does not hold far below."""
    s = start
    while not holds(Fraction(2) ** s):
        s += 1
    while holds(Fraction(2) ** (s - 1)):
        s -= 1
    return s


def defined(element: Fixed | Minifloat, rule: ScaleRule, a: Fraction) -> int:
    """Return the exponent that the rule defines for the largest magnitude ``a``."""
    largest, binade = element.max, Fraction(2) ** element.emax
    midpoint = (largest + 2 * binade) / 2
    start = a.numerator.bit_length() - a.denominator.bit_length() - element.emax
    match rule:
        case ScaleRule.FLOOR:
            return least(lambda scale: 2 * binade * scale > a, start)
        case ScaleRule.CEIL:
            return least(lambda scale: a <= binade * scale, start)
        case ScaleRule.RCEIL:
            return least(lambda scale: a <= largest * scale, start)
        case ScaleRule.MIDMAX:
            return least(lambda scale: a <= midpoint * scale, start)
        case _:  # the FLOOR of ``a`` rounded half up to the significand of the element
            places = element.emax - element.lsb_min
            if isinstance(element, Minifloat):
                places = element.significand_bits
            floor = least(lambda scale: 2 * scale > a, start + element.emax)
            ulp = Fraction(2) ** (floor - places)
            rounded = (a / ulp + Fraction(1, 2)) // 1 * ulp
            return least(lambda scale: 2 * binade * scale > rounded, start)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ELEMENTS)
@given(data=st.data())
def test_a_rule_is_its_inequality(name: str, dtype: Any, data: st.DataObject) -> None:
    element = ELEMENTS[name]
    width: Any = 8 * np.dtype(dtype).itemsize
    near = st.integers(-2, 2).flatmap(
        lambda n: st.sampled_from(
            [float(t) * (1 + n * float(np.finfo(dtype).eps)) for t in thresholds(element)]
        )
    )
    top = data.draw(st.one_of(st.floats(2.0**-60, 2.0**60, width=width), near))
    power = data.draw(st.integers(-20, 20))
    a = float(dtype(np.ldexp(top, power)))
    for rule in RULES:
        assert exponents(element, rule, [a], dtype) == [defined(element, rule, Fraction(a))], rule


def thresholds(element: Fixed | Minifloat) -> list[Fraction]:
    """Return numbers of the largest binade at which some rule steps up."""
    binade = Fraction(2) ** element.emax
    step = element.lsb
    if isinstance(element, Minifloat):
        step = binade / 2**element.significand_bits
    return [binade, element.max, (element.max + 2 * binade) / 2, 2 * binade - step / 2]


def tops(element: Fixed | Minifloat, dtype: Any) -> list[float]:
    """Return largest magnitudes at every threshold and at the ends of the number range."""
    limits = np.finfo(dtype)
    found = [0.0, float(limits.smallest_subnormal), 2.0**-127, 2.0**-126, float(limits.max)]
    for threshold in thresholds(element):
        value = float(threshold)
        sides = [np.nextafter(dtype(value), dtype(d)) for d in (0, np.inf)]
        for k in (0, -30, 40, -125 - element.emax, 127 - element.emax, -149 - element.emax):
            with np.errstate(over="ignore", under="ignore"):
                found += [float(np.ldexp(v, k)) for v in (dtype(value), *sides)]
    return [top for top in found if np.isfinite(top)]


def tiles(element: Fixed | Minifloat, dtype: Any) -> NDArray[Any]:
    """Return rows of tiles of three, some with NaN or an infinity, the last one ragged."""
    found = tops(element, dtype)
    x = np.zeros((len(found), 8), dtype)
    for row, top in enumerate(found):
        x[row] = [top, -top / 3, 0, top / 2, -top, -0.0, top, top / 7]
    x[::5, 1], x[2::7, 4] = np.nan, -np.inf
    x[3, :3], x[4, :3] = np.nan, np.inf
    return x


@pytest.mark.parametrize("shares", [6, pytest.param(1, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bias", [127, 20, 200])
@pytest.mark.parametrize("name", ELEMENTS)
def test_every_scaling_policy_is_that_of_the_twin(
    name: str, bias: int, dtype: Any, shares: int
) -> None:
    # The three biases and two types of an element share out the policies; none is left over.
    element, share = ELEMENTS[name], [20, 127, 200].index(bias) + 3 * (dtype is np.float32)
    block = Block(element=element, tile=(1, 3), scale=PowerOfTwo(bias=bias))
    x = tiles(element, dtype)
    every = list(product(RULES, ScaleOverflow, ZeroScale, NonFinite))
    for k, (rule, overflow, zero, nonfinite) in enumerate(every[share % shares :: shares]):
        scaling = Scaling(rule=rule, overflow=overflow, zero=zero)
        cast = Cast(format=block, nonfinite=nonfinite, scaling=scaling)
        part = x[(k + share) % 9 :: 9]
        if nonfinite is NonFinite.RAISE or (nonfinite is NonFinite.ELEMENT and not speaks(element)):
            with pytest.raises(FormatError, match=r"is (nan|-?inf):"):
                cast.encode(x)
            part = np.nan_to_num(part, nan=1.0, posinf=2.0, neginf=-2.0)
        expected = encode_array_exact(cast, part)
        assert cast.encode(part).equals(expected), cast


def speaks(element: Fixed | Minifloat) -> bool:
    """Whether the element format has a code for NaN."""
    return isinstance(element, Minifloat) and element.has_nan


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_ends_of_the_range_are_the_policies(dtype: Any) -> None:
    block = Block(element=OCP_E2M1, tile=(1, 1), scale=PowerOfTwo(bias=200))
    huge, tiny = np.array([[2.0**100]], dtype), np.array([[2.0**-149]], dtype)
    for overflow, code in ((ScaleOverflow.CLAMP, 254), (ScaleOverflow.NAN, 255)):
        coded = Cast(format=block, scaling=Scaling(overflow=overflow)).encode(huge)
        assert coded.scales is not None
        assert coded.scales.tolist() == [[code]]
        assert np.isnan(coded.values()).all() == (code == 255)
        small = Block(element=OCP_E2M1, tile=(1, 1))
        coded = Cast(format=small, scaling=Scaling(overflow=overflow)).encode(tiny)
        assert coded.scales is not None
        assert coded.scales.tolist() == [[0]]


@pytest.mark.parametrize(("element", "code"), [(OCP_INT8, 1), (INT8, 0), (OCP_E2M1, 0)])
def test_the_scale_of_zeros_is_the_least_or_that_of_the_least_normal(
    element: Any, code: int
) -> None:
    for zero, expected in ((ZeroScale.LEAST, 0), (ZeroScale.LEAST_NORMAL, code)):
        cast = Cast(format=Block(element=element, tile=(2, 2)), scaling=Scaling(zero=zero))
        for dtype in (np.float32, np.float64):
            coded = cast.encode(np.array([[0.0, -0.0, 1.0]], dtype))
            assert coded.scales is not None
            assert coded.scales[0, 0] == expected
            assert not coded.values()[0, :2].any()
