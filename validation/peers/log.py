"""The log of a comparison, one JSON object to a line, and tables made from it."""

import json
import platform
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .compare import Tally

HEADER = ("peer", "version", "format", "mode", "compared", "differences", "explained", "failures")


def header_line(count: int) -> str:
    """The first line: what was run."""
    from ... import __version__

    about = {"bitpde": __version__, "numpy": np.__version__, "python": platform.python_version()}
    return json.dumps({"run": "bitpde.validation.peers", "count": count, **about})


def tally_line(tally: Tally) -> str:
    """A result as JSON.

    Examples
    --------
    >>> tally_line(Tally(peer="p", version="1", format="f", mode="m", compared=3))[:60]
    '{"peer": "p", "version": "1", "format": "f", "mode": "m", "c'
    """
    return json.dumps(
        {
            "peer": tally.peer, "version": tally.version, "format": tally.format,
            "mode": tally.mode, "compared": tally.compared, "differences": tally.differences,
            "explained": dict(sorted(tally.explained.items())),
            "unexplained": tally.unexplained, "first": tally.first,
        }
    )  # fmt: skip


def read_log(path: Path) -> list[Tally]:
    """The results in a log.

    Raises
    ------
    ValueError
        If it is no such log.
    """
    try:
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        return [_tally(line) for line in lines if "peer" in line]
    except (KeyError, TypeError, ValueError) as error:
        msg = f"{path} is no log of a comparison: {error!r}"
        raise ValueError(msg) from error


def cells(tally: Tally) -> tuple[str, ...]:
    """The row of a table."""
    explained = ", ".join(f"{row}: {n:,}" for row, n in sorted(tally.explained.items()))
    numbers = (f"{tally.compared:,}", f"{tally.differences:,}", explained or "-")
    return tally.peer, tally.version, tally.format, tally.mode, *numbers, f"{tally.unexplained:,}"


def markdown(tallies: Iterable[Tally]) -> str:
    """A Markdown table with the modes of each format added up.

    Examples
    --------
    >>> one = Tally(peer="p", version="1", format="f", mode="m", compared=3)
    >>> print(markdown([one, one]).splitlines()[2])
    | p | 1 | f | 1 | 6 | 0 | - | 0 |
    """
    merged: dict[tuple[str, str, str], Tally] = {}
    modes: dict[tuple[str, str, str], set[str]] = {}
    for tally in tallies:
        key = (tally.peer, tally.version, tally.format)
        modes.setdefault(key, set()).add(tally.mode)
        total = merged.setdefault(key, Tally(peer=key[0], version=key[1], format=key[2], mode=""))
        total.compared += tally.compared
        total.differences += tally.differences
        total.explained += tally.explained
    for key, total in merged.items():
        total.mode = str(len(modes[key]))
    rows = [(*HEADER[:3], "modes", *HEADER[4:]), ("---",) * len(HEADER)]
    return "\n".join(_pipe(row) for row in [*rows, *map(cells, merged.values())])


def _pipe(row: Sequence[str]) -> str:
    return f"| {' | '.join(row)} |"


def _tally(line: dict[str, Any]) -> Tally:
    names = ("peer", "version", "format", "mode", "compared", "differences", "first")
    return Tally(**{name: line[name] for name in names}, explained=Counter(line["explained"]))
