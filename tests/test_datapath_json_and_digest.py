"""A datapath is its JSON, its digest sees every field but the name, and misuse is one line."""

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.emu import (
    ACCUMULATOR_PRESETS,
    PRESETS,
    Datapath,
    DatapathError,
    ExactAccumulator,
    LayerCasts,
    Ledger,
    RoundedFunction,
    SequentialAccumulator,
    Tape,
    accumulator_preset,
    ops,
    preset,
)
from bitpde.formats import (
    BF16,
    CATALOGUE,
    FP16,
    FP32,
    FP64,
    INT8,
    MXINT8,
    SMX_INT4,
    SMX_INT8,
    Block,
    Cast,
    Minifloat,
    NonFinite,
    Overflow,
    Rounding,
)

SMX8 = PRESETS["smx8"]


def line(error: pytest.ExceptionInfo[BaseException]) -> str:
    """Return the message, which is one line that says more than a few words."""
    text = str(error.value)
    assert "\n" not in text
    assert len(text) > 20
    return text


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_its_json(name: str) -> None:
    machine = preset(name)
    assert machine.name == name
    text = json.dumps(machine.to_json())
    again = Datapath.from_json(json.loads(text))
    assert again == machine
    assert again.digest() == machine.digest()
    assert machine.dtype is (np.float64 if machine.vector == FP64 else np.float32)


def tiled(casts: list[Cast]) -> bool:
    tiles = {c.format.tile for c in casts if isinstance(c.format, Block)}
    return len(tiles) <= 1


casts = st.builds(
    Cast,
    format=st.sampled_from([f for n, f in CATALOGUE.items() if n != "NVFP4"]),
    rounding=st.sampled_from([Rounding.NEAREST_EVEN, Rounding.TOWARD_ZERO, Rounding.TO_ODD]),
    overflow=st.sampled_from([Overflow.SATURATE, Overflow.RAISE]),
    nonfinite=st.sampled_from(NonFinite),
)
vectors = st.sampled_from([FP32, FP64])
accumulators = st.one_of(
    st.builds(ExactAccumulator, format=vectors),
    st.builds(SequentialAccumulator, format=st.sampled_from([BF16, FP16, FP32, FP64])),
    st.sampled_from(list(ACCUMULATOR_PRESETS.values())),
)
machines = (
    st.lists(casts, min_size=3, max_size=3)
    .filter(tiled)
    .flatmap(
        lambda three: st.builds(
            Datapath,
            name=st.text(max_size=5),
            activation=st.just(three[0]),
            weight=st.just(three[1]),
            gradient=st.just(three[2]),
            accumulator=accumulators,
            vector=vectors,
        )
    )
)


@given(machines)
@settings(max_examples=40)
def test_any_machine_is_its_json(machine: Datapath) -> None:
    assert Datapath.from_json(json.loads(json.dumps(machine.to_json()))) == machine
    assert hash(machine) == hash(replace(machine))


@given(machines, machines)
@settings(max_examples=40)
def test_digests_are_equal_exactly_when_all_but_the_names_are(a: Datapath, b: Datapath) -> None:
    assert (a.digest() == b.digest()) == (replace(a, name=b.name) == b)
    assert a.digest() == replace(a, name=a.name + "'").digest()
    assert len(a.digest()) == 64


