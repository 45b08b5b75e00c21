"""Elementwise results in any formats are exact results rounded once.

The truths are rationals rounded by the twin in rational arithmetic, and for binary32 the machine's
own arithmetic.
"""

from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from elementwise_oracle import by_definition, numbers_of
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.emu import DatapathError, elementwise, error_free
from bitpde.emu.elementwise import exact as exact_elementwise
from bitpde.emu.elementwise.order import extreme
from bitpde.formats import (
    BF16,
    CATALOGUE,
    FP16,
    FP32,
    FP64,
    INT4,
    INT8,
    INT16,
    OCP_E2M1,
    OFP8_E4M3,
    SMX_INT8,
    TF32,
    UE4M3,
    UINT8,
    Affine,
    Cast,
    Coded,
    Fixed,
    Minifloat,
    NonFinite,
    Overflow,
    RandomBits,
    Rounding,
    encode_exact,
    p3109,
)

#: Elements of a drawn array.
SIZE = 5
ARITY = {"add": 2, "subtract": 2, "multiply": 2, "divide": 2, "sqrt": 1, "fma": 3}
WIDE_RANGE = p3109(13, 1)  # from 2^-2047 to 2^2046
FLOATS = {
    "fp16": FP16,
    "bf16": BF16,
    "tf32": TF32,
    "fp32": FP32,
    "fp64": FP64,
    "p1": p3109(8, 1),
    "e4m3": OFP8_E4M3,
    "far": WIDE_RANGE,
}
INTEGERS = {"q15": Fixed(bits=16, fraction_bits=15), "int32": Fixed(bits=32), "uint8": UINT8}


def coded(format: Any, codes: list[int]) -> Coded:
    return Coded(format=format, codes=np.array(codes, np.dtype(format.code_dtype)))


def check(name: str, operands: list[Coded], cast: Cast, bits: Any = None) -> None:
    """Compare every element with the definition, or see that both refuse."""
    down = cast.rounding is Rounding.DOWN
    rows = list(zip(*map(numbers_of, operands), strict=True))
    draws = [0] * len(rows) if bits is None else bits.tolist()
    wanted: list[int] = []
    for numbers, draw in zip(rows, draws, strict=True):
        try:
            wanted.append(encode_exact(cast, by_definition(name, list(numbers), down), draw))
        except ValueError:
            with pytest.raises(DatapathError, match=rf"result x of {name}: x\["):
                getattr(elementwise, name)(*operands, cast, bits)
            return
    assert getattr(elementwise, name)(*operands, cast, bits).codes.tolist() == wanted


@st.composite
def codes_of(draw: st.DrawFn, format: Fixed | Minifloat, count: int) -> list[int]:
    """Draw codes with a liking for ends, neighbours and few significant bits."""
    first, last = format.codes()[0], format.codes()[-1]
    if isinstance(format, Fixed):
        some = st.one_of(st.integers(first, last), st.sampled_from([first, last, 0, 1]))
        return draw(st.lists(some, min_size=count, max_size=count))
    ordinal = st.one_of(
        st.integers(0, format.max_ordinal + 1),
        st.sampled_from([0, 1, 2, format.max_ordinal, format.max_ordinal + 1]),
        st.integers(0, format.max_ordinal >> format.significand_bits).map(
            lambda e: e << format.significand_bits
        ),
    )
    sizes = draw(st.lists(ordinal, min_size=count, max_size=count))
    signs = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    pairs = [(size, format.sign_code * sign) for size, sign in zip(sizes, signs, strict=True)]
    return [min(size, last - sign) | sign for size, sign in pairs]


@st.composite
def cases(draw: st.DrawFn, targets: Any = None) -> tuple[str, list[Coded], Cast, Any]:
    """Draw an operation, operands and a cast."""
    name = draw(st.sampled_from(list(ARITY)))
    formats = {**FLOATS, **INTEGERS}
    target = draw(st.sampled_from(list((targets or formats).values())))
    own, arity = draw(st.booleans()), ARITY[name]
    kinds = [target if own else draw(st.sampled_from(list(formats.values()))) for _ in range(arity)]
    rounding = draw(st.sampled_from(Rounding))
    count = draw(st.integers(0, 32)) if rounding.is_stochastic else 0
    lawful = [Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC, Overflow.RAISE]
    lawful += [Overflow.WRAP] * 3 if isinstance(target, Fixed) else [Overflow.SATURATE_FINITE] * 3
    overflow = draw(st.sampled_from(lawful))
    cast = Cast(format=target, rounding=rounding, overflow=overflow, random_bits=count)
    codes = [draw(codes_of(kind, SIZE)) for kind in kinds]
    if own and arity > 1 and draw(st.booleans()):
        # Neighbours of the first operand, of both signs, so that sums cancel.
        last = target.codes()[-1]
        shifts = draw(st.lists(st.integers(-2, 2), min_size=SIZE, max_size=SIZE))
        flip = target.sign_code if isinstance(target, Minifloat) else 0
        first = target.codes()[0]
        codes[-1] = [
            min(max((c ^ flip) + d, first), last) for c, d in zip(codes[0], shifts, strict=True)
        ]
    operands = [coded(kind, its) for kind, its in zip(kinds, codes, strict=True)]
    draws = st.lists(st.integers(0, 2**count - 1), min_size=SIZE, max_size=SIZE)
    return name, operands, cast, np.array(draw(draws), np.uint32) if count else None


