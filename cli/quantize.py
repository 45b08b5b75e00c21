"""``bitpde quantize``: what a format makes of the numbers in a file."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .cast_options import POLICY_NAMES, add_cast_options, cast_of, cast_text
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
  bitpde quantize x.npy --format MXFP4_E2M1 --preset torchao --scale-rule rceil
  bitpde quantize x.npy --format OFP8_E5M2 --rounding toward_zero --overflow infinity_or_nan
  bitpde quantize x.npy --format INT8 --rounding stochastic --random-bits 8 --seed 1
  bitpde quantize x.npy --format UINT8 --scale 0.1 --zero-point 128
  bitpde quantize x.npy --format OCP_E2M1 --plot x.png      histograms of values and errors
  bitpde quantize x.npy --format FP16 --json | jq .sqnr_db

the report, of an array x that became q:
  SQNR          10 log10(sum x^2 / sum (x - q)^2) in decibels, where it is defined
  saturated     elements whose rounded value lay beyond the largest one
  underflowed   nonzero elements that became zero
  bytes         of x as it is, and of the packed codes with their scales

nothing is scaled before the cast: a scalar format clips what is too large for it,
a block format chooses a scale for each tile

in Python, bitpde.formats.Coded.load("x.smx.npz") reads what --out wrote; its .values()
are the numbers, its .codes and .scales the bits

"""
_BAR_FROM = 10**7


def add_quantize(commands: Any) -> None:
    """Add ``bitpde quantize``."""
    text = "what a format makes of an array: signal to noise, clipping, bytes"
    parser = add_command(commands, "quantize", _quantize, text, _EXAMPLES + POLICY_NAMES)
    parser.set_defaults(smaller="quantize the array in several files")
    parser.add_argument("file", metavar="FILE.npy", help="an array saved by numpy.save")
    add_cast_options(parser)
    files = parser.add_argument_group("files")
    files.add_argument("--out", metavar="OUT.npz", help="write the packed codes and scales")
    files.add_argument("--plot", metavar="FILE", help="draw it: a .png, .pdf or .svg")
    files.add_argument("--force", action="store_true", help="overwrite files that exist")


def _quantize(arguments: argparse.Namespace) -> int:
    """``bitpde quantize``: read, encode, write, report."""
    require_extras(matplotlib=arguments.plot is not None)
    from ..formats import spec_to_json
    from ..validation import read_array

    cast = cast_of(arguments)
    outputs = _outputs(arguments)
    x = read_array(Path(arguments.file))
    done = _quantized(cast, x, arguments)
    _write(done, arguments)
    if arguments.json:
        files = {"file": arguments.file, "out": arguments.out, "plot": arguments.plot}
        about = {"format": arguments.format, "cast": spec_to_json(cast)}
        print_json({**files, **about, **done.report.to_json()})
        return 0
    print(f"{arguments.file}: {x.dtype}{list(x.shape)} to {arguments.format}")
    print_aligned([("cast", cast_text(cast)), *done.report.lines()])
    for path in outputs:
        print(f"wrote {path}")
    return 0


def _outputs(arguments: argparse.Namespace) -> list[Path]:
    """The files to write, once it is known that they can be."""
    from ..validation import ArrayFileError, picture_kind, require_absent

    outputs = [Path(name) for name in (arguments.out, arguments.plot) if name is not None]
    for path in outputs:
        require_absent(path, force=arguments.force)
    if arguments.plot is not None:
        picture_kind(Path(arguments.plot))
    if arguments.out is not None and Path(arguments.out).suffix != ".npz":
        msg = f"{arguments.out} names no archive: let it end in .npz"
        raise ArrayFileError(msg)
    return outputs


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
    from ..formats import whole_file
    from ..validation import picture_kind, plot_quantization

    if arguments.out is not None:
        done.coded.save(arguments.out)
    if arguments.plot is not None:
        path = Path(arguments.plot)
        title = f"{Path(arguments.file).name} to {arguments.format}"
        with whole_file(path) as file:
            plot_quantization(done, file, title=title, kind=picture_kind(path))
