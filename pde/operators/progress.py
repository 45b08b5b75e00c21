"""What a person at a terminal sees of a comparison: a bar for each training, on standard error."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ..progress import step_progress
from .comparison import OnComparisonStep
from .outcome import OperatorMetrics


@contextmanager
def comparison_bars(steps: Mapping[str, int]) -> Iterator[OnComparisonStep]:
    """Show one bar per training for as long as the context lasts; nothing off a terminal.

    Parameters
    ----------
    steps
        How many steps each training has, by name; one of none has no bar.

    Yields
    ------
    OnComparisonStep
        To be called after each step.
    """
    with step_progress(12) as progress:
        tasks = {
            name: progress.add_task(name, total=count, said="", start=False)
            for name, count in steps.items()
            if count
        }
        watched = dict.fromkeys(steps, "")

        def show(name: str, row: OperatorMetrics) -> None:
            progress.start_task(tasks[name])
            if row.validation is not None:
                watched[name] = f", validation {row.validation:.2e}"
            said = f"step {row.step + 1} of {steps[name]}, loss {row.loss:.2e}{watched[name]}"
            progress.update(tasks[name], completed=row.step + 1, said=said)

        yield show
