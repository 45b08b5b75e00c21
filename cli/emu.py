"""``bitpde emu``: the named accumulators, where two part, and the errors of functions."""

import argparse
from typing import Any

from .function import add_function
from .output import print_aligned, print_json, print_table
from .parser import add_command

_EXAMPLES = """\
examples:
  bitpde emu list                         all of them, a line each
  bitpde emu list --markdown              the same as a table in Markdown
  bitpde emu show hopper_fp8              every field of one
  bitpde emu witness hopper_fp8 cdna3_fp8 --format OFP8_E4M3
  bitpde emu function tanh --format FP16  the largest error of a unit for tanh

reading the table:
  terms   products that one step adds; "32, 128": steps of 32 in chunks of 128
  bits    fraction bits that products keep below the largest exponent of their step; of
          registers their width
  C       where the accumulator joins a step
  end     how the sum of a step is rounded, or what a full register does
"""
_WITNESS_EXAMPLES = """\
examples:
  bitpde emu witness hopper_fp8 blackwell_f8f6f4 --format OFP8_E4M3
  bitpde emu witness fma_fp32 kulisch_fp32 --format FP16 --seed 1
  bitpde emu witness int32 kulisch_fp32 --format INT16 --json

the witness is the smallest that the search can make: shortest first, then of the fewest bits and
the smallest exponents; removing any product makes the two agree.  Exit status 1: none was found
"""


def add_emu(commands: Any) -> None:
    """Add ``bitpde emu`` with its actions."""
    emu = commands.add_parser(
        "emu",
        help="the accumulators of known machines, and where two of them differ",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = emu.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = add_command(actions, "list", _list, "one line per accumulator", _EXAMPLES)
    listing.add_argument("--markdown", action="store_true", help="write a table in Markdown")
    show = add_command(actions, "show", _show, "one accumulator in full")
    show.add_argument("name", metavar="PRESET", help="a name from bitpde emu list")
    text = "a smallest dot product on which two accumulators differ"
    witness = add_command(actions, "witness", _witness, text, _WITNESS_EXAMPLES)
    for name in ("one", "other"):
        witness.add_argument(name, metavar=name.upper(), help="a name from bitpde emu list")
    witness.add_argument("--format", metavar="NAME", required=True, help="of the operands")
    witness.add_argument("--bits", action="store_true", help="signs of zeros and NaN codes count")
    witness.add_argument("--seed", type=int, default=0, help="of the random search")
    text = "dot products to try at most"
    witness.add_argument("--budget", type=int, default=1 << 21, help=text)
    add_function(actions)


def _list(arguments: argparse.Namespace) -> int:
    """``bitpde emu list``: one line per preset."""
    from ..emu import ACCUMULATOR_PRESETS
    from ..validation import accumulator_json, accumulator_rows, accumulators_markdown

    if arguments.json:
        print_json({name: accumulator_json(name) for name in ACCUMULATOR_PRESETS})
    elif arguments.markdown:
        print(accumulators_markdown(), end="")
    else:
        print_table(accumulator_rows())
    return 0


def _show(arguments: argparse.Namespace) -> int:
    """``bitpde emu show``: one preset in full."""
    from ..emu import accumulator_preset
    from ..validation import accumulator_json, accumulator_rows

    accumulator_preset(arguments.name)
    data = accumulator_json(arguments.name)
    if arguments.json:
        print_json(data)
        return 0
    header, *rows = accumulator_rows()
    row = next(row for row in rows if row[0] == arguments.name)
    print_aligned(list(zip(header, row, strict=True)))
    print()
    print_json(data["spec"])
    return 0


def _witness(arguments: argparse.Namespace) -> int:
    """``bitpde emu witness``: where two presets part; status 1 where no witness was found."""
    from ..emu import DatapathError, accumulator_preset, find_witness
    from ..formats import Fixed, Minifloat
    from ..validation import format_called
    from .output import say

    format = format_called(arguments.format)
    if not isinstance(format, Fixed | Minifloat):
        msg = f"operands of a witness in {arguments.format}: choose a scalar format"
        raise DatapathError(msg)
    if arguments.seed < 0:
        msg = f"--seed is {arguments.seed}: give an integer from 0"
        raise DatapathError(msg)
    one, other = (accumulator_preset(name) for name in (arguments.one, arguments.other))
    options = {name: getattr(arguments, name) for name in ("bits", "budget", "seed")}
    witness = find_witness(one, other, format, **options)
    if witness is None:
        if one == other:
            return say(f"{arguments.one} and {arguments.other} are equal: no witness exists", 1)
        text = f"{arguments.budget} dot products of {arguments.format}"
        return say(f"no witness among {text}: give another --format, --seed or --budget", 1)
    if arguments.json:
        print_json({"one": arguments.one, "other": arguments.other, **witness.to_json()})
    else:
        print(witness.describe(arguments.one, arguments.other))
    return 0
