"""Gradients through a quantized network are the straight-through ones of the stated graph.

The graph is written here once more in NumPy: tiles from their definition, each product of two
quantized matrices, and backwards the transposes of those very matrices with gradients of their own
tiles.  The machine adds and evaluates tanh in float64, so that nothing but these casts rounds.
"""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bitpde.emu import Datapath, Tape, preset, smx_datapath
from bitpde.formats import FP64
from bitpde.pde import (
    MLP,
    Differences,
    Estimator,
    Poisson,
    Run,
    SteinGaussHermite,
    SteinMonteCarlo,
    initial_state,
)
from bitpde.pde.gradients import means_and_gradients
from bitpde.pde.loss import loss_terms

Array = NDArray[np.float64]


def on_tiles(matrix: Array, bits: int) -> Array:
    """4 x 4 tiles: one power of two for each, ``floor(log2 max) - (bits - 2)``; ties to even."""
    rows, columns = matrix.shape
    padded = np.zeros((-(-rows // 4) * 4, -(-columns // 4) * 4))
    padded[:rows, :columns] = matrix
    most = 2 ** (bits - 1) - 1
    for i in range(0, padded.shape[0], 4):
        for j in range(0, padded.shape[1], 4):
            tile = padded[i : i + 4, j : j + 4]
            step = np.ldexp(1.0, int(np.frexp(np.abs(tile).max())[1]) - 1 - (bits - 2))
            tile[:] = step * np.clip(np.rint(tile / step), -most, most)
    return padded[:rows, :columns]


def machine(activation: int, weight: int, gradient: int) -> Datapath:
    exact, narrow = preset("exact"), smx_datapath(activation, weight, gradient)
    return replace(narrow, accumulator=exact.accumulator, vector=FP64)


def by_hand(run: Run, parameters: list[Array], widths: tuple[int, int, int]) -> list[Array]:
    """The gradients of every term of the loss at step 0, one after the other."""
    activation, weight, gradient = widths
    totals = [np.zeros_like(parameter) for parameter in parameters]
    for term in loss_terms(run, 0):
        points, estimator = term.points, run.engine
        assert isinstance(estimator, Estimator)
        stream = run.stream(f"engine/{term.name}/0")
        nodes = estimator.nodes(len(points), run.problem.derivatives, stream, 0)
        rows = (points[:, None, :] + nodes.offsets - 0.5).reshape(-1, 2)
        weights = [on_tiles(matrix, weight) for matrix in parameters[::2]]
        inputs, values = [], []
        for layer, bias in enumerate(parameters[1::2]):
            inputs.append(on_tiles(rows, activation))
            rows = inputs[-1] @ weights[layer] + bias
            if layer < len(weights) - 1:
                rows = np.tanh(rows)
            values.append(rows)
        samples = rows.reshape(len(points), -1)
        value, _, diffusion = nodes.estimate(samples)
        if term.condition is None:
            error = diffusion - run.problem.exact_diffusion(points)
            of_rises = np.broadcast_to(nodes.diffusion_weights, samples.shape).copy()
            of_base = 0.0
        else:
            error = value - term.condition.target(points)
            of_rises = np.broadcast_to(nodes.value_weights, samples.shape).copy()
            of_base = 1.0
        of_rises[:, 0] = of_base - of_rises[:, 1:].sum(axis=1)  # rises are differences to node 0
        back = (2 * term.weight / len(points) * error * of_rises).reshape(-1, 1)
        for layer in reversed(range(len(weights))):
            if layer < len(weights) - 1:
                back = back * (1 - values[layer] ** 2)
            coded = on_tiles(back, gradient)
            totals[2 * layer] += on_tiles(inputs[layer].T @ coded, gradient)
            totals[2 * layer + 1] += back.sum(axis=0, keepdims=True)
            back = coded @ weights[layer].T
    return totals


@pytest.mark.parametrize("engine", [SteinGaussHermite(), SteinMonteCarlo(sigma=0.3, pairs=3)])
@pytest.mark.parametrize("widths", [(8, 8, 12), (4, 4, 8), (12, 8, 16)])
@pytest.mark.parametrize("seed", range(3))
def test_they_are_those_of_the_graph_by_hand(
    engine: Estimator, widths: tuple[int, int, int], seed: int
) -> None:
    run = Run(
        problem=Poisson(),
        datapath=machine(*widths),
        engine=engine,
        network=MLP(widths=(2, 9, 6, 1)),
        differences=Differences.NAIVE,
        domain_points=7,
        condition_points=5,
        seed=seed,
    )
    rng = np.random.default_rng(seed)
    parameters = [rng.normal(size=p.shape) for p in initial_state(run).parameters]
    _, gradients = means_and_gradients(run, parameters, Tape(run.datapath), 0)
    expected = by_hand(run, parameters, widths)
    for ours, theirs in zip(gradients, expected, strict=True):
        # Sums of less than 100 float64 products in another order, of numbers up to the weights of
        # the Laplacian, below 300: 100 * 300 * 2^-53 of the largest, and no rounding to a tile
        # that it turns over in these draws.
        assert np.abs(ours - theirs).max() <= 1e-11 * np.abs(theirs).max()


def test_they_are_not_the_gradients_without_quantization() -> None:
    run = Run(
        problem=Poisson(), datapath=machine(8, 8, 12), network=MLP(widths=(2, 9, 6, 1)),
        differences=Differences.NAIVE, domain_points=7, condition_points=5,
    )  # fmt: skip
    parameters = list(initial_state(run).parameters)
    _, narrow = means_and_gradients(run, parameters, Tape(run.datapath), 0)
    _, wide = means_and_gradients(run, parameters, Tape(preset("exact")), 0)
    assert np.abs(narrow[0] - wide[0]).max() > 1e-3 * np.abs(wide[0]).max()
