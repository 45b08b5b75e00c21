"""What is known of every step of a training, and its table ``metrics.csv``."""

from dataclasses import astuple, dataclass, fields
from pathlib import Path

from .errors import CheckpointError
from .files import write_atomically


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """One step: its loss (before the update), its learning rate, and the counts so far.

    `conditions` is the weighted sum of their mean square errors: ``loss = residual + conditions``.
    The counts include this step; `quantizations`, `saturations` and `underflows` are elements, as
    the ledger of the datapath counts them.
    """

    step: int
    loss: float
    residual: float
    conditions: float
    learning_rate: float
    quantizations: int
    saturations: int
    underflows: int

    def line(self) -> str:
        """Return the row of the table: shortest decimals that read back as the same float64."""
        return ",".join(repr(value) for value in astuple(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> "Metrics":
        """Return the metrics of a row (without its end); raise ``ValueError`` for another text."""
        names = [field.name for field in fields(cls)]
        texts = line.split(",")
        real = {"loss", "residual", "conditions", "learning_rate"}
        pairs = zip(names, texts, strict=True)
        values = {name: float(text) if name in real else int(text) for name, text in pairs}
        return cls(**values)  # type: ignore[arg-type]


HEADER = ",".join(field.name for field in fields(Metrics)) + "\n"


def read_metrics(path: Path, steps: int) -> tuple[Metrics, ...]:
    """Return the first ``steps`` rows; whatever follows them, a torn line too, is not looked at.

    Raises
    ------
    CheckpointError
        When there are fewer rows, or one of them is damaged or out of order.
    """
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    lines = text.splitlines()[1 : steps + 1]
    try:
        rows = tuple(Metrics.from_line(line) for line in lines)
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


def write_metrics(path: Path, rows: tuple[Metrics, ...]) -> None:
    """Write the table with exactly ``rows``, atomically."""
    write_atomically(path, (HEADER + "".join(row.line() for row in rows)).encode())
