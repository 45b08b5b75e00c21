"""The command line: ``bitpde train poisson``, ``bitpde datapath``, ``bitpde formats``.

Standard output carries results alone (with ``--json`` one JSON object); progress and errors go to
standard error, an error as one line.  Exit status: 0 done, 1 the run failed, 2 bad arguments,
130 interrupted.
"""

import argparse
import json
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from . import __version__

if TYPE_CHECKING:
    from .emu import Datapath
    from .pde import Run, Study

_EXAMPLES = """\
examples:
  bitpde train poisson          train a network for Poisson's equation, in 8 bits and in FP32
  bitpde train poisson --help   its options, with examples
  bitpde datapath list          the machines to train on
  bitpde datapath show smx8     everything one machine does to a number
  bitpde formats                the number formats that have a name
  bitpde verify                 check this installation against the golden vectors
"""

_TRAIN_EXAMPLES = """\
examples:
  bitpde train poisson                            smx8 and fp32 from one seed, then the table
  bitpde train poisson --datapath mxint8 --datapath exact --seed 3
  bitpde train poisson --datapath mine.json --no-plot
  bitpde train poisson --estimator monte-carlo --sigma 0.1 --pairs 16 --steps 200
  bitpde train poisson --out runs/mine            stop it with Ctrl-C, then
  bitpde train poisson --out runs/mine --resume   go on, bit for bit as if never stopped
  bitpde train poisson --json | jq .rows          one JSON object on standard output

a machine of your own:
  bitpde datapath show smx8 --json > mine.json    then change its name and its formats

files in the run folder:
  config.json  summary.json  table.txt  <problem>.png
  <datapath>/config.json  <datapath>/metrics.csv  <datapath>/checkpoint.npz

exit status: 0 done, 1 the run failed, 2 bad arguments, 130 interrupted
"""


