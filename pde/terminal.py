"""What a person at a terminal sees: a progress bar on stderr and a table on stdout.

rich (extra ``app``) is imported inside the functions.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .lbfgs import Refinement
from .metrics import Metrics
from .report import TITLES, Row
from .run import Run
from .study import OnStudyStep


@contextmanager
def progress_bars(runs: Sequence[Run]) -> Iterator[OnStudyStep]:
    """Show one bar per run on stderr for as long as the context lasts; nothing off a terminal.

    Yields the function to be called after each step and round.  After the last one a further bar
    says that the errors are being measured.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:>8}"),
        BarColumn(),
        TextColumn("{task.fields[said]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
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


def print_table(rows: Sequence[Row]) -> None:
    """Print the table to a terminal, wrapped to its width."""
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for index, title in enumerate(TITLES):
        table.add_column(title, justify="right" if index else "left")
    for row in rows:
        table.add_row(*row.cells())
    Console().print(table)
