"""``bitpde train-operator``: a network between fields, in floating point and quantized."""

import argparse
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .datapath import datapath_called
from .output import print_json, require_extras, say
from .parser import add_command
from .progress import counting_bar
from .training import terminal_width, threads, words_to_go_on

if TYPE_CHECKING:
    from ..pde import data, qat
    from ..pde import operators as types

_EXAMPLES = """\
examples:
  bitpde train-operator burgers                   w8a8, then the table
  bitpde train-operator burgers --model unet --qat w4a4 --qat w8a8
  bitpde train-operator vorticity --resolution 2 --instances 20
  bitpde train-operator darcy --model transformer --qat w8a16 --loss mse
  bitpde train-operator burgers.h5                of bitpde data generate: its splits
  bitpde train-operator 1D_Burgers_Sols_Nu0.01.hdf5 --instances 80 --held-out 10 --periodic
  bitpde train-operator burgers --qat w4a8 --scheme minmax --ranges percentile --per-tensor
  bitpde train-operator burgers --out runs/mine            stop it with Ctrl-C, then
  bitpde train-operator burgers --out runs/mine --resume   go on, bit for bit as if never stopped
  bitpde train-operator burgers --json | jq .rows          one JSON object on standard output

what is trained: float, in floating point; PTQ, that network quantized by the ranges it shows; QAT,
the same with weights and ranges trained on; float again, trained on for as long without them.
w4a8 is 4 bits of weights, 8 of activations.

files in the run folder:
  data.h5 (of a family)  config.json  summary.json  table.txt  picture.png
  float/  float-again/  w8a8-ptq/  w8a8-qat/, in each:
    config.json  quantizers.npz  calibration.npz  metrics.csv  checkpoint.npz  summary.json

exit status: 0 done, 1 the run failed, 2 bad arguments, 130 interrupted
"""
_DATA: Final = "data.h5"
_SCHEMES: Final = {"lsq": "step", "lsq+": "step and offset", "minmax": "min and max"}


def add_train_operator(commands: Any) -> None:
    """Add ``bitpde train-operator`` with its options."""
    text = "train a network between fields, then quantize it and train it again"
    parser = add_command(commands, "train-operator", _train_operator, text, _EXAMPLES)
    parser.set_defaults(smaller="use a smaller --batch or --width, or a larger --resolution")
    help_of_data = "a family (see bitpde data list), or a file of data"
    parser.add_argument("data", metavar="NAME|FILE", help=help_of_data)
    for group, options in _OPTIONS.items():
        section = parser.add_argument_group(group)
        for option, settings in options.items():
            section.add_argument(option, **settings)


def _train_operator(arguments: argparse.Namespace) -> int:
    """``bitpde train-operator``: train all of it, write the folder, show the table."""
    from ..pde import keep_freed_memory

    require_extras(rich=not arguments.json, matplotlib=not arguments.no_plot)
    keep_freed_memory()
    name = f"{Path(arguments.data).stem}-{arguments.model}-seed{arguments.seed}"
    folder = Path(arguments.out or f"runs/{name}")
    try:
        with threads(arguments.threads):
            found = _comparison(arguments, folder)
    except KeyboardInterrupt:
        where = f"what is done is in {folder}" if folder.exists() else "nothing was done yet"
        return say(f"interrupted: {where}; to go on: {words_to_go_on(arguments, folder)}", 130)
    if arguments.json:
        print_json({"folder": str(folder), **found.to_json()})
        return 0
    _show(found, folder)
    return 0


