"""What is known of every step of the training of a solution."""

from dataclasses import dataclass
from pathlib import Path

from .step_rows import StepRow, read_rows


@dataclass(frozen=True, kw_only=True)
class Metrics(StepRow):
    """One step: its loss (before the update), its learning rate, and the counts so far.

    `conditions` is the weighted sum of their mean square errors: ``loss = residual + conditions``.
    The counts include this step; `quantizations`, `saturations` and `underflows` are elements, as
    the ledger of the datapath counts them.
    """

    loss: float
    residual: float
    conditions: float
    learning_rate: float
    quantizations: int
    saturations: int
    underflows: int


def read_metrics(path: Path, steps: int) -> tuple[Metrics, ...]:
    """Return the first ``steps`` rows of the table at ``path``.

    Raises
    ------
    CheckpointError
        When there are fewer rows, or one of them is damaged or out of order.
    """
    return read_rows(path, steps, Metrics)
