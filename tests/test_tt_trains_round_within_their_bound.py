"""Rounding a train loses no more than the tolerance, and a change of gauge changes no tensor.

How much rounding errors may add is relative to the product C of the Frobenius norms of the cores:
sweeping, each core is replaced with a relative error of p u by a backward stable decomposition
(see `test_tt_svd_keeps_its_bound.rounding`, whose 12 d N u counts d of them), and whatever is left
and right of it has at most the product of the norms of the others; two sweeps do it twice.
"""

import math
import string
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitpde.tt import TensorTrain, TensorTrainError, TTMatrix, tt_svd

Array = NDArray[np.float64]
SEEDS = st.integers(0, 2**32 - 1)
SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=5).map(tuple)
RANKS = st.lists(st.integers(1, 5), min_size=4, max_size=4)
PAIRS = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=4)
TOLERANCES = st.floats(0.0, 0.999)


def random_train(shape: tuple[int, ...], inner: list[int], seed: int) -> TensorTrain:
    """Return a train of normal numbers, whose ranks may be larger than any tensor needs."""
    rng = np.random.default_rng(seed)
    ranks = [1, *inner[: len(shape) - 1], 1]
    cores = (rng.standard_normal((ranks[k], n, ranks[k + 1])) for k, n in enumerate(shape))
    return TensorTrain(tuple(cores))


def rounding(train: TensorTrain) -> float:
    """Return what rounding errors may add, absolutely: twice 12 d N u C, N with the ranks."""
    size = math.prod(train.shape) * max(train.ranks)
    norms = math.prod(float(np.linalg.norm(core)) for core in train.cores)
    return 24 * len(train.shape) * size * 2.0**-53 * norms


