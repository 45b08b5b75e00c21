"""The commands ``bitpde train``, ``train-operator``, ``data``, ``datapath``, ``emu``, ...

Standard output carries results alone (with ``--json`` one JSON object); progress and errors go to
standard error, an error as one line.  Exit status: 0 done, 1 the run failed, 2 bad arguments,
130 interrupted.

One file per command; what a command needs of the library is imported when it runs.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from .. import __version__
from .data import add_data
from .datapath import add_datapath
from .emu import add_emu
from .formats import add_formats
from .integers import add_integers
from .output import MissingExtraError, say
from .parser import Parser
from .quantize import add_quantize
from .study import add_study
from .train import add_train
from .train_operator import add_train_operator
from .verify import add_verify

_EXAMPLES = """\
examples:
  bitpde train poisson          train a network for Poisson's equation, in 8 bits and in FP32
  bitpde train poisson --help   its options, with examples
  bitpde train-operator burgers  a network between fields, in floating point and in 8 bits
  bitpde integers export runs/burgers-fno-seed0/w8a8-qat --out chip   its integers, for hardware
  bitpde data list              the equations to generate data of, for operator networks
  bitpde data show burgers.h5   a file of data: ours, PDEBench's, PDEArena's, The Well's
  bitpde datapath list          the machines to train on
  bitpde datapath show smx8     everything one machine does to a number
  bitpde emu list               the accumulators of known machines
  bitpde emu witness hopper_fp8 cdna3_fp8 --format OFP8_E4M3    where two of them differ
  bitpde formats                the number formats that have a name
  bitpde formats show OCP_E2M1  one format: its extremes, its steps, every code
  bitpde quantize x.npy --format MXFP8_E4M3      what a format makes of an array
  bitpde study estimator        what eight bits leave of an estimated derivative
  bitpde study qat              errors of quantized networks between fields against their cost
  bitpde verify                 check this installation against the golden vectors
  bitpde verify --help          and against every float32, other libraries, published tables
"""


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
        return say("interrupted", 130)


def _guarded(arguments: argparse.Namespace) -> int:
    """Carry out the command; turn what may be expected to go wrong into one line and a status."""
    from ..emu import DatapathError
    from ..formats import FormatError
    from ..pde import CheckpointError, RunError, TrainingError
    from ..pde import data as pde_data
    from ..tt import TensorTrainError
    from ..validation import ArrayFileError, StudyError

    try:
        status: int = arguments.command(arguments)
    except (
        ArrayFileError, DatapathError, FormatError, RunError, TensorTrainError, MissingExtraError
    ) as error:  # fmt: skip
        return say(f"error: {error}", 2)
    except (CheckpointError, TrainingError, StudyError, pde_data.DataError) as error:
        return say(f"error: {error}", 1)
    except MemoryError:
        return say(f"error: not enough memory: {arguments.smaller}", 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return say(f"error: {error.filename or 'a file'}: {error.strerror or error}", 1)
    return status


def _parser() -> Parser:
    """Return the parser of all commands."""
    parser = Parser(
        prog="bitpde",
        description="Bit-accurate low-precision arithmetic, and neural PDE solvers trained on it.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(json=False, smaller="use a smaller problem")
    parser.add_argument("--version", action="version", version=f"bitpde {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_train(commands)
    add_train_operator(commands)
    add_data(commands)
    add_integers(commands)
    add_datapath(commands)
    add_emu(commands)
    add_formats(commands)
    add_quantize(commands)
    add_study(commands)
    add_verify(commands)
    return parser
