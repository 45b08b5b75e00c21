"""Logs of one line of JSON for each result, so that a long computation can stop and go on."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def append(path: Path, line: dict[str, Any]) -> None:
    """Add a line to a log, below one that was cut off if there is such.

    Raises
    ------
    ValueError
        For a number that JSON does not have.
    """
    text = json.dumps(line, separators=(",", ":"), allow_nan=False) + "\n"
    with path.open("a+b") as file:
        if file.tell():
            file.seek(-1, 2)
            text = text if file.read(1) == b"\n" else "\n" + text
        file.write(text.encode())


def whole_lines(path: Path) -> Iterator[tuple[str, Any]]:
    """The lines of a log, as text and as data; what an interruption has cut off is left out."""
    for text in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        yield text, line
