"""Every engine finds the derivatives of the solution that it says it finds.

The oracle is mpmath: the network and the constraint written down with its functions, differentiated
numerically with 40 digits.  float64 sums of at most 20 terms of order 1, through three layers, are
good to 1e-12; differences of step h lose 2^-53 / h^2.
"""

import itertools
from dataclasses import dataclass, replace
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from bitpde.emu import Node, ops, preset
from bitpde.pde import (
    MLP,
    Activation,
    CentralDifferences,
    Derivatives,
    Differences,
    Engine,
    Fields,
    ForwardLaplacian,
    HutchinsonTaylor,
    Problem,
    Run,
    SteinGaussHermite,
    SteinMonteCarlo,
    SteinPlain,
    SteinSobol,
    SteinSparseGrid,
    initial_state,
)
from bitpde.pde.jets import jet_fields

Array = NDArray[np.float64]
POINTS = np.array([[0.3, -0.7, 0.2], [0.9, 0.1, 0.8]])


@dataclass(frozen=True, kw_only=True)
class Free(Problem):
    """Two coordinates of space, of different diffusivities, and time, without a constraint."""

    name = "free"
    dimension, space = 3, 2
    center = (0.5, 0.0, 0.25)
    slopes = (2, 0)
    widths = (3, 5, 4, 1)

    @property
    def diffusivities(self) -> tuple[float, ...]:
        return (1.0, 0.25, 0.0)

    def residual(self, fields: Fields, points: Array) -> Node:
        return ops.add(fields.value, fields.diffusion)

    def domain_points(self, uniform: Array) -> Array:
        return uniform

    def exact(self, points: Array) -> Array:
        return np.ones((len(points), 1))

    def exact_diffusion(self, points: Array) -> Array:
        return np.zeros((len(points), 1))


@dataclass(frozen=True, kw_only=True)
class Constrained(Free):
    """The same with ``u = sin(x) y^2 + t (1 - x^2) N``."""

    def lift(self, points: Array) -> Array:
        return np.sin(points[:, :1]) * points[:, 1:2] ** 2

    def factor(self, points: Array) -> Array:
        return points[:, 2:] * (1 - points[:, :1] ** 2)


def make(problem: Problem, engine: Engine, activation: Activation, **changes: Any) -> Run:
    network = MLP(widths=problem.widths, activation=activation)
    run = Run(problem=problem, datapath=preset("exact"), engine=engine, network=network)
    return replace(run, **changes)


def parameters_of(run: Run) -> list[Array]:
    rng = np.random.default_rng(4)
    return [rng.normal(size=p.shape) for p in initial_state(run).parameters]


def found(run: Run, points: Array, step: int = 0) -> list[Array]:
    """Return value, slopes and diffusion as the engine has them."""
    from bitpde.emu import Tape

    tape = Tape(preset("exact"))
    solution = run.solution([tape.parameter(p) for p in parameters_of(run)])
    fields = run.engine.fields(solution, points, run.stream("engine"), step)
    value = run.engine.value(solution, points, run.stream("engine"), step)
    assert fields.slopes is not None
    assert (value.value == fields.value.value).all()
    return [fields.value.value, fields.slopes.value, fields.diffusion.value]


