"""The matrix of a new layer has elements of the target variance: as drawn, or in expectation.

The expectation is taken exactly: only second moments enter it, so that cores of independent signs
have the one of normal numbers, and all signs of a small layer can be tried.
"""

import math
from functools import partial
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tt_cases import layers, normal_of

from bitpde.tt import TensorTrainError, TTForm, TTLayer, TTStart

Array = NDArray[np.float64]
U = 2.0**-53
FOUR = {2: (16, 16), 3: (8, 8, 4), 4: (4, 4, 4, 4), 5: (4, 4, 4, 2, 2), 6: (4, 4, 2, 2, 2, 2)}


def of_rank(form: TTForm, sides: tuple[int, ...], rank: int) -> TTLayer:
    """Return a square layer whose ranks are as near to ``rank`` as orthonormal columns allow."""
    inner = [m * n for m, n in zip(sides, sides, strict=True)]
    chain = inner if form is TTForm.TTM else [*sides, *sides]
    lefts = [math.prod(chain[:k]) for k in range(1, len(chain))]
    rights = [math.prod(chain[k:]) for k in range(1, len(chain))]
    ranks = [min(rank, a, b) for a, b in zip(lefts, rights, strict=True)]
    return TTLayer(inputs=sides, outputs=sides, ranks=(1, *ranks, 1), form=form)


def mean_square(layer: TTLayer, start: TTStart, seed: int, variance: float | None = None) -> float:
    cores = layer.initialize(normal_of(seed), variance, np.float64, start)
    return float(np.mean(layer.matrix(cores) ** 2))


@pytest.mark.parametrize("form", TTForm)
@pytest.mark.parametrize("count", FOUR)
@pytest.mark.parametrize("rank", [1, 2, 5, 8, 32])
@pytest.mark.parametrize("start", [TTStart.LEFT_ORTHOGONAL, TTStart.BALANCED])
def test_orthogonal_cores_have_it_in_every_draw(
    form: TTForm, count: int, rank: int, start: TTStart
) -> None:
    # Far within 1 %: D <= 12 cores, each off by a small multiple of u times its number of elements
    # (at most 32^2 4), as of all decompositions here, so by less than 12 * 2 * 10 * 4096 u < 1e-9.
    layer = of_rank(form, FOUR[count], rank)
    glorot = 2 / sum(layer.shape)
    for seed in range(2):
        assert abs(mean_square(layer, start, seed) / glorot - 1) <= 1e-9
        assert abs(mean_square(layer, start, seed, 3.0) / 3.0 - 1) <= 1e-9


def exact_variance(layer: TTLayer) -> float:
    """Return the mean over all signs of the cores of the mean square of W's elements."""
    found: list[float] = []
    ends = np.cumsum([0, *(math.prod(shape) for shape in layer.core_shapes)])
    for signs in product((-1.0, 1.0), repeat=layer.parameter_count):
        pieces = [np.array(signs[a:b]) for a, b in pairwise(ends)]
        cores = layer.initialize(partial(reshaped, pieces), 0.7, np.float64)
        found.append(float(np.mean(layer.matrix(cores) ** 2)))
    return math.fsum(found) / len(found)


def reshaped(pieces: list[Array], shape: tuple[int, ...], k: int) -> Array:
    return pieces[k].reshape(shape)


@pytest.mark.parametrize(
    "layer",
    [
        TTLayer(inputs=(2,), outputs=(1,), ranks=(1, 3, 1)),
        TTLayer(inputs=(1, 1), outputs=(1,), ranks=(1, 2, 2, 1)),
        TTLayer(inputs=(1, 2), outputs=(2, 1), ranks=(1, 2, 1), form=TTForm.TTM),
        TTLayer(inputs=(1, 1, 1), outputs=(1, 1, 1), ranks=(1, 2, 2, 1), form=TTForm.TTM),
    ],
)
def test_independent_cores_have_it_in_exact_expectation(layer: TTLayer) -> None:
    # Signs times one deviation: every path is the same product of D <= 3 numbers but for its sign,
    # the deviation is good to two ulp, and sums of at most 4 paths and of 4 squares add few more.
    assert abs(exact_variance(layer) / 0.7 - 1) <= 100 * U


@pytest.mark.parametrize("form", TTForm)
@pytest.mark.parametrize("count", FOUR)
@pytest.mark.parametrize("rank", [1, 2, 3, 8, 32])
def test_the_deviation_of_independent_cores_solves_its_equation(
    form: TTForm, count: int, rank: int
) -> None:
    # Each element of W is a sum over prod r paths of products of D independent numbers.  The power
    # 1 / (2 D) is off by an ulp or two, D <= 12 factors squared by 24 times that.
    layer = of_rank(form, FOUR[count], rank)
    cores = layer.initialize(lambda shape, k: np.ones(shape), 0.01, np.float64)
    deviations = {float(value) for core in cores for value in core.ravel()}
    assert len(deviations) == 1
    paths = math.prod(layer.ranks)
    assert abs(deviations.pop() ** (2 * layer.core_count) * paths / 0.01 - 1) <= 100 * U


