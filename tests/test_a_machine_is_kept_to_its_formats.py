"""Layers, master weights and moments have the formats that a datapath says, and no others."""

from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from bitpde.emu import Datapath, DatapathError, LayerCasts, Node, Tape, ops, preset
from bitpde.emu.tape import vjps
from bitpde.emu.tape.operation import operation
from bitpde.formats import (
    BF16,
    INT8,
    OFP8_E4M3,
    SMX_INT4,
    SMX_INT16,
    Block,
    Cast,
    FormatError,
    Overflow,
    Rounding,
)
from bitpde.pde import MLP, Poisson, Run, TrainingError, initial_state, training_step

SMX8 = preset("smx8")
NARROW, WIDE = Cast(format=SMX_INT4), Cast(format=SMX_INT16)


def small(datapath: Datapath) -> Run:
    return Run(
        problem=Poisson(),
        datapath=datapath,
        network=MLP(widths=(2, 8, 8, 1)),
        domain_points=4,
        condition_points=4,
        seed=3,
    )


def test_one_layer_may_have_casts_of_its_own() -> None:
    machine = replace(SMX8, layers=(LayerCasts(layer=1, weight=NARROW, gradient=WIDE),))
    assert Datapath.from_json(machine.to_json()) == machine
    assert machine.for_layer(1).weight == NARROW
    assert machine.for_layer(1).activation == SMX8.activation
    assert machine.for_layer(0) is machine
    ledger = training_step(small(machine), initial_state(small(machine)))[0].ledger
    # 8 points of 9 nodes through the middle layer alone, forwards and backwards.
    rows, inputs, outputs = 8 * 9, 8, 8
    assert ledger.macs_by_width["8x4"] == rows * inputs * outputs
    assert ledger.macs_by_width["16x4"] == ledger.macs_by_width["8x16"] == rows * inputs * outputs


def test_a_layer_is_computed_as_its_casts_say() -> None:
    x, w = np.random.default_rng(0).normal(size=(2, 8, 8)).astype(np.float32)
    values = {}
    for name, machine in {
        "usual": SMX8,
        "other": replace(SMX8, activation=NARROW, gradient=WIDE),
        "layer": replace(SMX8, layers=(LayerCasts(layer=2, activation=NARROW, gradient=WIDE),)),
    }.items():
        tape = Tape(machine)
        parameter = tape.parameter(w)
        with tape.layer(2):
            product = ops.matmul(tape.constant(x), parameter)
        loss = ops.mean_square(product)  # outside, as its adjoint is
        values[name] = product.value, tape.gradient(loss, [parameter])[0]
    for layer, other, usual in zip(values["layer"], values["other"], values["usual"], strict=True):
        assert (layer == other).all()
        assert (layer != usual).any()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"layers": LayerCasts(layer=0)}, "give a tuple of LayerCasts"),
        ({"layers": (NARROW,)}, "give a tuple of LayerCasts"),
        ({"layers": (LayerCasts(layer=1), LayerCasts(layer=1))}, "give each layer once"),
        (
            {
                "layers": (
                    LayerCasts(layer=1, weight=Cast(format=Block(element=INT8, tile=(8, 8)))),
                )
            },
            "mixes tiles",
        ),
        ({"master": SMX_INT4}, "master of datapath 'smx8' is .*: give a Cast or None"),
        ({"moments": "BF16"}, "moments of datapath 'smx8' is 'BF16'"),
        ({"difference": 8}, "difference of datapath 'smx8' is 8"),
        (
            {"difference": Cast(format=SMX_INT4, rounding=Rounding.STOCHASTIC, random_bits=8)},
            "rounds operands stochastically",
        ),
    ],
)
def test_parts_that_cannot_be_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(DatapathError, match=said):
        replace(SMX8, **changes)


@pytest.mark.parametrize(("field", "value"), [("layer", -1), ("layer", True), ("weight", INT8)])
def test_casts_of_a_layer_that_cannot_be_are_refused(field: str, value: Any) -> None:
    with pytest.raises(DatapathError, match=field):
        LayerCasts(**{"layer": 0, field: value})


def test_parameters_and_moments_are_kept_in_their_formats() -> None:
    machine = replace(SMX8, master=Cast(format=BF16), moments=Cast(format=OFP8_E4M3))
    state = initial_state(small(machine))
    for _ in range(3):
        state = training_step(small(machine), state)[0]
    for arrays, cast in (
        (state.parameters, machine.master),
        (state.optimizer.first, machine.moments),
        (state.optimizer.second, machine.moments),
    ):
        assert cast is not None
        for array in arrays:
            assert array.dtype == np.float32
            assert (cast.quantize(array) == array).all()
    free = initial_state(small(SMX8))
    assert any((a != b).any() for a, b in zip(state.parameters, free.parameters, strict=True))


def test_stochastic_storage_draws_by_seed_step_and_array() -> None:
    cast = Cast(format=BF16, rounding=Rounding.STOCHASTIC, random_bits=16)
    run = small(replace(SMX8, master=cast))
    state = initial_state(run)
    once, again = (training_step(run, state)[0].parameters for _ in range(2))
    other = training_step(replace(run, seed=4), state)[0].parameters
    assert all((a == b).all() for a, b in zip(once, again, strict=True))
    assert any((a != b).any() for a, b in zip(once, other, strict=True))


def test_a_step_below_half_an_ulp_is_lost_to_nearest_and_kept_on_average_by_stochastic() -> None:
    # Weights of 1 in BF16, whose ulp is 2^-7, are to move by 2^-12: never by rounding to nearest,
    # and by rounding stochastically with the chance 2^-12 / 2^-8 = 1/16 downwards, where the ulp is
    # 2^-8: of n = 2^16 weights 4096, within 6 standard deviations of 62.
    from bitpde.formats import RandomBits
    from bitpde.pde.storage import kept

    moved = [np.full((256, 256), 1 - 2.0**-12, np.float32)]
    nearest = kept(moved, Cast(format=BF16), RandomBits(seed=0))[0]
    assert (nearest == 1).all()
    cast = Cast(format=BF16, rounding=Rounding.STOCHASTIC, random_bits=16)
    stochastic = kept(moved, cast, RandomBits(seed=0))[0]
    assert set(np.unique(stochastic)) == {np.float32(1 - 2.0**-8), np.float32(1)}
    assert abs(int((stochastic < 1).sum()) - 4096) < 6 * 62


def test_a_refusal_to_keep_a_parameter_names_the_step() -> None:
    strict = Cast(format=INT8, overflow=Overflow.RAISE)  # integers up to 127
    run = small(replace(SMX8, moments=strict))
    with pytest.raises((TrainingError, FormatError), match="step 0"):
        training_step(replace(run, condition_weights=(1e9,)), initial_state(run))


def test_an_operation_that_leaves_the_vector_format_is_found() -> None:
    @operation
    def leak(a: Node) -> Node:
        return a.tape.record("leak", a.value.astype(np.float64) * 1.5, (a,), None)

    tape = Tape(SMX8)
    with pytest.raises(DatapathError, match=r"leak gave float64: the vector unit of 'smx8' writes"):
        leak(tape.parameter(np.ones((2, 2))))


def test_a_derivative_that_leaves_the_vector_format_is_found() -> None:
    tape = Tape(SMX8)
    a = tape.parameter(np.ones((2, 2)))
    loss = ops.mean_square(ops.tanh(a))
    wide = {"tanh": lambda entry, g: (g.astype(np.float64),)}
    with (
        patch.dict(vjps.VJPS, wide),
        pytest.raises(DatapathError, match="tanh adjoint gave float64"),
    ):
        tape.gradient(loss, [a])
