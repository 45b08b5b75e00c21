"""Bars on standard error for trainings: what is trained, how far it is, and what is left."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress


def step_progress(width: int) -> "Progress":
    """Return bars with room for names of ``width``; they show nothing off a terminal.

    Tasks have the field ``said``: a phrase beside the bar.  It takes rich (extra ``app``).
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
        TextColumn(f"{{task.description:>{width}}}"),
        BarColumn(),
        TextColumn("{task.fields[said]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, disable=not console.is_terminal)
