"""On the exact machine all plans are the product with one dense matrix, and so are all gradients.

With small integers nothing rounds, so that every plan, forwards and backwards, must give the very
numbers that the definition of W gives in integers: |x|, |g| <= 3 for D <= 6 cores of ranks <= 3 and
sides <= 3 make every partial sum at most 3^8 times the 27 27 3^5 paths, below 2^53.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tt_cases import core_gradients, dense_of, integers, layers, normal_of, plans_of

from bitpde.emu import DatapathError, Tape, check_gradient, ops, preset
from bitpde.tt import TensorTrainError, TTForm, TTLayer, TTPlan

SEEDS = st.integers(0, 2**32 - 1)
BIG = TTLayer(inputs=(4, 4, 4), outputs=(5, 3, 4), ranks=(1, 4, 8, 8, 8, 4, 1))
PAIRED = TTLayer(inputs=(4, 4, 4), outputs=(5, 3, 4), ranks=(1, 8, 6, 1), form=TTForm.TTM)
LONG = TTLayer(inputs=(2, 3, 2, 2), outputs=(3, 2, 2, 3), ranks=(1, 3, 4, 3, 1), form=TTForm.TTM)
U = 2.0**-53


@given(layer=layers(), batch=st.integers(1, 4), cut=st.integers(0, 2), seed=SEEDS)
@settings(max_examples=60)
def test_with_integers_every_plan_is_exactly_the_dense_product(
    layer: TTLayer, batch: int, cut: int, seed: int
) -> None:
    inputs, outputs = layer.shape
    width = max(1, inputs - cut)
    cores = [integers(seed + k, shape) for k, shape in enumerate(layer.core_shapes)]
    x, g = integers(seed + 10, (batch, width)), integers(seed + 11, (batch, outputs))
    dense = dense_of(layer, [core.astype(np.int64) for core in cores])
    product = x.astype(np.int64) @ dense[:width]
    to_dense = np.zeros(layer.shape, np.int64)
    to_dense[:width] = x.astype(np.int64).T @ g.astype(np.int64)
    to_cores = core_gradients(layer, [core.astype(np.int64) for core in cores], to_dense)

    assert np.array_equal(layer.matrix(cores), dense)
    for each in plans_of(layer):
        tape = Tape(preset("exact"))
        nodes = [tape.parameter(core) for core in cores]
        rows = tape.parameter(x)
        result = each.apply(nodes, rows)
        assert np.array_equal(result.value, product), each.plan
        to_rows, *found = tape.pullback(result, g, [rows, *nodes])
        assert np.array_equal(to_rows, g @ dense[:width].T), each.plan
        for one, other in zip(found, to_cores, strict=True):
            assert np.array_equal(one, other), each.plan


@pytest.mark.parametrize("layer", [BIG, PAIRED, LONG], ids=["tt", "ttm", "four cores"])
@pytest.mark.parametrize("plan", TTPlan)
def test_with_normal_numbers_the_relative_error_is_below_1e_12(
    layer: TTLayer, plan: TTPlan
) -> None:
    # A path of one product has at most 6 + 1 factors, and is added to others at most 64 + 6 * 32
    # times in a plan and as often in the oracle: with A made of absolute values, both together are
    # off by less than 2 * 300 u A.
    cores = layer.initialize(normal_of(1), None, np.float64)
    dense, absolute = dense_of(layer, cores), dense_of(layer, [np.abs(core) for core in cores])
    inputs, outputs = layer.shape
    rng = np.random.default_rng(0)
    x, g = rng.standard_normal((9, inputs)), rng.standard_normal((9, outputs))
    tape = Tape(preset("exact"))
    nodes = [tape.parameter(core) for core in cores]
    result = replace(layer, plan=plan).apply(nodes, tape.constant(x))
    error = np.abs(result.value - x @ dense)
    assert (error <= 600 * U * (np.abs(x) @ absolute)).all()
    assert np.linalg.norm(error) <= 1e-12 * np.linalg.norm(x @ dense)
    found = tape.pullback(result, g, nodes)
    for one, other in zip(found, core_gradients(layer, cores, x.T @ g), strict=True):
        assert np.linalg.norm(one - other) <= 1e-12 * np.linalg.norm(other)


@pytest.mark.parametrize("layer", [BIG, PAIRED, LONG], ids=["tt", "ttm", "four cores"])
@pytest.mark.parametrize("plan", TTPlan)
def test_reverse_mode_agrees_with_the_complex_step(layer: TTLayer, plan: TTPlan) -> None:
    each = replace(layer, plan=plan)
    cores = each.initialize(normal_of(2), 1.0, np.float64)
    rows = np.random.default_rng(3).standard_normal((5, each.shape[0] - 1))
    check = check_gradient(lambda x, *nodes: ops.tanh(each.apply(nodes, x)), [rows, *cores])
    assert check.error <= 1e-12


def test_narrow_rows_are_padded_with_zeros_after_them() -> None:
    layer = TTLayer(inputs=(2, 2), outputs=(2,), ranks=(1, 1, 1, 1), plan=TTPlan.FULL)
    tape = Tape(preset("exact"))
    cores = [tape.constant([[[1.0], [10.0]]]), tape.constant([[[1.0], [2.0]]]),
             tape.constant([[[1.0], [-1.0]]])]  # fmt: skip
    # W has the rows 1, 2, 10, 20 times (1, -1).
    assert layer.apply(cores, tape.constant([[0.0, 3.0]])).value.tolist() == [[6.0, -6.0]]
    assert layer.apply(cores, tape.constant([[0.0, 0.0, 1.0]])).value.tolist() == [[10.0, -10.0]]
    assert ops.columns(layer.apply(cores, tape.constant([[1.0]])), 0, 1).value.tolist() == [[1.0]]


def test_what_does_not_fit_is_refused() -> None:
    tape = Tape(preset("exact"))
    cores = [tape.parameter(np.ones(shape)) for shape in BIG.core_shapes]
    with pytest.raises(TensorTrainError, match=r"rows of shape \(2, 65\) do not fit 64 inputs"):
        BIG.apply(cores, tape.constant(np.ones((2, 65))))
    with pytest.raises(TensorTrainError, match=r"rows of shape \(64,\) do not fit"):
        BIG.apply(cores, tape.constant(np.ones(64)))
    with pytest.raises(TensorTrainError, match="the parameters have shapes"):
        BIG.apply(cores[:-1], tape.constant(np.ones((2, 64))))
    with pytest.raises(TensorTrainError, match="the parameters have shapes"):
        PAIRED.matrix([core.value for core in cores])
    with pytest.raises(DatapathError, match="different tapes"):
        BIG.apply(cores, Tape(preset("exact")).constant(np.ones((2, 64))))