def spread(layer: TTLayer) -> float:
    """Return the relative deviation of the mean square of one draw of independent cores.

    Let P = L^T L for the matrix L of the first k cores, and G be the next one as a matrix of shape
    (r n, r') of independent normal numbers of variance s^2, whose columns are g_a: the next P is
    P'_ab = g_a . S g_b with S = I (x) P, tr S = n tr P and tr S^2 = n tr P^2.  From the fourth
    moments of normal numbers E (g_a . S g_a)^2 = s^4 ((tr S)^2 + 2 tr S^2), and
    E (g_a . S g_b)^2 = s^4 tr S^2 for others, so that with A = E (tr P)^2 and B = E tr P^2

        A' = s^4 (r'^2 n^2 A + 2 r' n B),   B' = s^4 (r' (r' + 1) n B + r' n^2 A),

    from A = B = 1 on.  At the end tr P = ||W||^2.
    """
    a = b = 1.0
    mean = 1.0
    for shape in layer.core_shapes:
        n, r = math.prod(shape[1:-1]), shape[-1]
        a, b = r**2 * n**2 * a + 2 * r * n * b, r * (r + 1) * n * b + r * n**2 * a
        mean *= n * r
    return math.sqrt(a / mean**2 - 1)


@pytest.mark.parametrize(("form", "count", "rank"), [(TTForm.TT, 2, 8), (TTForm.TTM, 2, 8)])
def test_independent_cores_have_it_within_1_percent_on_average(
    form: TTForm, count: int, rank: int
) -> None:
    # As many draws as make five deviations of their mean square 2 %, of its root 1 %: the chance
    # of a failure by chance is that of five deviations.  The sides are small: the deviation is not.
    sides = FOUR[count] if count > 2 else (8, 8)
    layer = of_rank(form, sides, rank)
    draws = math.ceil((5 * spread(layer) / 0.02) ** 2)
    found = [mean_square(layer, TTStart.INDEPENDENT, seed, 1.0) for seed in range(draws)]
    assert abs(math.sqrt(np.mean(found)) - 1) <= 0.01


@given(layer=layers(), seed=st.integers(0, 99))
@settings(max_examples=30)
def test_values_round_once_and_have_the_shapes_of_the_cores(layer: TTLayer, seed: int) -> None:
    wide, narrow = (layer.initialize(normal_of(seed), None, t) for t in (np.float64, np.float32))
    assert tuple(core.shape for core in wide) == layer.core_shapes
    for one, other in zip(wide, narrow, strict=True):
        assert other.dtype == np.float32
        assert np.array_equal(one.astype(np.float32), other)


def test_balanced_cores_are_another_gauge_of_the_orthogonal_ones() -> None:
    layer = of_rank(TTForm.TT, (4, 4, 4), 8)
    starts = (TTStart.LEFT_ORTHOGONAL, TTStart.BALANCED)
    (left, balanced) = (layer.initialize(normal_of(0), 1.0, np.float64, each) for each in starts)
    difference = np.linalg.norm(layer.matrix(left) - layer.matrix(balanced))
    assert difference <= 1e-12 * math.sqrt(math.prod(layer.shape))
    for core in left[:-1]:
        columns = core.reshape(-1, core.shape[-1])
        assert np.allclose(columns.T @ columns, np.eye(columns.shape[1]), rtol=0, atol=1e-13)
    norms = [np.linalg.norm(core) for core in balanced]
    assert max(norms) <= min(norms) * (1 + 1e-12)


def test_orthonormal_columns_are_uniform() -> None:
    # Of the orthogonal 1 x 1 matrices, each sign has probability 1/2: 100 draws of two signs show
    # both with probability 1 - 2^-99.  Without the positive diagonal QR would decide.
    layer = TTLayer(inputs=(1,), outputs=(1,), ranks=(1, 1, 1))
    drawn = [layer.initialize(normal_of(k), None, np.float64, TTStart.LEFT_ORTHOGONAL)[0]
             for k in range(100)]  # fmt: skip
    assert {float(core.item()) for core in drawn} == {-1.0, 1.0}


def test_what_cannot_be_drawn_is_refused() -> None:
    wide = TTLayer(inputs=(2, 2), outputs=(2, 2), ranks=(1, 3, 2, 2, 1))
    late = TTLayer(inputs=(4, 4), outputs=(2, 2), ranks=(1, 4, 5, 2, 1))
    with pytest.raises(TensorTrainError, match="rank 1 is 3, and orthonormal are at most 2"):
        wide.initialize(normal_of(0), start=TTStart.LEFT_ORTHOGONAL)
    late.initialize(normal_of(0), start=TTStart.LEFT_ORTHOGONAL)
    with pytest.raises(TensorTrainError, match="rank 2 is 5, and orthonormal are at most 4"):
        late.initialize(normal_of(0), start=TTStart.BALANCED)
    for variance in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(TensorTrainError, match="the target variance is"):
            wide.initialize(normal_of(0), variance)
