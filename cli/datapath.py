"""``bitpde datapath``: the machines to train on, everything one of them does, and what it costs."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .output import print_aligned, print_json, print_table
from .parser import add_command

if TYPE_CHECKING:
    from ..emu import Datapath, OpError
    from ..pde import Run, State

_ERRORS = """\
One training step, forwards and backwards, beside a twin in float64.  The local error of an
operation is what it adds itself, on the operands that it has; the total error is that of all
roundings so far.  Ratios of signal to error are in dB: 6 dB are one bit.
"""
_EXAMPLES = """\
examples:
  bitpde datapath errors smx8                       the first step of poisson, on smx8
  bitpde datapath errors mine.json --json           on a machine of your own
  bitpde datapath errors runs/poisson-seed0/smx8    the step after a run's checkpoint
"""


def add_datapath(commands: Any) -> None:
    """Add ``bitpde datapath`` with its three actions."""
    datapath = commands.add_parser("datapath", help="list the machines, or show one")
    actions = datapath.add_subparsers(title="actions", metavar="ACTION", required=True)
    add_command(actions, "list", _list, "one line per preset")
    show = add_command(actions, "show", _show, "one datapath in full")
    show.add_argument("name", metavar="NAME", help="a preset, or a path to a JSON file")
    text = "the error that each operation of a training step adds"
    errors = add_command(actions, "errors", _errors, text, _EXAMPLES)
    errors.description = _ERRORS
    text = "a preset, a path to a JSON file, or the folder of a run on one datapath"
    errors.add_argument("name", metavar="NAME", help=text)


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
    if arguments.json:
        print_json(path.to_json())
        return 0
    print(f"# {path.name}, digest {path.digest()}")
    specs: dict[str, Any] = {f.name: getattr(path, f.name) for f in fields(path)}
    units = {unit.function: unit for unit in specs.pop("functions")}
    rows: list[Sequence[str]] = [("part", "what", "how")]
    for casts in specs.pop("layers"):
        units |= {f"layer {casts.layer} {role}": getattr(casts, role) for role in casts.changes}
    for part, spec in ({**specs, **units}).items():
        if part != "name" and spec is not None:
            rows += _described(part, spec)
    print_table(rows)
    return 0


def _described(part: str, spec: Any) -> list[Sequence[str]]:
    """Return rows that say what a part is: its format or kind, and what is not usual in it."""
    from ..emu import ACCUMULATOR_PRESETS
    from ..formats import Cast, Minifloat

    if isinstance(spec, Minifloat):
        return [(part, _brief(spec), "")]
    is_cast = isinstance(spec, Cast)
    always = ("rounding", "overflow") if is_cast else ()
    said = "format" if is_cast else "function"
    named = [name for name, preset in ACCUMULATOR_PRESETS.items() if preset == spec]
    values = [f"as {' and '.join(named)}"] if named else []
    values += [
        f"{f.name} {_brief(getattr(spec, f.name))}"
        for f in fields(spec)
        if f.name in always or (f.name != said and _is_unusual(f, spec))
    ]
    what = _brief(spec.format) if is_cast else type(spec).__name__
    first, *rest = values or [""]
    return [(part, what, first), *(("", "", value) for value in rest)]


def _brief(value: Any) -> str:
    """Return a value in a few words: a format by its name, or a spec by what is not usual in it."""
    from ..formats import CATALOGUE

    name = next((name for name, known in CATALOGUE.items() if known == value), "")
    if name:
        return name
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return f"({', '.join(map(_brief, value))})"
    if not is_dataclass(value):
        return str(value)
    own = [(f.name, getattr(value, f.name)) for f in fields(value) if _is_unusual(f, value)]
    return f"{type(value).__name__}({', '.join(f'{n}={_brief(v)}' for n, v in own)})"


def _is_unusual(field: "Field[Any]", spec: Any) -> bool:
    """Whether a field has another value than it has by default."""
    usual = field.default if field.default_factory is MISSING else field.default_factory()
    return bool(getattr(spec, field.name) != usual)


def _errors(arguments: argparse.Namespace) -> int:
    """``bitpde datapath errors``: a training step beside its twin."""
    from ..pde import step_errors

    run, state = _run_and_state(arguments.name)
    errors = step_errors(run, state)
    if arguments.json:
        finite = [_finite(error) for error in errors]
        print_json({"datapath": run.datapath.name, "step": state.step, "errors": finite})
        return 0
    print(f"# step {state.step} of {run.problem.name} on {run.datapath.name}")
    rows: list[Sequence[str]] = [
        ("operation", "pass", "shape", "signal", "local", "dB", "total", "dB")
    ]
    for error in errors:
        passed = "forward" if error.parent is None else f"gradient {error.parent + 1}"
        shape = "x".join(map(str, error.shape)) or "1"
        numbers = [f"{n:.2e}" for n in (error.signal, error.local, error.total)]
        local, total = f"{error.local_sqnr:.1f}", f"{error.total_sqnr:.1f}"
        rows.append((error.op, passed, shape, *numbers[:2], local, numbers[2], total))
    print_table(rows)
    return 0


def _run_and_state(name: str) -> "tuple[Run, State]":
    """Return the run in a folder at its checkpoint, or the default run on a datapath at step 0."""
    from ..pde import Poisson, Run, initial_state, load_run

    if Path(name).is_dir():
        return load_run(Path(name))
    run = Run(problem=Poisson(), datapath=datapath_called(name))
    return run, initial_state(run)


def _finite(error: "OpError") -> dict[str, Any]:
    """The errors as JSON; what is no finite number is null there."""
    data = error.to_json()
    return {k: None if isinstance(v, float) and not isfinite(v) else v for k, v in data.items()}


def _format_name(value: object) -> str:
    from ..formats import CATALOGUE

    return next((name for name, known in CATALOGUE.items() if known == value), repr(value))
