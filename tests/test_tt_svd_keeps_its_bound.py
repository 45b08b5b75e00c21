"""TT-SVD loses no more than the tolerance, finds the true ranks, and leaves orthogonal cores."""

import math
import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bitpde.tt import TensorTrain, tt_svd

Array = NDArray[np.float64]
SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=5).map(tuple)
SEEDS = st.integers(0, 2**32 - 1)


def rounding(shape: tuple[int, ...]) -> float:
    """Return what rounding may add to the relative error.

    A singular value decomposition is backward stable: its factors multiply to the matrix up to
    p(m, n) u ||matrix||, and its vectors are orthonormal up to p(m, n) u, where u = 2**-53 and p
    "grows modestly" (LAPACK Users' Guide, section 4.9.1); 10 max(m, n) is generous.  A product of
    k terms per element adds at most gamma_k = k u / (1 - k u), with k at most the largest rank.
    There are d - 1 decompositions and 2 d products, the norms of all factors are 1 or ||A||, and
    both m, n and k are at most the number N of elements: together at most (12 d) N u.
    """
    return 12 * len(shape) * math.prod(shape) * 2.0**-53


def einsum_of(cores: tuple[Array, ...]) -> Array:
    """Return the tensor of a train straight from the definition, as one sum over all bonds."""
    bonds, axes = string.ascii_lowercase, string.ascii_uppercase
    terms = ",".join(bonds[k] + axes[k] + bonds[k + 1] for k in range(len(cores)))
    return np.asarray(np.einsum(f"{terms}->{axes[: len(cores)]}", *cores))


@given(shape=SHAPES, tolerance=st.floats(0.0, 0.999), seed=SEEDS, power=st.integers(-950, 950))
def test_the_error_stays_within_the_tolerance(
    shape: tuple[int, ...], tolerance: float, seed: int, power: int
) -> None:
    unit = np.random.default_rng(seed).standard_normal(shape)
    train = tt_svd(np.ldexp(unit, power), tolerance)
    error = np.linalg.norm(np.ldexp(train.full(), -power) - unit)
    assert error <= (tolerance + rounding(shape)) * np.linalg.norm(unit)


@given(
    lengths=st.lists(st.integers(1, 3), min_size=1, max_size=4),
    ranks=st.lists(st.integers(1, 3), min_size=4, max_size=4),
    seed=SEEDS,
)
def test_the_ranks_of_a_chain_of_bonds_are_found(
    lengths: list[int], ranks: list[int], seed: int
) -> None:
    # The axis k is a triple (left bond, free index, right bond).  Bond k is a matrix of rank r_k
    # with singular values 1, shared by the axes k and k + 1, and the free indices carry vectors
    # of ones; the unfolding after axis k is a Kronecker product of rank-one factors with that
    # matrix, so its rank is r_k, and its nonzero singular values are equal.
    rng = np.random.default_rng(seed)
    sizes = [1, *(rank + 1 for rank in ranks[: len(lengths) - 1]), 1]
    tensor = np.ones(())
    for bond, size in enumerate(sizes):
        left, right = (np.linalg.qr(rng.standard_normal((size, size)))[0] for _ in range(2))
        rank = max(size - 1, 1)
        matrix = left[:, :rank] @ right[:rank]
        inner = np.ones(lengths[bond]) if bond < len(lengths) else np.ones(1)
        tensor = np.multiply.outer(np.multiply.outer(tensor, matrix), inner)
    shape = [a * b * c for a, b, c in zip(sizes[:-1], lengths, sizes[1:], strict=True)]
    # The axes so far: first bond (2), index 1, second bond (2), index 2, ...; dropping the size-1
    # ends leaves index 1, left end of bond 1, right end of bond 1, index 2, ... in order.
    train = tt_svd(tensor.reshape(shape), tolerance=1e-9)
    assert train.ranks == (1, *(rank for rank in ranks[: len(lengths) - 1]), 1)


@given(shape=SHAPES, tolerance=st.floats(0.0, 0.999), seed=SEEDS)
def test_all_cores_but_the_last_are_left_orthogonal(
    shape: tuple[int, ...], tolerance: float, seed: int
) -> None:
    train = tt_svd(np.random.default_rng(seed).standard_normal(shape), tolerance)
    for core in train.cores[:-1]:
        columns = core.reshape(-1, core.shape[2])
        gram = columns.T @ columns
        assert np.linalg.norm(gram - np.eye(len(gram))) <= rounding(shape)


