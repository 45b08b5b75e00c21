"""``bitpde study``: a measurement for every cell of a grid, with a table and a picture."""

import argparse
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .output import print_json, require_extras
from .parser import add_command
from .progress import counting_bar

if TYPE_CHECKING:
    from ..validation import Workers

_EXAMPLES = """\
examples:
  bitpde study estimator                          below a minute, one seed
  bitpde study estimator --tier study --seeds 5   stop it with Ctrl-C; the same words go on
  bitpde study qat --tier study --workers 4       networks between fields, on four processes
  bitpde study qat --tier paper --seeds 3 --scheduler tcp://host:8786 --out /shared/qat

studies:
{studies}

files in the folder:
  config.json  results.sqlite (a row for each cell)  results.json  table.md  picture.png
  and of those that begin with qat data/ and trained/

exit status: 0 done, 1 cells failed, 2 bad arguments, 130 interrupted
"""


#: What can be asked, and in a line what it measures.
TITLES: Final = {
    "methods": "trains with each idea of the paper in turn, on every problem",
    "estimator": "error of the estimated Laplacian against sigma, pairs, width and differences",
    "tt": "error and cost of tensor-train layers against rank, form, plan, width and batch",
    "tiles": "error of a gradient, elements coded and bytes stored against the shape of blocks",
    "widths": "trains with 4 to 16 bits for activations, weights and gradients",
    "updates": "trains with master weights of 16 bits, rounded to nearest or stochastically",
    "engines": "error of derivatives in float64 against rows through the network, by engine",
    "qat": "error of networks between fields against bit operations, by width and resolution",
    "qat-widths": "the same against 2 to 16 bits, with and without training",
    "qat-chaos": "the same as an equation becomes steep or chaotic",
    "qat-sampling": "the same on coarser grids by interpolation, means or a learned down-sampler",
    "qat-budget": "a search for widths and resolution against the fixed grid, at equal cost",
}


def add_study(commands: Any) -> None:
    """Add ``bitpde study`` with its options."""
    text = "measure a question on a grid of settings"
    listed = "\n".join(f"  {name:<12} {said}" for name, said in TITLES.items())
    examples = _EXAMPLES.format(studies=listed)
    parser = add_command(commands, "study", _study, text, examples)
    parser.set_defaults(smaller="use a smaller tier")
    parser.add_argument("name", metavar="NAME", choices=TITLES, help=", ".join(TITLES))
    tiers = ("smoke", "study", "paper")
    parser.add_argument(
        "--tier", choices=tiers, default="smoke", help="below a minute, half an hour, hours"
    )
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="how many (default: 1)")
    parser.add_argument("--out", metavar="DIR", help="folder (default: studies/NAME-TIER)")
    parser.add_argument(
        "--workers", type=int, metavar="N", help="processes (default: one for each processor)"
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a Dask cluster that sees the same folder"
    )


def _study(arguments: argparse.Namespace) -> int:
    """``bitpde study``: measure, write the folder, show the table."""
    require_extras(rich=not arguments.json, matplotlib=True)
    folder = Path(arguments.out or f"studies/{arguments.name}-{arguments.tier}")
    with nullcontext() if arguments.json else counting_bar(arguments.name) as show:
        results = _measured(arguments, folder.resolve(), show)
    if arguments.json:
        print_json({"folder": str(folder), "results": results})
        return 0
    print((folder / "table.md").read_text(encoding="utf-8"), end="")
    print(f"folder: {folder}")
    return 0


def _measured(arguments: argparse.Namespace, folder: Path, show: Any) -> list[Any]:
    """Run the study."""
    from ..validation import STUDIES, run_study

    if arguments.name in STUDIES:
        study = STUDIES[arguments.name]
    else:  # these take all networks to import
        from ..validation.operator_studies import OPERATOR_STUDIES

        study = OPERATOR_STUDIES[arguments.name]
    return run_study(
        study, folder, tier=arguments.tier, seeds=arguments.seeds, workers=_workers(arguments),
        on_cell=show,
    )  # fmt: skip


def _workers(arguments: argparse.Namespace) -> "Workers":
    """Who measures the cells."""
    from ..pde import RunError
    from ..validation import Cluster, Here, Processes

    if arguments.scheduler is None:
        return Here() if arguments.workers == 1 else Processes(arguments.workers)
    if arguments.workers is not None:
        msg = "--workers and --scheduler: the cluster has its own workers, leave --workers out"
        raise RunError(msg)
    return Cluster(arguments.scheduler)
