"""A study of cells measures each once, whoever dies; what is found is kept, and nothing twice."""

import json
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import cell_stub
import pytest
from cell_stub import COUNT, SQUARES, asked, processes

from bitpde.pde import RunError
from bitpde.validation import CellStore, Cluster, Processes, StudyError, cell_digest, run_study
from bitpde.validation.cell_store import Cell, sole_owner
from bitpde.validation.study import kept_folder

CELLS = cell_stub.cells("smoke", 1)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let other processes import the functions that measure."""
    pytest.importorskip("matplotlib")
    monkeypatch.syspath_prepend(str(Path(cell_stub.__file__).parent))


def squares(results: Sequence[Cell]) -> list[int]:
    return [r["square"] for r in results]


def test_each_cell_is_measured_once_and_shown(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    for _ in range(2):
        results = run_study(
            SQUARES, tmp_path, tier="smoke", seeds=1, on_cell=lambda *at: seen.append(at)
        )
        assert squares(results) == [0, 1, 4, 9, 16, 25]
    assert [asked(tmp_path, n) for n in range(COUNT)] == [1] * COUNT
    assert seen == [*((n, COUNT) for n in range(COUNT + 1)), (COUNT, COUNT)]
    assert (tmp_path / "table.md").read_text().startswith("0 0\n1 1\n")
    assert (tmp_path / "picture.png").read_bytes()[:4] == b"\x89PNG"
    told = json.loads((tmp_path / "results.json").read_text())
    assert (told["study"], squares(told["results"])) == ("squares", [0, 1, 4, 9, 16, 25])
    rows = sqlite3.connect(tmp_path / "results.sqlite")
    found = rows.execute("SELECT json_extract(found, '$.square') FROM cells").fetchall()
    rows.close()
    assert sorted(found) == [(n * n,) for n in range(COUNT)]


def test_an_interruption_loses_the_cell_it_falls_into_and_what_that_has_not_kept(
    tmp_path: Path,
) -> None:
    def measure(cell: Cell, folder: Path) -> dict[str, int]:
        place = kept_folder(folder, cell)
        place.mkdir(parents=True, exist_ok=True)
        if cell["n"] == 3 and asked(folder, 3) == 0:
            (place / "kept").touch()
            cell_stub.square(cell, folder)
            raise KeyboardInterrupt
        assert (place / "kept").exists() == (cell["n"] == 3)
        return cell_stub.square(cell, folder)

    study = replace(SQUARES, measure=measure)
    with pytest.raises(KeyboardInterrupt):
        run_study(study, tmp_path, tier="smoke", seeds=1)
    assert not (tmp_path / "table.md").exists()
    assert squares(run_study(study, tmp_path, tier="smoke", seeds=1)) == [0, 1, 4, 9, 16, 25]
    assert [asked(tmp_path, n) for n in range(COUNT)] == [1, 1, 1, 2, 1, 1]
    assert not list((tmp_path / "cells").iterdir())


def test_two_processes_measure_and_one_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    study = replace(SQUARES, measure=cell_stub.square_or_die)
    results = run_study(study, tmp_path, tier="smoke", seeds=1, workers=Processes(2))
    assert squares(results) == [0, 1, 4, 9, 16, 25]
    assert [asked(tmp_path, n) for n in range(COUNT)] == [1, 1, 2, 1, 1, 1]
    assert 2 <= len(processes(tmp_path)) <= 3  # two, and one in the place of the dead


@pytest.mark.study
def test_a_cell_that_ends_every_process_is_given_up_and_the_others_are_done(tmp_path: Path) -> None:
    study = replace(SQUARES, measure=cell_stub.always_dies)
    with pytest.raises(StudyError, match=r"1 of 6 cells failed.*'n': 1.*ended 3 times.*code -9"):
        run_study(study, tmp_path, tier="smoke", seeds=1, workers=Processes(2))
    assert [asked(tmp_path, n) for n in range(COUNT)] == [1, 3, 1, 1, 1, 1]


def test_a_cell_that_fails_leaves_the_others_done_and_is_tried_again(tmp_path: Path) -> None:
    bad = replace(SQUARES, measure=cell_stub.refused)
    with pytest.raises(StudyError, match=r"1 of 6 cells failed; .*'n': 3.*three is refused"):
        run_study(bad, tmp_path, tier="smoke", seeds=1)
    assert squares(run_study(SQUARES, tmp_path, tier="smoke", seeds=1)) == [0, 1, 4, 9, 16, 25]
    assert [asked(tmp_path, n) for n in range(COUNT)] == [1] * COUNT


def test_a_cell_waits_for_those_that_it_needs(tmp_path: Path) -> None:
    order: list[int] = []

    def measure(cell: Cell, folder: Path) -> dict[str, int]:
        order.append(cell["n"])
        return cell_stub.square(cell, folder)

    def before(cell: Cell) -> list[Cell]:
        return [] if cell["n"] == COUNT - 1 else [{**cell, "n": cell["n"] + 1}]

    study = replace(SQUARES, measure=measure, before=before)
    assert squares(run_study(study, tmp_path, tier="smoke", seeds=1)) == [0, 1, 4, 9, 16, 25]
    assert order == [5, 4, 3, 2, 1, 0]
    failing = replace(study, measure=cell_stub.refused)
    with pytest.raises(StudyError, match="1 of 6 cells failed and 3 that need them were left out"):
        run_study(failing, tmp_path / "new", tier="smoke", seeds=1)


def test_what_cells_share_is_made_before_them_and_not_without_need(tmp_path: Path) -> None:
    made: list[int] = []
    study = replace(SQUARES, prepare=lambda cells, _: made.append(len(cells)))
    for _ in range(2):
        run_study(study, tmp_path, tier="smoke", seeds=1)
    assert made == [COUNT]


def test_a_folder_has_one_owner_and_belongs_to_one_study(tmp_path: Path) -> None:
    match = "another process works in"
    with sole_owner(tmp_path), pytest.raises(RunError, match=match), sole_owner(tmp_path):
        pass
    run_study(SQUARES, tmp_path / "study", tier="smoke", seeds=1)
    with pytest.raises(RunError, match="another run"):
        run_study(SQUARES, tmp_path / "study", tier="smoke", seeds=2)
    for tier, seeds in (("quick", 1), ("smoke", 0)):
        with pytest.raises(RunError, match="give one of smoke, study, paper"):
            run_study(SQUARES, tmp_path / "new", tier=tier, seeds=seeds)
    assert not (tmp_path / "new").exists()
    with pytest.raises(RunError, match="0 workers: give at least 1"):
        Processes(0)


def test_the_first_row_of_a_cell_stays(tmp_path: Path) -> None:
    with CellStore(tmp_path / "rows") as store, CellStore(tmp_path / "rows") as other:
        store.put({"n": 1, "m": 2}, {"square": 1}, 1.5)
        other.put({"m": 2, "n": 1}, {"square": 2}, 2.5)  # the same cell, whatever the order
        assert other.found({"n": 1, "m": 2}) == {"square": 1}
        assert other.missing([{"n": 2}, {"n": 1, "m": 2}, {"n": 1}]) == [{"n": 2}, {"n": 1}]
        assert (store.found({"n": 3}), store.seconds()) == (None, 1.5)
        with pytest.raises(ValueError, match="not JSON compliant"):
            store.put({"n": 3}, {"square": float("nan")}, 1.0)
    assert cell_digest({"a": 1}) != cell_digest({"a": 1.5})


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(b"not a database, but long enough for one" * 10)
    with pytest.raises(RunError, match="rows cannot be used"):
        CellStore(tmp_path / "rows")


@pytest.mark.study
def test_rows_of_several_processes_are_all_there(tmp_path: Path) -> None:
    context = get_context("spawn")
    every = [context.Process(target=write_rows, args=(tmp_path / "rows", k)) for k in range(3)]
    for each in every:
        each.start()
    for each in every:
        each.join()
    assert [each.exitcode for each in every] == [0, 0, 0]
    with CellStore(tmp_path / "rows") as store:
        assert store.missing([{"n": n} for n in range(90)]) == []
        assert store.found({"n": 60}) == {"square": 3600}


write_rows = cell_stub.write_rows


def test_a_cluster_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(RunError, match=r"pip install 'bitpde\[cluster\]'"):
        Cluster("tcp://127.0.0.1:9")
