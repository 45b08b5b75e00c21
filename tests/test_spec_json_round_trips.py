"""A spec is a value: JSON and repr give it back, and nothing unlawful becomes one."""

import json
from dataclasses import MISSING, fields, replace
from itertools import product
from typing import Any

import pytest
from format_cases import ALL, EXTRA, SCALARS, casts, some_cast
from hypothesis import given
from hypothesis import strategies as st

import bitpde.formats
from bitpde.formats import (
    E8M0,
    FP16,
    INT8,
    NVFP4,
    OCP_E2M1,
    SMX_INT8,
    SPEC_KINDS,
    UE4M3,
    UINT8,
    Affine,
    Block,
    Cast,
    Fixed,
    FormatError,
    Minifloat,
    NonFinite,
    Overflow,
    PowerOfTwo,
    RandomBits,
    Rounding,
    ScaleOverflow,
    ScaleRule,
    Scaling,
    Specials,
    Subnormals,
    ZeroScale,
    p3109,
    spec_from_json,
    spec_to_json,
)

#: What a checker of types would not let pass.
NO_FORMAT: Any = "INT8"
NO_ELEMENT: Any = SMX_INT8
NO_SCALE: Any = INT8
NO_ROUNDING: Any = "nearest_even"
FN = Specials.NAN_ONLY
UNSIGNED = EXTRA["unsigned_finite"]
EVEN = Scaling(rule=ScaleRule.EVEN)
FLOAT_SCALE = Block(element=p3109(8, 4), tile=(1, 8), scale=UE4M3)
LEAST_NORMAL = Scaling(rule=ScaleRule.MAX, zero=ZeroScale.LEAST_NORMAL)
NAMES = vars(bitpde.formats)
AFFINE = Affine(element=UINT8, scale=(0.5, 0.25), zero_point=(0, 128), axis=-1)
SCALINGS = st.builds(
    Scaling,
    rule=st.sampled_from(ScaleRule),
    overflow=st.sampled_from(ScaleOverflow),
    zero=st.sampled_from(ZeroScale),
    subnormals=st.sampled_from(Subnormals),
    rounding=st.sampled_from([mode for mode in Rounding if not mode.is_stochastic]),
)


def check_round_trips(spec: Any) -> None:
    text = json.dumps(spec_to_json(spec))
    assert spec_from_json(json.loads(text), SPEC_KINDS) == spec
    assert eval(repr(spec), dict(NAMES)) == spec
    assert hash(eval(repr(spec), dict(NAMES))) == hash(spec)


@pytest.mark.parametrize("name", ALL)
def test_every_format_comes_back(name: str) -> None:
    check_round_trips(ALL[name])
    check_round_trips(E8M0)


@given(cast=some_cast(ALL), nonfinite=st.sampled_from(NonFinite), scaling=SCALINGS)
def test_every_cast_comes_back(cast: Cast, nonfinite: NonFinite, scaling: Scaling) -> None:
    check_round_trips(replace(cast, nonfinite=nonfinite))
    check_round_trips(scaling)
    if isinstance(cast.format, Block) and scaling.rule.gives_power_of_two:
        lawful = replace(scaling, rounding=Rounding.NEAREST_EVEN)
        check_round_trips(replace(cast, nonfinite=nonfinite, scaling=lawful))


def test_scales_of_every_kind_come_back() -> None:
    for cast in (
        Cast(format=NVFP4, scaling=Scaling(rule=ScaleRule.RANGE)),
        Cast(format=FLOAT_SCALE, scaling=Scaling(rule=ScaleRule.MAX, rounding=Rounding.UP)),
        Cast(format=AFFINE, overflow=Overflow.RAISE),
    ):
        check_round_trips(cast)
    assert eval(repr(RandomBits(seed=3)), dict(NAMES)) == RandomBits(seed=3)


def test_json_says_what_the_spec_says() -> None:
    assert spec_to_json(SMX_INT8) == {
        "kind": "Block",
        "element": {"kind": "Fixed", "bits": 8, "fraction_bits": 0, "signed": True},
        "tile": [4, 4],
        "scale": {"kind": "PowerOfTwo", "exponent_bits": 8, "bias": 127},
        "tensor_scale": False,
    }


