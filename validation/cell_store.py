"""What was found in the cells of a study: a table in SQLite, one row for each.

The table ``cells`` has a cell and what was found in it as JSON, and the seconds it took, under the
digest of the cell.  A row is written in one transaction and never changed: what two processes find
in the same cell is the same, and the first to write it stays.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Self

from ..pde import RunError

Cell = Mapping[str, Any]
#: A cell with what was found in it.
Finished = Mapping[str, Any]

#: Seconds that a process waits for another one to finish writing its row.
_PATIENCE: Final = 60.0
_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS cells"
    " (digest TEXT PRIMARY KEY, cell TEXT NOT NULL, found TEXT NOT NULL, seconds REAL NOT NULL)"
)


def cell_digest(cell: Cell) -> str:
    """Return SHA-256, in hexadecimal, of the JSON of a cell with sorted keys.

    Examples
    --------
    >>> cell_digest({"bits": 4, "seed": 0}) == cell_digest({"seed": 0, "bits": 4})
    True
    """
    return hashlib.sha256(_text(cell).encode()).hexdigest()


class CellStore:
    """The rows of one study; a context manager that closes the file.

    Several processes may have the same file open.  It is in the mode WAL of SQLite, which needs a
    file system of one machine: workers on others send what they found to the process that writes.

    Parameters
    ----------
    path
        The file; it is made where there is none.

    Raises
    ------
    RunError
        If it is another kind of file, or cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._naming():
            self._connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
                self._connection.execute(_TABLE)
            except BaseException:
                self._connection.close()
                raise

    def put(self, cell: Cell, found: Mapping[str, Any], seconds: float) -> None:
        """Add what was found in a cell, on disk when this returns; a row that is there stays.

        Raises
        ------
        ValueError
            For a number that JSON does not have.
        """
        row = (cell_digest(cell), _text(cell), _text(found), seconds)
        with self._naming():
            self._connection.execute("INSERT OR IGNORE INTO cells VALUES (?, ?, ?, ?)", row)

    def found(self, cell: Cell) -> dict[str, Any] | None:
        """Return what was found in a cell; None if it is not done."""
        with self._naming():
            query = "SELECT found FROM cells WHERE digest = ?"
            row = self._connection.execute(query, (cell_digest(cell),)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def missing(self, cells: Iterable[Cell]) -> list[Cell]:
        """Return the cells that are not done, in their order."""
        with self._naming():
            done = {row[0] for row in self._connection.execute("SELECT digest FROM cells")}
        return [cell for cell in cells if cell_digest(cell) not in done]

    def seconds(self) -> float:
        """Return how long all cells took."""
        with self._naming():
            row = self._connection.execute("SELECT total(seconds) FROM cells").fetchone()
        return float(row[0])

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            msg = f"{self._path} cannot be used ({error}): restore it, or choose another folder"
            raise RunError(msg) from error


@contextmanager
def sole_owner(folder: Path) -> Iterator[None]:
    """Hold a folder for one process, which may end in any way, while the context lasts.

    Raises
    ------
    RunError
        If another process holds it.
    """
    with closing(sqlite3.connect(folder / "lock.sqlite", timeout=0, isolation_level=None)) as held:
        try:
            held.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            msg = f"another process works in {folder}: wait for it, or choose another folder"
            raise RunError(msg) from error
        yield


def _text(data: Mapping[str, Any]) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
