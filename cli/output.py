"""What every command says and how: lines, tables, JSON, and the library that is missing."""

import json
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import accumulate, zip_longest
from shutil import get_terminal_size
from typing import Any, Final

_BETWEEN: Final = "  |  "


class MissingExtraError(Exception):
    """A library of the extra ``app`` is needed and not installed."""


def say(message: str, status: int) -> int:
    """Write one line to standard error; return ``status``."""
    sys.stderr.write(f"bitpde: {' '.join(message.split())}\n")
    return status


def print_json(data: Any) -> None:
    """Print ``data`` as JSON; a number that JSON does not have is an error."""
    print(json.dumps(data, indent=2, allow_nan=False))


def print_aligned(rows: Sequence[Sequence[str]]) -> None:
    """Print rows of equal length in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print(_aligned(row, widths).rstrip())


def print_side_by_side(rows: Sequence[Sequence[str]]) -> None:
    """Print a header and its rows in as many columns of rows as the terminal is wide, read down.

    Where there is no terminal it counts as 80 characters wide.
    """
    header, *rest = rows
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    width = sum(widths) + 2 * len(widths) - 2
    count = max(1, (get_terminal_size().columns + len(_BETWEEN)) // (width + len(_BETWEEN)))
    height = -(-len(rest) // count)
    pieces = [[header, *rest[start : start + height]] for start in range(0, len(rest), height)]
    columns = [[_aligned(row, widths) for row in piece] for piece in pieces]
    for line in zip_longest(*columns, fillvalue=""):
        print(_BETWEEN.join(line).rstrip(" |"))


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print a header and its rows: on a terminal by rich where it is installed, else aligned.

    A terminal that is too narrow gets the columns that fit; the last ones are left out, and a line
    on standard error says so.
    """
    if not (sys.stdout.isatty() and find_spec("rich")):
        print_aligned(rows)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    ends = list(accumulate(width + 2 for width in widths))
    shown = max(1, sum(end - 2 <= console.width for end in ends))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), collapse_padding=True)
    for title in rows[0][:shown]:
        table.add_column(title, no_wrap=True)
    for row in rows[1:]:
        table.add_row(*map(Text, row[:shown]))
    console.print(table)
    if shown < len(widths):
        hidden = ", ".join(rows[0][shown:])
        sys.stderr.write(f"({hidden}: on a terminal of {ends[-1] - 2} columns)\n")


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))


def require_extras(**needed: bool) -> None:
    """Raise unless every needed library can be found; nothing is imported."""
    missing = [name for name, wanted in needed.items() if wanted and find_spec(name) is None]
    if missing:
        msg = f"{' and '.join(missing)} not installed: run pip install 'bitpde[app]'"
        raise MissingExtraError(msg)
