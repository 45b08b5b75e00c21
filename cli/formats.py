"""``bitpde formats``: the named formats, one of them in full, and pictures of them."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .output import print_aligned, print_json, print_side_by_side, print_table, require_extras
from .parser import add_command

if TYPE_CHECKING:
    from ..formats import Block
    from ..validation import CodeRow, Scalar

_EXAMPLES = """\
examples:
  bitpde formats                          all of them, in two tables
  bitpde formats --json | jq .FP16.max    the same as data; numbers are exact fractions
  bitpde formats --markdown               the same as a page of Markdown
  bitpde formats show OFP8_E4M3           its extremes, its steps, what each code means
  bitpde formats plot OFP8_E4M3 OFP8_E5M2 --out fp8.png

reading the tables:
  S1 E4 M3   a sign bit, 4 bits of biased exponent, 3 of trailing significand
  q*2^-6     the code is a two's complement integer q, worth q times 2^-6
  2^-9       exact; ~1.4e-45 is rounded, and nothing without a "~" is
"""
_SHOW_EXAMPLES = """\
examples:
  bitpde formats show OCP_E2M1            all 16 codes, side by side
  bitpde formats show OCP_E2M1 --all      the same, a line each, with ordinals and decimals
  bitpde formats show FP16                the codes at its ends, at its borders and around one
  bitpde formats show FP16 --all          all 65536
  bitpde formats show Binary8p3se         any format of P3109, by its name there
  bitpde formats show MXFP8_E4M3          a block: its tile, its scale, its element
  bitpde formats show OCP_E2M1 --json | jq '.codes[] | select(.exact == "3/2")'

the ordinal counts values from zero: consecutive ordinals are consecutive values
"""
_PLOT_EXAMPLES = """\
examples:
  bitpde formats plot OFP8_E4M3 --out e4m3.png
  bitpde formats plot OFP8_E4M3 OFP8_E5M2 OCP_E2M1 INT8 --out eight.png

above, every positive value of each format as a mark; below, the largest relative error
|Q(x) - x| / |x| of rounding x to nearest, saturating
"""


def add_formats(commands: Any) -> None:
    """Add ``bitpde formats`` with its actions; alone it lists."""
    text = "the number formats that have a name"
    parser = add_command(commands, "formats", _list, text, _EXAMPLES)
    parser.set_defaults(markdown=False)
    _add_markdown(parser)
    actions = parser.add_subparsers(title="actions (default: list)", metavar="ACTION")
    listing = add_command(actions, "list", _list, "all of them, in two tables", _EXAMPLES)
    _add_markdown(listing)
    text = "one format: extremes, steps and codes"
    show = add_command(actions, "show", _show, text, _SHOW_EXAMPLES)
    show.add_argument("name", metavar="NAME", help="a name from bitpde formats")
    show.add_argument("--all", action="store_true", help="a line for every code, of up to 20 bits")
    text = "a picture of values and relative errors"
    plot = add_command(actions, "plot", _plot, text, _PLOT_EXAMPLES)
    plot.add_argument("names", metavar="NAME", nargs="+", help="a name from bitpde formats")
    plot.add_argument("--out", metavar="FILE", required=True, help="a .png, .pdf or .svg")
    plot.add_argument("--force", action="store_true", help="overwrite the picture")


def _add_markdown(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--markdown",
        action="store_true",
        default=argparse.SUPPRESS,
        help="write a page of Markdown to standard output",
    )


def _refuse_markdown(arguments: argparse.Namespace) -> None:
    """Raise where ``--markdown`` was given to an action that has no page."""
    if arguments.markdown:
        from ..formats import FormatError

        msg = "--markdown writes the page of all formats: leave the action out"
        raise FormatError(msg)


def _list(arguments: argparse.Namespace) -> int:
    """``bitpde formats``: the catalogue."""
    from ..validation import NAMED, block_rows, format_json, formats_markdown, scalar_rows

    if arguments.json:
        print_json({name: format_json(name, format) for name, format in NAMED.items()})
    elif arguments.markdown:
        print(formats_markdown(), end="")
    else:
        print_table(scalar_rows())
        print()
        print_table(block_rows())
    return 0


def _show(arguments: argparse.Namespace) -> int:
    """``bitpde formats show``: one format in full."""
    _refuse_markdown(arguments)
    from ..formats import Block
    from ..validation import format_called, format_json, value_table

    format = format_called(arguments.name)
    if isinstance(format, Block):
        if arguments.json:
            print_json(format_json(arguments.name, format))
        else:
            _print_block(arguments.name, format)
        return 0
    rows = value_table(format, whole=arguments.all)
    if arguments.json:
        codes = [_code_json(row) for row in rows if row]
        print_json({**format_json(arguments.name, format), "codes": codes})
        return 0
    _print_scalar(arguments.name, format)
    if format.bits <= 8 and not arguments.all:
        short = [row.short_cells(format.bits) for row in rows if row]
        print_side_by_side([("code", "fields", "value"), *short])
        return 0
    header = ("code", "fields", "ordinal", "value", "decimal")
    gap = ("...",) * len(header)
    print_aligned([header, *(row.cells(format.bits) if row else gap for row in rows)])
    return 0


def _print_block(name: str, format: "Block") -> None:
    """Print the facts of a block, and where to read on."""
    from ..validation import block_lines

    rows, more = block_lines(name, format)
    print_aligned(rows)
    print(f"\nits codes: {' and '.join(f'bitpde formats show {word}' for word in more)}")


def _print_scalar(name: str, format: "Scalar") -> None:
    """Print the facts of a scalar format and its steps."""
    from ..formats import PowerOfTwo
    from ..validation import scalar_lines, step_rows

    print_aligned(scalar_lines(name, format))
    print()
    if not isinstance(format, PowerOfTwo):  # a step per code: the list of codes says it all
        print_aligned(step_rows(format))
        print()


def _code_json(row: "CodeRow") -> dict[str, Any]:
    from ..validation import decimal_text, number_json

    return {
        "code": row.code,
        "fields": row.fields,
        "ordinal": row.ordinal,
        "exact": number_json(row.value),
        "decimal": decimal_text(row.value),
    }


def _plot(arguments: argparse.Namespace) -> int:
    """``bitpde formats plot``: a picture of one or several formats."""
    _refuse_markdown(arguments)
    require_extras(matplotlib=True)
    from ..formats import whole_file
    from ..validation import (
        format_called,
        picture_kind,
        plot_formats,
        require_absent,
    )

    formats = {name: format_called(name) for name in arguments.names}
    path = Path(arguments.out)
    require_absent(path, force=arguments.force)
    kind = picture_kind(path)
    with whole_file(path) as file:
        plot_formats(formats, file, kind)
    if arguments.json:
        print_json({"picture": str(path), "formats": list(formats)})
    else:
        print(f"picture: {path}")
    return 0
