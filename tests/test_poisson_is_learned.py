"""Eight-bit training learns Poisson's solution about as well as FP32, and better than a fit."""

from pathlib import Path
from typing import Any

import pytest

from bitpde.emu import preset
from bitpde.pde import (
    MLP,
    Linear,
    Poisson,
    Row,
    Run,
    Study,
    fields_at,
    held_out_points,
    relative_l2,
    run_study,
)


def study(folder: Path, **settings: Any) -> Study:
    names = ("smx8", "fp32")
    runs = [Run(problem=Poisson(), datapath=preset(name), **settings) for name in names]
    return run_study(runs, folder)


def by_predictor(study: Study) -> dict[str, Row]:
    return {row.predictor: row for row in study.rows}


def test_a_small_network_beats_every_plane(tmp_path: Path) -> None:
    # Measured: 0.065 for both datapaths, where the best plane has 0.098 and its Laplacian 1.
    done = study(
        tmp_path / "study",
        network=MLP(widths=(2, 16, 16, 1)),
        steps=150,
        domain_points=32,
        condition_points=32,
        schedule=Linear(initial=1e-2),
        test_points=2000,
    )
    table = by_predictor(done)
    assert list(table) == ["smx8", "fp32", "constant", "linear", "quadratic"]
    for name in ("smx8", "fp32"):
        assert table[name].own.solution < table["linear"].own.solution
        assert table[name].own.diffusion < 0.8 * table["linear"].own.diffusion
    assert table["smx8"].own.solution < 1.5 * table["fp32"].own.solution
    _assert_rows_are_measured(done)


def _assert_rows_are_measured(done: Study) -> None:
    """Each row is what one finds by evaluating the final parameters and reading the ledger."""
    for row, result in zip(done.rows, done.results, strict=False):
        run, state = result.run, result.state
        points = held_out_points(run)
        for errors, datapath in ((row.own, run.datapath), (row.float64, preset("exact"))):
            value, diffusion = fields_at(run, state.parameters, points, datapath)
            assert errors.solution == relative_l2(value, run.problem.exact(points))
            assert errors.diffusion == relative_l2(diffusion, run.problem.exact_diffusion(points))
        assert row.own != row.float64
        assert (row.quantizations, row.bytes_stored) == (
            state.ledger.quantizations,
            state.ledger.bytes_stored,
        )
        assert (row.saturations, row.underflows) == (
            state.ledger.saturations,
            state.ledger.underflows,
        )


@pytest.mark.study
def test_the_published_network_beats_every_quadratic(tmp_path: Path) -> None:
    # Measured: 5.2e-3 in SMX INT8 and 4.6e-3 in FP32; the best quadratic has 1.0e-2.
    table = by_predictor(study(tmp_path / "study"))
    for name in ("smx8", "fp32"):
        assert table[name].own.solution < 1e-2 < table["quadratic"].own.solution
    assert table["smx8"].own.solution < 1.5 * table["fp32"].own.solution