@settings(max_examples=300)
@given(case=cases())
def test_results_are_the_definition_rounded_once(case: tuple[str, list[Coded], Cast, Any]) -> None:
    check(*case)


@settings(max_examples=150)
@given(case=cases(targets={"fp32": FP32, "tf32": TF32, "fp64": FP64}))
def test_wide_results_are_the_definition_rounded_once(
    case: tuple[str, list[Coded], Cast, Any],
) -> None:
    check(*case)


@pytest.mark.parametrize("name", list(ARITY))
def test_binary32_equals_the_machine(name: str) -> None:
    rng = np.random.default_rng(11)
    words = [rng.integers(0, 2**32, 40_000, np.uint32) for _ in range(ARITY[name])]
    # Half of the operands have the exponent of the first, so that sums cancel and carry.
    for other in words[1:]:
        other[::2] = words[0][::2] ^ (other[::2] & np.uint32(0x807FFFFF))
    numbers = [w.view(np.float32) for w in words]
    cast = Cast(format=FP32, overflow=Overflow.INFINITY_OR_NAN)
    mine = getattr(elementwise, name)(*[Coded(format=FP32, codes=w) for w in words], cast)
    with np.errstate(all="ignore"):
        if name == "fma":  # the product is a binary64 number; 64 bits of longdouble hold some sums
            if np.finfo(np.longdouble).nmant < 63:
                pytest.skip("no extended precision")
            a, b, c = (x.astype(np.longdouble) for x in numbers)
            total = a * b + c
            exact = (total - a * b == c) & (total - c == a * b)
            theirs = total.astype(np.float32)
        else:
            theirs = getattr(np, name)(*numbers)
            exact = np.ones(theirs.shape, np.bool_)
    nan = np.isnan(theirs)
    kept = exact & ~nan
    assert np.array_equal(mine.codes[kept], theirs.view(np.uint32)[kept])
    assert np.isnan(mine.values()[nan]).all()
    assert np.count_nonzero(kept) > 5_000


def test_a_sum_beside_a_tie_is_on_its_side() -> None:
    # 1 + 2^-24 is a tie of FP32, and the other operand's last bit, 2^-100 or less, breaks it; in
    # float64 that bit is gone.
    cast = Cast(format=FP32)
    ties = cast.encode([1.0, 1.0, 1.0, -1.0])
    rest = Cast(format=FP64).encode(
        [2.0**-24, np.nextafter(2.0**-24, 1), np.nextafter(2.0**-24, 0), -np.nextafter(2.0**-24, 1)]
    )
    up = 1 + 2.0**-23
    assert elementwise.add(ties, rest, cast).values().tolist() == [1.0, up, 1.0, -up]


def test_fma_is_neither_two_roundings_nor_a_sum_in_float64() -> None:
    # 257 65281 = 2^24 + 1 is a tie of FP32, which the addend breaks; float64 does not see it.
    cast = Cast(format=FP32)
    a, b = cast.encode([257.0]), cast.encode([65281.0])
    c = cast.encode([2.0**-60, -(2.0**-60)])
    assert elementwise.fma(a, b, c, cast).values().tolist() == [2.0**24 + 2, 2.0**24]
    assert np.float32(257.0 * 65281.0 + c.values()).tolist() == [2.0**24, 2.0**24]
    rounded = elementwise.add(elementwise.multiply(a, b, cast), c, cast)
    assert rounded.values().tolist() == [2.0**24, 2.0**24]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_fma_with_a_sticky_rest_under_cancellation(sign: float) -> None:
    # v + (w + u) with every part at work: products of 106 bits against addends of 53.
    rng = np.random.default_rng(3)
    wide, cast = Cast(format=FP64), Cast(format=FP32, rounding=Rounding.TOWARD_ZERO)
    a, b = rng.uniform(1, 2, 300), rng.uniform(1, 2, 300)
    c = -sign * a * b * (1 + rng.choice([0, 2.0**-52, 2.0**-30, 1, 3, 2.0**60], 300))
    check("fma", [wide.encode(x) for x in (a, b, c)], cast)
    check("fma", [wide.encode(x) for x in (a, b, c)], replace(cast, rounding=Rounding.NEAREST_EVEN))


