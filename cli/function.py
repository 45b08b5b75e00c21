"""``bitpde emu function``: the largest error of a unit of the vector unit, over every operand."""

import argparse
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from .output import print_aligned, print_json
from .parser import add_command

_EXAMPLES = """\
examples:
  bitpde emu function tanh --format FP16                   correctly rounded, into FP16
  bitpde emu function exp --format FP16 --output BF16 --within -80 80
  bitpde emu function tanh --format FP16 --unit table.json  a unit that unit_to_json wrote

every finite number of the format is compared; the errors are proved bounds.
"""


def add_function(actions: Any) -> None:
    """Add ``bitpde emu function``."""
    text = "the largest error of a function's unit over a format of at most 16 bits"
    parser = add_command(actions, "function", _function, text, _EXAMPLES)
    parser.add_argument("name", metavar="FUNCTION", help="such as tanh, exp, gelu, rsqrt")
    parser.add_argument("--format", metavar="NAME", required=True, help="of the operands")
    parser.add_argument("--output", metavar="NAME", help="of the results; that of the operands")
    text = "a JSON file of unit_to_json, compared in place of correct rounding"
    parser.add_argument("--unit", metavar="FILE", help=text)
    text = "the least and the greatest operand"
    parser.add_argument("--within", nargs=2, metavar=("LOW", "HIGH"), type=Fraction, help=text)


def _function(arguments: argparse.Namespace) -> int:
    """Print how far the unit is from the function at the most."""
    from ..emu import DatapathError, WorstCase, maximum_error
    from ..formats import Fixed, Minifloat
    from ..validation import decimal_text, format_called

    format = format_called(arguments.format)
    if not isinstance(format, Fixed | Minifloat):
        msg = f"operands of {arguments.name} in {arguments.format}: choose a scalar format"
        raise DatapathError(msg)
    unit = _unit(arguments)
    low, high = arguments.within or (None, None)
    within = None if low is None or high is None else (low, high)
    found = maximum_error(unit, format, within=within)

    def row(name: str, worst: WorstCase) -> list[str]:
        operand = decimal_text(worst.operand)
        return [name, f"{float(worst.high):.6g}", f"at {operand}", f"code {worst.code:#x}"]

    if arguments.json:
        cases = {"absolute": found.absolute, "ulps": found.ulps}
        errors = {n: {"error": float(w.high), "code": w.code} for n, w in cases.items()}
        print_json({"function": arguments.name, "operands": found.operands, **errors})
        return 0
    print(f"{arguments.name} of the {found.operands} operands of {arguments.format}")
    print_aligned([row("absolute error", found.absolute), row("error in ulps", found.ulps)])
    return 0


def _unit(arguments: argparse.Namespace) -> Any:
    """The unit to compare."""
    from ..emu import (
        DatapathError,
        FunctionTable,
        PiecewisePolynomial,
        RoundedFunction,
        unit_from_json,
    )
    from ..formats import Cast, Fixed, Minifloat
    from ..validation import format_called

    if arguments.unit is None:
        name = arguments.output or arguments.format
        output = format_called(name)
        if not isinstance(output, Fixed | Minifloat):
            msg = f"results of {arguments.name} in {name}: choose a scalar format"
            raise DatapathError(msg)
        return RoundedFunction(function=arguments.name, cast=Cast(format=output))
    try:
        unit = unit_from_json(json.loads(Path(arguments.unit).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        msg = f"--unit {arguments.unit}: {error}"
        raise DatapathError(msg) from error
    if (
        not isinstance(unit, RoundedFunction | FunctionTable | PiecewisePolynomial)
        or unit.function != arguments.name
        or arguments.output
    ):
        msg = f"--unit {arguments.unit} holds no unit for {arguments.name}, or --output is given "
        raise DatapathError(msg + "too: give one for it, without --output")
    return unit