def _comparison(arguments: argparse.Namespace, folder: Path) -> "types.Comparison":
    """Make the data if there are none, train every network, draw the picture."""
    from ..pde import Linear, RunError, operators, require_free

    if arguments.resume and not folder.exists():
        msg = f"there is no run in {folder} to resume: start one there, or correct the folder"
        raise RunError(msg)
    plans, machine = _plans(arguments), datapath_called(arguments.datapath)
    rates = [Linear(initial=rate) for rate in (arguments.learning_rate, arguments.qat_rate)]
    require_free(folder, resume=arguments.resume, besides=(_DATA,))
    splits, periodic = _splits(arguments, folder)
    reduction = operators.Reduction(
        factor=arguments.resolution, periodic=periodic, means=arguments.means
    )
    train = operators.reduced(splits.train, reduction)
    network = operators.operator_named(
        arguments.model, train, periodic=periodic, width=arguments.width
    )
    network.require_grid(train.space)
    run = operators.OperatorRun.on(
        train,
        network=network,
        datapath=machine,
        epochs=arguments.epochs,
        batch=arguments.batch,
        calibration=arguments.calibration,
        schedule=rates[0],
        loss=arguments.loss,
        seed=arguments.seed,
    )
    per_epoch = train.steps_per_epoch(run.batch)
    names = (operators.AGAIN, *(f"{plan.name} QAT" for plan in plans))
    steps = {operators.FLOAT: run.epochs * per_epoch}
    steps |= dict.fromkeys(names, arguments.qat_epochs * per_epoch)
    with nullcontext() if arguments.json else operators.comparison_bars(steps) as show:
        found = operators.compare(
            run,
            plans,
            splits,
            folder,
            reduction=reduction,
            epochs=arguments.qat_epochs,
            schedule=rates[1],
            on_step=show,
            resume=arguments.resume,
            besides=(_DATA,),
        )
    if not arguments.no_plot:
        operators.plot_comparison(found, folder / "picture.png")
    return found


def _plans(arguments: argparse.Namespace) -> "list[qat.Plan]":
    """Return the scenarios, with the ranges and the learners that are asked for."""
    from ..pde import RunError, qat

    names = arguments.qat or ["w8a8"]
    if len(set(names)) != len(names):
        msg = f"--qat is given {', '.join(names)}: give each scenario once"
        raise RunError(msg)
    ranges = qat.Ranges(rule=arguments.ranges)
    return [
        replace(
            qat.Plan.named(name),
            learner=_SCHEMES[arguments.scheme],
            weight_ranges=ranges,
            activation_ranges=ranges,
            per_channel=not arguments.per_tensor,
            per_mode=not arguments.per_tensor,
        )
        for name in names
    ]


def _splits(arguments: argparse.Namespace, folder: Path) -> "tuple[types.Splits, bool]":
    """Return the samples on the grid of the data, and whether it is periodic."""
    from ..pde import data, operators

    pairs = operators.Pairs(inputs=arguments.frames, stride=arguments.stride)
    counts = data.Counts(
        train=arguments.instances, validation=arguments.held_out, test=arguments.held_out
    )
    path = Path(arguments.data)
    if not (path.is_file() or path.suffix or len(path.parts) > 1):
        path = folder / _DATA
        family = data.family_named(arguments.data)
        folder.mkdir(parents=True, exist_ok=True)
        with nullcontext() if arguments.json else counting_bar(arguments.data) as show:
            data.generate(
                family, path, counts, seed=arguments.seed, on_instance=show, certified=1,
                workers=arguments.threads,
            )  # fmt: skip
    with data.open_dataset(path) as found:
        parts = _parts(found, counts)
        splits = operators.Splits(
            **{name: pairs.of(part) for name, part in parts.items()}, steps=pairs.steps(found)
        )
        periodic = arguments.periodic
        return splits, operators.is_periodic(found) if periodic is None else periodic


def _parts(found: "data.Dataset", counts: "data.Counts") -> "dict[str, data.Dataset]":
    """Return the instances of each split: those of the data, or as many as are asked for.

    Where the data are divided for training and test alone, as PDEBench's are, the last instances of
    training are for validation.
    """
    names = ("train", "validation", "test")
    given = [name for name in names if len(found.splits.get(name, ()))]
    if given == ["train", "test"]:
        train, kept = found.split("train"), counts.validation
        parts = {"train": train[:-kept], "validation": train[-kept:], "test": found.split("test")}
    else:
        divided = found if given == list(names) else found.divided(counts)
        parts = {name: divided.split(name) for name in names}
    return {**parts, "train": parts["train"][: counts.train]}


def _show(found: "types.Comparison", folder: Path) -> None:
    """Write the table to standard output, and what belongs under it."""
    from ..pde import operators

    print(operators.operator_table(found.rows, terminal_width()))
    print(f"{found.caption()}folder: {folder}")