def truth(run: Run, points: Array) -> list[Array]:
    """Return the same of u itself, by numerical differentiation with 40 digits."""
    weights = [[[mpmath.mpf(float(w)) for w in row] for row in p] for p in parameters_of(run)]
    phi = mpmath.tanh if run.network.activation is Activation.TANH else mpmath.sin

    def u(x: Any, y: Any, t: Any) -> Any:
        row = [a - b for a, b in zip((x, y, t), run.problem.center, strict=True)]
        for layer in range(0, len(weights), 2):
            row = row if not layer else [phi(a) for a in row]
            columns = zip(*weights[layer], strict=True)
            row = [
                mpmath.fdot(row, column) + b
                for column, b in zip(columns, weights[layer + 1][0], strict=True)
            ]
        if not run.problem.constrained:
            return row[0]
        return mpmath.sin(x) * y**2 + t * (1 - x**2) * row[0]

    results: list[list[Any]] = [[], [], []]
    with mpmath.workdps(40):
        for point in points:
            at = tuple(mpmath.mpf(float(a)) for a in point)
            results[0].append([u(*at)])
            results[1].append([mpmath.diff(u, at, (0, 0, 1)), mpmath.diff(u, at, (1, 0, 0))])
            second = mpmath.diff(u, at, (2, 0, 0)) + mpmath.diff(u, at, (0, 2, 0)) / 4
            results[2].append([second])
        return [np.array([[float(a) for a in row] for row in rows]) for rows in results]


CASES = list(itertools.product((Free(), Constrained()), Activation))


@pytest.mark.parametrize(("problem", "activation"), CASES)
def test_the_forward_laplacian_is_exact(problem: Problem, activation: Activation) -> None:
    run = make(problem, ForwardLaplacian(), activation)
    for ours, theirs in zip(found(run, POINTS), truth(run, POINTS), strict=True):
        assert np.abs(ours - theirs).max() < 1e-11


@pytest.mark.parametrize(("problem", "activation"), CASES)
def test_all_signs_of_a_probe_have_the_mean_of_the_diffusion(
    problem: Problem, activation: Activation
) -> None:
    # Hutchinson's estimate over all 4 sign patterns of two coordinates, each with weight 1/4.
    from bitpde.emu import Tape

    run = make(problem, HutchinsonTaylor(), activation)
    tape = Tape(preset("exact"))
    solution = run.solution([tape.parameter(p) for p in parameters_of(run)])
    signs = np.array([[a, b, 0.0] for a in (-1.0, 1.0) for b in (-0.5, 0.5)])
    directions = np.concatenate([np.eye(3)[[2, 0]], signs])
    fields = jet_fields(solution, POINTS, directions, np.array([0, 0, *[0.25] * 4]))
    want = truth(run, POINTS)
    assert np.abs(fields.diffusion.value - want[2]).max() < 1e-11
    value, slopes, _ = found(run, POINTS)
    assert np.abs(value - want[0]).max() < 1e-11
    assert np.abs(slopes - want[1]).max() < 1e-11


def test_probes_are_signs_of_the_roots_of_the_diffusivities() -> None:
    # One probe on u = x^2 + 3 y^2 + t has v^T H v = 2 + 6/4 whatever its signs; on x y it has
    # 2 v_x v_y = +-1, either sign about as often: 200 draws, 7 standard deviations.
    run = make(Free(), HutchinsonTaylor(probes=1), Activation.TANH)
    exact = truth(run, POINTS[:1])[2].item()
    seen = np.array([found(run, POINTS[:1], step)[2].item() for step in range(200)])
    values = np.unique(np.round(seen, 10))
    assert len(values) == 2
    assert abs(values.mean() - exact) < 1e-9
    assert abs((seen == seen.max()).sum() - 100) < 50


@pytest.mark.parametrize(("problem", "activation"), CASES)
def test_central_differences_are_off_by_the_square_of_their_step(
    problem: Problem, activation: Activation
) -> None:
    # Halving h divides the errors by 4, up to h^4: their ratio is 4 (1 + O(h^2)).
    errors = []
    for step in (2.0**-6, 2.0**-7):
        run = make(problem, CentralDifferences(step=step), activation)
        errors.append(
            [
                np.abs(a - b).max()
                for a, b in zip(found(run, POINTS), truth(run, POINTS), strict=True)
            ]
        )
    assert errors[0][0] < 1e-12
    for coarse, fine in zip(errors[0][1:], errors[1][1:], strict=True):
        assert 3.9 < coarse / fine < 4.1


