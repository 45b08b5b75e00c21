"""Tensor trains in float64 are those of torchTT: the same ranks, tensors and products.

Both sum fewer than 2^9 products for each number, and truncate by backward stable decompositions:
both are within a few hundred times 2^-53 of the exact result relative to its norm, below 1e-12.
Ranks are those of tensors made with well separated singular values, the same for any method.
"""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bitpde.emu import Tape, preset
from bitpde.tt import TensorTrain, TTForm, TTLayer, TTMatrix, tt_svd

torch: Any = pytest.importorskip("torch")
torchtt: Any = pytest.importorskip("torchtt")

Array = NDArray[np.float64]
SIDES, RANKS = (4, 5, 3, 6), (1, 3, 4, 2, 1)
INPUTS, OUTPUTS = (4, 3, 5), (2, 6, 3)
TOLERANCE = 1e-12


def cores(sides: tuple[tuple[int, ...], ...], ranks: tuple[int, ...]) -> list[Array]:
    """Draw normal cores with these sides between these ranks."""
    rng = np.random.default_rng(len(sides))
    return [rng.normal(size=(ranks[k], *side, ranks[k + 1])) for k, side in enumerate(sides)]


def theirs(made: list[Array]) -> Any:
    return torchtt.TT([torch.from_numpy(core.copy()) for core in made])


def assert_close(ours: Array, other: Any) -> None:
    expected = other.numpy() if hasattr(other, "numpy") else np.asarray(other)
    assert np.linalg.norm(ours - expected) <= TOLERANCE * np.linalg.norm(expected)


def train_cores() -> list[Array]:
    return cores(tuple((side,) for side in SIDES), RANKS)


def matrix_cores() -> list[Array]:
    return cores(tuple(zip(INPUTS, OUTPUTS, strict=True)), (1, 3, 4, 1))


def test_the_tensor_of_a_train_is_the_same() -> None:
    made = train_cores()
    assert_close(TensorTrain(tuple(made)).full(), theirs(made).full())


def test_a_decomposition_finds_the_same_ranks_and_tensor() -> None:
    full = TensorTrain(tuple(train_cores())).full()
    ours = tt_svd(full, tolerance=1e-10)
    other = torchtt.TT(torch.from_numpy(full.copy()), eps=1e-10)
    assert ours.ranks == tuple(other.R) == RANKS
    assert_close(ours.full(), other.full())


@pytest.mark.parametrize("tolerance", [1e-10, 0.3])
def test_rounding_finds_the_same_ranks_and_tensor(tolerance: float) -> None:
    """Of a sum with itself, whose ranks are doubled: the tensors are those of truncated SVDs."""
    made = train_cores()
    twice = theirs(made) + theirs(made)
    ours = TensorTrain(tuple(core.numpy() for core in twice.cores)).round(tolerance)
    other = twice.round(tolerance)
    assert ours.ranks == tuple(other.R)
    assert_close(ours.full(), other.full())


def test_a_matrix_and_its_product_with_rows_are_the_same() -> None:
    made = matrix_cores()
    rows = np.random.default_rng(7).normal(size=(11, *INPUTS))
    other = theirs(made)
    ours = TTMatrix(tuple(made))
    assert_close(ours.full().reshape(*INPUTS, *OUTPUTS), other.full())
    product = (other.t() @ torch.from_numpy(rows)).reshape(11, -1)
    assert_close(rows.reshape(11, -1) @ ours.full(), product)


def test_a_dense_matrix_has_the_same_ranks() -> None:
    full = TTMatrix(tuple(matrix_cores())).full()
    ours = TTMatrix.from_dense(full, INPUTS, OUTPUTS, tolerance=1e-10)
    tensor = torch.from_numpy(full.reshape(*INPUTS, *OUTPUTS).copy())
    other = torchtt.TT(tensor, shape=list(zip(INPUTS, OUTPUTS, strict=True)), eps=1e-10)
    assert ours.ranks == tuple(other.R)
    assert_close(ours.full().reshape(*INPUTS, *OUTPUTS), other.full())


def test_a_layer_and_its_core_gradients_are_the_same() -> None:
    made = matrix_cores()
    layer = TTLayer(inputs=INPUTS, outputs=OUTPUTS, ranks=(1, 3, 4, 1), form=TTForm.TTM)
    rows = np.random.default_rng(8).normal(size=(7, layer.shape[0]))
    seed = np.random.default_rng(9).normal(size=(7, layer.shape[1]))
    tape = Tape(preset("exact"))
    nodes = [tape.parameter(core) for core in made]
    product = layer.apply(nodes, tape.constant(rows))
    gradients = tape.pullback(product, seed, nodes)
    leaves = [torch.from_numpy(core.copy()).requires_grad_() for core in made]
    signal = torch.from_numpy(rows.reshape(7, *INPUTS))
    other = (torchtt.TT(leaves).t() @ signal).reshape(7, -1)
    assert_close(product.value, other.detach())
    expected = torch.autograd.grad(other, leaves, torch.from_numpy(seed))
    for gradient, wanted in zip(gradients, expected, strict=True):
        assert_close(gradient, wanted)