def _integer(least: int) -> Callable[[str], int]:
    """The type of an option that is an integer of at least so much."""

    def read(text: str) -> int:
        value = int(text)
        if value < least:
            msg = f"give an integer of at least {least}"
            raise argparse.ArgumentTypeError(msg)
        return value

    read.__name__ = "int"
    return read


_COUNT: Final[dict[str, Any]] = {"type": _integer(1), "metavar": "N"}
_FROM_0: Final[dict[str, Any]] = {"type": _integer(0), "metavar": "N"}
_OPTIONS: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "data": {
        "--instances": {**_COUNT, "default": 48, "help": "to train on (default: %(default)s)"},
        "--held-out": {
            **_COUNT,
            "default": 8,
            "help": "instances for validation, and as many for test, where the data are not "
            "divided yet (default: %(default)s)",
        },
        "--frames": {**_COUNT, "default": 1, "help": "that go in (default: %(default)s)"},
        "--stride": {
            **_COUNT,
            "help": "frames from one to the next (default: a tenth of the trajectory)",
        },
        "--resolution": {
            **_COUNT,
            "default": 1,
            "help": "work on a grid coarser by this factor; errors are on the grid of the data "
            "(default: %(default)s)",
        },
        "--means": {
            "action": "store_true",
            "help": "coarse cells are means of their cells, not interpolated",
        },
        "--periodic": {
            "action": argparse.BooleanOptionalAction,
            "help": "whether fields go on at their end as they began (default: as the family says)",
        },
    },
    "network": {
        "--model": {
            "choices": ("fno", "unet", "transformer"),
            "default": "fno",
            "help": "(default: %(default)s)",
        },
        "--width": {**_COUNT, "help": "channels (default: 24, 16 or 32 on a line; 16, 8 or 32)"},
    },
    "quantization": {
        "--qat": {
            "action": "append",
            "metavar": "wNaM",
            "help": "bits of weights and activations; repeat for several (default: w8a8)",
        },
        "--scheme": {
            "choices": tuple(_SCHEMES),
            "default": "lsq+",
            "help": "what of a range is learned: its step; and its offset; its two ends "
            "(default: %(default)s)",
        },
        "--ranges": {
            "choices": ("mse", "minmax", "percentile", "sqnr"),
            "default": "mse",
            "help": "how ranges begin (default: %(default)s)",
        },
        "--per-tensor": {
            "action": "store_true",
            "help": "one range for a tensor, not one for each channel of weights and each mode",
        },
        "--calibration": {
            **_COUNT,
            "default": 64,
            "help": "samples that show the first ranges (default: %(default)s)",
        },
    },
    "training": {
        "--epochs": {**_COUNT, "default": 10, "help": "in floating point (default: %(default)s)"},
        "--qat-epochs": {**_COUNT, "default": 3, "help": "from there on (default: %(default)s)"},
        "--batch": {**_COUNT, "default": 16, "help": "samples of a step (default: %(default)s)"},
        "--learning-rate": {
            "type": float,
            "default": 3e-3,
            "metavar": "R",
            "help": "at step 0, falling linearly to 0 (default: %(default)s)",
        },
        "--qat-rate": {
            "type": float,
            "default": 1e-3,
            "metavar": "R",
            "help": "the same for what goes on from there (default: %(default)s)",
        },
        "--loss": {
            "choices": ("relative", "mse"),
            "default": "relative",
            "help": "(default: %(default)s)",
        },
        "--seed": {**_FROM_0, "default": 0, "help": "of data and training (default: %(default)s)"},
    },
    "machine": {
        "--datapath": {
            "metavar": "NAME|FILE",
            "default": "fp32",
            "help": "a preset or a JSON file: what happens beside the integers "
            "(default: %(default)s)",
        },
        "--threads": {**_COUNT, "help": "processor threads; the bits do not depend on them"},
    },
    "files": {
        "--out": {"metavar": "DIR", "help": "run folder (default: runs/NAME-MODEL-seedN)"},
        "--resume": {"action": "store_true", "help": "go on from the run folder's checkpoints"},
        "--no-plot": {"action": "store_true", "help": "no picture; matplotlib is then not needed"},
    },
}
