"""``bitpde train``: a network on one or several datapaths, from one seed."""

import argparse
import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .datapath import datapath_called
from .output import require_extras, say
from .parser import add_command
from .training import terminal_width, threads, words_to_go_on

if TYPE_CHECKING:
    from ..pde import LBFGS, MLP, Problem, Run, Study

_EXAMPLES = """\
examples:
  bitpde train poisson                            smx8 and fp32 from one seed, then the table
  bitpde train poisson --datapath mxint8 --datapath exact --seed 3
  bitpde train poisson --datapath mine.json --no-plot
  bitpde train poisson --engine monte-carlo --sigma 0.01 --pairs 16 --differences naive
  bitpde train poisson --engine forward-laplacian --datapath fp32
  bitpde train hjb --engine sparse-grid --rows 20000
  bitpde train poisson --tt-rank 8                the hidden layers as tensor trains
  bitpde train poisson --datapath exact --steps 200 --lbfgs-rounds 3
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


def add_train(commands: Any) -> None:
    """Add ``bitpde train`` with its options."""
    text = "train a physics-informed network on one or several datapaths"
    parser = add_command(commands, "train", _train, text, _EXAMPLES)
    parser.set_defaults(smaller="use fewer points, pairs or hidden units")
    parser.add_argument("problem", metavar="PROBLEM", help=_PROBLEMS)
    for group, options in _OPTIONS.items():
        section = parser.add_argument_group(group)
        for option, settings in options.items():
            section.add_argument(option, **settings)


def _train(arguments: argparse.Namespace) -> int:
    """``bitpde train``: train on every datapath, write the folder, show the table."""
    from ..pde import keep_freed_memory

    require_extras(rich=not arguments.json, matplotlib=not arguments.no_plot)
    runs = _runs(arguments)
    folder = Path(arguments.out or f"runs/{arguments.problem}-seed{arguments.seed}")
    keep_freed_memory()
    try:
        with threads(arguments.threads):
            study = _study(runs, folder, arguments)
    except KeyboardInterrupt:
        return say(_interruption(runs, folder, arguments), 130)
    _show(study, folder, as_json=arguments.json)
    return 0


def _runs(arguments: argparse.Namespace) -> list["Run"]:
    """Return the runs the arguments describe, one per datapath."""
    from ..pde import Differences, Linear, Run, Sampling, engine_named, problem_named

    problem = problem_named(arguments.problem)
    named = ("sigma", "pairs", "level", "order", "samples", "probes", "step")
    options = {name: getattr(arguments, name) for name in named}
    engine = arguments.engine or ("gauss-hermite" if problem.dimension < 4 else "forward-laplacian")
    names = arguments.datapath or ["smx8", "fp32"]
    return [
        Run(
            problem=problem,
            datapath=datapath_called(name),
            engine=engine_named(engine, options),
            network=_network(problem, arguments),
            differences=Differences(arguments.differences),
            steps=arguments.steps,
            domain_points=arguments.domain_points,
            condition_points=arguments.condition_points,
            condition_weights=_weights(arguments.condition_weight),
            sampling=Sampling(arguments.sampling),
            unbiased=arguments.unbiased,
            rows=arguments.rows,
            schedule=Linear(initial=arguments.learning_rate),
            refinement=_refinement(arguments),
            seed=arguments.seed,
            test_points=arguments.test_points,
        )
        for name in names
    ]


def _network(problem: "Problem", arguments: argparse.Namespace) -> "MLP":
    """Return the problem's network, with the hidden layers that the arguments ask for."""
    from ..pde import RunError, compressed
    from ..tt import TTPlan

    named = {name: getattr(arguments, name) for name in ("depth", "width", "tt_rank")}
    for option, value in named.items():
        if value is not None and value < 1:
            msg = f"--{option.replace('_', '-')} is {value}: give an integer of at least 1"
            raise RunError(msg)
    network = problem.network
    hidden = network.widths[1:-1]
    depth = arguments.depth or len(hidden)
    widths = hidden if arguments.depth is None else (hidden[0],) * depth
    if arguments.width is not None:
        widths = (arguments.width,) * depth
    network = replace(network, widths=(problem.dimension, *widths, 1))
    if arguments.tt_rank is None:
        return network
    return compressed(network, arguments.tt_rank, TTPlan(arguments.tt_plan.replace("-", "_")))


def _refinement(arguments: argparse.Namespace) -> "LBFGS | None":
    """Return the rounds of L-BFGS that were asked for."""
    from ..pde import LBFGS

    if not arguments.lbfgs_rounds:
        return None
    return LBFGS(rounds=arguments.lbfgs_rounds, iterations=arguments.lbfgs_iterations)


def _weights(given: list[float] | None) -> tuple[float, ...] | None:
    return None if given is None else tuple(given)


