"""``bitpde verify``: this installation against the golden vectors."""

import argparse
import json
from pathlib import Path
from typing import Any

from .output import say
from .parser import add_command


def add_verify(commands: Any) -> None:
    """Add ``bitpde verify``."""
    verify = add_command(commands, "verify", _verify, "check every bit of the golden vectors")
    verify.add_argument("file", metavar="FILE", nargs="?", help="default: the vectors shipped")


def _verify(arguments: argparse.Namespace) -> int:
    """``bitpde verify``: hold this installation to golden vectors; status 1 if a bit differs."""
    from ..validation import GOLDEN, VectorError, differences, load

    path = Path(arguments.file or GOLDEN)
    try:
        vectors = load(path)
        lines = differences(vectors)
    except VectorError as error:
        return say(f"error: {error}", 2)
    if arguments.json:
        print(json.dumps({"vectors": len(vectors), "differences": lines}, indent=2))
    else:
        print("\n".join([*lines, f"{len(vectors)} vectors, {len(lines)} differences"]))
    return 1 if lines else 0