@given(cast=some_cast(ALL), data=st.data())
def test_a_missing_or_unknown_field_is_refused(cast: Cast, data: st.DataObject) -> None:
    lawful = spec_to_json(cast.format)
    name = data.draw(st.sampled_from([f.name for f in fields(cast.format) if f.default is MISSING]))
    missing = {key: value for key, value in lawful.items() if key != name}
    for wrong in (missing, {**lawful, "colour": 1}, {**missing, name.upper(): lawful[name]}):
        with pytest.raises(FormatError, match="unknown or missing fields"):
            spec_from_json(wrong, SPEC_KINDS)


@pytest.mark.parametrize("kind", ["fixed", None, 3, "Rounding"])
def test_an_unknown_kind_is_refused(kind: Any) -> None:
    with pytest.raises(FormatError, match="known kinds are Affine, Block, Cast, Fixed"):
        spec_from_json({"kind": kind, "bits": 8}, SPEC_KINDS)


@pytest.mark.parametrize("value", [8.0, "8", True, None, [8]])
def test_a_number_of_another_type_is_refused(value: Any) -> None:
    with pytest.raises(FormatError, match="bits of "):
        spec_from_json({"kind": "Fixed", "bits": value}, SPEC_KINDS)
    with pytest.raises(FormatError, match="bits of "):
        Fixed(bits=value)
    with pytest.raises(FormatError, match="bias of "):
        Minifloat(exponent_bits=4, significand_bits=3, bias=value)
    with pytest.raises(FormatError, match="random_bits of "):
        Cast(format=INT8, rounding=Rounding.STOCHASTIC, random_bits=value)


def test_an_unknown_policy_is_refused_with_the_known_ones() -> None:
    wrong = {**spec_to_json(Cast(format=INT8)), "rounding": "nearest"}
    with pytest.raises(FormatError, match=r"nearest_even.*stochastic"):
        spec_from_json(wrong, SPEC_KINDS)
    with pytest.raises(FormatError, match="rounding of a Cast"):
        Cast(format=INT8, rounding=NO_ROUNDING)


