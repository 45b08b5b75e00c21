"""What the commands that train have in common: threads, tables, and how to go on."""

import argparse
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import get_terminal_size


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Use so many processor threads within the context; None: as many as there are.

    Raises
    ------
    RunError
        When there cannot be so many, or the environment says nonsense.
    """
    from ..formats import set_thread_count, thread_count
    from ..pde import RunError

    try:
        if count is not None:
            set_thread_count(count)
        thread_count()
    except ValueError as error:
        raise RunError(str(error)) from error
    try:
        yield
    finally:
        if count is not None:
            set_thread_count(None)


def words_to_go_on(arguments: argparse.Namespace, folder: Path) -> str:
    """Return the command that goes on with what was interrupted."""
    resumable = (folder / "config.json").exists() and not arguments.resume
    return shlex.join(["bitpde", *arguments.words, *(["--resume"] if resumable else [])])


def terminal_width() -> int | None:
    """Return how many characters a line of standard output has; None if it is no terminal."""
    return get_terminal_size().columns if sys.stdout.isatty() else None
