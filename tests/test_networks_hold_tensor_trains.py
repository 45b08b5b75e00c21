"""A network with tensor trains is the network of their matrices, on every engine and every tape."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from bitpde.emu import Node, check_gradient, preset
from bitpde.pde import (
    MLP,
    Differences,
    ForwardLaplacian,
    Poisson,
    Run,
    RunError,
    SteinGaussHermite,
    compressed,
    fields_at,
    held_out_points,
    initial_state,
    training_step,
)
from bitpde.tt import TTForm, TTLayer, TTPlan

WIDTHS = (2, 20, 17, 1)
DENSE = MLP(widths=WIDTHS)


def make(network: MLP, datapath: str = "exact", **changes: Any) -> Run:
    run = Run(problem=Poisson(), datapath=preset(datapath), network=network, test_points=12)
    return replace(run, domain_points=6, condition_points=5, **changes)


def dense_parameters(run: Run) -> list[np.ndarray[Any, Any]]:
    """Return the parameters of the network of matrices, the trains multiplied out."""
    parameters, dense, at = initial_state(run).parameters, [], 0
    trains = run.network.trains or (None,) * (len(WIDTHS) - 1)
    for (inputs, outputs), train in zip(pairwise(run.network.widths), trains, strict=True):
        count = 1 if train is None else train.core_count
        held = parameters[at : at + count]
        weight = held[0] if train is None else train.matrix(held)[:inputs, :outputs]
        dense += [weight, parameters[at + count]]
        at += count + 1
    return dense


@pytest.mark.parametrize("plan", TTPlan)
@pytest.mark.parametrize("form", TTForm)
@pytest.mark.parametrize("engine", [SteinGaussHermite(sigma=0.3), ForwardLaplacian()])
def test_fields_are_those_of_the_matrices(plan: TTPlan, form: TTForm, engine: Any) -> None:
    # Sums of at most 32 products of order 1 in three layers; weights of the Laplacian below 40.
    run = make(compressed(DENSE, 3, plan, form), engine=engine)
    assert run.network.trains[1] is not None
    points = held_out_points(run)
    ours = fields_at(run, initial_state(run).parameters, points, run.datapath)
    theirs = fields_at(replace(run, network=DENSE), dense_parameters(run), points, run.datapath)
    for one, other in zip(ours, theirs, strict=True):
        assert np.abs(one - other).max() < 1e-11


@pytest.mark.parametrize("plan", TTPlan)
@pytest.mark.parametrize("differences", Differences)
def test_gradients_of_cores_are_right(plan: TTPlan, differences: Differences) -> None:
    network = compressed(MLP(widths=(2, 16, 16, 1)), 2, plan)
    run = make(network, engine=SteinGaussHermite(sigma=0.5), differences=differences)
    points, state = held_out_points(run)[:3], initial_state(run)

    def diffusion(*parameters: Node) -> Node:
        solution = run.solution(parameters)
        return run.engine.fields(solution, points, run.stream("engine"), 0).diffusion

    assert check_gradient(diffusion, state.parameters).error < 1e-12


def test_merged_halves_are_stored_once_for_both_signals() -> None:
    # The middle layer in SMX INT8: L (32 x 3) and R (3 x 32) once for each of two loss terms.
    network = compressed(DENSE, 3)
    (train,) = (train for train in network.trains if train)
    assert train.shape == (32, 32)
    run = make(network, "smx8")
    counted = training_step(run, initial_state(run))[0].ledger
    dense = training_step(make(DENSE, "smx8"), initial_state(make(DENSE, "smx8")))[0].ledger
    rows = 11 * 9  # 6 + 5 points of 1 row and 8 rows of parts
    # Forwards: 32 inputs (padded) in place of 20, and an intermediate of 3.  Backwards: gradients
    # of 32 outputs (cut to 17 afterwards) in place of 17, and of 3; those of L and R leave twice,
    # once for each signal, for each term.
    more = rows * (32 - 20 + 3) + rows * (32 - 17 + 3)
    weights = 2 * 2 * 32 * 3 - 20 * 17 + 2 * 2 * (2 * 32 * 3 - 20 * 17)
    assert counted.quantizations - dense.quantizations == more + weights


def test_narrow_layers_stay_matrices() -> None:
    assert compressed(MLP(widths=(2, 15, 300, 1)), 4).trains == ()
    network = compressed(MLP(widths=(101, 256, 512, 1)), 4)
    shapes = [train.shape if train else None for train in network.trains]
    assert shapes == [(128, 256), (256, 512), None]
    assert network.parameter_count < 0.03 * MLP(widths=network.widths).parameter_count


def test_a_run_with_trains_survives_json() -> None:
    run = make(compressed(DENSE, 3, TTPlan.SEQUENTIAL, TTForm.TTM))
    assert Run.from_json(run.to_json()) == run


@pytest.mark.parametrize(
    "trains", [[None] * 3, (None,), (None, DENSE, None), (None, None, None, None)]
)
def test_trains_that_do_not_fit_are_refused(trains: Any) -> None:
    with pytest.raises(RunError, match=r"MLP\.trains"):
        MLP(widths=WIDTHS, trains=trains)
    narrow = TTLayer(inputs=(4, 4), outputs=(4, 8), ranks=(1, 2, 2, 2, 1))
    with pytest.raises(RunError, match="20 inputs and 17 outputs"):
        MLP(widths=WIDTHS, trains=(None, narrow, None))


def test_parameters_have_names() -> None:
    names = compressed(DENSE, 3).parameter_names
    assert names[:3] == ["weight of layer 1", "bias of layer 1", "core 1 of layer 2"]
    assert len(names) == len(initial_state(make(compressed(DENSE, 3))).parameters)
