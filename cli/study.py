"""``bitpde study``: a measurement for every cell of a grid, with a table and a picture."""

import argparse
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

from .output import print_json, require_extras
from .parser import add_command
from .progress import counting_bar

_EXAMPLES = """\
examples:
  bitpde study estimator                          below a minute, one seed
  bitpde study estimator --tier study --seeds 5   stop it with Ctrl-C; the same words go on

studies:
{studies}

files in the folder:
  config.json  results.jsonl (a line for each cell)  table.md  picture.png

exit status: 0 done, 2 bad arguments, 130 interrupted
"""


#: What can be asked, and in a line what it measures.
STUDIES: Final = {
    "methods": "trains with each idea of the paper in turn, on every problem",
    "estimator": "error of the estimated Laplacian against sigma, pairs, width and differences",
    "tt": "error and cost of tensor-train layers against rank, form, plan, width and batch",
    "tiles": "error of a gradient, elements coded and bytes stored against the shape of blocks",
    "widths": "trains with 4 to 16 bits for activations, weights and gradients",
    "updates": "trains with master weights of 16 bits, rounded to nearest or stochastically",
    "engines": "error of derivatives in float64 against rows through the network, by engine",
}


def add_study(commands: Any) -> None:
    """Add ``bitpde study`` with its options."""
    text = "measure a question on a grid of settings"
    listed = "\n".join(f"  {name:<12} {said}" for name, said in STUDIES.items())
    parser = add_command(commands, "study", _study, text, _EXAMPLES.format(studies=listed))
    parser.set_defaults(smaller="use a smaller tier")
    parser.add_argument("name", metavar="NAME", choices=STUDIES, help=", ".join(STUDIES))
    tiers = ("smoke", "study", "paper")
    parser.add_argument(
        "--tier", choices=tiers, default="smoke", help="below a minute, half an hour, hours"
    )
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="how many (default: 1)")
    parser.add_argument("--out", metavar="DIR", help="folder (default: studies/NAME-TIER)")


def _study(arguments: argparse.Namespace) -> int:
    """``bitpde study``: measure, write the folder, show the table."""
    require_extras(rich=not arguments.json, matplotlib=True)
    from ..validation import GRID_STUDIES, run_grid

    study = GRID_STUDIES[arguments.name]
    folder = Path(arguments.out or f"studies/{arguments.name}-{arguments.tier}")
    with nullcontext() if arguments.json else counting_bar(study.name) as show:
        results = run_grid(study, folder, tier=arguments.tier, seeds=arguments.seeds, on_cell=show)
    if arguments.json:
        print_json({"folder": str(folder), "results": list(results)})
        return 0
    print((folder / "table.md").read_text(encoding="utf-8"), end="")
    print(f"folder: {folder}")
    return 0
