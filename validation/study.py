"""Studies whose cells are measured by many workers, and kept in SQLite: resumable at every cell.

The folder of a study holds ``config.json`` (its name, tier and seeds), ``results.sqlite`` (a row
for each finished cell), and, once all are done, ``results.json``, ``table.md`` and ``picture.png``;
what cells share, such as data and networks that were trained for others, and below ``cells`` what a
cell has kept to go on after an interruption.
"""

import json
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..formats import whole_file
from ..pde import RunError, claim_folder
from .cell_store import Cell, CellStore, Finished, cell_digest, sole_owner
from .workers import Done, Here, Workers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Called with how many cells are done, and how many there are.
OnCell = Callable[[int, int], None]
#: How long a study may take: below a minute, half an hour, hours.
TIERS = ("smoke", "study", "paper")
STORE = "results.sqlite"


class StudyError(Exception):
    """Cells of a study failed; all others are done."""


def nothing_before(_: Cell) -> list[Cell]:
    """Return that a cell needs no other."""
    return []


def nothing_shared(_: Sequence[Cell], __: Path) -> None:
    """Make nothing that cells share."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """What is measured, where, and how it is shown.

    Parameters
    ----------
    name, question
        What the command calls it, and what it answers.
    cells
        The grid of a tier with so many seeds: dictionaries that JSON holds, no two alike.
    measure
        What is found in a cell, given the folder of the study: a dictionary of numbers, a function
        of the cell alone.  It can be imported by name, for workers call it.
    table, draw
        The results as Markdown and as a picture.
    prepare
        Makes what the cells share, in the folder, unless it is there.
    before
        The cells that must be done before one, for it uses what they left in the folder.
    """

    name: str
    question: str
    cells: Callable[[str, int], list[dict[str, Any]]]
    measure: Callable[[Cell, Path], dict[str, Any]]
    table: Callable[[Sequence[Finished]], str]
    draw: Callable[["Figure", Sequence[Finished]], None]
    prepare: Callable[[Sequence[Cell], Path], None] = nothing_shared
    before: Callable[[Cell], list[Cell]] = nothing_before


def kept_folder(folder: Path, cell: Cell) -> Path:
    """Return where a cell keeps what it needs to go on; it is removed when the cell is done."""
    return folder / "cells" / cell_digest(cell)[:16]


def run_study(
    study: Study,
    folder: Path,
    *,
    tier: str,
    seeds: int,
    workers: Workers | None = None,
    on_cell: OnCell | None = None,
) -> list[Finished]:
    """Measure what is not in ``folder`` yet, write table and picture, and return all results.

    An interruption, of this process or of a worker, loses the cells that were under way and nothing
    else, and of those no more than what they have not kept.

    Parameters
    ----------
    study, folder
        What, and where.
    tier, seeds
        Which grid.
    workers
        Who measures; by default this process.
    on_cell
        Called at the beginning, and after each cell.

    Raises
    ------
    RunError
        If the tier or the number of seeds is none, or the folder is another study's or in use.
    StudyError
        If cells failed; all others are then done.
    """
    if tier not in TIERS or seeds < 1:
        msg = f"tier {tier!r} with {seeds} seeds: give one of {', '.join(TIERS)}, and at least 1"
        raise RunError(msg)
    config = {"study": study.name, "tier": tier, "seeds": seeds}
    claim_folder(folder, config, resume=(folder / "config.json").exists())
    cells = study.cells(tier, seeds)
    with sole_owner(folder), CellStore(folder / STORE) as store:
        missing = store.missing(cells)
        if missing:
            study.prepare(missing, folder)
            with workers or Here() as found:
                _measure_all(study, folder, cells, missing, store, found, on_cell)
        elif on_cell is not None:
            on_cell(len(cells), len(cells))
        results = [{**cell, **(store.found(cell) or {})} for cell in cells]
    _show(study, folder, config, results)
    return list(results)


def _measure_all(
    study: Study,
    folder: Path,
    cells: Sequence[Cell],
    missing: Sequence[Cell],
    store: CellStore,
    workers: Workers,
    on_cell: OnCell | None,
) -> None:
    """Measure the missing cells, each after those it needs."""
    queue = _Queue({cell_digest(cell): cell for cell in missing}, study.before)
    tickets: dict[int, Cell] = {}
    given, problems, done = 0, dict[str, str](), len(cells) - len(missing)

    def tell() -> None:
        if on_cell is not None:
            on_cell(done, len(cells))

    tell()
    while queue.waiting or tickets:
        for cell in queue.ready(workers.capacity - len(tickets)):
            tickets[given] = cell
            workers.give(given, _timed, study.measure, cell, folder)
            given += 1
        if not tickets:
            break  # what waits needs a cell that failed
        outcome: Done = workers.take()
        cell = tickets.pop(outcome.ticket)
        if outcome.problem:
            problems[cell_digest(cell)] = outcome.problem
            continue
        found, seconds = outcome.value
        store.put(cell, found, seconds)
        shutil.rmtree(kept_folder(folder, cell), ignore_errors=True)
        queue.done(cell)
        done += 1
        tell()
    if problems:
        raise StudyError(_told(problems, missing, len(queue.waiting)))


class _Queue:
    """Cells that wait, and those that they wait for."""

    def __init__(self, cells: Mapping[str, Cell], before: Callable[[Cell], list[Cell]]) -> None:
        self.waiting = dict(cells)
        self._needs = {
            key: {cell_digest(each) for each in before(cell)} & set(cells)
            for key, cell in cells.items()
        }

    def ready(self, count: int) -> Iterable[Cell]:
        """Take at most so many cells that wait for nothing, in their order."""
        keys = [key for key in self.waiting if not self._needs[key]][: max(0, count)]
        return [self.waiting.pop(key) for key in keys]

    def done(self, cell: Cell) -> None:
        """Let go on what waited for a cell."""
        key = cell_digest(cell)
        for needs in self._needs.values():
            needs.discard(key)


def _timed(
    measure: Callable[[Cell, Path], dict[str, Any]], cell: Cell, folder: Path
) -> tuple[dict[str, Any], float]:
    """Return what is found in a cell, which JSON must hold, and in how many seconds."""
    start = time.perf_counter()
    found = measure(cell, folder)
    json.dumps(found, allow_nan=False)
    return found, time.perf_counter() - start


def _told(problems: Mapping[str, str], cells: Sequence[Cell], waiting: int) -> str:
    key, problem = next(iter(problems.items()))
    cell = next(cell for cell in cells if cell_digest(cell) == key)
    told = f"{len(problems)} of {len(cells)} cells failed"
    told += f" and {waiting} that need them were left out" if waiting else ""
    return f"{told}; the first, {dict(cell)}: {problem}; the same command tries them again"


def _show(
    study: Study, folder: Path, config: Mapping[str, Any], results: Sequence[Finished]
) -> None:
    """Write the results, the table and the picture."""
    from matplotlib.figure import Figure

    text = json.dumps({**config, "results": list(results)}, indent=1, allow_nan=False)
    with whole_file(folder / "results.json") as file:
        file.write(f"{text}\n".encode())
    (folder / "table.md").write_text(study.table(results), encoding="utf-8")
    figure = Figure(figsize=(9.6, 4.8), layout="constrained")
    study.draw(figure, results)
    figure.savefig(folder / "picture.png", dpi=120, metadata={"Software": None})