def _study(runs: list["Run"], folder: Path, arguments: argparse.Namespace) -> "Study":
    """Train ``runs`` into ``folder``, with bars unless asked for JSON, and draw the picture."""
    from ..pde import plot_study, progress_bars, run_study

    with nullcontext() if arguments.json else progress_bars(runs) as show:
        study = run_study(runs, folder, on_step=show, resume=arguments.resume)
    if not arguments.no_plot:
        plot_study(study, folder / f"{arguments.problem}.png")
    return study


def _show(study: "Study", folder: Path, *, as_json: bool) -> None:
    """Write the outcome to standard output: JSON, or a table."""
    from ..pde import format_table

    if as_json:
        print(json.dumps({"folder": str(folder), **study.to_json()}, indent=2))
        return
    print(format_table(study.rows, terminal_width()))
    print(f"{study.caption()}folder: {folder}")


def _interruption(runs: list["Run"], folder: Path, arguments: argparse.Namespace) -> str:
    """Return where the checkpoints are and the command that goes on from them."""
    found = [str(folder / run.datapath.name / "checkpoint.npz") for run in runs]
    kept = [path for path in found if Path(path).exists()]
    words = words_to_go_on(arguments, folder)
    where = f"the state is in {' and '.join(kept)}" if kept else "nothing was trained yet"
    return f"interrupted: {where}; to go on: {words}"


_PROBLEMS = "poisson, poisson-modes, hjb, hjb-log, heat, heat-modes, burgers or allen-cahn"
_COUNT = {"type": int, "metavar": "N"}
_OPTIONS: dict[str, dict[str, dict[str, Any]]] = {
    "machine": {
        "--datapath": {
            "action": "append",
            "metavar": "NAME|FILE",
            "help": "a preset or a JSON file; repeat for several (default: smx8, then fp32)",
        },
        "--threads": {**_COUNT, "help": "processor threads; the bits do not depend on them"},
    },
    "derivatives": {
        "--engine": {
            "metavar": "NAME",
            "help": "Stein's identity by gauss-hermite, sparse-grid, monte-carlo, sobol or plain; "
            "central-differences, hutchinson or forward-laplacian (default: gauss-hermite up to "
            "three coordinates, else forward-laplacian)",
        },
        "--sigma": {"type": float, "metavar": "S", "help": "Stein: deviation (default: 0.1)"},
        "--order": {**_COUNT, "help": "gauss-hermite: points per coordinate (default: 3)"},
        "--level": {**_COUNT, "help": "sparse-grid: level (default: 3)"},
        "--pairs": {**_COUNT, "help": "monte-carlo, sobol: pairs per point (default: 512)"},
        "--samples": {**_COUNT, "help": "plain: samples per point (default: 1024)"},
        "--probes": {**_COUNT, "help": "hutchinson: directions per point (default: 16)"},
        "--step": {"type": float, "metavar": "H", "help": "central-differences (default: 0.03)"},
        "--differences": {
            "choices": ("naive", "separate", "parts"),
            "default": "parts",
            "help": "how samples are compared with their point: as values; as signals of their own "
            "(DiffQuant); by odd and even parts of these (default: %(default)s)",
        },
        "--unbiased": {
            "action": "store_true",
            "help": "multiply two residuals with draws of their own in place of a square",
        },
    },
    "training": {
        "--steps": {**_COUNT, "default": 600, "help": "Adam steps (default: %(default)s)"},
        "--learning-rate": {
            "type": float,
            "default": 1e-3,
            "metavar": "R",
            "help": "at step 0, falling linearly to 0 (default: %(default)s)",
        },
        "--lbfgs-rounds": {
            **_COUNT,
            "default": 0,
            "help": "of L-BFGS after Adam, each on points of its own (default: %(default)s)",
        },
        "--lbfgs-iterations": {
            **_COUNT,
            "default": 100,
            "help": "of each round, at most (default: %(default)s)",
        },
        "--seed": {**_COUNT, "default": 0, "help": "of all random numbers (default: %(default)s)"},
        "--width": {**_COUNT, "help": "hidden units (default: the problem's)"},
        "--depth": {**_COUNT, "help": "hidden layers (default: the problem's)"},
        "--tt-rank": {
            **_COUNT,
            "help": "tensor trains of this rank in place of wide weights (default: matrices)",
        },
        "--tt-plan": {
            "choices": ("sequential", "half-merged", "full"),
            "default": "half-merged",
            "help": "how rows meet their cores (default: %(default)s, partial reconstruction)",
        },
        "--domain-points": {**_COUNT, "default": 100, "help": "per step (default: %(default)s)"},
        "--condition-points": {
            **_COUNT,
            "default": 100,
            "help": "per step and condition (default: %(default)s)",
        },
        "--condition-weight": {
            "type": float,
            "action": "append",
            "metavar": "W",
            "help": "factor of a condition; repeat in their order (default: the problem's)",
        },
        "--sampling": {
            "choices": ("uniform", "sobol", "halton", "latin-hypercube"),
            "default": "uniform",
            "help": "of all points (default: %(default)s)",
        },
        "--rows": {
            **_COUNT,
            "default": 2**16,
            "help": "through the network at a time: less memory (default: %(default)s)",
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
