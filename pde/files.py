"""Files that are either the old one or the new one, never half of one."""

import contextlib
import json
import os
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``: written beside it, flushed to the disk, then renamed over it.

    Raises
    ------
    OSError
        When the folder cannot be written; whatever was at ``path`` is then still there.
    """
    beside = path.with_name(path.name + ".partial")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    _flush_folder(path.parent)


def write_json(path: Path, data: object) -> None:
    """Write ``data`` as indented JSON, atomically; NaN and infinities are refused."""
    text = json.dumps(data, indent=2, allow_nan=False) + "\n"
    write_atomically(path, text.encode())


def _flush_folder(folder: Path) -> None:
    """Make a rename in ``folder`` durable, where the system lets a folder be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
