r"""A systematic choice of widths and resolution for a budget of bit operations, against the grid.

The fixed grid has five widths on each resolution, and its user takes, of those within the budget,
the one with the least error on the validation set: as many trainings as there are settings.

The search looks at all pairs of 2 to 16 bits on every resolution.  Those within the budget that
leave no bit of it (no other pair within it has as many of both) are quantized without training,
which costs a pass over the validation set, and ranked by their error there.  Only the best few are
trained; of these the least error on the validation set decides.  Both are judged on the test set.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ...pde import COLOURS
from ...pde.operators import FLOAT, OperatorOutcome
from ..cell_store import Cell, Finished, cell_digest
from ..pareto import pareto_front
from ..study import Study, kept_folder
from ..study_tables import header, mean_and_spread, row
from .cell import (
    DIVERGED,
    POST,
    SCENARIOS,
    costs,
    errors,
    float_cell,
    measure,
    reduction_of,
    trained,
    validation_error,
    without_network,
)
from .data import make_data, read_data
from .picture import panels_of
from .study import cell_of, places, reductions, widths
from .tables import Group, grouped, headline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: The widths that the search looks at, and those that a tier looks at instead.
_BITS: Final = {
    "smoke": (3, 4, 6, 8), "study": (2, 3, 4, 5, 6, 8, 10, 12, 16),
    "paper": (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16),
}  # fmt: skip
#: How many settings the search trains.
_FINALISTS: Final = 2
#: The scenario of cells of the search.
SEARCH: Final = "search"


def _cells(tier: str, seeds: int) -> list[dict[str, Any]]:
    """The fixed grid, and a search for the cost of each of its widths on the whole grid."""
    grid = SCENARIOS[:3] if tier == "smoke" else SCENARIOS[:4]
    budgets = ("w4a4", "w8a8") if tier == "smoke" else grid
    found = []
    for seed in range(seeds):
        for pde, network in places(tier):
            width, factors = widths(tier, pde, network)[0], reductions(tier, pde)
            settings = [(r, scenario) for r in factors for scenario in (FLOAT, *grid)]
            found += [
                cell_of(tier, pde, network, width, scenario, seed, reduction=r)
                for r, scenario in settings
            ]
            found += [
                cell_of(
                    tier, pde, network, width, SEARCH, seed, budget=budget, bits=list(_BITS[tier]),
                    factors=list(factors),
                )
                for budget in budgets
            ]  # fmt: skip
    return found


def candidates(cell: Cell) -> list[dict[str, Any]]:
    """Return the cells that a search looks at: within its budget, and leaving none of it.

    Examples
    --------
    >>> from bitpde.validation.operator_studies.study import cell_of
    >>> cell = cell_of("smoke", "burgers", "FNO", 8, SEARCH, 0, budget="w8a8", bits=[4, 8, 16],
    ...     factors=[1])
    >>> [each["scenario"] for each in candidates(cell)]
    ['w8a8', 'w16a4']
    """
    budget = costs(_plain(cell, 1, cell["budget"]))["bops"]
    found = []
    for factor in cell["factors"]:
        pairs = [(w, a) for w in cell["bits"] for a in cell["bits"]]
        cells = {(w, a): _plain(cell, factor, f"w{w}a{a}") for w, a in pairs}
        within = [pair for pair in pairs if costs(cells[pair])["bops"] <= budget]
        front = pareto_front([(-w, -a) for w, a in within])
        found += [cells[within[k]] for k in sorted(front)]
    return found


def _plain(cell: Cell, factor: int, scenario: str) -> dict[str, Any]:
    """A setting of the search as a cell of the grid."""
    kept = {key: cell[key] for key in cell if key not in ("budget", "bits", "factors")}
    return {**kept, "reduction": factor, "scenario": scenario}


def _before(cell: Cell) -> list[Cell]:
    """The float networks that a cell begins with."""
    if cell["scenario"] == SEARCH:
        return [_plain(cell, factor, FLOAT) for factor in cell["factors"]]
    return [] if cell["scenario"] == FLOAT else [float_cell(cell)]


def measure_or_search(cell: Cell, folder: Path) -> dict[str, Any]:
    """Return what is found in a cell of the grid, or by a search."""
    return search(cell, folder) if cell["scenario"] == SEARCH else measure(cell, folder)


def search(cell: Cell, folder: Path) -> dict[str, Any]:
    """Return the errors of the setting that a search chooses, what it is, and what it tried."""
    found, looked = read_data(folder, cell), candidates(cell)

    def tried(each: Cell, place: Path | None) -> tuple[float, OperatorOutcome]:
        outcome = trained(each, folder, found, place)
        return validation_error(outcome, reduction_of(each), found), outcome

    try:
        untrained = [{**each, "scenario": f"{POST}{each['scenario']}"} for each in looked]
        guesses = [tried(each, None)[0] for each in untrained]
        order = sorted(range(len(looked)), key=lambda k: guesses[k])[:_FINALISTS]
        place = kept_folder(folder, cell)
        trials = {k: tried(looked[k], place / cell_digest(looked[k])[:16]) for k in order}
    except DIVERGED as error:
        return {**without_network(cell, found), "failed": 1.0, "why": str(error)}
    chosen = min(trials, key=lambda k: trials[k][0])
    best, outcome = looked[chosen], trials[chosen][1]
    told = {"looked_at": float(len(looked)), "trained": float(len(trials))}
    choice = {"chosen": best["scenario"], "chosen_reduction": float(best["reduction"])}
    known = {**costs(best), **without_network(best, found)}
    return {**known, **errors(best, outcome, found), **told, **choice}


def choices(results: Sequence[Finished], budget: Finished) -> tuple[Finished | None, int]:
    """Return what the user of the fixed grid takes within the budget of a search of one seed.

    And how many settings were trained for it; None where none is within it.
    """
    limit = costs(_plain(budget, 1, budget["budget"]))["bops"]
    within = [
        r for r in results
        if r["scenario"] not in (FLOAT, SEARCH) and r["seed"] == budget["seed"]
        and not r["failed"] and r["bops"] <= limit
    ]  # fmt: skip
    return min(within, key=lambda r: r["validation"], default=None), len(within)


def _table(results: Sequence[Finished]) -> str:
    titles = ("budget", "BOPs", "grid", "search", "search / grid", "trained", "the search chose")
    parts = []
    for (pde, architecture), its in grouped(results, ("pde", "architecture")):
        lines = [f"**{pde}, {architecture}**: {headline(its)}", "", *header(*titles)]
        searches = [r for r in its if r["scenario"] == SEARCH]
        for (budget,), group in grouped(searches, ["budget"]):
            lines.append(row([budget, *_compared(its, group)]))
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _compared(its: Group, searches: Group) -> list[str]:
    """The errors of both for one budget, their ratio, the trainings of both, and the choices."""
    pairs = [(choices(its, r), r) for r in searches if not r["failed"]]
    both = [(grid, r) for (grid, _), r in pairs if grid is not None]
    limit = costs(_plain(searches[0], 1, searches[0]["budget"]))["bops"]
    if not both:
        return [f"{limit:.1e}", *"-----"]
    errors = [[float(r["relative_l2"]) for r in side] for side in zip(*both, strict=True)]
    ratios = [b / a for a, b in zip(*errors, strict=True)]
    counts = f"{pairs[0][0][1]}, {both[0][1]['trained']:.0f}"
    chosen = "; ".join(f"{r['chosen']} on 1/{r['chosen_reduction']:.0f}" for _, r in both)
    texts = [mean_and_spread(side) for side in errors]
    return [f"{limit:.1e}", *texts, _spread(ratios), counts, chosen]


def _spread(ratios: Sequence[float]) -> str:
    mean = sum(ratios) / len(ratios)
    return f"{mean:.2f}" + (f" ({min(ratios):.2f} to {max(ratios):.2f})" if len(ratios) > 1 else "")


def _draw(figure: "Figure", results: Sequence[Finished]) -> None:
    """The fixed grid and the choices of the search: errors against bit operations."""
    panels = panels_of(figure, results, "bit operations")
    for axis, its in panels:
        done = [r for r in its if not r["failed"] and r["scenario"] != FLOAT]
        for k, (name, wanted) in enumerate((("grid", False), ("search", True))):
            side: list[Mapping[str, Any]] = [r for r in done if (r["scenario"] == SEARCH) == wanted]
            points = [r["bops"] for r in side], [r["relative_l2"] for r in side]
            axis.loglog(*points, "os"[k], color=COLOURS[k], label=name)
    panels[0][0].legend(frameon=False, fontsize=8)


BUDGET_STUDY: Final = Study(
    name="qat-budget",
    question="a search for widths and resolution against the fixed grid, at equal cost",
    cells=_cells,
    measure=measure_or_search,
    table=_table,
    draw=_draw,
    prepare=make_data,
    before=_before,
)