@pytest.mark.parametrize("rounding", [Rounding.NEAREST_EVEN, Rounding.DOWN, Rounding.UP])
def test_special_operands_follow_ieee_754(rounding: Rounding) -> None:
    cast = Cast(format=FP16, rounding=rounding, overflow=Overflow.INFINITY_OR_NAN)
    some = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 2.0**-24, -(2.0**-24), 65504.0]
    operands = cast.encode(some)
    for name, arity in ARITY.items():
        grids = np.meshgrid(*[operands.codes] * arity, indexing="ij")
        check(name, [Coded(format=FP16, codes=g.reshape(-1)) for g in grids], cast)


@pytest.mark.parametrize("name", ["FP16", "BF16", "OFP8_E4M3", "INT8", "BINARY8P3SE", "UE4M3"])
def test_conversion_is_encoding_the_values(name: str) -> None:
    source = CATALOGUE["FP16"]
    codes = np.arange(0, 2**16, 7, dtype=np.uint16)
    a = Coded(format=source, codes=codes[np.isfinite(codes.view(np.float16))])
    cast = Cast(format=CATALOGUE[name], rounding=Rounding.TOWARD_ZERO)
    assert elementwise.convert(a, cast).equals(cast.encode(a.values()))


def test_conversion_beyond_binary64_is_exact() -> None:
    a = coded(WIDE_RANGE, [1, 40, 0x7FF, 0x800, 0x801, 0xFFE])
    cast = Cast(format=WIDE_RANGE)
    assert elementwise.convert(a, cast).equals(a)
    single = elementwise.convert(a, Cast(format=FP32, overflow=Overflow.INFINITY_OR_NAN))
    assert single.values().tolist() == [0.0, 0.0, 0.5, 1.0, 2.0, np.inf]


def test_draws_are_those_of_the_positions_in_both_lanes() -> None:
    rng = RandomBits(seed=1)
    cast = Cast(format=FP32, rounding=Rounding.STOCHASTIC, random_bits=20)
    x = np.random.default_rng(2).normal(size=(3, 50))
    x[1, ::3] *= 2.0**500  # no operand of float64 arithmetic: the rational lane
    a, b = Cast(format=FP64).encode(x), Cast(format=FP32).encode(np.full((1, 50), 3.0))
    drawn = elementwise.divide(a, b, cast, rng=rng)
    assert drawn.equals(elementwise.divide(a, b, cast, rng.draw((3, 50), 20)))
    wide = replace(cast, random_bits=32)  # 24 + 32 bits are more than float64 carries
    check("divide", [a[1], b[0]], cast, rng.draw((50,), 20))
    check("divide", [a[0], b[0]], wide, rng.draw((50,), 32))


@pytest.mark.parametrize("format", [FP32, FP16, Fixed(bits=32, fraction_bits=24)], ids=str)
def test_the_least_draw_that_steps_up_is_the_real_quotients(format: Any) -> None:
    # Adding and truncating steps up from the draw 2^32 - floor(nu 2^32) on: with 24 bits before
    # them, more than float64 holds.
    cast = Cast(format=format, rounding=Rounding.STOCHASTIC, random_bits=32)
    rng = np.random.default_rng(8)
    a, b = (Cast(format=FP32).encode(rng.uniform(1, 2, 40)) for _ in range(2))
    down = replace(cast, rounding=Rounding.TOWARD_ZERO, random_bits=0)
    below = elementwise.divide(a, b, down)
    steps = coded(format, (below.codes.astype(np.int64) + 1).tolist())
    draws = []
    for x, y, low, high in zip(*map(numbers_of, (a, b, below, steps)), strict=True):
        nu = (Fraction(x) / Fraction(y) - Fraction(low)) / (Fraction(high) - Fraction(low))
        draws.append(2**32 - int(nu * 2**32))
    least = np.minimum(draws, 2**32 - 1).astype(np.uint32)
    assert elementwise.divide(a, b, cast, least).equals(steps)
    assert elementwise.divide(a, b, cast, least - np.uint32(1)).equals(below)


@pytest.mark.parametrize("name", list(ARITY))
def test_carried_results_are_rounded_to_odd(name: str) -> None:
    carried: Any = {
        "add": error_free.sum_to_odd,
        "subtract": lambda x, y: error_free.sum_to_odd(x, -y),
        "multiply": error_free.product_to_odd,
        "divide": error_free.quotient_to_odd,
        "sqrt": error_free.root_to_odd,
        "fma": error_free.fma_to_odd,
    }[name]
    rng = np.random.default_rng(13)
    operands = [np.ldexp(rng.uniform(-2, 2, 400), rng.integers(-60, 60, 400)) for _ in range(3)]
    operands[1][::4] = -operands[0][::4] * (1 + 2.0**-50)
    operands[2][::3] = -(operands[0] * operands[1])[::3] * rng.choice([1, 1 + 2.0**-52, 2], 134)
    operands[0] = np.abs(operands[0]) if name == "sqrt" else operands[0]
    del operands[ARITY[name] :]
    values, exact, certain = carried(*operands)
    assert certain.all()
    for k, value in enumerate(values):
        truth = Fraction(by_definition(name, [Fraction(x[k]) for x in operands], False))
        assert (truth == Fraction(value)) == bool(exact[k])
        below, above = Fraction(np.nextafter(value, -9e99)), Fraction(np.nextafter(value, 9e99))
        assert below < truth < above
        assert exact[k] or value.view(np.int64) % 2 == 1


