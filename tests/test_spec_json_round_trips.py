"""A spec is a value: JSON and repr give it back, and nothing unlawful becomes one."""

import json
from dataclasses import fields, replace
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
    OCP_E2M1,
    SMX_INT8,
    Block,
    Cast,
    Fixed,
    FormatError,
    Minifloat,
    NonFinite,
    Overflow,
    PowerOfTwo,
    Rounding,
    Specials,
    spec_from_json,
    spec_to_json,
)

#: What a checker of types would not let pass.
NO_FORMAT: Any = "INT8"
NO_ELEMENT: Any = SMX_INT8
NO_SCALE: Any = INT8
NO_ROUNDING: Any = "nearest_even"
KINDS = {kind.__name__: kind for kind in (Fixed, Minifloat, PowerOfTwo, Block, Cast)}
NAMES = vars(bitpde.formats)


def check_round_trips(spec: Any) -> None:
    text = json.dumps(spec_to_json(spec))
    assert spec_from_json(json.loads(text), KINDS) == spec
    assert eval(repr(spec), dict(NAMES)) == spec
    assert hash(eval(repr(spec), dict(NAMES))) == hash(spec)


@pytest.mark.parametrize("name", ALL)
def test_every_format_comes_back(name: str) -> None:
    check_round_trips(ALL[name])
    check_round_trips(E8M0)


@given(cast=some_cast(ALL), nonfinite=st.sampled_from(NonFinite))
def test_every_cast_comes_back(cast: Cast, nonfinite: NonFinite) -> None:
    check_round_trips(replace(cast, nonfinite=nonfinite))


def test_json_says_what_the_spec_says() -> None:
    assert spec_to_json(SMX_INT8) == {
        "kind": "Block",
        "element": {"kind": "Fixed", "bits": 8, "fraction_bits": 0},
        "tile": [4, 4],
        "scale": {"kind": "PowerOfTwo", "exponent_bits": 8, "bias": 127},
    }


@given(cast=some_cast(ALL), data=st.data())
def test_a_missing_or_unknown_field_is_refused(cast: Cast, data: st.DataObject) -> None:
    lawful = spec_to_json(cast.format)
    needed = [f.name for f in fields(cast.format) if f.name not in ("fraction_bits", "specials")]
    name = data.draw(st.sampled_from([n for n in needed if n != "scale"]))
    missing = {key: value for key, value in lawful.items() if key != name}
    for wrong in (missing, {**lawful, "colour": 1}, {**missing, name.upper(): lawful[name]}):
        with pytest.raises(FormatError, match="unknown or missing fields"):
            spec_from_json(wrong, KINDS)


@pytest.mark.parametrize("kind", ["fixed", None, 3, "Rounding"])
def test_an_unknown_kind_is_refused(kind: Any) -> None:
    with pytest.raises(FormatError, match="known kinds are Block, Cast, Fixed"):
        spec_from_json({"kind": kind, "bits": 8}, KINDS)


@pytest.mark.parametrize("value", [8.0, "8", True, None, [8]])
def test_a_number_of_another_type_is_refused(value: Any) -> None:
    with pytest.raises(FormatError, match="bits of "):
        spec_from_json({"kind": "Fixed", "bits": value}, KINDS)
    with pytest.raises(FormatError, match="bits of "):
        Fixed(bits=value)
    with pytest.raises(FormatError, match="bias of "):
        Minifloat(exponent_bits=4, significand_bits=3, bias=value)
    with pytest.raises(FormatError, match="random_bits of "):
        Cast(format=INT8, rounding=Rounding.STOCHASTIC, random_bits=value)


def test_an_unknown_policy_is_refused_with_the_known_ones() -> None:
    wrong = {**spec_to_json(Cast(format=INT8)), "rounding": "nearest"}
    with pytest.raises(FormatError, match=r"nearest_even.*stochastic"):
        spec_from_json(wrong, KINDS)
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
        (lambda: Minifloat(exponent_bits=0, significand_bits=3, bias=7), "choose 1 to 11"),
        (lambda: Minifloat(exponent_bits=4, significand_bits=0, bias=7), "choose 1 to 11"),
        (lambda: Minifloat(exponent_bits=11, significand_bits=52, bias=1024), "another bias"),
        (lambda: Minifloat(exponent_bits=11, significand_bits=52, bias=1022), "another bias"),
        (lambda: PowerOfTwo(exponent_bits=7), "exponent_bits=8"),
        (lambda: PowerOfTwo(bias=255), "bias of 0 to 254"),
        (lambda: Block(element=Fixed(bits=17), tile=(4, 4)), "at most 16 bits"),
        (lambda: Block(element=NO_ELEMENT, tile=(4, 4)), "give a Fixed or Minifloat"),
        (lambda: Block(element=INT8, tile=(4, 4), scale=NO_SCALE), "give a plain PowerOfTwo"),
        (lambda: Block(element=EXTRA["far_below_one"], tile=(4, 4)), "another bias"),
        (lambda: Block(element=EXTRA["far_above_one"], tile=(4, 4)), "another bias"),
        (lambda: Cast(format=NO_FORMAT), "give a Fixed, Minifloat or Block"),
        (lambda: Cast(format=INT8, rounding=Rounding.STOCHASTIC), "random_bits 1 to 32"),
        (lambda: Cast(format=INT8, random_bits=4), "leave random_bits=4 out"),
        (lambda: Cast(format=INT8, overflow=Overflow.INFINITY_OR_NAN), "such as SATURATE"),
        (lambda: Cast(format=FP16, overflow=Overflow.WRAP), "such as SATURATE"),
        (lambda: Cast(format=OCP_E2M1, overflow=Overflow.INFINITY_OR_NAN), "such as SATURATE"),
    ],
)
def test_an_unlawful_spec_names_the_remedy_in_one_line(make: Any, remedy: str) -> None:
    with pytest.raises(FormatError) as caught:
        make()
    assert remedy in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_format_has_its_lawful_policies() -> None:
    # 7 roundings times: 4 for integers (all but INFINITY_OR_NAN), 4 for floats that have NaN
    # (all but WRAP), 3 for those that have none.
    for format in SCALARS.values():
        has_nan = isinstance(format, Minifloat) and format.specials is not Specials.NONE
        assert len(casts(format)) == 7 * (4 if has_nan or isinstance(format, Fixed) else 3)
