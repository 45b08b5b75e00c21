"""On a datapath the sampled solution, its derivatives and the loss are the formulas of the docs."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from bitpde.emu import Node, Tape, preset
from bitpde.pde import (
    MLP,
    Derivatives,
    Differences,
    Estimator,
    Poisson,
    Run,
    SteinGaussHermite,
    SteinMonteCarlo,
    SteinPlain,
    SteinSobol,
    SteinSparseGrid,
    fields_at,
    held_out_points,
    initial_state,
    training_step,
)

Array = NDArray[np.float64]
ESTIMATORS: list[Estimator] = [
    SteinGaussHermite(),
    SteinSparseGrid(sigma=0.3),
    SteinMonteCarlo(pairs=3),
    SteinSobol(pairs=4),
    SteinPlain(samples=5),
]
NETWORK = MLP(widths=(2, 5, 4, 1))


def make(
    estimator: Estimator, datapath: str = "exact", differences: Differences = Differences.NAIVE
) -> Run:
    return Run(
        problem=Poisson(),
        datapath=preset(datapath),
        engine=estimator,
        network=NETWORK,
        differences=differences,
        steps=5,
        domain_points=7,
        condition_points=6,
        condition_weights=(3.0,),
        test_points=50,
    )


def network(parameters: list[Array], rows: Array) -> Array:
    """The network as one writes it down, in NumPy float64."""
    for layer in range(0, len(parameters), 2):
        if layer:
            rows = np.tanh(rows)
        rows = rows @ parameters[layer] + parameters[layer + 1]
    return rows


def fields(run: Run, parameters: list[Array], points: Array, name: str, step: int) -> list[Array]:
    assert isinstance(run.engine, Estimator)
    nodes = run.engine.nodes(len(points), run.problem.derivatives, run.stream(name), step)
    rows = points[:, None, :] + nodes.offsets - 0.5
    samples = network(parameters, rows.reshape(-1, 2)).reshape(len(points), -1)
    value, _, diffusion = nodes.estimate(samples)
    return [value, diffusion]


def random_parameters(seed: int) -> list[Array]:
    # Biases are not zero, so that a lost bias is seen.
    rng = np.random.default_rng(seed)
    shapes = [p.shape for p in initial_state(make(ESTIMATORS[0])).parameters]
    return [rng.normal(size=shape) for shape in shapes]


# In the tests below both sides compute the same sums of a few dozen float64 terms in different
# orders.  The largest weights, of the Laplacian, are below 3 / sigma^2 = 300 and the samples below
# 10, so 100 roundings of 2^-53 of 3000 stay below 1e-10, relative to results of order 1.
def close(expected: Any) -> Any:
    return pytest.approx(expected, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("differences", Differences)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: e.name)
@settings(max_examples=10)
@given(seed=st.integers(0, 2**32))
def test_the_fields_are_those_of_the_plain_network(
    estimator: Estimator, differences: Differences, seed: int
) -> None:
    run, parameters = make(estimator, differences=differences), random_parameters(seed)
    points = held_out_points(run)[:32]  # one chunk, the streams of which start at step 0
    got = fields_at(run, parameters, points, run.datapath)
    want = fields(run, parameters, points, "engine/test", 0)
    for ours, theirs in zip(got, want, strict=True):
        assert ours == close(theirs)


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: e.name)
def test_the_loss_is_residual_plus_weighted_boundary(estimator: Estimator, unbiased: bool) -> None:
    run = replace(make(estimator), unbiased=unbiased)
    state = replace(initial_state(run), parameters=tuple(random_parameters(1)))
    problem, step, parameters = run.problem, state.step, list(state.parameters)
    (condition,) = problem.conditions
    inside = problem.domain_points(run.stream("sampling/domain").uniform((7, 2), step))
    edge = condition.points(run.stream("sampling/boundary").uniform((6, 3), step))
    names = ["engine/residual/0", "engine/residual/0/second" if unbiased else "engine/residual/0"]
    errors = [
        fields(run, parameters, inside, name, step)[1] - problem.exact_diffusion(inside)
        for name in names
    ]
    residual = np.mean(errors[0] * errors[1])
    value = fields(run, parameters, edge, "engine/boundary/0", step)[0]
    boundary = np.mean((value - problem.exact(edge)) ** 2)
    _, row = training_step(run, state)
    assert row.residual == close(residual)
    assert row.conditions == close(3 * boundary)
    assert row.loss == close(residual + 3 * boundary)
    assert row.learning_rate == 1e-3


@pytest.mark.parametrize("rows", [1, 20, 40])
def test_a_mean_may_be_differentiated_in_parts(rows: int) -> None:
    # The nodes are the same for all points, so that the parts add up to the whole.
    run = make(SteinGaussHermite())
    state = replace(initial_state(run), parameters=tuple(random_parameters(3)))
    (whole, all_at_once), (parts, bit_by_bit) = (
        training_step(replace(run, rows=limit), state) for limit in (2**16, rows)
    )
    assert bit_by_bit.loss == close(all_at_once.loss)
    for ours, theirs in zip(parts.optimizer.first, whole.optimizer.first, strict=True):
        assert ours == close(theirs)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: e.name)
def test_a_step_goes_downhill_in_every_parameter(estimator: Estimator) -> None:
    # Adam's first step has the sign of the gradient, which central differences of the loss find:
    # with h = 1e-5 their error is h^2 times a third derivative plus 2^-53 |loss| / h, both far
    # below the slopes of 1e-3 |loss| that are looked at.
    run = make(estimator)
    start = replace(initial_state(run), parameters=tuple(random_parameters(2)))
    moved, row = training_step(run, start)
    h, seen = 1e-5, 0
    for which, array in enumerate(start.parameters):
        for at in np.ndindex(array.shape):
            losses = []
            for sign in (1, -1):
                parameters = [p.copy() for p in start.parameters]
                parameters[which][at] += sign * h
                nudged = replace(start, parameters=tuple(parameters))
                losses.append(training_step(run, nudged)[1].loss)
            slope = (losses[0] - losses[1]) / (2 * h)
            if abs(slope) > 1e-3 * row.loss:
                change = moved.parameters[which][at] - array[at]
                assert np.sign(change) == -np.sign(slope)
                seen += 1
    assert seen > NETWORK.parameter_count / 2


@pytest.mark.parametrize("datapath", ["fp32", "smx8"])
def test_the_fields_at_a_point_do_not_depend_on_the_points_after_its_chunk(datapath: str) -> None:
    # With 31 random pairs a chunk holds 256 points; tiles do not reach across its end.
    run = replace(make(SteinMonteCarlo(pairs=31), datapath), test_points=600)
    parameters, points = initial_state(run).parameters, held_out_points(run)
    whole = fields_at(run, parameters, points, run.datapath)
    for part, full in zip(
        fields_at(run, parameters, points[:256], run.datapath), whole, strict=True
    ):
        assert (part == full[:256]).all()


def test_chunks_have_their_own_random_nodes() -> None:
    run = make(SteinMonteCarlo(pairs=255))
    parameters, points = initial_state(run).parameters, held_out_points(run)[:1].repeat(64, axis=0)
    value, _ = fields_at(run, parameters, points, run.datapath)
    assert len(set(value[:, 0].tolist())) == 64


def test_coded_operands_are_counted_and_floats_are_not() -> None:
    # 13 points of 9 samples; layers 2-5, 5-4, 4-1.  Forward: rows and weights of each layer once;
    # backward: one gradient per layer and one weight gradient where the datapath rounds it.
    counted = {}
    for datapath in ("fp32", "smx8"):
        run = make(SteinGaussHermite(), datapath)
        counted[datapath] = training_step(run, initial_state(run))[0].ledger
    # Each term of the loss is differentiated by itself, so that its weight gradients round twice.
    rows, weights, outputs = 13 * 9 * (2 + 5 + 4), 2 * 5 + 5 * 4 + 4 * 1, 13 * 9 * (5 + 4 + 1)
    assert counted["smx8"].quantizations == rows + weights + outputs + 2 * weights
    assert counted["fp32"].quantizations == counted["fp32"].saturations == 0
    assert counted["smx8"].macs == counted["fp32"].macs


def test_the_network_runs_on_rows_rounded_once() -> None:
    # In float32 the row x + delta is the float64 sum rounded, not a sum of rounded terms.
    seen: list[NDArray[np.generic]] = []

    class Recorder(Tape):
        def constant(self, array: ArrayLike) -> Node:
            seen.append(np.asarray(array))
            return super().constant(array)

    run = make(SteinGaussHermite(), "fp32")
    nodes = SteinGaussHermite().nodes(1, Derivatives(2), run.stream("engine"), 0)
    points, tape = np.array([[0.1, 1 / 3]]), Recorder(run.datapath)
    parameters = [tape.parameter(array) for array in initial_state(run).parameters]
    run.engine.value(run.solution(parameters), points, run.stream("engine"), 0)
    assert seen[0].dtype == np.float32
    assert (seen[0] == (points + nodes.offsets - 0.5).astype(np.float32)).all()