def test_the_twins_know_the_special_numbers() -> None:
    floats = [0.0, -0.0, np.inf, -np.inf, np.nan, 2.0, -3.0]
    some: list[Any] = [Fraction(x) if x and np.isfinite(x) else x for x in floats]
    for x, a in zip(some, floats, strict=True):
        root = exact_elementwise.square_root(x)
        assert str(float(by_definition("sqrt", [x], False))) == str(float(root))
        for y, b in zip(some, floats, strict=True):
            quotient = exact_elementwise.divide(x, y)
            assert str(float(by_definition("divide", [x, y], False))) == str(float(quotient))
            for largest, number in product([False, True], repeat=2):
                z = exact_elementwise.extreme(x, y, largest=largest, number=number)
                array = extreme(np.array(a), np.array(b), largest=largest, number=number)
                assert str(float(z)) == str(float(array))
    root = exact_elementwise.square_root(Fraction(1, 2) + Fraction(1, 2**400))
    near = exact_elementwise.square_root(Fraction(2**700 + 1))
    assert root.numerator % 2 == 1  # type: ignore[union-attr]
    assert near > 2**350


def test_broadcasting_is_numpys() -> None:
    cast = Cast(format=OFP8_E4M3)
    a, b = cast.encode(np.arange(3.0)), cast.encode(np.arange(8.0).reshape(4, 2, 1))
    total = elementwise.add(a, b, cast)
    assert total.shape == (4, 2, 3)
    assert np.array_equal(total.values(), np.arange(3.0) + np.arange(8.0).reshape(4, 2, 1))
    point = elementwise.add(a[0], a[1], cast)
    assert point.shape == ()
    assert elementwise.add(a[:0], a[:1], cast).shape == (0,)
    with pytest.raises(DatapathError, match=r"add: shapes .* do not broadcast"):
        elementwise.add(a, cast.encode([1.0, 2.0]), cast)


def test_what_is_no_scalar_format_is_refused() -> None:
    scalar = Cast(format=OFP8_E4M3)
    a = scalar.encode(np.ones((4, 4)))
    affine = Affine(element=INT8, scale=(0.5,), zero_point=(1,))
    for other in (Cast(format=SMX_INT8), Cast(format=affine)):
        strange = other.encode(np.ones((4, 4)))
        with pytest.raises(DatapathError, match=r"an operand of multiply is .* share scales: take"):
            elementwise.multiply(a, strange, scalar)
        with pytest.raises(DatapathError, match=r"the cast is .* share scales: take"):
            elementwise.multiply(a, a, other)
    with pytest.raises(DatapathError, match="is a ndarray: give a Coded"):
        elementwise.sqrt(np.ones(3), scalar)  # type: ignore[arg-type]


def test_what_a_format_cannot_say_is_refused_or_saturates() -> None:
    fp16 = Cast(format=FP16)
    a, b = fp16.encode([1.0, 1.0, -1.0, 0.0]), fp16.encode([1.0, 0.0, 0.0, 0.0])
    for format in (INT4, OCP_E2M1):
        with pytest.raises(DatapathError, match=r"result x of divide: x\[(1|3)\] is (inf|nan)"):
            elementwise.divide(a, b, Cast(format=format))
    ends = elementwise.divide(a[:3], b[:3], Cast(format=OCP_E2M1)).values()
    assert ends.tolist() == [1.0, 6.0, -6.0]
    with pytest.raises(DatapathError, match=r"x\[1\] is inf"):
        elementwise.divide(a, b, Cast(format=FP16, nonfinite=NonFinite.RAISE))
    two, negative = fp16.encode([2.0, 2.0]), Cast(format=UE4M3, overflow=Overflow.RAISE)
    with pytest.raises(DatapathError, match=r"x\[1\] is -1"):
        elementwise.subtract(two, fp16.encode([1.0, 3.0]), negative)
    wrapped = elementwise.multiply(
        Cast(format=INT16).encode([300]), Cast(format=INT16).encode([300]),
        Cast(format=INT16, overflow=Overflow.WRAP),
    )  # fmt: skip
    assert wrapped.codes.tolist() == [90000 - 65536]
