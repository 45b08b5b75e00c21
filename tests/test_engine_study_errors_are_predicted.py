"""In the study of engines errors are those that the second derivatives of the network predict.

The oracle is a network of one hidden layer of tanh, whose second derivatives are written down here.
Of independent Gaussian pairs at a point with the Hessian H the estimated Laplacian has, where the
network is quadratic over sigma, the variance ``((2 D + 24) m - (2 tr A)^2) / K`` with ``A = H / 2``
and ``m = E[(z^T A z)^2] = 2 tr A^2 + (tr A)^2``: |z| and the direction of z are independent, and
``E |z|^(2 k) = D (D + 2) ... (D + 2 k - 2)``.  Of random signs it is ``2 sum_(i != j) H_ij^2 / K``.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bitpde.emu import preset
from bitpde.pde import (
    MLP,
    Activation,
    Engine,
    ForwardLaplacian,
    HutchinsonTaylor,
    Poisson,
    Run,
    SteinGaussHermite,
    SteinMonteCarlo,
    held_out_points,
    initial_state,
    problem_named,
)
from bitpde.validation import STUDIES
from bitpde.validation.engine_study import PROBLEMS, derivatives_at, smoothed_derivatives_at

STUDY = STUDIES["engines"]
POINTS = 128


def run_with(engine: Engine) -> Run:
    network = MLP(widths=(2, 8, 1), activation=Activation.TANH)
    exact = preset("exact")
    return Run(
        problem=Poisson(), datapath=exact, engine=engine, network=network, test_points=POINTS
    )


def hessians(run: Run, points: Any) -> Any:
    """Return the second derivatives of ``sum_j v_j tanh(w_j . (x - c) + b_j)``, (P, 2, 2)."""
    inner, bias, outer, _ = initial_state(run).parameters
    tanh = np.tanh((points - np.array(run.problem.center)) @ inner + bias)
    second = -2 * tanh * (1 - tanh**2) * outer[:, 0]
    return np.einsum("pj,dj,ej->pde", second, inner, inner)


def squares(engine: Engine) -> tuple[Any, Any]:
    """Return square errors of the Laplacian at the points, and the Hessians there."""
    run = run_with(engine)
    points = held_out_points(run)
    hessian = hessians(run, points)
    truth = np.trace(hessian, axis1=1, axis2=2)
    return (derivatives_at(run, points)["diffusion"][:, 0] - truth) ** 2, hessian


def predicted_of_pairs(hessian: Any, pairs: int) -> Any:
    a, dimension = hessian / 2, hessian.shape[1]
    trace = np.trace(a, axis1=1, axis2=2)
    m = 2 * (a**2).sum(axis=(1, 2)) + trace**2
    return ((2 * dimension + 24) * m - (2 * trace) ** 2) / pairs


def predicted_of_signs(hessian: Any, probes: int) -> Any:
    diagonal = np.einsum("pii->pi", hessian)
    return 2 * ((hessian**2).sum(axis=(1, 2)) - (diagonal**2).sum(axis=1)) / probes


def test_the_forward_laplacian_is_the_hessians_trace_and_has_no_error() -> None:
    # Sums of 8 terms of float64.
    found, hessian = squares(ForwardLaplacian())
    assert np.sqrt(found.max()) < 1e-13 * np.abs(hessian).max()
    for cell in STUDY.cells("smoke", 1):
        if cell["engine"] == "forward-laplacian":
            found = STUDY.measure({**cell, "points": 6}, Path())
            assert found["diffusion"] == found.get("slopes", 0) == 0


@pytest.mark.parametrize("count", [64, 1024])
@pytest.mark.parametrize(
    ("engine", "predicted", "kurtosis"),
    [
        (SteinMonteCarlo(sigma=0.01), predicted_of_pairs, 265),
        (HutchinsonTaylor(), predicted_of_signs, 3),
    ],
    ids=["monte-carlo", "hutchinson"],
)
def test_errors_fall_as_the_root_of_rows_as_predicted(
    engine: Engine, predicted: Any, kurtosis: int, count: int
) -> None:
    # Square errors at different points are independent.  Each has as its mean the predicted v and,
    # as that of a mean of so many, the variance (2 + (k - 3) / count) v^2 with the kurtosis k of a
    # single one: of signs 1, and of pairs in the plane at most 265, by the moments of (|z|^2 - 2)
    # |z|^2 (a + b cos phi).  Five deviations of their sum; the smoothing is a matter of sigma^2.
    option = "pairs" if isinstance(engine, SteinMonteCarlo) else "probes"
    found, hessian = squares(replace(engine, **{option: count}))
    variance = predicted(hessian, count)
    fourth = 2 + (kurtosis - 3) / count
    total, deviation = variance.sum(), np.sqrt(fourth * (variance**2).sum())
    assert abs(found.sum() - total) < 5 * deviation + 0.01 * total
    assert 5 * deviation < 1.6 * total  # 16 times the samples without effect would be 15 totals


def test_smoothing_is_the_limit_of_quadrature() -> None:
    # The product rule of order 9 has degree 17: at sigma 0.1 it is the smoothed network.  The mean
    # over K pairs of points is off by some 1 / sqrt(K) of the bias: 4 of them, K = 1024.
    run = run_with(SteinGaussHermite(sigma=0.1, order=9))
    points = held_out_points(run)[:16]
    smooth = derivatives_at(run, points)["diffusion"]
    truth = derivatives_at(replace(run, engine=ForwardLaplacian()), points)["diffusion"]
    found = smoothed_derivatives_at(run, points, 0.1, 1024)["diffusion"]
    bias = np.linalg.norm(smooth - truth)
    assert 0.01 * np.linalg.norm(truth) < bias
    assert np.linalg.norm(found - smooth) < 4 / 32 * bias


def test_a_rule_of_high_degree_has_the_error_of_smoothing_alone() -> None:
    # Degree 9 leaves sigma^4 beside sigma^2; 64 pairs smooth with 1 / 8 of noise, twice over.
    cells = [c for c in STUDY.cells("smoke", 1) if c["problem"] == "poisson" and c["sigma"] == 0.01]
    rules = [("gauss-hermite", 5), ("gauss-hermite", 7), ("sparse-grid", 4), ("smoothing", 64)]
    errors = [
        STUDY.measure(cell, Path())["diffusion"]
        for cell in cells
        if (cell["engine"], cell["setting"]) in rules
    ]
    assert len(errors) == len(rules)
    assert max(errors[:3]) < 1.001 * min(errors[:3])
    assert errors[3] == pytest.approx(errors[0], rel=0.25)


def test_every_point_has_draws_of_its_own() -> None:
    run = run_with(SteinMonteCarlo(sigma=0.01, pairs=2))
    one, other = derivatives_at(run, np.array([[0.3, 0.4], [0.3, 0.4]]))["diffusion"][:, 0]
    assert one != other


def test_smoothing_grows_as_the_square_of_sigma() -> None:
    # Its next term is sigma^2 times a ratio of derivatives of order 1, at most 1 % at 0.1; and the
    # noise of the same pairs is the same share of every bias.
    cells = [c for c in STUDY.cells("smoke", 1) if c["engine"] == "smoothing"]
    few = [{**c, "points": 6} for c in cells if c["problem"] == "poisson"]
    errors = {c["sigma"]: STUDY.measure(c, Path())["diffusion"] for c in few}
    assert errors[0.1] / errors[0.01] == pytest.approx(100, rel=0.2)
    assert errors[0.03] / errors[0.003] == pytest.approx(100, rel=0.2)


@pytest.mark.parametrize("tier", ["smoke", "study", "paper"])
def test_no_cell_has_more_rows_than_its_tier(tier: str) -> None:
    most = {"smoke": 2**11 + 1, "study": 3 * 2**13, "paper": 2**15 + 1}[tier]
    cells = STUDY.cells(tier, 1)
    for cell in cells:
        if cell["engine"] in ("monte-carlo", "sobol"):
            assert 2 * cell["setting"] + 1 <= most
    full = {c["problem"] for c in cells if c["engine"] == "gauss-hermite"}
    assert full == {"poisson"}
    sparse = {c["problem"] for c in cells if c["engine"] == "sparse-grid"}
    assert sparse == ({"poisson", "hjb"} if tier == "smoke" else set(PROBLEMS))


@pytest.mark.parametrize("problem", PROBLEMS)
def test_slopes_are_measured_where_the_equation_has_some(problem: str) -> None:
    cells = [c for c in STUDY.cells("smoke", 1) if c["problem"] == problem]
    (cell,) = (c for c in cells if c["engine"] == "central-differences")
    found = STUDY.measure({**cell, "points": 6}, Path())
    derivatives = problem_named(problem).derivatives
    assert ("slopes" in found) == bool(derivatives.slopes)
    assert found["rows"] == 2 * len(derivatives.coordinates) + 1
    assert found["diffusion"] < 1e-3  # h^2 / 12 times a ratio of derivatives of order 1


def shown() -> list[dict[str, Any]]:
    """Return cells of the smallest tier with errors that say which cell they are of."""
    cells = STUDY.cells("smoke", 1)
    numbers = [{"rows": 10, "diffusion": 1e-3 * (k + 1)} for k in range(len(cells))]
    sloped = [{} if c["problem"] == "poisson" else {"slopes": 0.5} for c in cells]
    return [{**c, **n, **s} for c, n, s in zip(cells, numbers, sloped, strict=True)]


def test_the_table_shows_each_cell_once() -> None:
    results = shown()
    table = STUDY.table(results)
    assert "| monte-carlo | pairs 4 | 10 | " in table
    assert "| forward-laplacian |  | 10 | " in table
    rows = [line for line in table.splitlines() if line.count("|") >= 5 and "e-0" in line]
    assert len(rows) == len(results)
    for result in results:
        ending = "5.0e-01" if "slopes" in result else "-"
        assert f"| {result['diffusion']:.1e} | {ending} |" in table, json.dumps(result)


def test_the_picture_has_a_panel_for_each_problem() -> None:
    figure = pytest.importorskip("matplotlib.figure").Figure()
    STUDY.draw(figure, shown())
    assert [panel.get_title().split(",")[0] for panel in figure.axes] == list(PROBLEMS)