class MissingExtraError(Exception):
    """A library of the extra ``app`` is needed and not installed."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Write one line to standard error and exit with status 2."""
        self.exit(2, f"bitpde: error: {' '.join(message.split())}: see {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    Parameters
    ----------
    argv
        The words after ``bitpde``; those of the process when None.

    Examples
    --------
    >>> main(["datapath", "show", "no-such"])
    2
    """
    words = list(sys.argv[1:] if argv is None else argv)
    arguments = _parser().parse_args(words, argparse.Namespace(words=words))
    try:
        return _guarded(arguments)
    except KeyboardInterrupt:
        return _say("interrupted", 130)


def _guarded(arguments: argparse.Namespace) -> int:
    """Carry out the command; turn what may be expected to go wrong into one line and a status."""
    from .emu import DatapathError
    from .formats import FormatError
    from .pde import CheckpointError, RunError, TrainingError

    try:
        status: int = arguments.command(arguments)
    except (DatapathError, FormatError, RunError, MissingExtraError) as error:
        return _say(f"error: {error}", 2)
    except (CheckpointError, TrainingError) as error:
        return _say(f"error: {error}", 1)
    except MemoryError:
        return _say("error: not enough memory: use fewer points, pairs or hidden units", 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return _say(f"error: {error.filename or 'a file'}: {error.strerror or error}", 1)
    return status


def _say(message: str, status: int) -> int:
    """Write one line to standard error; return ``status``."""
    sys.stderr.write(f"bitpde: {' '.join(message.split())}\n")
    return status


def _train(arguments: argparse.Namespace) -> int:
    """``bitpde train``: train on every datapath, write the folder, show the table."""
    _require_extras(rich=not arguments.json, matplotlib=not arguments.no_plot)
    from .formats import set_thread_count, thread_count
    from .pde import RunError

    runs = _runs(arguments)
    folder = Path(arguments.out or f"runs/{arguments.problem}-seed{arguments.seed}")
    try:
        if arguments.threads is not None:
            set_thread_count(arguments.threads)
        thread_count()
    except ValueError as error:
        raise RunError(str(error)) from error
    try:
        study = _study(runs, folder, arguments)
    except KeyboardInterrupt:
        return _say(_interruption(runs, folder, arguments), 130)
    finally:
        if arguments.threads is not None:
            set_thread_count(None)
    _show(study, folder, as_json=arguments.json)
    return 0


def _runs(arguments: argparse.Namespace) -> list["Run"]:
    """Return the runs the arguments describe, one per datapath."""
    from .pde import MLP, Linear, Run, RunError, estimator_named, problem_named

    problem = problem_named(arguments.problem)
    options = {name: getattr(arguments, name) for name in ("sigma", "pairs", "level", "order")}
    if arguments.depth < 1:
        msg = f"--depth is {arguments.depth}: give an integer of at least 1"
        raise RunError(msg)
    widths = (problem.dimension, *[arguments.width] * arguments.depth, 1)
    names = arguments.datapath or ["smx8", "fp32"]
    return [
        Run(
            problem=problem,
            datapath=_datapath(name),
            estimator=estimator_named(arguments.estimator, options),
            network=MLP(widths=widths),
            steps=arguments.steps,
            domain_points=arguments.domain_points,
            boundary_points=arguments.boundary_points,
            boundary_weight=arguments.boundary_weight,
            schedule=Linear(initial=arguments.learning_rate),
            seed=arguments.seed,
            test_points=arguments.test_points,
        )
        for name in names
    ]


def _study(runs: list["Run"], folder: Path, arguments: argparse.Namespace) -> "Study":
    """Train ``runs`` into ``folder``, with bars unless asked for JSON, and draw the picture."""
    from .pde import plot_study, progress_bars, run_study

    with nullcontext() if arguments.json else progress_bars(runs) as show:
        study = run_study(runs, folder, on_step=show, resume=arguments.resume)
    if not arguments.no_plot:
        plot_study(study, folder / f"{arguments.problem}.png")
    return study


def _show(study: "Study", folder: Path, *, as_json: bool) -> None:
    """Write the outcome to standard output: JSON, a table for a terminal, or plain text."""
    from .pde import format_table, print_table

    if as_json:
        print(json.dumps({"folder": str(folder), **study.to_json()}, indent=2))
        return
    if sys.stdout.isatty():
        print_table(study.rows)
    else:
        print(format_table(study.rows))
    print(f"{study.caption()}folder: {folder}")


def _interruption(runs: list["Run"], folder: Path, arguments: argparse.Namespace) -> str:
    """Return where the checkpoints are and the command that goes on from them."""
    found = [str(folder / run.datapath.name / "checkpoint.npz") for run in runs]
    kept = [path for path in found if Path(path).exists()]
    resumable = (folder / "config.json").exists() and not arguments.resume
    words = ["bitpde", *arguments.words, *(["--resume"] if resumable else [])]
    where = f"the state is in {' and '.join(kept)}" if kept else "nothing was trained yet"
    return f"interrupted: {where}; to go on: {shlex.join(words)}"


def _datapath(name: str) -> "Datapath":
    """Return the preset called ``name``, or the datapath in the JSON file of that path."""
    from .emu import Datapath, DatapathError, preset

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


def _datapath_list(arguments: argparse.Namespace) -> int:
    """``bitpde datapath list``: one line per preset."""
    from .emu import PRESETS

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
    _print_aligned(rows)
    return 0


def _datapath_show(arguments: argparse.Namespace) -> int:
    """``bitpde datapath show``: one datapath in full."""
    path = _datapath(arguments.name)
    if not arguments.json:
        print(f"# {path.name}, digest {path.digest()}")
    print(json.dumps(path.to_json(), indent=2))
    return 0


def _formats(arguments: argparse.Namespace) -> int:
    """``bitpde formats``: the catalogue."""
    from .formats import CATALOGUE, spec_to_json

    if arguments.json:
        print(json.dumps({k: spec_to_json(v) for k, v in CATALOGUE.items()}, indent=2))
    else:
        _print_aligned([(name, repr(value)) for name, value in CATALOGUE.items()])
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    """``bitpde verify``: hold this installation to golden vectors; status 1 if a bit differs."""
    from .validation import GOLDEN, VectorError, differences, load

    path = Path(arguments.file or GOLDEN)
    try:
        vectors = load(path)
        lines = differences(vectors)
    except VectorError as error:
        return _say(f"error: {error}", 2)
    if arguments.json:
        print(json.dumps({"vectors": len(vectors), "differences": lines}, indent=2))
    else:
        print("\n".join([*lines, f"{len(vectors)} vectors, {len(lines)} differences"]))
    return 1 if lines else 0


def _format_name(value: object) -> str:
    from .formats import CATALOGUE

    return next((name for name, known in CATALOGUE.items() if known == value), repr(value))


def _print_aligned(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def _require_extras(**needed: bool) -> None:
    """Raise unless every needed library can be found; nothing is imported."""
    missing = [name for name, wanted in needed.items() if wanted and find_spec(name) is None]
    if missing:
        msg = f"{' and '.join(missing)} not installed: run pip install 'bitpde[app]'"
        raise MissingExtraError(msg)


def _parser() -> _Parser:
    """Return the parser of all commands."""
    parser = _Parser(
        prog="bitpde",
        description="Bit-accurate low-precision arithmetic, and neural PDE solvers trained on it.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"bitpde {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_train(commands)
    datapath = commands.add_parser("datapath", help="list the machines, or show one")
    actions = datapath.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add_command(actions, "list", _datapath_list, "one line per preset")
    show = _add_command(actions, "show", _datapath_show, "one datapath in full")
    show.add_argument("name", metavar="NAME", help="a preset, or a path to a JSON file")
    _add_command(commands, "formats", _formats, "the number formats that have a name")
    verify = _add_command(commands, "verify", _verify, "check every bit of the golden vectors")
    verify.add_argument("file", metavar="FILE", nargs="?", help="default: the vectors shipped")
    return parser


def _add_command(commands: Any, name: str, function: Any, text: str) -> argparse.ArgumentParser:
    """Add a command that ``function`` carries out, with its ``--json``."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=function)
    parser.add_argument("--json", action="store_true", help="write JSON to standard output")
    return parser


def _add_train(commands: Any) -> None:
    """Add ``bitpde train`` with its options."""
    text = "train a physics-informed network on one or several datapaths"
    parser = _add_command(commands, "train", _train, text)
    parser.epilog = _TRAIN_EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("problem", metavar="PROBLEM", help="poisson")
    for group, options in _TRAIN_OPTIONS.items():
        section = parser.add_argument_group(group)
        for option, settings in options.items():
            section.add_argument(option, **settings)


_COUNT = {"type": int, "metavar": "N"}
_TRAIN_OPTIONS: dict[str, dict[str, dict[str, Any]]] = {
    "machine": {
        "--datapath": {
            "action": "append",
            "metavar": "NAME|FILE",
            "help": "a preset or a JSON file; repeat for several (default: smx8, then fp32)",
        },
        "--threads": {**_COUNT, "help": "processor threads; the bits do not depend on them"},
    },
    "derivatives": {
        "--estimator": {
            "default": "gauss-hermite",
            "metavar": "NAME",
            "help": "gauss-hermite, sparse-grid or monte-carlo (default: %(default)s)",
        },
        "--sigma": {"type": float, "metavar": "S", "help": "standard deviation (default: 0.1)"},
        "--order": {**_COUNT, "help": "gauss-hermite: points per coordinate (default: 3)"},
        "--level": {**_COUNT, "help": "sparse-grid: level (default: 3)"},
        "--pairs": {**_COUNT, "help": "monte-carlo: antithetic pairs per point (default: 512)"},
    },
    "training": {
        "--steps": {**_COUNT, "default": 600, "help": "Adam steps (default: %(default)s)"},
        "--learning-rate": {
            "type": float,
            "default": 1e-3,
            "metavar": "R",
            "help": "at step 0, falling linearly to 0 (default: %(default)s)",
        },
        "--seed": {**_COUNT, "default": 0, "help": "of all random numbers (default: %(default)s)"},
        "--width": {**_COUNT, "default": 256, "help": "hidden units (default: %(default)s)"},
        "--depth": {**_COUNT, "default": 3, "help": "hidden layers (default: %(default)s)"},
        "--domain-points": {**_COUNT, "default": 100, "help": "per step (default: %(default)s)"},
        "--boundary-points": {**_COUNT, "default": 100, "help": "per step (default: %(default)s)"},
        "--boundary-weight": {
            "type": float,
            "default": 300.0,
            "metavar": "W",
            "help": "of the boundary term (default: %(default)s)",
        },
        "--test-points": {
            **_COUNT,
            "default": 20_000,
            "help": "for the final errors (default: %(default)s)",
        },
    },
    "files": {
        "--out": {"metavar": "DIR", "help": "run folder (default: runs/PROBLEM-seedN)"},
        "--resume": {"action": "store_true", "help": "go on from the run folder's checkpoints"},
        "--no-plot": {"action": "store_true", "help": "no picture; matplotlib is then not needed"},
    },
}