def distance(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(np.linalg.norm(a - b))


def columns_of(core: Array) -> Array:
    return core.reshape(-1, core.shape[-1])


def check_left_orthogonal(train: TensorTrain) -> None:
    for core in train.cores[:-1]:
        columns = columns_of(core)
        gram = columns.T @ columns
        assert distance(gram, np.eye(len(gram))) <= 100 * columns.size * 2.0**-53


@given(shape=SHAPES, inner=RANKS, tolerance=TOLERANCES, seed=SEEDS)
def test_a_rounded_train_is_within_the_tolerance(
    shape: tuple[int, ...], inner: list[int], tolerance: float, seed: int
) -> None:
    train = random_train(shape, inner, seed)
    result, whole = train.round(tolerance), train.full()
    assert distance(result.full(), whole) <= tolerance * np.linalg.norm(whole) + rounding(train)
    assert all(new <= old for new, old in zip(result.ranks, train.ranks, strict=True))
    assert result.shape == train.shape
    check_left_orthogonal(result)


@given(shape=SHAPES, inner=RANKS, seed=SEEDS)
def test_ranks_that_were_added_are_taken_away(
    shape: tuple[int, ...], inner: list[int], seed: int
) -> None:
    # A train next to itself is twice the tensor, with twice the ranks.  TT-SVD finds the ranks
    # that the tensor has; what it finds numerically, far above rounding, rounding must find.
    train = random_train(shape, inner, seed)
    doubled = []
    for k, core in enumerate(train.cores):
        twice = np.zeros((2 * core.shape[0], core.shape[1], 2 * core.shape[2]))
        twice[: core.shape[0], :, : core.shape[2]] = core
        twice[core.shape[0] :, :, core.shape[2] :] = core
        twice = twice[: core.shape[0]] + twice[core.shape[0] :] if k == 0 else twice
        last = k == len(shape) - 1
        doubled.append(twice[..., : core.shape[2]] + twice[..., core.shape[2] :] if last else twice)
    found = TensorTrain(tuple(doubled)).round(1e-10)
    assert found.ranks == tt_svd(2 * train.full(), 1e-10).ranks
    assert distance(found.full(), 2 * train.full()) <= 1e-9 * np.linalg.norm(train.full())


def test_the_tolerance_is_shared_out_over_the_bonds() -> None:
    # As in the test of TT-SVD: singular values 4 and 3, one bond loses 3/5, two bonds 3/5 sqrt 2.
    matrix = tt_svd(np.diag([4.0, 3.0]))
    assert matrix.round(0.601).ranks == (1, 1, 1)
    assert matrix.round(0.599).ranks == (1, 2, 1)
    tensor = np.zeros((2, 2, 2))
    tensor[0, 0, 0], tensor[1, 1, 1] = 4.0, 3.0
    assert tt_svd(tensor).round(0.85).ranks == (1, 1, 1, 1)
    assert tt_svd(tensor).round(0.84).ranks == (1, 2, 2, 1)


@given(shape=SHAPES, inner=RANKS, largest=st.integers(1, 4), seed=SEEDS)
@settings(max_examples=50)
def test_no_rank_exceeds_the_largest_allowed_and_the_error_is_what_was_dropped(
    shape: tuple[int, ...], inner: list[int], largest: int, seed: int
) -> None:
    train = random_train(shape, inner, seed)
    result, whole = train.round(max_rank=largest), train.full()
    assert max(result.ranks) <= largest
    # ||A - T||^2 <= sum of the dropped squares, bond by bond (Oseledets 2011, theorem 2.2).
    dropped = 0.0
    for bond in range(1, len(shape)):
        unfolding = whole.reshape(math.prod(shape[:bond]), -1)
        dropped += float(np.sum(np.linalg.svd(unfolding, compute_uv=False)[largest:] ** 2))
    assert distance(result.full(), whole) <= math.sqrt(dropped) + rounding(train)


@given(shape=SHAPES, inner=RANKS, seed=SEEDS)
def test_a_change_of_gauge_leaves_the_tensor(
    shape: tuple[int, ...], inner: list[int], seed: int
) -> None:
    train = random_train(shape, inner, seed)
    whole = train.full()
    left, even = train.left_orthogonal(), train.balanced()
    assert distance(left.full(), whole) <= rounding(train)
    assert distance(even.full(), whole) <= 2 * rounding(train)
    check_left_orthogonal(left)
    norm = np.linalg.norm(whole)
    assert abs(np.linalg.norm(left.cores[-1]) - norm) <= rounding(train)


def interfaces(train: TensorTrain, bond: int) -> tuple[Array, Array]:
    """Return what is left of a bond, with the bond as columns, and right of it, as rows."""
    letters, axes = string.ascii_lowercase, string.ascii_uppercase
    terms = [letters[k] + axes[k] + letters[k + 1] for k in range(len(train.cores))]
    left = np.einsum(f"{','.join(terms[:bond])}->{axes[:bond]}{letters[bond]}",
                     *train.cores[:bond])  # fmt: skip
    right = np.einsum(
        f"{','.join(terms[bond:])}->{letters[bond]}{axes[bond : len(terms)]}", *train.cores[bond:]
    )
    rank = train.ranks[bond]
    return np.asarray(left).reshape(-1, rank), np.asarray(right).reshape(rank, -1)


@given(shape=SHAPES, inner=RANKS, seed=SEEDS)
@settings(max_examples=60)
def test_singular_values_are_shared_out_and_norms_alike(
    shape: tuple[int, ...], inner: list[int], seed: int
) -> None:
    train = random_train(shape, inner, seed)
    even = train.balanced()
    norms = [float(np.linalg.norm(core)) for core in even.cores]
    # Each is scaled to one number; the rest is a rounding per element and one of the sum.
    assert max(norms) <= min(norms) * (1 + 1e-12)
    whole = train.full()
    for bond in range(1, len(shape)):
        values = np.linalg.svd(whole.reshape(math.prod(shape[:bond]), -1), compute_uv=False)
        rank = even.ranks[bond]
        if values[rank - 1] < 1e-3 * values[0]:
            continue  # what is right of the bond is divided by the root of noise
        left, right = interfaces(even, bond)
        factor = float(np.linalg.norm(left)) ** 2 / float(values[:rank].sum())
        # Each singular value is off by rounding(train), and so is what its row was before it was
        # divided by a root of at least 1/32 of the largest.
        slack = 64 * rounding(train)
        assert distance(left.T @ left, factor * np.diag(values[:rank])) <= factor * slack
        assert distance(right @ right.T, np.diag(values[:rank]) / factor) <= slack / factor


def test_balancing_by_hand() -> None:
    # W = diag(16, 1), of norm sqrt 257: cores diag(4, 1) on either side, whose norms are alike.
    even = TensorTrain((np.diag([16.0, 1.0])[None], np.eye(2)[..., None])).balanced()
    assert even.ranks == (1, 2, 1)
    for core in even.cores:
        found = np.abs(core.reshape(2, 2))
        assert np.allclose(found, np.diag([4.0, 1.0]), rtol=0, atol=1e-14)


@given(power=st.integers(-900, 900), seed=SEEDS, shape=SHAPES, inner=RANKS)
@settings(max_examples=40)
def test_powers_of_two_pass_through_every_gauge(
    power: int, seed: int, shape: tuple[int, ...], inner: list[int]
) -> None:
    train = random_train(shape, inner, seed)
    first, *others = train.cores
    scaled = TensorTrain((np.ldexp(first, power), *others))
    assert np.array_equal(scaled.left_orthogonal().full(),
                          np.ldexp(train.left_orthogonal().full(), power))  # fmt: skip
    assert np.array_equal(scaled.round(0.1).full(), np.ldexp(train.round(0.1).full(), power))
    found = np.ldexp(scaled.balanced().full(), -power)
    assert distance(found, train.full()) <= 2 * rounding(train)


def test_the_range_of_doubles_is_not_left_on_the_way() -> None:
    # 2^-3000 2^3000 = 1, and neither end can hold the rest of it.
    low, high = np.full((1, 1, 1), 2.0**-1000), np.full((1, 1, 1), 2.0**1000)
    train = TensorTrain((low, low, low, high, high, high))
    for each in (train.round(), train.left_orthogonal(), train.balanced()):
        assert abs(each.full().item()) == 1.0
    for cores in ((high, high), (low, low)):
        for method in (TensorTrain.round, TensorTrain.left_orthogonal):
            with pytest.raises(TensorTrainError, match="scale the train by a power of two"):
                method(TensorTrain(cores))


def test_zeros_stay_zeros() -> None:
    train = TensorTrain((np.ones((1, 3, 2)), np.zeros((2, 4, 2)), np.ones((2, 2, 1))))
    for each in (train.round(0.1), train.left_orthogonal(), train.balanced()):
        assert not each.full().any()
    assert train.round(0.1).ranks == (1, 1, 1, 1)


def test_a_singular_value_of_zero_is_not_divided_by() -> None:
    # The same column twice: the second singular value of the bond is 0, or noise.
    core = np.ones((1, 3, 2))
    train = TensorTrain((core, np.random.default_rng(0).standard_normal((2, 3, 1))))
    even = train.balanced()
    assert distance(even.full(), train.full()) <= 2 * rounding(train)


# --- matrices ---------------------------------------------------------------------------------


def random_matrix(pairs: list[tuple[int, int]], inner: list[int], seed: int) -> TTMatrix:
    train = random_train(tuple(m * n for m, n in pairs), inner, seed)
    cores = zip(train.cores, pairs, strict=True)
    return TTMatrix(tuple(c.reshape(c.shape[0], m, n, -1) for c, (m, n) in cores))


@given(pairs=PAIRS, inner=RANKS, seed=SEEDS)
def test_full_is_the_sum_over_all_bonds(
    pairs: list[tuple[int, int]], inner: list[int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    ranks = [1, *inner[: len(pairs) - 1], 1]
    # Integers below 8 in four cores with ranks up to 5: every sum stays below 2^53.
    cores = tuple(
        rng.integers(-7, 8, (ranks[k], m, n, ranks[k + 1])).astype(np.float64)
        for k, (m, n) in enumerate(pairs)
    )
    matrix = TTMatrix(cores)
    whole = np.zeros(matrix.shape)
    for i, rows in enumerate(np.ndindex(*matrix.inputs)):
        for j, columns in enumerate(np.ndindex(*matrix.outputs)):
            product = np.ones((1, 1))
            for core, a, b in zip(cores, rows, columns, strict=True):
                product = product @ core[:, a, b]
            whole[i, j] = product.item()
    assert np.array_equal(matrix.full(), whole)
    assert matrix.ranks == tuple(ranks)
    assert matrix.size == sum(core.size for core in cores)
    assert tuple(zip(matrix.inputs, matrix.outputs, strict=True)) == tuple(pairs)


@given(pairs=PAIRS, tolerance=TOLERANCES, seed=SEEDS)
def test_a_matrix_from_dense_is_within_the_tolerance(
    pairs: list[tuple[int, int]], tolerance: float, seed: int
) -> None:
    inputs, outputs = (tuple(sides) for sides in zip(*pairs, strict=True))
    dense = np.random.default_rng(seed).standard_normal((math.prod(inputs), math.prod(outputs)))
    found = TTMatrix.from_dense(dense, inputs, outputs, tolerance)
    assert (found.inputs, found.outputs) == (inputs, outputs)
    slack = 12 * len(pairs) * dense.size * 2.0**-53
    assert distance(found.full(), dense) <= (tolerance + slack) * np.linalg.norm(dense)


@given(pairs=PAIRS, inner=RANKS, tolerance=TOLERANCES, seed=SEEDS)
@settings(max_examples=50)
def test_a_matrix_is_rounded_and_gauged_as_its_train(
    pairs: list[tuple[int, int]], inner: list[int], tolerance: float, seed: int
) -> None:
    matrix = random_matrix(pairs, inner, seed)
    train, whole = matrix.train, matrix.full()
    for one, other in (
        (matrix.round(tolerance), train.round(tolerance)),
        (matrix.round(max_rank=2), train.round(max_rank=2)),
        (matrix.left_orthogonal(), train.left_orthogonal()),
        (matrix.balanced(), train.balanced()),
    ):
        assert (one.inputs, one.outputs) == (matrix.inputs, matrix.outputs)
        for a, b in zip(one.train.cores, other.cores, strict=True):
            assert np.array_equal(a, b)
    error = distance(matrix.round(tolerance).full(), whole)
    assert error <= tolerance * np.linalg.norm(whole) + rounding(train)


def test_a_kronecker_product_has_rank_1() -> None:
    a, b, c = (np.random.default_rng(k).standard_normal((2 + k, 3)) for k in range(3))
    found = TTMatrix.from_dense(np.kron(a, np.kron(b, c)), (2, 3, 4), (3, 3, 3), 1e-12)
    assert found.ranks == (1, 1, 1, 1)


def test_a_matrix_cannot_be_changed_from_outside() -> None:
    core = np.ones((1, 2, 2, 1))
    matrix = TTMatrix((core,))
    core[:] = 5.0
    assert np.array_equal(matrix.full(), np.ones((2, 2)))
    with pytest.raises(ValueError, match="read-only"):
        matrix.cores[0][:] = 5.0


@pytest.mark.parametrize(
    ("cores", "words"),
    [
        ((), "at least one core"),
        ((np.ones((1, 2, 1)),), r"core 0 is \(1, 2, 1\); give four axes"),
        (([[[[1.0]]]],), "core 0 is list; give four axes"),
        ((np.ones((1, 2, 2, 1), np.float32),), "core 0 is of float32"),
        ((np.full((1, 2, 2, 1), np.inf),), "core 0 holds NaN or Inf"),
        ((np.ones((1, 2, 2, 2)), np.ones((3, 2, 2, 1))), "rank 1 is 2 seen from the left and 3"),
        ((np.ones((1, 0, 2, 1)),), "give three non-empty axes"),
    ],
)
def test_what_is_no_chain_is_refused(cores: Any, words: str) -> None:
    with pytest.raises(TensorTrainError, match=words):
        TTMatrix(cores)


@pytest.mark.parametrize(
    ("shape", "inputs", "outputs"),
    [((4, 4), (2, 2), (4,)), ((4, 5), (2, 2), (2, 2)), ((16,), (2, 2), (2, 2))],
)
def test_what_is_not_split_is_refused(shape: Any, inputs: Any, outputs: Any) -> None:
    with pytest.raises(TensorTrainError, match="give as many rows as columns factors"):
        TTMatrix.from_dense(np.ones(shape), inputs, outputs)


@pytest.mark.parametrize("options", [{"tolerance": 1.0}, {"tolerance": -0.1}, {"max_rank": 0}])
def test_options_out_of_range_are_refused(options: Any) -> None:
    with pytest.raises(TensorTrainError, match="give"):
        TensorTrain((np.ones((1, 2, 1)),)).round(**options)
