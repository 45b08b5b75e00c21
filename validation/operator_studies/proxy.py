"""Whether bit operations predict the time of an integer implementation.

Who has one passes a function that times it; everything else is as in the other studies.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...pde import COLOURS
from ...pde.operators import OperatorNetwork
from ...pde.qat import Plan
from ..cell_store import Cell, Finished
from ..study import Study
from ..study_tables import header, row
from .cell import SCENARIOS, costs, network_of, plan_of, reduction_of
from .study import whole_grid
from .tables import grouped, mean_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Seconds for one sample of a network under a plan on a grid.
Timer = Callable[[OperatorNetwork, Plan, tuple[int, ...]], float]


def proxy_study(timer: Timer, name: str = "qat-proxy") -> Study:
    """Return the study that holds bit operations against the seconds of an implementation.

    Parameters
    ----------
    timer
        What is timed; it can be imported by name, for workers call it.  Time on one worker, or
        cells take each other's processors.
    name
        Of the study.
    """
    return Study(
        name=name, question="bit operations against the time of integers", cells=_cells,
        measure=partial(_measure, timer), table=_table, draw=_draw,
    )  # fmt: skip


def _cells(tier: str, seeds: int) -> list[dict[str, Any]]:
    return whole_grid(tier, seeds, SCENARIOS[:4])


def _measure(timer: Timer, cell: Cell, _: Path) -> dict[str, Any]:
    network, plan = network_of(cell), plan_of(cell)
    side = cell["points"] // reduction_of(cell).factor
    seconds = timer(network, plan or Plan.named(cell["scenario"]), (side,) * network.dimension)
    return {**costs(cell), "seconds": seconds}


def rank_correlation(x: Sequence[float], y: Sequence[float]) -> float:
    """Return Spearman's correlation; NaN where one side does not vary.

    Examples
    --------
    >>> rank_correlation([1.0, 2.0, 4.0], [10.0, 20.0, 15.0])
    0.5
    """
    from scipy.stats import rankdata

    ranks = np.stack([rankdata(x), rankdata(y)])
    ranks -= ranks.mean(axis=1, keepdims=True)
    size = float(np.sqrt((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum()))
    return float((ranks[0] * ranks[1]).sum()) / size if size else float("nan")


def _table(results: Sequence[Finished]) -> str:
    """For each network: the spread of seconds per bit operation, and the correlation of ranks."""
    lines = header("equation", "network", "settings", "rank correlation", "most / least s per BOP")
    for (pde, architecture), its in grouped(results, ("pde", "architecture")):
        groups = [group for _, group in grouped(its, ("scenario", "reduction", "width"))]
        bops, seconds = ([mean_of(g, key) for g in groups] for key in ("bops", "seconds"))
        each = [s / b for s, b in zip(seconds, bops, strict=True)]
        told = f"{rank_correlation(bops, seconds):.2f}", f"{max(each) / min(each):.1f}"
        lines.append(row([pde, architecture, len(groups), *told]))
    return "\n".join(lines) + "\n"


def _draw(figure: "Figure", results: Sequence[Finished]) -> None:
    axis = figure.subplots()
    for k, ((pde, architecture), its) in enumerate(grouped(results, ("pde", "architecture"))):
        colour, mark = COLOURS[k % len(COLOURS)], "os^Dv"[k // len(COLOURS) % 5]
        points = [r["bops"] for r in its], [r["seconds"] for r in its]
        axis.loglog(*points, mark, color=colour, label=f"{pde}, {architecture}")
    axis.set_xlabel("bit operations")
    axis.set_ylabel("seconds for one sample")
    axis.legend(frameon=False, fontsize=8)
    axis.grid(visible=True, alpha=0.3)
