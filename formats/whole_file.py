"""Files that are either the old one or the new one, never half of one."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes its name when all is written, and leaves no trace if it is not.

    It is written beside ``path``, flushed to the disk, then renamed over it.

    Raises
    ------
    OSError
        If the folder cannot be written; whatever was at ``path`` is then still there.
    """
    beside = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")
    try:
        with beside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    """Make a rename in ``folder`` durable, where the system lets a folder be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
