"""Every function is the one number of the format that rounding the true value gives.

The truth is mpmath's to hundreds of bits, rounded by the definition of the cast in rationals.
"""

from fractions import Fraction
from math import nan
from typing import Any

import numpy as np
import pytest
from function_oracle import NAMES, code_or_none, truth
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.emu import FUNCTIONS, DatapathError, correctly_rounded
from bitpde.emu.functions.enclosed import ENCLOSED
from bitpde.emu.functions.exact import exact_value
from bitpde.emu.functions.floats import BOUNDED
from bitpde.formats import (
    BF16,
    FP16,
    FP32,
    FP64,
    INT8,
    INT16,
    MXINT8,
    OCP_E2M1,
    OFP8_E4M3,
    OFP8_E5M2,
    UE4M3,
    Cast,
    Coded,
    Fixed,
    Minifloat,
    Overflow,
    RandomBits,
    Rounding,
    decode_exact,
    p3109,
)

Q8 = Fixed(bits=8, fraction_bits=5)
Q16 = Fixed(bits=16, fraction_bits=12)
DETERMINISTIC = [rounding for rounding in Rounding if not rounding.is_stochastic]


def every_code(format: Fixed | Minifloat) -> Coded:
    return Coded(format=format, codes=np.array(format.codes(), format.code_dtype))


def numbers_of(coded: Coded) -> list[Fraction | float]:
    format = coded.format
    assert isinstance(format, Fixed | Minifloat)
    found = [decode_exact(format, code) for code in coded.codes.reshape(-1).tolist()]
    return [x if x else float(x) for x in found]


def check(name: str, x: Coded, cast: Cast, draws: Any = None) -> None:
    """Compare every element that has a result; of the others the error names the function."""
    draw = [0] * x.codes.size if draws is None else draws.tolist()
    wanted = [
        code_or_none(cast, truth(name, number), r)
        for number, r in zip(numbers_of(x), draw, strict=True)
    ]
    lawful = np.array([code is not None for code in wanted])
    bits = None if draws is None else draws[lawful]
    kept = Coded(format=x.format, codes=x.codes[lawful])
    codes = correctly_rounded(name, kept, cast, bits).codes.tolist()
    assert codes == [code for code in wanted if code is not None]
    if not lawful.all():
        with pytest.raises(DatapathError, match=rf"{name} of x\["):
            correctly_rounded(name, x, cast, draws)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("source", "target"),
    [(OFP8_E4M3, OFP8_E4M3), (OFP8_E5M2, Q8), (Q8, OCP_E2M1), (UE4M3, FP16), (INT8, BF16)],
    ids=str,
)
def test_every_code_of_8_bits_is_rounded_once(name: str, source: Any, target: Any) -> None:
    for rounding in (Rounding.NEAREST_EVEN, Rounding.DOWN, Rounding.TO_ODD):
        check(name, every_code(source), Cast(format=target, rounding=rounding))


@pytest.mark.parametrize("rounding", DETERMINISTIC)
@pytest.mark.parametrize("name", NAMES)
def test_every_rounding_is_its_definition(name: str, rounding: Rounding) -> None:
    overflow = Overflow.INFINITY_OR_NAN
    check(name, every_code(OFP8_E4M3), Cast(format=FP16, rounding=rounding, overflow=overflow))


@pytest.mark.parametrize("name", NAMES)
def test_random_bits_round_as_defined(name: str) -> None:
    x = every_code(OFP8_E4M3)
    draws = RandomBits(seed=3).draw(x.shape, 5)
    for rounding in (Rounding.STOCHASTIC, Rounding.STOCHASTIC_B, Rounding.STOCHASTIC_C):
        check(name, x, Cast(format=OFP8_E5M2, rounding=rounding, random_bits=5), draws)


@pytest.mark.parametrize("name", NAMES)
def test_zeros_infinities_and_nan_are_the_standards(name: str) -> None:
    x = Coded(format=FP16, codes=np.array([0, 0x8000, 0x7C00, 0xFC00, 0x7E00], np.uint16))
    check(name, x, Cast(format=FP16, overflow=Overflow.INFINITY_OR_NAN))


@pytest.mark.parametrize("overflow", [Overflow.WRAP, Overflow.RAISE])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_beyond_the_range_follows_the_policy(name: str, overflow: Overflow) -> None:
    check(name, every_code(Fixed(bits=8, fraction_bits=3)), Cast(format=INT8, overflow=overflow))


@settings(max_examples=150)
@given(st.data())
def test_any_16_bits_or_float32_are_rounded_once(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(NAMES))
    source = data.draw(st.sampled_from([FP16, Q16, FP32]))
    target = data.draw(st.sampled_from([FP16, BF16, FP32, INT16, Q16]))
    first, last = source.codes()[0], source.codes()[-1]
    if source == FP32:  # from 2^-30 to 2^10, either sign
        some = st.integers(97 << 23, 137 << 23).map(lambda code: code)
        some = st.one_of(some, some.map(lambda code: code | 1 << 31))
    else:
        some = st.integers(first, last)
    codes = np.array(data.draw(st.lists(some, min_size=4, max_size=4)), source.code_dtype)
    rounding = data.draw(st.sampled_from(DETERMINISTIC))
    check(name, Coded(format=source, codes=codes), Cast(format=target, rounding=rounding))


