"""The table ``metrics.csv`` of a training: a row of numbers for each step."""

from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any, Self, TypeVar

from .errors import CheckpointError
from .files import write_atomically

METRICS = "metrics.csv"


@dataclass(frozen=True, kw_only=True)
class StepRow:
    """A row; subclasses add fields of type ``int``, ``float`` or ``float | None``."""

    step: int

    @classmethod
    def header(cls) -> str:
        """Return the first line of the table."""
        return ",".join(field.name for field in fields(cls)) + "\n"

    def line(self) -> str:
        """Return the row of the table: shortest decimals that read back as the same float64."""
        return ",".join("" if value is None else repr(value) for value in astuple(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Return the row of a line (without its end); raise ``ValueError`` for another text."""
        pairs = zip(fields(cls), line.split(","), strict=True)
        return cls(**{field.name: _number(field.type, text) for field, text in pairs})


Row = TypeVar("Row", bound=StepRow)


def read_rows(path: Path, steps: int, kind: type[Row]) -> tuple[Row, ...]:
    """Return the first ``steps`` rows; whatever follows them, a torn line too, is not looked at.

    Raises
    ------
    CheckpointError
        When there are fewer rows, or one of them is damaged or out of order.
    """
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    lines = text.splitlines()[1 : steps + 1]
    try:
        rows = tuple(kind.from_line(line) for line in lines)
    except ValueError as error:
        msg = f"{path} is damaged ({error}): restore it, or start again in another folder"
        raise CheckpointError(msg) from error
    if [row.step for row in rows] != list(range(steps)):
        msg = (
            f"{path} does not hold the {steps} steps of its checkpoint in order: "
            "restore it, or start again in another folder"
        )
        raise CheckpointError(msg)
    return rows


def write_rows(path: Path, rows: tuple[Row, ...], kind: type[Row]) -> None:
    """Write the table with exactly ``rows``, atomically."""
    write_atomically(path, (kind.header() + "".join(row.line() for row in rows)).encode())


def _number(kind: Any, text: str) -> Any:
    if kind is int:
        return int(text)
    return None if kind == float | None and not text else float(text)