def leaves(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the place of every number, string and list in JSON data."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from leaves(value, (*path, key))
    else:
        yield path


def edited(data: Any, path: tuple[str | int, ...], value: Any) -> Any:
    data = copy.deepcopy(data)
    at = data
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return data


#: For every kind of field two lawful values, of which one is another than the preset's.
OTHER: dict[str, list[Any]] = {
    "name": ["other"],
    "bits": [9],
    "fraction_bits": [1, 2],
    "exponent_bits": [7],
    "significand_bits": [9],
    "bias": [100],
    "specials": ["nan_only"],
    "rounding": ["up"],
    "overflow": ["saturate"],
    "nonfinite": ["propagate", "raise"],
    "signed": [False],
    "scaling rule": ["ceil"],
    "scaling overflow": ["nan"],
    "scaling zero": ["least_normal"],
    "scaling subnormals": ["flush"],
}


def kind_of(path: tuple[Any, ...]) -> Any:
    return f"scaling {path[-1]}" if path[-2:-1] == ("scaling",) else path[-1]


#: What is left out has one lawful value, or two that are tried below.
PLACES = [
    (name, path)
    for name in ("fp32", "mxint8")
    for path in leaves(PRESETS[name].to_json())
    if kind_of(path) in OTHER
    and not (name == "fp32" and "scaling" in path)  # a scalar format has no scales to choose
    and path[0] not in ("accumulator", "vector")
    and path[-2:] != ("scale", "exponent_bits")
]


@pytest.mark.parametrize(("name", "path"), PLACES)
def test_the_digest_sees_every_field_but_the_name(name: str, path: tuple[str, ...]) -> None:
    data = PRESETS[name].to_json()
    changed = [Datapath.from_json(edited(data, path, value)) for value in OTHER[kind_of(path)]]
    assert any(machine != PRESETS[name] for machine in changed)
    for machine in changed:
        same = machine == PRESETS[name] or path == ("name",)
        assert (machine.digest() == PRESETS[name].digest()) == same


def test_the_digest_sees_tiles_accumulator_and_vector_unit() -> None:
    casts = ("activation", "weight", "gradient")
    changed = [
        SMX8,
        replace(SMX8, **{role: Cast(format=Block(element=INT8, tile=(4, 4))) for role in casts}),
        replace(SMX8, **{role: Cast(format=Block(element=INT8, tile=(8, 8))) for role in casts}),
        replace(SMX8, accumulator=ExactAccumulator(format=FP32)),
        replace(SMX8, accumulator=SequentialAccumulator(format=FP64)),
        replace(SMX8, accumulator=accumulator_preset("hopper_f16")),
        replace(SMX8, vector=FP64),
        replace(SMX8, functions=(RoundedFunction(function="tanh", cast=Cast(format=BF16)),)),
        replace(SMX8, difference=SMX8.gradient),
        replace(SMX8, master=Cast(format=BF16)),
        replace(SMX8, moments=Cast(format=BF16)),
        replace(SMX8, layers=(LayerCasts(layer=0, weight=SMX8.gradient),)),
        replace(SMX8, layers=(LayerCasts(layer=1, weight=SMX8.gradient),)),
    ]
    assert len({machine.digest() for machine in changed}) == len(changed)
    kinds = {type(getattr(SMX8, field.name)) for field in fields(SMX8)}
    known = {str, Cast, SequentialAccumulator, Minifloat, tuple, type(None)}
    assert kinds == known  # so nothing was left out


def test_the_digest_does_not_depend_on_the_process() -> None:
    # SHA-256 of the JSON without the name, keys in order, and without what the machine has not.  A
    # change here changes every report.
    left_out = ("name", "functions", "difference", "master", "moments", "layers")
    data = {key: value for key, value in SMX8.to_json().items() if key not in left_out}
    assert SMX8.digest() == hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


@pytest.mark.parametrize("name", ["smx9", "", "SMX8", 8, None, ["smx8"]])
def test_an_unknown_preset_names_the_known_ones(name: Any) -> None:
    with pytest.raises(DatapathError) as error:
        preset(name)
    text = line(error)
    assert repr(name) in text
    assert all(known in text for known in PRESETS)


EXACT_CAST = Cast(format=FP32)
MISUSES: dict[str, tuple[Callable[[], object], str]] = {
    "mixed tiles": (
        lambda: replace(SMX8, weight=Cast(format=MXINT8)), "(1, 32), (4, 4)"
    ),
    "mixed sides": (
        lambda: replace(SMX8, gradient=Cast(format=Block(element=INT8, tile=(8, 8)))), "(8, 8)"
    ),
    "oblong tile": (
        lambda: Datapath(
            name="odd", activation=Cast(format=Block(element=INT8, tile=(2, 4))),
            weight=EXACT_CAST, gradient=EXACT_CAST, accumulator=ExactAccumulator(), vector=FP32,
        ), "(2, 4)"
    ),
    "tall tile": (
        lambda: replace(
            SMX8, **{r: Cast(format=MXINT8.T) for r in ("activation", "weight", "gradient")}
        ), "(32, 1)"
    ),
    "a format for a cast": (lambda: replace(SMX8, activation=SMX_INT8), "Block"),
    "no weight": (lambda: replace(SMX8, weight=None), "None"),
    "no accumulator": (lambda: replace(SMX8, accumulator=FP32), "Minifloat"),
    "narrow vector unit": (lambda: replace(SMX8, vector=BF16), "choose FP32 or FP64"),
    "no vector unit": (lambda: replace(SMX8, vector=None), "None"),
    "no name": (lambda: replace(SMX8, name=None), "None"),
    "stochastic": (
        lambda: replace(
            SMX8,
            weight=Cast(format=SMX_INT4, rounding=Rounding.STOCHASTIC, random_bits=8),
        ), "stochastically"
    ),
    "json of a number": (lambda: Datapath.from_json(3), "int"),  # type: ignore[arg-type]
    "json of a string": (lambda: Datapath.from_json("{}"), "str"),  # type: ignore[arg-type]
    "json of nothing": (lambda: Datapath.from_json({}), "kind"),
    "json of a cast": (lambda: Datapath.from_json(SMX8.to_json()["weight"]), "Cast"),
    "json without a field": (
        lambda: Datapath.from_json({k: v for k, v in SMX8.to_json().items() if k != "vector"}),
        "vector",
    ),
    "json with a field too many": (
        lambda: Datapath.from_json({**SMX8.to_json(), "speed": 1}), "speed"
    ),
    "ledger of a list": (lambda: Ledger.from_json([1]), "counts by name"),  # type: ignore[arg-type]
    "ledger of words": (lambda: Ledger.from_json({"nans": "many"}), "many"),  # type: ignore[dict-item]
    "ledger of another field": (lambda: Ledger.from_json({"flops": 1}), "flops"),
}  # fmt: skip


@pytest.mark.parametrize("misuse", MISUSES)
def test_a_machine_that_cannot_be_is_refused_in_one_line(misuse: str) -> None:
    make, named = MISUSES[misuse]
    with pytest.raises(DatapathError) as error:
        make()
    assert named in line(error)


JUNK = [None, -1, 10**6, 0.5, "?", [], {}, [1, 2, 3], {"kind": "Fixed"}, True]


@given(
    name=st.sampled_from(sorted(PRESETS)),
    junk=st.sampled_from(JUNK),
    where=st.integers(0, 10**6),
    depth=st.integers(1, 4),
)
def test_json_that_was_tampered_with_is_refused_or_lawful(
    name: str, junk: Any, where: int, depth: int
) -> None:
    data = PRESETS[name].to_json()
    places = sorted({path[:depth] for path in leaves(data)}, key=str)
    changed = edited(data, places[where % len(places)], copy.deepcopy(junk))
    outcome: Any
    try:
        outcome = Datapath.from_json(changed)
    except DatapathError as error:
        outcome = str(error)
    if isinstance(outcome, Datapath):
        assert Datapath.from_json(outcome.to_json()) == outcome
    else:
        assert "\n" not in outcome


def test_ledgers_add_field_by_field() -> None:
    one = Ledger(
        macs_by_width={"8x8": 1, "12x8": 6},
        bytes_by_format={"INT8": 3},
        quantizations=2,
        saturations=4,
        underflows=5,
        overflows=6,
        vector_elements=7,
        nans=8,
    )
    other = Ledger(macs_by_width={"8x8": 10, "4x4": 20}, nans=1)
    assert one + other == Ledger(
        macs_by_width={"8x8": 11, "12x8": 6, "4x4": 20},
        bytes_by_format={"INT8": 3},
        quantizations=2,
        saturations=4,
        underflows=5,
        overflows=6,
        vector_elements=7,
        nans=9,
    )
    assert ((one + one).macs, (one + one).bytes_stored) == (14, 6)
    assert Ledger.from_json(json.loads(json.dumps(one.to_json()))) == one
    assert one + Ledger() == one


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", PRESETS)
def test_a_leaf_that_is_no_number_is_refused_with_its_place(name: str, bad: float) -> None:
    array = np.zeros((2, 3))
    array[1, 2] = bad
    for leaf in (Tape(preset(name)).parameter, Tape(preset(name)).constant):
        with pytest.raises(DatapathError) as error:
            leaf(array)
        assert f"{bad} at [1, 2]" in line(error)


def test_a_leaf_beyond_the_vector_unit_is_refused() -> None:
    with pytest.raises(DatapathError, match=r"1e\+39 at \[1\].*float32"):
        Tape(preset("fp32")).constant([1.0, 1e39])


@pytest.mark.parametrize("leaf", [["a"], [None], [True], [b"1"], np.array(["2020"], "M8[Y]")])
def test_a_leaf_of_another_dtype_is_refused(leaf: Any) -> None:
    with pytest.raises(DatapathError) as error:
        Tape(preset("exact")).parameter(leaf)
    line(error)


@pytest.mark.parametrize("name", ["smx8", "mxint8"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_infinity_on_its_way_into_a_product_is_refused_with_its_place(name: str, side: str) -> None:
    tape = Tape(preset(name))
    tame = tape.constant(np.ones((2, 2)))
    with np.errstate(over="ignore"):
        wild = ops.multiply(
            tape.constant([[1, 1], [1, 1e30]]), tape.constant(np.full((2, 2), 1e30))
        )
    operands = (wild, tame) if side == "left" else (tame, wild)
    with pytest.raises(DatapathError) as error:
        ops.matmul(*operands)
    text = line(error)
    assert f"the {side} operand of matmul" in text
    assert "inf" in text
    assert "[1, 1]" in text


@pytest.mark.parametrize("name", ["smx8", "mxint8"])
def test_a_gradient_that_is_no_number_is_refused(name: str) -> None:
    tape = Tape(preset(name))
    w = tape.parameter(np.ones((2, 2)))
    y = ops.matmul(tape.constant(np.eye(2)), w)
    with pytest.raises(DatapathError) as error:
        tape.pullback(y, np.array([[1.0, np.nan], [1.0, 1.0]], np.float32), [w])
    text = line(error)
    assert "the gradient of a matmul" in text
    assert "[0, 1]" in text


def test_in_float_infinities_and_nan_go_their_ieee_754_way() -> None:
    tape = Tape(preset("fp32"))
    with np.errstate(over="ignore"):
        wild = ops.multiply(tape.constant([[1e30]]), tape.constant([[1e30]]))
    assert ops.matmul(wild, tape.constant([[1.0]])).value.tolist() == [[np.inf]]
    assert np.isnan(ops.matmul(wild, tape.constant([[0.0]])).value).all()