@pytest.mark.parametrize(
    "tile",
    [(0, 4), (4, 0), (-4, 4), (4,), (4, 4, 4), (), "4x4", (3.0, 4), [4, 4], 4, None, (True, 4)],
)
def test_a_tile_that_is_none_gives_a_message_of_one_line(tile: Any) -> None:
    with pytest.raises(FormatError, match=r"tile is .*: give two positive integers") as caught:
        Block(element=INT8, tile=tile)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "remedy"),
    [
        (lambda: Fixed(bits=1), "choose 2 to 32"),
        (lambda: Fixed(bits=33), "choose 2 to 32"),
        (lambda: Fixed(bits=8, fraction_bits=257), "choose -256 to 256"),
        (lambda: Minifloat(exponent_bits=0, significand_bits=3, bias=7), "choose 1 to 16"),
        (lambda: Minifloat(exponent_bits=17, significand_bits=3, bias=7), "choose 1 to 16"),
        (lambda: Minifloat(exponent_bits=4, significand_bits=53, bias=7), "0 to 52"),
        (lambda: Minifloat(exponent_bits=4, significand_bits=0, bias=7), "a significand bit"),
        (lambda: Minifloat(exponent_bits=4, significand_bits=1, bias=70000), "at most 65536"),
        (lambda: replace(ALL["FNUZ_E4M3"], signed=False), "such as NAN_ONLY"),
        (lambda: replace(ALL["least_minifloat"], specials=FN, significand_bits=0), "more bits"),
        (lambda: Minifloat(exponent_bits=11, significand_bits=52, bias=1024), "another bias"),
        (lambda: Minifloat(exponent_bits=11, significand_bits=52, bias=1022), "another bias"),
        (lambda: PowerOfTwo(exponent_bits=7), "exponent_bits=8"),
        (lambda: PowerOfTwo(bias=255), "bias of 0 to 254"),
        (lambda: Block(element=Fixed(bits=17), tile=(4, 4)), "at most 16 bits"),
        (lambda: Block(element=NO_ELEMENT, tile=(4, 4)), "give a Fixed or Minifloat"),
        (lambda: Block(element=INT8, tile=(4, 4), scale=NO_SCALE), "give a PowerOfTwo or"),
        (lambda: Block(element=EXTRA["far_below_one"], tile=(4, 4)), "another bias"),
        (lambda: Block(element=EXTRA["far_above_one"], tile=(4, 4)), "another bias"),
        (lambda: Cast(format=NO_FORMAT), "give a Fixed, Minifloat, Affine or Block"),
        (lambda: Cast(format=INT8, rounding=Rounding.STOCHASTIC, random_bits=33), "give 0 to 32"),
        (lambda: Cast(format=INT8, rounding=Rounding.STOCHASTIC_C, random_bits=-1), "give 0 to 32"),
        (lambda: Cast(format=INT8, random_bits=4), "leave random_bits=4 out"),
        (lambda: Cast(format=INT8, overflow=Overflow.INFINITY_OR_NAN), "such as SATURATE"),
        (lambda: Cast(format=FP16, overflow=Overflow.WRAP), "such as SATURATE"),
        (lambda: Cast(format=OCP_E2M1, overflow=Overflow.INFINITY_OR_NAN), "such as SATURATE"),
        (lambda: Cast(format=INT8, overflow=Overflow.INFINITY_OR_MAX), "such as SATURATE"),
        (lambda: Cast(format=AFFINE, overflow=Overflow.SATURATE_FINITE), "such as SATURATE"),
        (lambda: Cast(format=UNSIGNED, overflow=Overflow.INFINITY_OR_MAX), "such as SATURATE"),
        (lambda: Cast(format=INT8, scaling=EVEN), "leave scaling="),
        (lambda: Cast(format=AFFINE, scaling=EVEN), "leave scaling="),
        (lambda: Cast(format=SMX_INT8, scaling=Scaling(rule=ScaleRule.MAX)), "such as UE4M3"),
        (lambda: Cast(format=SMX_INT8, scaling=Scaling(rule=ScaleRule.RANGE)), "such as UE4M3"),
        (lambda: Cast(format=NVFP4), "choose ScaleRule.RANGE"),
        (lambda: Cast(format=NVFP4, scaling=EVEN), "choose ScaleRule.RANGE"),
        (lambda: Cast(format=FLOAT_SCALE), "choose ScaleRule.RANGE or MAX"),
        (lambda: Cast(format=FLOAT_SCALE, scaling=LEAST_NORMAL), "leave them out"),
        (lambda: Cast(format=SMX_INT8, scaling=Scaling(rounding=Rounding.UP)), "leave it out"),
        (lambda: Scaling(rounding=Rounding.STOCHASTIC), "deterministic"),
        (lambda: Block(element=INT8, tile=(4, 4), tensor_scale=True), "such as UE4M3"),
        (lambda: Block(element=INT8, tile=(4, 4), scale=p3109(8, 4)), "an unsigned Minifloat"),
        (lambda: Block(element=INT8, tile=(4, 4), scale=UNSIGNED), "that has a NaN"),
        (lambda: replace(AFFINE, scale=(0.5,)), "as many of each"),
        (lambda: replace(AFFINE, axis=None), "an axis if there are several"),
        (lambda: replace(AFFINE, scale=(), zero_point=()), "as many of each"),
        (lambda: replace(AFFINE, scale=(0.1, 1.0)), "no positive binary32"),
        (lambda: replace(AFFINE, scale=(0.0, 1.0)), "no positive binary32"),
        (lambda: replace(AFFINE, scale=(float("inf"), 1.0)), "no positive binary32"),
        (lambda: replace(AFFINE, zero_point=(-1, 0)), "no code of"),
        (lambda: replace(AFFINE, element=Fixed(bits=17)), "at most 16 bits"),
        (lambda: replace(AFFINE, element=Fixed(bits=8, fraction_bits=1)), "no fraction bits"),
        (lambda: RandomBits(seed=-1), "none below 0"),
        (lambda: RandomBits(seed=0, step=2**64), "a step below 2^64"),
        (lambda: RandomBits(seed=0).draw((2,), 33), "choose 0 to 32"),
    ],
)
def test_an_unlawful_spec_names_the_remedy_in_one_line(make: Any, remedy: str) -> None:
    with pytest.raises(FormatError) as caught:
        make()
    assert remedy in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_format_has_its_lawful_policies() -> None:
    # 14 roundings times: the overflow policies that have a code to give.
    everywhere = {Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC, Overflow.RAISE}
    for format in SCALARS.values():
        lawful = everywhere | {Overflow.WRAP}
        if isinstance(format, Minifloat):
            lawful = everywhere | {Overflow.SATURATE_FINITE}
            if format.specials is not Specials.NONE:
                lawful |= {Overflow.INFINITY_OR_NAN, Overflow.INFINITY_OR_MAX}
            elif format.signed:  # unsigned, what is below 0 would be NaN
                lawful |= {Overflow.INFINITY_OR_MAX}
        drawn = {(cast.rounding, cast.overflow) for cast in casts(format)}
        assert drawn == set(product(Rounding, lawful)), format
        assert len(casts(format)) == 14 * len(lawful)
