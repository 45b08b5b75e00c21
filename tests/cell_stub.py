"""Cells for the tests of studies: squares, measured by functions that other processes import."""

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bitpde.validation import CellStore, Study
from bitpde.validation.cell_store import Cell, Finished

COUNT = 6


def cells(tier: str, seeds: int) -> list[dict[str, Any]]:
    return [{"n": n, "tier": tier, "seed": seed} for seed in range(seeds) for n in range(COUNT)]


def square(cell: Cell, folder: Path) -> dict[str, Any]:
    """Return the square, leaving a mark for each time it is asked for."""
    with (folder / f"asked-{cell['n']}").open("a") as file:
        file.write(f"{os.getpid()}\n")
    return {"square": cell["n"] ** 2}


def square_or_die(cell: Cell, folder: Path) -> dict[str, Any]:
    """Return the square; the first time the third cell is asked for, the process is killed."""
    found = square(cell, folder)
    if cell["n"] == 2 and asked(folder, 2) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return found


def always_dies(cell: Cell, folder: Path) -> dict[str, Any]:
    found = square(cell, folder)
    if cell["n"] == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return found


def square_or_wait(cell: Cell, folder: Path) -> dict[str, Any]:
    """Return the square; of the last cell when a file called ``go`` is in the folder."""
    found = square(cell, folder)
    while cell["n"] == COUNT - 1 and not (folder / "go").exists():
        time.sleep(0.01)
    return found


def refused(cell: Cell, folder: Path) -> dict[str, Any]:
    if cell["n"] == 3:
        msg = "three is refused"
        raise ValueError(msg)
    return square(cell, folder)


def asked(folder: Path, n: int) -> int:
    path = folder / f"asked-{n}"
    return len(path.read_text().splitlines()) if path.exists() else 0


def processes(folder: Path) -> set[str]:
    return {line for path in folder.glob("asked-*") for line in path.read_text().splitlines()}


def table(results: Sequence[Finished]) -> str:
    return "\n".join(f"{r['n']} {r['square']}" for r in results)


def draw(figure: Any, results: Sequence[Finished]) -> None:
    figure.subplots().plot([r["square"] for r in results])


SQUARES = Study(
    name="squares", question="what is n^2", cells=cells, measure=square, table=table, draw=draw
)


def write_rows(path: Path, first: int) -> None:
    """Write sixty rows, half of which another process writes as well."""
    with CellStore(path) as store:
        for n in range(20 * first, 20 * first + 60):
            store.put({"n": n % 90}, {"square": (n % 90) ** 2}, 0.0)