SAMPLING = [
    SteinGaussHermite(sigma=0.02),
    SteinSparseGrid(sigma=0.02),
    SteinMonteCarlo(sigma=0.02, pairs=3),
    SteinSobol(sigma=0.02, pairs=4),
    CentralDifferences(),
]


@pytest.mark.parametrize(("problem", "activation"), CASES)
@pytest.mark.parametrize("engine", SAMPLING, ids=lambda e: e.name)
@pytest.mark.parametrize("differences", [Differences.SEPARATE, Differences.PARTS])
def test_rises_are_differences_of_values(
    engine: Engine, differences: Differences, problem: Problem, activation: Activation
) -> None:
    # Weights of the diffusion are below 40 / sigma^2 = 1e5, so that 20 roundings of values of order
    # 10 are 1e5 20 10 2^-53 = 2e-9 of an order of 1 to 10.
    naive, separate = (
        found(make(problem, engine, activation, differences=kind), POINTS)
        for kind in (Differences.NAIVE, differences)
    )
    for bound, ours, theirs in zip((1e-12, 1e-10, 4e-9), separate, naive, strict=True):
        assert np.abs(ours - theirs).max() < bound


@pytest.mark.parametrize("engine", [SteinGaussHermite(sigma=1e-3), SteinSparseGrid(sigma=1e-3)])
@pytest.mark.parametrize(("problem", "activation"), CASES)
def test_parts_of_rises_lose_no_digits_where_values_do(
    engine: Engine, problem: Problem, activation: Activation
) -> None:
    # Smoothing changes derivatives by sigma^2 / 2 times higher ones, here below 1e-6 times 100.
    run = make(problem, engine, activation, differences=Differences.PARTS)
    for ours, theirs in zip(found(run, POINTS), truth(run, POINTS), strict=True):
        assert np.abs(ours - theirs).max() < 1e-4


def test_the_plain_identity_is_right_on_average() -> None:
    # The value is a mean of 4000 samples u(x + delta) with |u| < 10: a standard deviation below
    # sigma |grad u| / sqrt(4000) < 0.02; six of them.  Without a control variate a slope has
    # |u| / (sigma sqrt(n)) < 10 / (0.1 63) = 1.6.
    run = make(Free(), SteinPlain(sigma=0.1, samples=4000), Activation.TANH)
    value, slopes, _ = found(run, POINTS)
    want = truth(run, POINTS)
    assert np.abs(value - want[0]).max() < 0.12 + 0.02  # and the smoothing
    assert np.abs(slopes - want[1]).max() < 6 * 1.6


@pytest.mark.parametrize("dimension", [2, 20, 100])
def test_the_noise_of_the_estimated_laplacian_is_the_closed_form(dimension: int) -> None:
    # Of u = |x|^2 relatively sqrt((d + 12 + 24/d) / K), where K counts both nodes of every pair:
    # at x = 0 both have the same value, so that a pair estimates 2 d by X (X - d) with X = |z|^2,
    # whose moments are d, d (d + 2), d (d + 2) (d + 4), ...: the variance is (d + 12 + 24/d) / 2
    # times (2 d)^2.  A sample deviation of 4096 means of 16 pairs, of kurtosis below 3 + 200 / 16,
    # is off by sqrt(14.5 / (4 4096)), 3 %: the seed is fixed, and a factor of sqrt 2 is 41 %.
    pairs, count = 16, 2**12
    engine = SteinMonteCarlo(sigma=0.5, pairs=pairs)
    stream = make(Free(), engine, Activation.TANH).stream("engine")
    estimates = []
    for step in range(8):
        nodes = engine.nodes(count // 8, Derivatives(dimension, ()), stream, step)
        samples = (nodes.offsets**2).sum(axis=-1)
        estimates.append(nodes.estimate(samples)[2][:, 0] / (2 * dimension))
    spread = np.concatenate(estimates).std()
    closed_form = np.sqrt((dimension + 12 + 24 / dimension) / (2 * pairs))
    assert abs(spread / closed_form - 1) < 0.05