@given(
    shape=SHAPES,
    inner=st.lists(st.integers(1, 4), min_size=4, max_size=4),
    seed=SEEDS,
)
def test_full_is_the_sum_over_all_bonds(
    shape: tuple[int, ...], inner: list[int], seed: int
) -> None:
    # Integers below 8 in five cores with ranks up to 4: every sum stays below
    # 8**5 * 4**4 < 2**53, so that both sides are exact.
    rng = np.random.default_rng(seed)
    ranks = [1, *inner[: len(shape) - 1], 1]
    cores = tuple(
        rng.integers(-7, 8, (ranks[k], length, ranks[k + 1])).astype(np.float64)
        for k, length in enumerate(shape)
    )
    train = TensorTrain(cores)
    np.testing.assert_array_equal(train.full(), einsum_of(cores))
    assert train.shape == shape
    assert train.ranks == tuple(ranks)
    assert train.size == sum(core.size for core in cores)


@given(shape=SHAPES, largest=st.integers(1, 4), seed=SEEDS)
def test_no_rank_exceeds_the_largest_allowed(
    shape: tuple[int, ...], largest: int, seed: int
) -> None:
    train = tt_svd(np.random.default_rng(seed).standard_normal(shape), max_rank=largest)
    assert max(train.ranks) <= largest


def test_the_tolerance_is_shared_out_over_the_bonds() -> None:
    # A matrix has one bond, which may spend the whole tolerance: of the singular values 4 and 3,
    # with norm 5, the smaller goes at 3/5 and stays just below.
    matrix = np.diag([4.0, 3.0])
    assert tt_svd(matrix, tolerance=0.601).ranks == (1, 1, 1)
    assert tt_svd(matrix, tolerance=0.599).ranks == (1, 2, 1)
    # With two bonds each may lose 1/sqrt(2) of it: the threshold moves to 0.6 sqrt(2) = 0.849.
    tensor = np.zeros((2, 2, 2))
    tensor[0, 0, 0], tensor[1, 1, 1] = 4.0, 3.0
    assert tt_svd(tensor, tolerance=0.85).ranks == (1, 1, 1, 1)
    assert tt_svd(tensor, tolerance=0.84).ranks == (1, 2, 2, 1)


def test_a_tensor_of_zeros_has_rank_one() -> None:
    train = tt_svd(np.zeros((3, 4, 5)))
    assert train.ranks == (1, 1, 1, 1)
    np.testing.assert_array_equal(train.full(), np.zeros((3, 4, 5)))


def test_a_train_cannot_be_changed_from_outside() -> None:
    core = np.ones((1, 3, 1))
    train = TensorTrain((core,))
    core[:] = 5.0
    np.testing.assert_array_equal(train.full(), np.ones(3))
    with pytest.raises(ValueError, match="read-only"):
        train.cores[0][:] = 5.0


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        ([1.0, float("nan")], "1 elements of the tensor are NaN or Inf"),
        ([float("inf"), -float("inf")], "2 elements of the tensor are NaN or Inf"),
        (np.ones(3, dtype=np.complex128), "is of complex128; give real numbers"),
        (np.array(["a"]), "give real numbers"),
        (1.0, r"has shape \(\); give at least one axis"),
        (np.ones((3, 0)), r"has shape \(3, 0\); give at least one axis and one element"),
        ([1e300], r"is about 2\*\*997, where .* scale the tensor"),
        ([5e-324], r"is about 2\*\*-1073, where .* scale the tensor"),
    ],
)
def test_what_cannot_be_decomposed_is_refused(tensor: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        tt_svd(tensor)  # type: ignore[arg-type]


@pytest.mark.parametrize("tolerance", [-0.1, 1.0, float("nan"), float("inf")])
def test_a_tolerance_out_of_range_is_refused(tolerance: float) -> None:
    with pytest.raises(ValueError, match=r"the tolerance is .* give 0 <= tolerance < 1"):
        tt_svd(np.ones((2, 2)), tolerance)


@pytest.mark.parametrize("largest", [0, -1])
def test_a_rank_that_is_not_positive_is_refused(largest: int) -> None:
    with pytest.raises(ValueError, match=f"the largest rank is {largest}; give a positive"):
        tt_svd(np.ones((2, 2)), max_rank=largest)


@pytest.mark.parametrize(
    ("cores", "words"),
    [
        ((), "at least one core"),
        ((np.ones((1, 2)),), r"core 0 has shape \(1, 2\)"),
        ((np.ones((1, 2, 1), dtype=np.float32),), "core 0 is of float32"),
        (([[[1.0]]],), "core 0 is of list"),
        ((np.full((1, 2, 1), np.nan),), "core 0 holds NaN or Inf"),
        ((np.ones((2, 2, 1)),), "rank 0 is 1 seen from the left and 2 from the right"),
        ((np.ones((1, 2, 2)), np.ones((3, 2, 1))), "rank 1 is 2 seen from the left and 3"),
        ((np.ones((1, 2, 2)),), "rank 1 is 2 seen from the left and 1"),
    ],
)
def test_what_is_not_a_chain_is_refused(cores: tuple[Array, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        TensorTrain(cores)
