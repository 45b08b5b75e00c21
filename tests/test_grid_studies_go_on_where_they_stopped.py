"""A study measures each cell once, survives an interruption, and shows what it measured."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bitpde.cli import main
from bitpde.cli.study import CELL_STUDIES as TOLD_OF_CELLS
from bitpde.cli.study import STUDIES
from bitpde.pde import RunError
from bitpde.validation import GRID_STUDIES, GridStudy, mean_and_spread, run_grid
from bitpde.validation.operator_studies import CELL_STUDIES

measured: list[int] = []


def cells(tier: str, seeds: int) -> list[dict[str, Any]]:
    return [{"n": n, "tier": tier} for n in range(3 * seeds)]


def measure(cell: Mapping[str, Any], _: Path) -> dict[str, float]:
    measured.append(cell["n"])
    return {"square": cell["n"] ** 2}


def table(results: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join(f"{r['n']} {r['square']}" for r in results)


def draw(figure: Any, results: Sequence[Mapping[str, Any]]) -> None:
    figure.subplots().plot([r["square"] for r in results])


SQUARES = GridStudy(
    name="squares", question="what is n^2", cells=cells, measure=measure, table=table, draw=draw
)


def test_each_cell_is_measured_once(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    measured.clear()
    seen: list[tuple[int, int]] = []
    run_grid(SQUARES, tmp_path, tier="smoke", seeds=1, on_cell=lambda *at: seen.append(at))
    assert measured == [0, 1, 2]
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
    log = (tmp_path / "results.jsonl").read_text().splitlines()
    assert [json.loads(line)["found"]["square"] for line in log] == [0, 1, 4]
    assert (tmp_path / "table.md").read_text() == "0 0\n1 1\n2 4"
    assert (tmp_path / "picture.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize("ending", ["", "\n"])
def test_a_torn_last_line_is_measured_again_and_nothing_else(tmp_path: Path, ending: str) -> None:
    pytest.importorskip("matplotlib")
    first = run_grid(SQUARES, tmp_path, tier="smoke", seeds=1)
    log = (tmp_path / "results.jsonl").read_text().splitlines()
    (tmp_path / "results.jsonl").write_text("\n".join([*log[:1], log[1][:20]]) + ending)
    measured.clear()
    for _ in range(2):  # what the second writes, below a line cut off, is read by the third
        assert run_grid(SQUARES, tmp_path, tier="smoke", seeds=1) == first
    assert measured == [1, 2]


def test_a_folder_belongs_to_one_study(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    run_grid(SQUARES, tmp_path, tier="smoke", seeds=1)
    with pytest.raises(RunError):
        run_grid(SQUARES, tmp_path, tier="smoke", seeds=2)


@pytest.mark.parametrize(("tier", "seeds"), [("quick", 1), ("smoke", 0)])
def test_settings_that_cannot_be_are_refused(tmp_path: Path, tier: str, seeds: int) -> None:
    with pytest.raises(RunError, match="give one of smoke, study, paper"):
        run_grid(SQUARES, tmp_path / "new", tier=tier, seeds=seeds)
    assert not (tmp_path / "new").exists()


def test_the_spread_is_that_of_a_sample() -> None:
    assert mean_and_spread([1.0, 3.0]) == "2.0e+00 ± 1.4e+00"


def test_the_command_lists_every_study() -> None:
    assert list(STUDIES) == list(GRID_STUDIES)
    assert list(TOLD_OF_CELLS) == list(CELL_STUDIES)


@pytest.mark.parametrize("tier", ["smoke", "study", "paper"])
@pytest.mark.parametrize("name", [*GRID_STUDIES, *CELL_STUDIES])
def test_every_seed_has_its_cells_and_no_two_are_alike(name: str, tier: str) -> None:
    one, two = ((GRID_STUDIES | CELL_STUDIES)[name].cells(tier, seeds) for seeds in (1, 2))
    assert len(two) == 2 * len(one) > 0
    assert len({json.dumps(cell, sort_keys=True) for cell in two}) == len(two)
    assert one == [cell for cell in two if cell["seed"] == 0]


def test_the_estimator_study_measures_what_its_tests_do() -> None:
    # The noise is that of the exact network: alike however differences are coded, and below the
    # error of values in eight bits at sigma 0.001 by a factor of 1000 and more.
    wanted = {"sigma": 1e-3, "bits": 8, "pairs": 256, "seed": 0}
    few = [
        {**cell, "hidden": 8, "points": 8}
        for cell in GRID_STUDIES["estimator"].cells("smoke", 1)
        if all(cell[key] == value for key, value in wanted.items())
    ]
    found = {cell["differences"]: GRID_STUDIES["estimator"].measure(cell, Path()) for cell in few}
    noises = [result["noise"] for result in found.values()]
    assert max(noises) - min(noises) < 1e-6 * max(noises)
    assert found["naive"]["error"] > 100 * noises[0]
    assert found["parts"]["error"] < 1.1 * noises[0]
    assert found["parts"]["rounding"] < 0.1


def test_the_command_shows_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("rich")
    monkeypatch.setitem(GRID_STUDIES, "estimator", SQUARES)
    folder = tmp_path / "study"
    assert main(["study", "estimator", "--out", str(folder)]) == 0
    assert capsys.readouterr().out == f"0 0\n1 1\n2 4folder: {folder}\n"
    assert main(["study", "estimator", "--out", str(folder), "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert results[2] == {"n": 2, "tier": "smoke", "square": 4}
    assert main(["study", "estimator", "--out", str(folder), "--seeds", "2"]) == 2
