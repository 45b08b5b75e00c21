"""What a person at a terminal sees: a progress bar on stderr and a table on stdout.

rich (extra ``app``) is imported inside the functions.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .metrics import Metrics
from .report import TITLES, Row
from .run import Run
from .study import OnStudyStep


@contextmanager
def progress_bars(runs: Sequence[Run]) -> Iterator[OnStudyStep]:
    """Show one bar per run on stderr for as long as the context lasts; nothing off a terminal.

    Yields the function to be called after each step.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:>8}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} steps, loss {task.fields[loss]:.2e}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        tasks = {
            run.datapath.name: progress.add_task(
                run.datapath.name, total=run.steps, loss=float("nan"), start=False
            )
            for run in runs
        }

        def show(run: Run, row: Metrics) -> None:
            task = tasks[run.datapath.name]
            progress.start_task(task)
            progress.update(task, completed=row.step + 1, loss=row.loss)

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
