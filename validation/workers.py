"""Who measures the cells of a study: this process, processes of this machine, or a cluster.

All are given functions and say what became of them, in the order in which they are done.  What a
process that dies was doing is done again by another.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self

#: How often a task is given again after the process that did it has died.
CHANCES: Final = 3


@dataclass(frozen=True, kw_only=True)
class Done:
    """What became of a task.

    Parameters
    ----------
    ticket
        Which.
    value
        What the function returned.
    problem
        Why it did not; empty if it did.
    """

    ticket: int
    value: Any = None
    problem: str = ""


class Workers(Protocol):
    """A context manager; what is under way when it is left is ended."""

    @property
    def capacity(self) -> int:
        """How many tasks they take at a time."""

    def __enter__(self) -> Self:
        """Return itself."""

    def __exit__(self, *error: object) -> None:
        """End what is under way."""

    def give(self, ticket: int, function: Callable[..., Any], *arguments: Any) -> None:
        """Give a task: a function that can be imported, and arguments that can be pickled."""

    def take(self) -> Done:
        """Wait until a task is done; there must be one."""


class Here:
    """The process that asks, one task after the other."""

    capacity = 1

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, Callable[..., Any], tuple[Any, ...]]] = deque()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """There is nothing to end."""

    def give(self, ticket: int, function: Callable[..., Any], *arguments: Any) -> None:
        """Give a task."""
        self._waiting.append((ticket, function, arguments))

    def take(self) -> Done:
        """Do the next task."""
        ticket, function, arguments = self._waiting.popleft()
        return attempt(ticket, function, arguments)


def attempt(ticket: int, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Done:
    """Return what became of a task that is done here and now."""
    try:
        return Done(ticket=ticket, value=function(*arguments))
    except Exception as error:
        return Done(ticket=ticket, problem=f"{type(error).__name__}: {error}")
