"""The training loop: steps, their metrics, and checkpoints from which it goes on bit for bit."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from .checkpoint import State, save_checkpoint
from .lbfgs import Refinement
from .loop import StepFiles, take_steps, timed
from .metrics import Metrics
from .refine import refined
from .run import Run
from .run_folder import claim_folder
from .spec import require_integer
from .step import initial_state, training_step

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
    claim_folder(folder, run.to_json(), resume=resume)
    files = StepFiles(folder=folder, digest=run.digest(), dtype=run.datapath.dtype, kind=Metrics)
    state, history = files.kept() or (initial_state(run), ())
    state, history = take_steps(
        state,
        history,
        run.steps,
        lambda state: timed(lambda: training_step(run, state)),
        files=files,
        on_step=on_step,
        checkpoint_every=checkpoint_every,
    )
    state = _refined(run, state, folder, on_step)
    return Result(run=run, state=state, history=history)


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
