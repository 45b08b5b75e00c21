"""The training loop: steps, their metrics, and checkpoints from which it goes on bit for bit."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import TextIOWrapper
from pathlib import Path

from .checkpoint import NAME, State, save_checkpoint
from .lbfgs import Refinement
from .metrics import Metrics, write_metrics
from .refine import refined
from .run import Run
from .run_folder import METRICS, open_run
from .spec import require_integer
from .step import training_step

OnStep = Callable[[Metrics | Refinement], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """A finished training: its run, its final state and the metrics of every step."""

    run: Run
    state: State
    history: tuple[Metrics, ...]


def train(
    run: Run,
    folder: Path,
    *,
    on_step: OnStep | None = None,
    resume: bool = False,
    checkpoint_every: int = 100,
) -> Result:
    """Train ``run`` to its last step, keeping ``folder`` resumable at every moment.

    The folder holds ``config.json`` (the run), ``metrics.csv`` (a row per step) and the
    checkpoints.  The state after k steps is a function of ``run`` and k alone: neither clock nor
    threads nor an interruption can change a bit of it.

    Parameters
    ----------
    run
        What to train.
    folder
        A folder that does not exist or is empty; with ``resume``, one this run was trained in.
    on_step
        Called with the metrics of each step after its row is written, and with what each round of
        L-BFGS did.
    resume
        Go on from the checkpoint of ``folder``; a finished run is returned as it is.
    checkpoint_every
        Steps between checkpoints.  One is also written at the start, at the end, after each round
        of L-BFGS, and when anything interrupts the steps.

    Raises
    ------
    RunError
        When ``folder`` is in use, or belongs to another run.
    CheckpointError
        When the checkpoint cannot be used; nothing is then changed.
    TrainingError
        When a number is not finite; the checkpoint is then of the last finite state.
    KeyboardInterrupt
        Passed on, after a checkpoint of the last finished step.
    """
    require_integer("checkpoint_every", checkpoint_every, least=1)
    state, history = open_run(run, folder, resume=resume)
    rows, digest, saved = list(history), run.digest(), state.step
    if state.step < run.steps:
        write_metrics(folder / METRICS, history)
    if not (folder / NAME).exists():
        save_checkpoint(folder, state, digest)
    with (folder / METRICS).open("a", encoding="utf-8", newline="") as table:
        try:
            while state.step < run.steps:
                state, row = _timed_step(run, state, table)
                rows.append(row)
                if on_step is not None:
                    on_step(row)
                if state.step % checkpoint_every == 0:
                    _save(folder, state, digest, table)
                    saved = state.step
        finally:
            if state.step > saved:
                _save(folder, state, digest, table)
    state = _refined(run, state, folder, on_step)
    return Result(run=run, state=state, history=tuple(rows))


def _refined(run: Run, state: State, folder: Path, on_step: OnStep | None) -> State:
    """Do the rounds of L-BFGS that are left; one that is interrupted is done anew."""
    while run.refinement is not None and len(state.refinements) < run.rounds:
        start = time.perf_counter()
        after = refined(run, run.refinement, state)
        state = replace(after, seconds=state.seconds + time.perf_counter() - start)
        save_checkpoint(folder, state, run.digest())
        if on_step is not None:
            on_step(state.refinements[-1])
    return state


def _timed_step(run: Run, state: State, table: TextIOWrapper) -> tuple[State, Metrics]:
    """Take one step and write its row; what is timed is the step."""
    start = time.perf_counter()
    after, row = training_step(run, state)
    seconds = state.seconds + time.perf_counter() - start
    table.write(row.line())
    return replace(after, seconds=seconds), row


def _save(folder: Path, state: State, digest: str, table: TextIOWrapper) -> None:
    """Write a checkpoint after every row before it has reached the disk."""
    table.flush()
    os.fsync(table.fileno())
    save_checkpoint(folder, state, digest)
