"""Studies: one measurement for every cell of a grid, one line of JSON each, resumable.

The folder of a study holds ``config.json`` (its name, tier and seeds), ``results.jsonl`` (a line
for each finished cell), and, once all are done, ``table.md`` and ``picture.png``.  A cell that
takes long may keep what it needs to go on in a folder below ``cells``, until it is finished.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..pde import RunError, claim_folder
from .json_lines import append, whole_lines

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cell = Mapping[str, Any]
#: A cell with what was measured in it.
Finished = Mapping[str, Any]

#: How long a study may take: below a minute, half an hour, hours.
TIERS = ("smoke", "study", "paper")
RESULTS = "results.jsonl"


@dataclass(frozen=True, kw_only=True)
class GridStudy:
    """What is measured, where, and how it is shown.

    Parameters
    ----------
    name, question
        What the command calls it, and what it answers.
    cells
        The grid of a tier with so many seeds: dictionaries that JSON holds, no two alike.
    measure
        What is found in a cell: a dictionary of numbers, a function of the cell alone.  The folder
        is for what it keeps to go on after an interruption, and may not exist yet.
    table
        The results as Markdown.
    draw
        The results as a picture.
    """

    name: str
    question: str
    cells: Callable[[str, int], list[dict[str, Any]]]
    measure: Callable[[Cell, Path], dict[str, float]]
    table: Callable[[Sequence[Finished]], str]
    draw: Callable[["Figure", Sequence[Finished]], None]


def run_grid(
    study: GridStudy,
    folder: Path,
    *,
    tier: str,
    seeds: int,
    on_cell: Callable[[int, int], None] | None = None,
) -> list[Finished]:
    """Measure what is not in ``folder`` yet, write table and picture, and return all results.

    ``on_cell`` is called with how many cells are done and how many there are.  An interruption
    loses no more than what the cell it falls into has not kept.

    Raises
    ------
    RunError
        If the tier or the number of seeds is none, or the folder is another study's.
    """
    if tier not in TIERS or seeds < 1:
        msg = f"tier {tier!r} with {seeds} seeds: give one of {', '.join(TIERS)}, and at least 1"
        raise RunError(msg)
    config = {"study": study.name, "tier": tier, "seeds": seeds}
    claim_folder(folder, config, resume=(folder / "config.json").exists())
    cells = study.cells(tier, seeds)
    done = {_key(line["cell"]): line["found"] for _, line in whole_lines(folder / RESULTS)}
    for number, cell in enumerate(cells):
        if on_cell is not None:
            on_cell(number, len(cells))
        if _key(cell) in done:
            continue
        start = time.perf_counter()
        place = folder / "cells" / hashlib.sha256(_key(cell).encode()).hexdigest()[:16]
        found = study.measure(cell, place)
        seconds = time.perf_counter() - start
        append(folder / RESULTS, {"cell": cell, "found": found, "seconds": seconds})
        shutil.rmtree(place, ignore_errors=True)
        done[_key(cell)] = found
    if on_cell is not None:
        on_cell(len(cells), len(cells))
    results: list[Finished] = [{**cell, **done[_key(cell)]} for cell in cells]
    _show(study, folder, results)
    return results


def _show(study: GridStudy, folder: Path, results: Sequence[Finished]) -> None:
    """Write the table and the picture."""
    from matplotlib.figure import Figure

    (folder / "table.md").write_text(study.table(results), encoding="utf-8")
    figure = Figure(figsize=(9.6, 4.8), layout="constrained")
    study.draw(figure, results)
    figure.savefig(folder / "picture.png", dpi=120, metadata={"Software": None})


def _key(cell: Cell) -> str:
    return json.dumps(cell, sort_keys=True)


def mean_and_spread(values: Sequence[float]) -> str:
    """Mean and sample standard deviation in two digits; the mean alone of one value.

    Examples
    --------
    >>> mean_and_spread([1.0, 2.0, 3.0]), mean_and_spread([0.012])
    ('2.0e+00 ± 1.0e+00', '1.2e-02')
    """
    mean = sum(values) / len(values)
    if len(values) == 1:
        return f"{mean:.1e}"
    spread = (sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5
    return f"{mean:.1e} ± {spread:.1e}"