def test_an_array_is_the_codes_of_its_type_in_any_shape() -> None:
    x = np.linspace(-4, 4, 24).reshape(4, 6)
    for dtype, format in ((np.float16, FP16), (np.float32, FP32), (np.float64, FP64)):
        array = x.astype(dtype)[::2, ::-1]
        coded = Cast(format=format).encode(array.astype(np.float64))
        cast = Cast(format=FP16)
        assert correctly_rounded("sin", array, cast).equals(correctly_rounded("sin", coded, cast))


def test_a_table_gives_what_single_elements_get() -> None:
    x = every_code(FP16)
    for name in NAMES:
        cast = Cast(format=BF16, rounding=Rounding.UP)
        whole = correctly_rounded(name, x, cast).codes
        for start in range(0, 1 << 16, 8209):
            part = correctly_rounded(name, x[start : start + 9], cast).codes
            assert part.tolist() == whole[start : start + 9].tolist()


@pytest.mark.parametrize("name", ["tanh", "exp", "expm1", "sigmoid", "sqrt"])
def test_increasing_functions_stay_so_in_every_rounding(name: str) -> None:
    x = Cast(format=FP16).encode(np.sort(np.unique(every_code(FP16).values()[:0x7C00])))
    for rounding in DETERMINISTIC:
        values = correctly_rounded(name, x, Cast(format=OFP8_E4M3, rounding=rounding)).values()
        assert (np.diff(values) >= 0).all()


@pytest.mark.parametrize("name", ["tanh", "sin"])
def test_odd_functions_stay_odd_where_the_rounding_is(name: str) -> None:
    x = every_code(FP16).values()
    x = x[np.isfinite(x)]
    cast = Cast(format=BF16)
    plus, minus = (correctly_rounded(name, Cast(format=FP16).encode(s * x), cast) for s in (1, -1))
    assert np.array_equal(plus.codes ^ np.uint16(0x8000), minus.codes)


def test_a_number_far_beyond_float64_is_rounded_too() -> None:
    far = p3109(13, 1)  # to 2^2046
    codes = np.array([1, 2, 0x7FE, 0x7FF, 0x801, 0xBFE, 0x400 - 3], np.uint16)
    for name in ("tanh", "sigmoid", "cos", "exp", "gelu", "rsqrt"):
        for target in (FP32, far):
            cast = Cast(format=target, rounding=Rounding.TO_ODD)
            x = Coded(format=far, codes=codes)
            found = correctly_rounded(name, x, cast).codes.tolist()
            for number, code in zip(numbers_of(x), found, strict=True):
                if isinstance(number, float) or abs(number) < 100:
                    assert code == code_or_none(cast, truth(name, number, 8000))


@pytest.mark.parametrize("name", NAMES)
def test_the_first_try_is_within_a_tenth_of_its_bound(name: str) -> None:
    # The bounds are argued for; here the arguments are seen to have room to spare.
    rng = np.random.default_rng(5)
    x = np.ldexp(rng.uniform(0.5, 1, 200).astype(np.float32).astype(float), rng.integers(-20, 5))
    x = np.concatenate([x, x * 8 - 8 if name not in ("log", "sqrt", "rsqrt") else x * 8])
    value, error = BOUNDED[name](x[np.abs(x) != 1])
    for number, v, e in zip(
        x[np.abs(x) != 1].tolist(), value.tolist(), error.tolist(), strict=True
    ):
        true = truth(name, Fraction(number))
        assert isinstance(true, Fraction)
        if e:
            assert abs(Fraction(v) - true) <= Fraction(e) / 10


@given(st.sampled_from(NAMES), st.fractions(-30, 30, max_denominator=1 << 20))
def test_enclosures_hold_the_truth_and_shrink(name: str, x: Fraction) -> None:
    if not x or exact_value(name, x) is not None:
        return
    true = truth(name, x, 3000)
    for places in (40, 200):
        low, high = ENCLOSED[name](x, places, 5000).ends
        assert isinstance(true, Fraction)
        assert low <= true <= high
        assert high - low <= abs(true) / 2 ** (places - 20)


@pytest.mark.parametrize(
    ("name", "x", "cast", "text"),
    [
        ("tan", np.array([1], np.float32), Cast(format=FP16), "there is no function 'tan'"),
        ("sin", np.array([1], np.float32), Cast(format=MXINT8), "choose a Fixed or a Minifloat"),
        ("sin", np.arange(3), Cast(format=FP16), "an operand is int64"),
        ("log", np.array([1, 0], np.float32), Cast(format=INT8), r"log of x\[1\], of the code 0x0"),
        ("sin", np.array([nan], np.float32), Cast(format=INT8), r"sin of x\[0\]"),
        (
            "exp",
            np.array([1e30], np.float32),
            Cast(format=INT8, overflow=Overflow.WRAP),
            "wraps many times",
        ),
    ],
)
def test_what_cannot_be_is_refused(name: str, x: Any, cast: Cast, text: str) -> None:
    with pytest.raises(DatapathError, match=text):
        correctly_rounded(name, x, cast)


def test_the_list_of_functions_is_the_oracles() -> None:
    assert sorted(FUNCTIONS) == sorted(NAMES)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("format", [FP16, Q16], ids=["FP16", "Q16"])
def test_every_code_of_16_bits_is_rounded_once(name: str, format: Any) -> None:
    for rounding in (Rounding.NEAREST_EVEN, Rounding.UP):
        check(name, every_code(format), Cast(format=format, rounding=rounding))
