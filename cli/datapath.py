"""``bitpde datapath``: the machines to train on, and everything one of them does."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .output import print_aligned
from .parser import add_command

if TYPE_CHECKING:
    from ..emu import Datapath


def add_datapath(commands: Any) -> None:
    """Add ``bitpde datapath`` with its two actions."""
    datapath = commands.add_parser("datapath", help="list the machines, or show one")
    actions = datapath.add_subparsers(title="actions", metavar="ACTION", required=True)
    add_command(actions, "list", _list, "one line per preset")
    show = add_command(actions, "show", _show, "one datapath in full")
    show.add_argument("name", metavar="NAME", help="a preset, or a path to a JSON file")


def datapath_called(name: str) -> "Datapath":
    """Return the preset called ``name``, or the datapath in the JSON file of that path."""
    from ..emu import Datapath, DatapathError, preset

    path = Path(name)
    if path.suffix != ".json" and len(path.parts) == 1:
        return preset(name)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        msg = f"there is no file {path}: give a path to a datapath's JSON, or the name of a preset"
        raise DatapathError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{path} is no JSON ({error}): write one with bitpde datapath show smx8 --json"
        raise DatapathError(msg) from error
    try:
        return Datapath.from_json(data)
    except (TypeError, ValueError) as error:
        msg = f"{path}: {error}"
        raise DatapathError(msg) from error


def _list(arguments: argparse.Namespace) -> int:
    """``bitpde datapath list``: one line per preset."""
    from ..emu import PRESETS

    if arguments.json:
        print(json.dumps({name: path.to_json() for name, path in PRESETS.items()}, indent=2))
        return 0
    rows: list[Sequence[str]] = [
        ("datapath", "activation", "weight", "gradient", "vector", "digest")
    ]
    for name, path in PRESETS.items():
        casts = (path.activation, path.weight, path.gradient)
        formats = [_format_name(value) for value in (*(c.format for c in casts), path.vector)]
        rows.append((name, *formats, path.digest()[:12]))
    print_aligned(rows)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    """``bitpde datapath show``: one datapath in full."""
    path = datapath_called(arguments.name)
    if not arguments.json:
        print(f"# {path.name}, digest {path.digest()}")
    print(json.dumps(path.to_json(), indent=2))
    return 0


def _format_name(value: object) -> str:
    from ..formats import CATALOGUE

    return next((name for name, known in CATALOGUE.items() if known == value), repr(value))
