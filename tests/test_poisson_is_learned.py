"""Eight-bit training learns Poisson's solution about as well as FP32, and better than a fit."""

from pathlib import Path

import pytest

from bitpde.emu import preset
from bitpde.pde import MLP, Linear, Poisson, Row, Run, run_study


def rows(folder: Path, **settings: object) -> dict[str, Row]:
    runs = [
        Run(problem=Poisson(), datapath=preset(name), **settings)  # type: ignore[arg-type]
        for name in ("smx8", "fp32")
    ]
    return {row.predictor: row for row in run_study(runs, folder).rows}


def test_a_small_network_beats_every_plane(tmp_path: Path) -> None:
    # Measured: 0.065 for both datapaths, where the best plane has 0.098 and its Laplacian 1.
    table = rows(
        tmp_path / "study",
        network=MLP(widths=(2, 16, 16, 1)),
        steps=150,
        domain_points=32,
        boundary_points=32,
        schedule=Linear(initial=1e-2),
        test_points=2000,
    )
    assert list(table) == ["smx8", "fp32", "constant", "linear", "quadratic"]
    for name in ("smx8", "fp32"):
        assert table[name].own.solution < table["linear"].own.solution
        assert table[name].own.laplacian < 0.8 * table["linear"].own.laplacian
    assert table["smx8"].own.solution < 1.5 * table["fp32"].own.solution


@pytest.mark.study
def test_the_published_network_beats_every_quadratic(tmp_path: Path) -> None:
    # Measured: 5.2e-3 in SMX INT8 and 4.6e-3 in FP32; the best quadratic has 1.0e-2.
    table = rows(tmp_path / "study")
    for name in ("smx8", "fp32"):
        assert table[name].own.solution < 1e-2 < table["quadratic"].own.solution
    assert table["smx8"].own.solution < 1.5 * table["fp32"].own.solution
