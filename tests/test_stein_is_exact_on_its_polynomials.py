"""Stein nodes give value, gradient and Laplacian of smoothed polynomials up to stated degrees.

The oracle is rational: a polynomial with integer coefficients is smoothed through the moments of
the Gaussian, ``E[delta^(2k)] = sigma^(2k) (2k-1)!!``, and differentiated term by term.  The nodes
are binary floating-point numbers; the sums over them are taken in rational arithmetic as well, so
that what remains is the rounding of the nodes and weights themselves, which `slack` bounds.
"""

import itertools
import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitpde.pde import (
    Derivatives,
    Estimator,
    Nodes,
    SteinGaussHermite,
    SteinMonteCarlo,
    SteinSobol,
    SteinSparseGrid,
    Stream,
)

Polynomial = dict[tuple[int, ...], int]
Point = tuple[Fraction, ...]

STREAM = Stream(seed=0, name="stein")


def smoothed(u: Polynomial, x: Point, variance: Fraction) -> Fraction:
    """E[u(x + delta)], monomial by monomial and coordinate by coordinate."""

    def moment(power: int, at: Fraction) -> Fraction:
        terms = (
            math.comb(power, 2 * k)
            * at ** (power - 2 * k)
            * variance**k
            * math.prod(range(1, 2 * k, 2))
            for k in range(power // 2 + 1)
        )
        return Fraction(sum(terms))

    products = (c * math.prod(map(moment, powers, x)) for powers, c in u.items())
    return Fraction(sum(products))


def derivative(u: Polynomial, axis: int) -> Polynomial:
    lowered: Polynomial = {}
    for powers, c in u.items():
        if powers[axis]:
            key = tuple(p - (i == axis) for i, p in enumerate(powers))
            lowered[key] = lowered.get(key, 0) + c * powers[axis]
    return lowered


def laplacian(u: Polynomial, dimension: int) -> Polynomial:
    total: Polynomial = {}
    for axis in range(dimension):
        for powers, c in derivative(derivative(u, axis), axis).items():
            total[powers] = total.get(powers, 0) + c
    return total


def value_at(u: Polynomial, x: Point) -> Fraction:
    terms = (
        c * math.prod((a**p for a, p in zip(x, powers, strict=True))) for powers, c in u.items()
    )
    return sum(map(Fraction, terms), Fraction(0))


def rational(array: np.ndarray) -> list[Fraction]:
    return [Fraction(float(a)) for a in array.reshape(-1)]


def estimates(
    nodes: Nodes, u: Polynomial, x: Point, row: int = 0
) -> tuple[Fraction, list[Fraction], Fraction]:
    """The three estimates as the module states them, in rational arithmetic."""

    def own(array: np.ndarray, ndim: int) -> np.ndarray:
        return array[row] if array.ndim > ndim else array

    offsets = own(nodes.offsets, 2)
    samples = [
        value_at(u, tuple(a + d for a, d in zip(x, rational(delta), strict=True)))
        for delta in offsets
    ]
    rise = [sample - samples[0] for sample in samples]

    def contract(weights: np.ndarray) -> Fraction:
        return sum((w * r for w, r in zip(rational(weights), rise, strict=True)), Fraction(0))

    gradient = [contract(column) for column in own(nodes.slope_weights, 2).T]
    value = samples[0] + contract(nodes.value_weights)
    return value, gradient, contract(own(nodes.diffusion_weights, 1))


def slack(nodes: Nodes, u: Polynomial, x: Point, sigma: float) -> tuple[float, float, float]:
    """Bounds on the three errors that rounded nodes and weights can cause.

    In units of 2^-53: a coordinate of a node is off by 2 of itself (the rounded rule, see the test
    of the rules, and the product with sigma), so a monomial of degree 9 is off by 18 of itself,
    taken with absolute values.  A weight is a signed sum of at most 16 products of three rule
    weights (off by 21 of the absolute terms), and six operations follow, |delta|^2 and sigma^2 D
    being counted apart.  Together below 64, for the samples at a node and, as u_0, at the point.
    """
    absolute = {powers: abs(c) for powers, c in u.items()}
    here = [abs(a) for a in x]
    size = np.array(
        [
            float(
                value_at(
                    absolute, tuple(a + abs(d) for a, d in zip(here, rational(delta), strict=True))
                )
            )
            for delta in nodes.offsets
        ]
    )
    dimension = nodes.offsets.shape[1]
    square = (nodes.offsets**2).sum(axis=1)
    weight = np.abs(nodes.value_weights)
    weight[1:] = np.maximum(weight[1:], 1.0)  # a weight may be a difference of rule weights below 1
    unit = 64 * 2.0**-53 * 2 * float(size.max())
    return (
        unit * weight.sum(),
        unit * (weight * np.sqrt(square)).sum() / sigma**2,
        unit * (weight * (square + sigma**2 * dimension)).sum() / sigma**4,
    )


def polynomials(dimension: int, degree: int) -> st.SearchStrategy[Polynomial]:
    powers = [p for p in itertools.product(range(degree + 1), repeat=dimension) if sum(p) <= degree]
    return st.dictionaries(st.sampled_from(powers), st.integers(-9, 9), min_size=1, max_size=6)


ESTIMATORS = [
    (SteinSparseGrid(level=3), 3),
    (SteinSparseGrid(level=4), 4),
    (SteinGaussHermite(order=3), 3),
    (SteinGaussHermite(order=4), 4),
    (SteinGaussHermite(order=5), 5),
]
COORDINATES = st.integers(-16, 16).map(lambda n: Fraction(n, 8))
DEVIATIONS = st.sampled_from([0.0625, 0.1, 1.0])


@pytest.mark.parametrize(("estimator", "rule"), ESTIMATORS, ids=repr)
@settings(max_examples=20)
@given(data=st.data(), sigma=DEVIATIONS, dimension=st.integers(1, 3))
def test_the_estimates_are_exact_up_to_their_degrees(
    estimator: Estimator, rule: int, data: st.DataObject, sigma: float, dimension: int
) -> None:
    nodes = _with_sigma(estimator, sigma).nodes(1, Derivatives(dimension), STREAM, 0)
    x = tuple(data.draw(COORDINATES) for _ in range(dimension))
    variance = Fraction(sigma) ** 2
    for what, degree in (
        ("value", 2 * rule - 1),
        ("gradient", 2 * rule - 2),
        ("laplacian", 2 * rule - 3),
    ):
        u = data.draw(polynomials(dimension, degree))
        value, gradient, lap = estimates(nodes, u, x)
        bounds = slack(nodes, u, x, sigma)
        if what == "value":
            assert abs(value - smoothed(u, x, variance)) <= bounds[0]
        elif what == "gradient":
            for axis in range(dimension):
                exact = smoothed(derivative(u, axis), x, variance)
                assert abs(gradient[axis] - exact) <= bounds[1]
        else:
            assert abs(lap - smoothed(laplacian(u, dimension), x, variance)) <= bounds[2]


@pytest.mark.parametrize(("estimator", "rule"), ESTIMATORS, ids=repr)
def test_the_degrees_are_the_largest(estimator: Estimator, rule: int) -> None:
    # One degree more, a power of x1 alone: each estimate misses by at least 1 %, far beyond slack.
    nodes = _with_sigma(estimator, 1.0).nodes(1, Derivatives(2), STREAM, 0)
    origin, one = (Fraction(0), Fraction(0)), Fraction(1)
    even: Polynomial = {(2 * rule, 0): 1}
    odd: Polynomial = {(2 * rule - 1, 0): 1}
    less: Polynomial = {(2 * rule - 2, 0): 1}
    for got, exact in (
        (estimates(nodes, even, origin)[0], smoothed(even, origin, one)),
        (estimates(nodes, odd, origin)[1][0], smoothed(derivative(odd, 0), origin, one)),
        (estimates(nodes, less, origin)[2], smoothed(laplacian(less, 2), origin, one)),
    ):
        assert abs(got - exact) > exact / 100


@pytest.mark.parametrize("order", [3, 4, 5, 6, 7, 12])
def test_the_rules_are_the_true_ones_rounded_once(order: int) -> None:
    # With He_n(x) = 2^(-n/2) H_n(x / sqrt 2), nodes are its roots, weights n! / (n He_(n-1))^2.
    rule = SteinGaussHermite(sigma=1.0, order=order).nodes(1, Derivatives(1), STREAM, 0)
    with mpmath.workdps(40):

        def hermite(n: int, x: mpmath.mpf) -> mpmath.mpf:
            return mpmath.mpf(2) ** (-mpmath.mpf(n) / 2) * mpmath.hermite(n, x / mpmath.sqrt(2))

        pairs = zip(rule.offsets[1:, 0].tolist(), rule.value_weights[1:].tolist(), strict=True)
        for node, weight in pairs:
            root = mpmath.findroot(lambda x: hermite(order, x), node)
            assert node == float(root)
            assert weight == float(
                mpmath.factorial(order) / (order * hermite(order - 1, root)) ** 2
            )


@pytest.mark.parametrize("dimension", [2, 3, 4, 21])
def test_the_sparse_grid_of_level_3_has_the_published_size(dimension: int) -> None:
    count = 2 * dimension**2 + 2 * dimension + 1
    nodes = SteinSparseGrid(level=3).nodes(1, Derivatives(dimension), STREAM, 0)
    assert SteinSparseGrid(level=3).rows(Derivatives(dimension)) == count == len(nodes.offsets)
    assert len({tuple(offset) for offset in nodes.offsets.tolist()}) == count


@pytest.mark.parametrize(
    "estimator",
    [*(e for e, _ in ESTIMATORS), SteinMonteCarlo(pairs=5), SteinSobol(pairs=8)],
    ids=repr,
)
def test_node_0_is_the_point_and_the_others_come_in_pairs(estimator: Estimator) -> None:
    nodes = estimator.nodes(4, Derivatives(2), STREAM, 0)
    assert not nodes.offsets[..., 0, :].any()
    assert nodes.count == estimator.rows(Derivatives(2))
    assert (nodes.offsets[..., 1::2, :] == -nodes.offsets[..., 2::2, :]).all()
    assert (nodes.slope_weights[..., 1::2, :] == -nodes.slope_weights[..., 2::2, :]).all()
    assert (nodes.value_weights[1::2] == nodes.value_weights[2::2]).all()
    assert (nodes.diffusion_weights[..., 1::2] == nodes.diffusion_weights[..., 2::2]).all()


@pytest.mark.parametrize(
    "estimator",
    [*(e for e, _ in ESTIMATORS), SteinMonteCarlo(pairs=5), SteinSobol(pairs=8)],
    ids=repr,
)
def test_the_weights_know_constants(estimator: Estimator) -> None:
    # A constant is its own value and has no derivatives, so the weights sum to 1, 0 and 0.  Each
    # sum of J numbers, and node 0's weight being such a sum, rounds by J 2^-53 of their sizes.
    nodes = estimator.nodes(3, Derivatives(2), STREAM, 0)
    for weights, axis, total in (
        (nodes.value_weights, -1, 1.0),
        (nodes.slope_weights, -2, 0.0),
        (nodes.diffusion_weights, -1, 0.0),
    ):
        bound = 2 * nodes.count * 2.0**-53 * np.abs(weights).sum(axis=axis).max()
        assert np.abs(weights.sum(axis=axis) - total).max() <= bound


@settings(max_examples=30)
@given(data=st.data(), step=st.integers(0, 10**6))
def test_a_random_pair_is_exact_for_affine_functions_and_blind_to_even_ones_in_the_gradient(
    data: st.DataObject, step: int
) -> None:
    # No tolerance: offsets and weights of a pair are exact opposites, so the terms cancel exactly.
    nodes = SteinMonteCarlo(sigma=0.1, pairs=2).nodes(2, Derivatives(2), STREAM, step)
    x = tuple(data.draw(COORDINATES) for _ in range(2))
    affine = data.draw(polynomials(2, 1))
    value, _, lap = estimates(nodes, affine, x, row=1)
    assert value == value_at(affine, x)
    assert lap == 0
    origin = (Fraction(0), Fraction(0))
    even = {p: c for p, c in data.draw(polynomials(2, 4)).items() if sum(p) % 2 == 0}
    assert estimates(nodes, even, origin, row=1)[1] == [0, 0]


def test_random_pairs_are_right_on_average() -> None:
    # For u = x1^2 + 3 x2^2 + x1 one pair estimates the Laplacian as (|z|^2 - 2)(z1^2 + 3 z2^2) and
    # the first derivative at 0 as z1^2.  With the moments 1, 3, 15, 105 of z^2, z^4, z^6, z^8:
    #   E[(|z|^2 - 2)^2 (z1^2 + 3 z2^2)^2] = 1008, so the variances are 1008 - 8^2 and 3 - 1.
    # The mean of n = 64,000 pairs lies within 5 standard deviations but for 6e-7 of all seeds.
    points, pairs, sigma = 2000, 32, 0.25
    nodes = SteinMonteCarlo(sigma=sigma, pairs=pairs).nodes(points, Derivatives(2), STREAM, 0)
    x1, x2 = nodes.offsets[..., 0], nodes.offsets[..., 1]
    _, gradient, lap = nodes.estimate(x1**2 + 3 * x2**2 + x1)
    total = points * pairs
    assert abs(lap.mean() - 8) < 5 * math.sqrt(944 / total)
    assert abs(gradient[:, 0].mean() - 1) < 5 * math.sqrt(2 / total)
    assert abs(gradient[:, 1].mean()) < 5 * math.sqrt(1 / total)
    # The spread: a sample variance of n means of kurtosis k has the relative standard deviation
    # sqrt((k - 1) / n).  One pair has k < 186, a mean of 32 pairs k < 3 + 183 / 32 < 9, and five
    # times sqrt(8 / 2000) is 0.32.
    assert lap.var() * pairs == pytest.approx(944, rel=0.32)


def test_random_nodes_are_new_at_every_point_and_step() -> None:
    estimator = SteinMonteCarlo(pairs=3)
    first, second = (estimator.nodes(4, Derivatives(2), STREAM, step).offsets for step in (0, 1))
    drawn = np.concatenate([first[:, 1::2], second[:, 1::2]]).reshape(-1)
    assert len(set(drawn.tolist())) == 2 * 4 * 3 * 2
    more = estimator.nodes(6, Derivatives(2), STREAM, 0).offsets
    assert (more[:4] == first).all()


@pytest.mark.parametrize("power", [1, 2, 3, 4])
def test_the_float64_estimates_are_the_rational_ones(power: int) -> None:
    # A sum of 13 terms has at most 15 roundings per term, a sample 6: below the 64 of `slack`.
    nodes = SteinSparseGrid(sigma=1.0).nodes(1, Derivatives(2), STREAM, 0)
    u: Polynomial = {(power, 0): 3, (1, 1): -2}
    x = (Fraction(1, 2), Fraction(-3, 4))
    rows = nodes.offsets + np.array([float(a) for a in x])
    value, gradient, lap = nodes.estimate((3 * rows[:, 0] ** power - 2 * rows.prod(axis=1))[None])
    want, bounds = estimates(nodes, u, x), slack(nodes, u, x, 1.0)
    assert abs(Fraction(float(value[0, 0])) - want[0]) <= bounds[0]
    for got, exact in zip(gradient[0].tolist(), want[1], strict=True):
        assert abs(Fraction(got) - exact) <= bounds[1]
    assert abs(Fraction(float(lap[0, 0])) - want[2]) <= bounds[2]


def _with_sigma(estimator: Estimator, sigma: float) -> Estimator:
    data = {**estimator.to_json(), "sigma": sigma}
    return type(estimator).from_json(data)
