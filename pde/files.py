"""What is written at once: bytes and JSON, each a file that is never half of one."""

import json
from pathlib import Path

from ..formats import whole_file


def write_atomically(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``, as `whole_file` does.

    Raises
    ------
    OSError
        When the folder cannot be written; whatever was at ``path`` is then still there.
    """
    with whole_file(path) as file:
        file.write(data)


def write_json(path: Path, data: object) -> None:
    """Write ``data`` as indented JSON, atomically; NaN and infinities are refused."""
    text = json.dumps(data, indent=2, allow_nan=False) + "\n"
    write_atomically(path, text.encode())
