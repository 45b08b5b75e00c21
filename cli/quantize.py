"""``bitpde quantize``: what a format makes of the numbers in a file."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .output import print_aligned, print_json, require_extras
from .parser import add_command

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..formats import Cast
    from ..validation import Quantization

_EXAMPLES = """\
examples:
  bitpde quantize x.npy --format MXFP8_E4M3                 the report alone
  bitpde quantize x.npy --format SMX_INT8 --out x.smx.npz   and the packed codes
  bitpde quantize x.npy --format OFP8_E5M2 --rounding toward_zero --overflow infinity_or_nan
  bitpde quantize x.npy --format INT8 --rounding stochastic --random-bits 8 --seed 1
  bitpde quantize x.npy --format OCP_E2M1 --plot x.png      histograms of values and errors
  bitpde quantize x.npy --format FP16 --json | jq .sqnr_db

the report, of an array x that became q:
  SQNR          10 log10(sum x^2 / sum (x - q)^2) in decibels, where it is defined
  saturated     elements whose rounded value lay beyond the largest one
  underflowed   nonzero elements that became zero
  bytes         of x as it is, and of the packed codes with their scales

nothing is scaled before the cast: a scalar format clips what is too large for it,
a block format chooses a scale for each tile
"""
_BAR_FROM = 10**7


def add_quantize(commands: Any) -> None:
    """Add ``bitpde quantize``."""
    text = "what a format makes of an array: signal to noise, clipping, bytes"
    parser = add_command(commands, "quantize", _quantize, text, _EXAMPLES)
    parser.set_defaults(smaller="quantize the array in several files")
    parser.add_argument("file", metavar="FILE.npy", help="an array saved by numpy.save")
    parser.add_argument("--format", metavar="NAME", required=True, help="see bitpde formats")
    cast = parser.add_argument_group("cast")
    for option, default, text in _POLICIES:
        cast.add_argument(option, default=default, metavar="NAME", help=text)
    cast.add_argument(
        "--scale-rule",
        metavar="NAME",
        help="of a block (default: floor, or range where the scale is a small float)",
    )
    cast.add_argument(
        "--random-bits", type=int, default=0, metavar="N", help="of stochastic rounding, 1 to 32"
    )
    cast.add_argument("--seed", type=int, metavar="N", help="of stochastic rounding (default: 0)")
    files = parser.add_argument_group("files")
    files.add_argument("--out", metavar="OUT.npz", help="write the packed codes and scales")
    files.add_argument("--plot", metavar="FILE", help="draw it: a .png, .pdf or .svg")
    files.add_argument("--force", action="store_true", help="overwrite files that exist")


_POLICIES = (
    ("--rounding", "nearest_even", "which neighbour (default: %(default)s)"),
    ("--overflow", "saturate", "beyond the largest value (default: %(default)s)"),
    ("--nonfinite", "propagate", "NaN and infinities in the file (default: %(default)s)"),
)


def _quantize(arguments: argparse.Namespace) -> int:
    """``bitpde quantize``: read, encode, write, report."""
    require_extras(matplotlib=arguments.plot is not None)
    from ..validation import picture_kind, read_array, require_absent

    cast = _cast(arguments)
    outputs = [Path(name) for name in (arguments.out, arguments.plot) if name is not None]
    for path in outputs:
        require_absent(path, force=arguments.force)
    if arguments.plot is not None:
        picture_kind(Path(arguments.plot))
    x = read_array(Path(arguments.file))
    done = _quantized(cast, x, arguments)
    _write(done, arguments)
    if arguments.json:
        files = {"file": arguments.file, "out": arguments.out, "plot": arguments.plot}
        print_json({**files, "format": arguments.format, **done.report.to_json()})
        return 0
    print(f"{arguments.file}: {x.dtype}{list(x.shape)} to {arguments.format}")
    print_aligned(done.report.lines())
    for path in outputs:
        print(f"wrote {path}")
    return 0


def _cast(arguments: argparse.Namespace) -> "Cast":
    """The cast that the options describe."""
    from ..formats import (
        Block,
        Cast,
        FormatError,
        NonFinite,
        Overflow,
        PowerOfTwo,
        Rounding,
        ScaleRule,
        Scaling,
    )
    from ..validation import format_called

    format = format_called(arguments.format)
    if isinstance(format, PowerOfTwo):
        msg = f"{arguments.format} holds scales only: choose a block format that has it"
        raise FormatError(msg)
    rule = arguments.scale_rule
    if rule is None:
        small_float = isinstance(format, Block) and not format.has_power_of_two_scale
        rule = "range" if small_float else "floor"
    cast = Cast(
        format=format,
        rounding=_policy(Rounding, "--rounding", arguments.rounding),
        overflow=_policy(Overflow, "--overflow", arguments.overflow),
        nonfinite=_policy(NonFinite, "--nonfinite", arguments.nonfinite),
        random_bits=arguments.random_bits,
        scaling=Scaling(rule=_policy(ScaleRule, "--scale-rule", rule)),
    )
    if cast.rounding.is_stochastic and not arguments.random_bits:
        msg = f"{arguments.rounding} rounding needs random bits: give --random-bits 1 to 32"
        raise FormatError(msg)
    if arguments.seed is not None and not cast.rounding.is_stochastic:
        msg = "--seed goes with stochastic rounding: leave it out"
        raise FormatError(msg)
    return cast


def _policy(kind: Any, option: str, name: str) -> Any:
    """The member of an enum whose value is ``name``; a hyphen counts as an underscore."""
    from ..formats import FormatError

    known = {member.value: member for member in kind}
    member = known.get(name.replace("-", "_"))
    if member is None:
        msg = f"{option} is {name!r}: use one of {', '.join(known)}"
        raise FormatError(msg)
    return member


def _quantized(cast: "Cast", x: "NDArray[Any]", arguments: argparse.Namespace) -> "Quantization":
    """Encode, with a bar on standard error for a long array."""
    from ..validation import PICTURE_SAMPLE, quantize_array

    random = _random(cast, x, arguments.seed or 0)
    sample = 0 if arguments.plot is None else PICTURE_SAMPLE
    with _bar(x.size, quiet=arguments.json) as on_part:
        return quantize_array(cast, x, random=random, on_part=on_part, sample=sample)


def _random(cast: "Cast", x: "NDArray[Any]", seed: int) -> "NDArray[np.uint32] | None":
    """The random bits of stochastic rounding: a function of the seed and the element's index."""
    from ..formats import RandomBits

    if not cast.rounding.is_stochastic:
        return None
    return RandomBits(seed=seed).draw(x.shape, cast.random_bits)


@contextmanager
def _bar(elements: int, *, quiet: bool) -> Iterator[Callable[[int], None] | None]:
    """Yield what is to be called after each part; it moves a bar where there is one."""
    if quiet or elements < _BAR_FROM or not sys.stderr.isatty() or find_spec("rich") is None:
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("quantizing", total=elements)
        yield lambda part: progress.advance(task, part)


def _write(done: "Quantization", arguments: argparse.Namespace) -> None:
    """Write the codes and the picture, where they were asked for."""
    from ..validation import picture_kind, plot_quantization, whole_file, write_coded

    if arguments.out is not None:
        write_coded(done.coded, Path(arguments.out))
    if arguments.plot is not None:
        path = Path(arguments.plot)
        title = f"{Path(arguments.file).name} to {arguments.format}"
        with whole_file(path) as file:
            plot_quantization(done, file, title=title, kind=picture_kind(path))
