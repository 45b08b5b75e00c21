"""Differences coded by themselves keep the derivatives that eight bits of values destroy."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bitpde.emu import Node, Tape, check_gradient, preset
from bitpde.pde import (
    MLP,
    Activation,
    Differences,
    Engine,
    ForwardLaplacian,
    Poisson,
    Run,
    SteinGaussHermite,
    SteinMonteCarlo,
    fields_at,
    held_out_points,
    initial_state,
    relative_l2,
    training_step,
)

NETWORK = MLP(widths=(2, 32, 32, 1))


def make(engine: Engine, datapath: str = "smx8", **changes: Any) -> Run:
    run = Run(problem=Poisson(), datapath=preset(datapath), engine=engine, network=NETWORK)
    return replace(run, test_points=16, domain_points=8, condition_points=4, **changes)


def laplacian_error(run: Run, datapath: str) -> float:
    """Return the relative error of the run's estimate of the Laplacian of the network itself."""
    exact, points = preset("exact"), held_out_points(run)
    parameters = initial_state(replace(run, datapath=exact)).parameters
    truth = fields_at(replace(run, engine=ForwardLaplacian()), parameters, points, exact)[1]
    return relative_l2(fields_at(run, parameters, points, preset(datapath))[1], truth)


@pytest.mark.parametrize("activation", Activation)
@pytest.mark.parametrize("sigma", [1e-3, 1e-2, 1e-1])
def test_parts_cost_little_beside_the_noise_of_the_estimate(
    sigma: float, activation: Activation
) -> None:
    # Measured: 0.990 to 1.002 times the error of the same estimate in float64, which is its noise;
    # values as rows of their own have errors of 17 and 25 at sigma 0.01, 3790 and 7340 at 0.001.
    engine = SteinMonteCarlo(sigma=sigma, pairs=128)
    network = replace(NETWORK, activation=activation)
    run = make(engine, differences=Differences.PARTS, network=network)
    noise = laplacian_error(run, "exact")
    assert laplacian_error(run, "smx8") <= 1.05 * noise
    if sigma <= 1e-2:
        assert laplacian_error(replace(run, differences=Differences.NAIVE), "smx8") > 1.0


def test_separate_differences_are_between_both() -> None:
    # Their odd part, of the size of sigma, is rounded with the even one, of the size of its square.
    engine = SteinMonteCarlo(sigma=1e-2, pairs=128)
    errors = [laplacian_error(make(engine, differences=kind), "smx8") for kind in Differences]
    assert errors[0] > 10 * errors[1] > 10 * errors[2]


@pytest.mark.parametrize("activation", Activation)
@pytest.mark.parametrize("differences", Differences)
def test_the_backward_pass_is_that_of_the_exact_network(
    differences: Differences, activation: Activation
) -> None:
    # The two sides of the adjoint identity add some 1000 numbers; weights of the Laplacian, up to
    # 3 / sigma^2 = 12 here, are part of the magnitude.
    network = MLP(widths=(2, 4, 3, 1), activation=activation)
    run = make(SteinGaussHermite(sigma=0.5), "exact", differences=differences, network=network)
    points, state = held_out_points(run)[:3], initial_state(run)

    def diffusion(*parameters: Node) -> Node:
        solution = run.solution(parameters)
        return run.engine.fields(solution, points, run.stream("engine"), 0).diffusion

    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=p.shape) for p in state.parameters]
    for seed in range(5):
        assert check_gradient(diffusion, arrays, seed=seed).error < 1e-12


def test_a_weight_is_stored_once_for_both_signals() -> None:
    # 9 nodes: 1 row and 8 rows of differences a point, 8 + 4 points; layers 2-32, 32-32, 32-1.
    # Backwards each of two terms of the loss rounds the gradient of a weight from either signal;
    # but the value at the 8 points is no part of the residual, nor the last product for them.
    run = make(SteinGaussHermite(), differences=Differences.SEPARATE)
    ledger = training_step(run, initial_state(run))[0].ledger
    weights = 2 * 32 + 32 * 32 + 32
    rows, outputs = 12 * 9 * (2 + 32 + 32), 12 * 9 * (32 + 32 + 1)
    assert ledger.quantizations == weights + rows + outputs + 4 * weights - 8 - 32


def test_tape_keeps_codes_of_parameters_until_it_is_dropped() -> None:
    tape = Tape(preset("smx8"))
    weight, row = tape.parameter(np.ones((4, 4))), tape.constant(np.ones((4, 4)))
    cast = tape.datapath.weight
    assert tape.stored(weight, cast, "w") is tape.stored(weight, cast, "w")
    assert tape.stored(row, cast, "x") is not tape.stored(row, cast, "x")
    tape.forget()
    assert tape.stored(weight, cast, "w") is tape.stored(weight, cast, "w")
    assert not tape.entries
