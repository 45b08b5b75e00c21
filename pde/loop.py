"""Steps with their table and their checkpoints, whatever a step is."""

import os
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from io import TextIOWrapper
from pathlib import Path
from typing import Generic

from .checkpoint import NAME, PREVIOUS, State, load_checkpoint, save_checkpoint
from .step_rows import METRICS, Row, read_rows, write_rows


@dataclass(frozen=True, kw_only=True)
class StepFiles(Generic[Row]):
    """What a training leaves in a folder that is its own: ``metrics.csv`` and checkpoints.

    Parameters
    ----------
    folder
        The folder, claimed by `claim_folder`.
    digest
        Of the run, written into every checkpoint.
    dtype
        Of the run's numbers.
    kind
        The class of the rows.
    """

    folder: Path
    digest: str
    dtype: type
    kind: type[Row]

    def kept(self) -> tuple[State, tuple[Row, ...]] | None:
        """Return the state to go on from and the rows up to it; None where nothing began.

        Raises
        ------
        CheckpointError
            When the checkpoint or the table cannot be used.
        """
        if not any((self.folder / name).exists() for name in (NAME, PREVIOUS, METRICS)):
            return None
        state = load_checkpoint(self.folder, self.digest, self.dtype)
        return state, read_rows(self.folder / METRICS, state.step, self.kind)

    def begin(self, state: State, rows: tuple[Row, ...], *, more: bool) -> None:
        """Write a checkpoint or a table where there is none, and it where ``more`` steps follow."""
        if more or not (self.folder / METRICS).exists():
            write_rows(self.folder / METRICS, rows, self.kind)
        if not (self.folder / NAME).exists():
            save_checkpoint(self.folder, state, self.digest)

    def open_table(self) -> TextIOWrapper:
        """Return the table, open for more rows."""
        return (self.folder / METRICS).open("a", encoding="utf-8", newline="")

    def save(self, state: State, table: TextIOWrapper) -> None:
        """Write a checkpoint after every row before it has reached the disk."""
        table.flush()
        os.fsync(table.fileno())
        save_checkpoint(self.folder, state, self.digest)


def take_steps(
    state: State,
    history: tuple[Row, ...],
    steps: int,
    step: Callable[[State], tuple[State, Row]],
    *,
    files: StepFiles[Row] | None,
    on_step: Callable[[Row], None] | None,
    checkpoint_every: int,
) -> tuple[State, tuple[Row, ...]]:
    """Return the state after ``steps`` steps and the rows of all of them.

    Parameters
    ----------
    state, history
        Where to begin: a state, and the rows of the steps before it.
    steps
        How many steps there are from the first to the last.
    step
        Returns the next state and its row.
    files
        Where all of it is kept; None: nowhere.
    on_step
        Called with each row after it is written.
    checkpoint_every
        Steps between checkpoints.  One is also written at the start, at the end, and when anything
        interrupts the steps.
    """
    rows, saved = list(history), state.step
    if files is not None:
        files.begin(state, history, more=state.step < steps)
    with nullcontext() if files is None else files.open_table() as table:
        try:
            while state.step < steps:
                after, row = step(state)
                if table is not None:
                    table.write(row.line())
                state = after
                rows.append(row)
                if on_step is not None:
                    on_step(row)
                if files is not None and table is not None and state.step % checkpoint_every == 0:
                    files.save(state, table)
                    saved = state.step
        finally:
            if files is not None and table is not None and state.step > saved:
                files.save(state, table)
    return state, tuple(rows)


def timed(step: Callable[[], tuple[State, Row]]) -> tuple[State, Row]:
    """Return what a step returns, with the time it took added to the state's seconds."""
    start = time.perf_counter()
    after, row = step()
    return replace(after, seconds=after.seconds + time.perf_counter() - start), row
