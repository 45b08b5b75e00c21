"""``bitpde data``: data for operator networks, generated, shown, checked and exported."""

import argparse
from contextlib import nullcontext
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .data_files import add_check, add_export
from .data_show import add_show
from .output import print_aligned, print_json, print_table, require_extras, say
from .parser import add_command
from .progress import counting_bar

if TYPE_CHECKING:
    from ..pde import data as data_types

_EXAMPLES = """\
examples:
  bitpde data list                                      the families of equations
  bitpde data generate burgers --out burgers.h5         stop it with Ctrl-C; the same words go on
  bitpde data show burgers.h5 --plot burgers.png        shapes, splits, what is known of the error
  bitpde data check burgers.h5                          some instances computed again, bit for bit
  bitpde data check 1D_Burgers_Sols_Nu0.01.hdf5         files of PDEBench, PDEArena, The Well, FNO
  bitpde data export burgers.h5 --layout pdebench --out burgers.hdf5

exit status: 0 done, 1 a check or an instance failed, 2 bad arguments, 130 interrupted
"""
_GENERATE_EXAMPLES = """\
examples:
  bitpde data generate burgers --out burgers.h5
  bitpde data generate burgers --out burgers.h5 --train 1000 --validation 100 --test 100 --seed 7
  bitpde data generate darcy --out darcy.h5 --points 128 --dtype float64 --workers 8

instances are written as they are done: stop with Ctrl-C, or lose power, and the same words go on;
the bytes of the file depend on neither the workers nor the interruptions
"""


def add_data(commands: Any) -> None:
    """Add ``bitpde data`` with its five actions."""
    data = commands.add_parser(
        "data",
        help="generate, show, check or export data for operator networks",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = data.add_subparsers(title="actions", metavar="ACTION", required=True)
    add_command(actions, "list", _list, "one line per family of equations")
    text = "write instances of a family, with a certificate of their error"
    generate = add_command(actions, "generate", _generate, text, _GENERATE_EXAMPLES)
    generate.set_defaults(smaller="use fewer points or workers")
    generate.add_argument("name", metavar="NAME", help="a family: see bitpde data list")
    generate.add_argument("--out", metavar="FILE", required=True, help="HDF5; resumed if there")
    for name, count in (("train", 100), ("validation", 20), ("test", 20)):
        text = f"instances for {name} (default: {count})"
        generate.add_argument(f"--{name}", type=int, default=count, metavar="N", help=text)
    text = "of all random numbers (default: 0)"
    generate.add_argument("--seed", type=int, default=0, metavar="S", help=text)
    text = "of the grid, along each axis (default: the family's)"
    generate.add_argument("--points", type=int, metavar="N", help=text)
    text = "processes (default: one for each processor); the bytes do not depend on them"
    generate.add_argument("--workers", type=int, metavar="N", help=text)
    types, text = ("float32", "float64"), "of the values: float32 is one rounding (default)"
    generate.add_argument("--dtype", choices=types, default="float32", help=text)
    add_show(actions)
    add_check(actions)
    add_export(actions)


def _list(arguments: argparse.Namespace) -> int:
    """``bitpde data list``: one line per family."""
    from ..pde import data

    if arguments.json:
        print_json({name: family.to_json() for name, family in data.FAMILIES.items()})
        return 0
    rows = [("family", "what it is", "with")]
    for name, family in data.FAMILIES.items():
        what = (family.__doc__ or "").split("\n")[0].replace("``", "").replace("`", "")
        rows.append((name, what, _settings(family)))
    print_table(rows)
    return 0


def _settings(family: "data_types.Family") -> str:
    """The fields in which a family is not the default of its kind."""
    usual = type(family)()
    given = {field.name: getattr(family, field.name) for field in fields(family)}
    other = {name: value for name, value in given.items() if value != getattr(usual, name)}
    return ", ".join(f"{name}={_brief(value)}" for name, value in other.items())


def _brief(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return type(value).__name__ if is_dataclass(value) else repr(value)


def _generate(arguments: argparse.Namespace) -> int:
    """``bitpde data generate``: fill the file, show its certificate."""
    require_extras(rich=not arguments.json)
    from ..pde import data

    counts = data.Counts(
        train=arguments.train, validation=arguments.validation, test=arguments.test
    )
    family = _family(arguments)
    try:
        with nullcontext() if arguments.json else counting_bar(arguments.name) as show:
            certificate = data.generate(
                family,
                Path(arguments.out),
                counts,
                seed=arguments.seed,
                dtype=arguments.dtype,
                workers=arguments.workers,
                on_instance=show,
            )
    except KeyboardInterrupt:
        kept = f"what is done is in {arguments.out}" if Path(arguments.out).exists() else "nothing"
        return say(f"interrupted: {kept}; the same words go on", 130)
    if arguments.json:
        print_json({"file": arguments.out, "certificate": certificate.to_json()})
        return 0
    shown = ("scheme", "self_convergence", "residual", "boundary_error", "estimated_error")
    values = certificate.to_json()
    print_aligned([(name.replace("_", " "), _text(values[name])) for name in shown])
    print(f"file: {arguments.out}")
    return 0


def _family(arguments: argparse.Namespace) -> "data_types.Family":
    """Return the family that is asked for, on the grid that is asked for."""
    from ..pde import RunError, data

    family = data.family_named(arguments.name)
    if arguments.points is None:
        return family
    if "points" not in family.to_json():
        msg = f"the family {arguments.name} has no points to choose: leave --points out"
        raise RunError(msg)
    changes: dict[str, Any] = {"points": arguments.points}
    return replace(family, **changes)


def _text(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
