"""A study that trains measures the runs it names, goes on where it stopped, counts failures."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bitpde.emu import preset
from bitpde.pde import (
    LBFGS,
    Differences,
    ForwardLaplacian,
    Metrics,
    Run,
    SteinGaussHermite,
    SteinMonteCarlo,
    TrainingError,
    compressed,
    field_errors,
    train,
)
from bitpde.tt import TTPlan
from bitpde.validation import TrainingGrid, plain_run, run_study
from bitpde.validation.method_study import GRID as METHODS
from bitpde.validation.update_study import GRID as UPDATES
from bitpde.validation.width_study import GRID as WIDTHS

GRIDS = {"methods": METHODS, "widths": WIDTHS, "updates": UPDATES}


def small(grid: TrainingGrid, variant: str, problem: str = "poisson") -> dict[str, Any]:
    cells = grid.cells("smoke", 1)
    cell = next(c for c in cells if (c["variant"], c["problem"]) == (variant, problem))
    return {**cell, "steps": 3, "points": 4, "pairs": 2, "tested": 20}


@pytest.mark.parametrize("name", GRIDS)
def test_no_two_variants_are_the_same_training(name: str) -> None:
    grid = GRIDS[name]
    for problem in grid.problems:
        cells = [c for c in grid.cells("paper", 1) if c["problem"] == problem]
        runs = [grid.variants[cell["variant"]](plain_run(cell)) for cell in cells]
        assert len({run.digest() for run in runs}) == len(grid.variants)
        assert {run.problem.name for run in runs} == {problem}


def test_nodes_of_the_tier_study_are_as_many_as_fit_it() -> None:
    runs = {c["problem"]: plain_run(c) for c in METHODS.cells("study", 1)}
    for name in ("poisson", "poisson-modes"):
        assert runs[name].engine == SteinGaussHermite(sigma=0.01, order=3)
        assert not runs[name].unbiased  # without noise a square has no bias
    sampled = {"hjb": (0.1, 64), "hjb-log": (0.1, 64), "heat": (0.01, 64), "heat-modes": (0.01, 32)}
    for name, (sigma, pairs) in sampled.items():
        assert runs[name].engine == SteinMonteCarlo(sigma=sigma, pairs=pairs)
        assert runs[name].unbiased
    paper = [plain_run(c) for c in METHODS.cells("paper", 1)]
    assert all(isinstance(r.engine, SteinMonteCarlo) and not r.unbiased for r in paper)


def test_the_variants_are_what_the_paper_adds_one_by_one() -> None:
    cell = next(c for c in METHODS.cells("paper", 1) if c["problem"] == "hjb")
    spread, refined, *runs = [variant(plain_run(cell)) for variant in METHODS.variants.values()]
    exact, *sampled = runs
    assert isinstance(exact.engine, ForwardLaplacian)
    assert spread == replace(exact, domain_points=1600, condition_points=1600)
    ended = LBFGS(rounds=3, iterations=1000)
    assert refined == replace(spread, steps=2500, refinement=ended)
    assert {run.engine for run in sampled} == {plain_run(cell).engine}
    fp32, smx = preset("fp32"), preset("smx8")
    assert [run.datapath.digest() for run in runs] == [fp32.digest()] * 3 + [smx.digest()] * 4
    naive, parts = Differences.NAIVE, Differences.PARTS
    assert [run.differences for run in runs[3:]] == [naive, parts, parts, parts]
    plans = [{t.plan for t in run.network.trains if t is not None} for run in runs]
    one, half = {TTPlan.SEQUENTIAL}, {TTPlan.HALF_MERGED}
    assert plans == [set(), set(), one, set(), set(), one, half]


@pytest.mark.parametrize("tier", ["study", "paper"])
def test_trains_are_as_wide_as_a_twentieth_of_the_parameters_allows(tier: str) -> None:
    for cell in METHODS.cells(tier, 1):
        if cell["variant"] != "SMX, DiffQuant, TT, PRS":
            continue
        dense, run = plain_run(cell).network, METHODS.variants[cell["variant"]](plain_run(cell))
        rank = max(max(train.ranks) for train in run.network.trains if train is not None)
        assert run.network == compressed(dense, rank, TTPlan.HALF_MERGED)
        wider = compressed(dense, rank + 1)
        assert 20 * run.network.parameter_count <= dense.parameter_count
        assert 20 * wider.parameter_count > dense.parameter_count


def test_conditions_weigh_what_a_tier_says() -> None:
    cell = next(c for c in METHODS.cells("paper", 1) if c["problem"] == "heat")
    assert plain_run(cell).weights == (1000.0, 1000.0)
    assert plain_run({**cell, "weight": 10.0}).weights == (10.0, 10.0)


@pytest.mark.parametrize(("name", "variant"), [("methods", "SMX, DiffQuant"), ("widths", "FP32")])
def test_what_is_found_is_the_error_of_that_training(
    tmp_path: Path, name: str, variant: str
) -> None:
    grid, cell = GRIDS[name], small(GRIDS[name], variant)
    run = grid.variants[variant](plain_run(cell))
    found = grid.measure(cell, tmp_path / "cell")
    state = train(run, tmp_path / "alone").state
    errors = field_errors(run, state.parameters, run.datapath)
    learned = field_errors(run, state.parameters, preset("exact"))
    assert (found["u"], found["diffusion"]) == (errors.solution, errors.diffusion)
    assert found["u_in_float64"] == learned.solution
    assert found["quantizations"] == state.ledger.quantizations
    assert found["parameters"] == run.network.parameter_count
    assert found["failed"] == 0


def test_an_interrupted_cell_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grid = TrainingGrid(problems=("poisson",), variants={"plain": lambda run: run})
    cell, steps = small(METHODS, "FP32, SE"), []

    def one_step_more(run: Run, folder: Path, *, resume: bool) -> Any:
        def press(row: Metrics) -> None:
            steps.append(row.step)
            if row.step == 1 and steps.count(1) == 1:
                raise KeyboardInterrupt

        return train(run, folder, resume=resume, on_step=press)  # type: ignore[arg-type]

    cells = [{**cell, "variant": "plain"}]
    study = replace(grid.study("one", "?"), cells=lambda *_: cells, draw=lambda *_: None)
    monkeypatch.setattr("bitpde.validation.training_study.train", one_step_more)
    pytest.importorskip("matplotlib")
    with pytest.raises(KeyboardInterrupt):
        run_study(study, tmp_path, tier="smoke", seeds=1)
    (found,) = run_study(study, tmp_path, tier="smoke", seeds=1)
    assert steps == [0, 1, 2]
    assert found["u"] == grid.measure(cells[0], tmp_path / "new")["u"]
    assert not list((tmp_path / "cells").iterdir())


def test_a_training_that_diverges_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverges(*_: object, **__: object) -> None:
        raise TrainingError("the loss is not finite")

    cell = small(METHODS, "FP32, SE")
    monkeypatch.setattr("bitpde.validation.training_study.train", diverges)
    found = METHODS.measure(cell, tmp_path)
    assert found == {"parameters": 609.0, "failed": 1.0}
    grid = TrainingGrid(problems=("poisson",), variants={"FP32, SE": lambda run: run})
    (*_, row) = grid.table([{**cell, **found}]).splitlines()
    assert row == "| FP32, SE | - | - | - | - | 609 | - | - | - | 1 of 1 |"


def test_sizes_are_told_above_the_table() -> None:
    cell = small(METHODS, "FP32, SE")
    grid = TrainingGrid(problems=("poisson",), variants={"FP32, SE": lambda run: run})
    found = {"failed": 0.0, "u": 0.5, "diffusion": 1.0, "u_in_float64": 0.25, "parameters": 9.0}
    costs = dict.fromkeys(("quantizations", "bytes_stored", "saturations"), 1000.0)
    first, *_, row = grid.table([{**cell, **found, **costs}]).splitlines()
    sizes = "**poisson**: 3 steps, 16 hidden units, 4 points, 2 pairs, weights 300, rate 0.003, "
    assert first.startswith(sizes)
    assert (
        row == "| FP32, SE | 5.0e-01 | 1.0e+00 | - | 2.5e-01 | 9 | 1,000 | 1,000 | 1,000 | 0 of 1 |"
    )
