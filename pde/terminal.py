"""What a person at a terminal sees of a study: a bar for each run, on standard error."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .lbfgs import Refinement
from .metrics import Metrics
from .progress import step_progress
from .run import Run
from .study import OnStudyStep


@contextmanager
def progress_bars(runs: Sequence[Run]) -> Iterator[OnStudyStep]:
    """Show one bar per run on stderr for as long as the context lasts; nothing off a terminal.

    Yields the function to be called after each step and round.  After the last one a further bar
    says that the errors are being measured.
    """
    with step_progress(8) as progress:
        tasks = {
            run: progress.add_task(
                run.datapath.name, total=run.steps + run.rounds, said="", start=False
            )
            for run in runs
        }
        rounds = dict.fromkeys(runs, 0)

        def show(run: Run, row: Metrics | Refinement) -> None:
            progress.start_task(tasks[run])
            if isinstance(row, Metrics):
                done = row.step + 1
                said = f"step {done} of {run.steps}, loss {row.loss:.2e}"
            else:
                rounds[run] += 1
                done = run.steps + rounds[run]
                said = f"L-BFGS round {rounds[run]} of {run.rounds}, loss {row.after:.2e}"
            progress.update(tasks[run], completed=done, said=said)
            if run == runs[-1] and done == run.steps + run.rounds:
                progress.add_task("errors", total=None, said="measured on the test points")

        yield show
