"""Studies that train: a network for each problem, variant and seed, and a table of their errors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, log10
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..emu import preset
from ..pde import (
    COLOURS,
    Engine,
    Linear,
    Run,
    SteinGaussHermite,
    SteinMonteCarlo,
    TrainingError,
    field_errors,
    held_out_points,
    problem_named,
    train,
    trivial_errors,
)
from .cell_store import Cell, Finished
from .study import Study, kept_folder
from .study_tables import header, mean, mean_and_spread, row, values

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: What a variant makes of the plain run: float32, dense, Stein's estimator by random pairs.
Variant = Callable[[Run], Run]

#: Deviations of the nodes, where they are not 0.01.
_SIGMAS = {"hjb": 0.1, "hjb-log": 0.1}
#: Nodes are random pairs, or of a quadrature if its order is not 0; see `plain_run`.  The weight of
#: every condition is that of the problem if it is 0.
_SIZES: dict[str, dict[str, Any]] = {
    "smoke": {
        "steps": 20, "width": 16, "points": 16, "pairs": 16, "order": 0, "unbiased": False,
        "weight": 0, "tested": 100, "rate": 3e-3,
    },
    "study": {
        "steps": 500, "width": 128, "points": 8, "pairs": 64, "order": 0, "unbiased": True,
        "weight": 0, "tested": 2000, "rate": 5e-3,
    },
    "paper": {
        "steps": 1000, "width": 256, "points": 100, "pairs": 512, "order": 0, "unbiased": False,
        "weight": 0, "tested": 20_000, "rate": 1e-3,
    },
}  # fmt: skip
_IN_THE_PLANE = {"steps": 2000, "points": 32, "order": 3, "unbiased": False}
_FROM_T_ONE = {"steps": 10_000, "width": 512, "pairs": 1024, "tested": 10_000}
_IN_A_BALL = {"points": 50, "pairs": 1024, "tested": 10_000}
#: Where the sizes of a problem differ; those of the paper are of arXiv 2512.09202 and of the code
#: it builds on.
_OWN: dict[str, dict[str, dict[str, Any]]] = {
    "smoke": {},
    "study": {
        "poisson": {**_IN_THE_PLANE, "weight": 10}, "poisson-modes": _IN_THE_PLANE,
        "heat-modes": {"steps": 1000, "pairs": 32, "weight": 10},
    },
    "paper": {
        "hjb": _FROM_T_ONE, "hjb-log": _FROM_T_ONE, "heat": _IN_A_BALL, "heat-modes": _IN_A_BALL
    },
}  # fmt: skip


def plain_run(cell: Cell) -> Run:
    """The run of a cell before its variant is applied."""
    problem = problem_named(cell["problem"])
    hidden = len(problem.network.widths) - 2
    widths = (problem.dimension, *(cell["width"],) * hidden, 1)
    return Run(
        problem=problem,
        datapath=preset("fp32"),
        engine=_engine(cell),
        unbiased=cell["unbiased"],
        condition_weights=_weights(cell),
        network=replace(problem.network, widths=widths),
        steps=cell["steps"],
        domain_points=cell["points"],
        condition_points=cell["points"],
        schedule=Linear(initial=cell["rate"]),
        seed=cell["seed"],
        test_points=cell["tested"],
    )


@dataclass(frozen=True, kw_only=True)
class TrainingGrid:
    """Problems and variants, and what is done with each pair of them.

    Parameters
    ----------
    problems
        Names of `pde.PROBLEMS`.
    variants
        By the names of their rows in the tables; they can be imported by name, for workers call
        them.
    """

    problems: tuple[str, ...]
    variants: Mapping[str, Variant]

    def cells(self, tier: str, seeds: int) -> list[dict[str, Any]]:
        """Every problem with every variant and seed, at the sizes of a tier."""
        return [
            {"problem": problem, "variant": variant, "seed": seed, **_size(tier, problem)}
            for seed in range(seeds)
            for problem in self.problems
            for variant in self.variants
        ]

    def measure(self, cell: Cell, folder: Path) -> dict[str, float]:
        """Errors in the arithmetic of the run, and what they cost; ``failed`` if it diverged."""
        run = self.variants[cell["variant"]](plain_run(cell))
        size = {"parameters": float(run.network.parameter_count)}
        try:
            state = train(run, kept_folder(folder, cell), resume=True).state
            own = field_errors(run, state.parameters, run.datapath)
            learned = field_errors(run, state.parameters, preset("exact"))
        except TrainingError:
            return {**size, "failed": 1.0}
        found = {
            "failed": 0.0,
            "u": own.solution,
            "diffusion": own.diffusion,
            "u_in_float64": learned.solution,
            "diffusion_in_float64": learned.diffusion,
            "quantizations": float(state.ledger.quantizations),
            "bytes_stored": float(state.ledger.bytes_stored),
            "saturations": float(state.ledger.saturations),
        }
        part = {} if own.network is None else {"network": own.network}
        return {**size, **found, **part}

    def table(self, results: Sequence[Finished]) -> str:
        """A table for each problem: a row for each variant."""
        return "\n".join(self._table(problem, results) for problem in self.problems)

    def _table(self, problem: str, results: Sequence[Finished]) -> str:
        here = [r for r in results if r["problem"] == problem]
        lines = [f"**{problem}**: {_told(here[0])}", "", *header(*_TITLES)]
        for variant in self.variants:
            its = [r for r in here if r["variant"] == variant]
            finished = [r for r in its if not r["failed"]]
            errors = [_mean_of(finished, key) for key in _ERRORS]
            costs = [_average(finished, key) for key in _COSTS]
            failed = f"{len(its) - len(finished)} of {len(its)}"
            lines.append(row([variant, *errors, f"{its[0]['parameters']:,.0f}", *costs, failed]))
        return "\n".join(lines) + "\n"

    def draw(self, figure: "Figure", results: Sequence[Finished]) -> None:
        """A panel for each problem: errors of u and of the diffusion term, a row a variant."""
        rows = -(-len(self.problems) // 3)
        panels = figure.subplots(rows, -(-len(self.problems) // rows), sharey=True, squeeze=False)
        for panel, problem in zip(panels.flat, self.problems, strict=False):
            self._draw(panel, [r for r in results if r["problem"] == problem and not r["failed"]])
            panel.set_title(problem, fontsize=10)
        panels[0, 0].invert_yaxis()
        panels[0, 0].legend(frameon=False, fontsize=8)
        for panel in panels[-1]:
            panel.set_xlabel("relative L2 error")

    def _draw(self, panel: "Axes", results: Sequence[Finished]) -> None:
        """One problem, on whole decades."""
        from matplotlib.ticker import NullFormatter

        places = {variant: place for place, variant in enumerate(self.variants)}
        seen: list[float] = []
        for colour, key, mark in zip(COLOURS, ("u", "diffusion"), "os", strict=False):
            errors = values(results, key)
            heights = [places[r["variant"]] for r in results]
            panel.semilogx(errors, heights, mark, color=colour, alpha=0.6, label=key)
            seen += errors
        if seen:
            panel.set_xlim(10 ** floor(log10(min(seen))), 10 ** ceil(log10(max(seen))))
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.set_yticks(list(places.values()), list(places), fontsize=8)
        panel.grid(visible=True, alpha=0.3)

    def study(self, name: str, question: str) -> Study:
        """The study of this grid."""
        return Study(
            name=name, question=question, cells=self.cells, measure=self.measure,
            table=self.table, draw=self.draw,
        )  # fmt: skip


_ERRORS = ("u", "diffusion", "network", "u_in_float64")
_COSTS = ("quantizations", "bytes_stored", "saturations")
_TITLES = (
    "variant", "u", "diffusion", "network part", "u in float64", "parameters", "quantizations",
    "bytes stored", "saturations", "failed",
)  # fmt: skip


def _size(tier: str, problem: str) -> dict[str, Any]:
    return {**_SIZES[tier], **_OWN[tier].get(problem, {})}


def _engine(cell: Cell) -> Engine:
    """Stein's estimator by the quadrature of a cell, or by its random pairs."""
    sigma, order = _SIGMAS.get(cell["problem"], 0.01), cell["order"]
    if order:
        return SteinGaussHermite(sigma=sigma, order=order)
    return SteinMonteCarlo(sigma=sigma, pairs=cell["pairs"])


def _weights(cell: Cell) -> tuple[float, ...] | None:
    """One for every condition, or None where they are the problem's own."""
    count = len(problem_named(cell["problem"]).conditions)
    return (cell["weight"],) * count if cell["weight"] else None


def _told(cell: Finished) -> str:
    """The sizes of a problem's runs, and the errors that need no training."""
    problem = problem_named(cell["problem"])
    trivial = trivial_errors(problem, held_out_points(plain_run(cell)))
    without = ", ".join(f"{name} {error:.1e}" for name, error in trivial.items())
    return (
        f"{cell['steps']} steps, {cell['width']} hidden units, {cell['points']} points, "
        f"{_nodes(cell)}, {_weighed(cell)}rate {cell['rate']:g}, {cell['tested']} test points; u "
        f"without a network: {without}"
    )


def _weighed(cell: Cell) -> str:
    weights = plain_run(cell).weights
    return f"weights {' and '.join(f'{weight:g}' for weight in weights)}, " if weights else ""


def _nodes(cell: Cell) -> str:
    if cell["order"]:
        return f"quadrature of order {cell['order']}"
    return f"{cell['pairs']} pairs" + (", unbiased" if cell["unbiased"] else "")


def _mean_of(results: Sequence[Finished], key: str) -> str:
    found = values(results, key)
    return mean_and_spread(found) if found else "-"


def _average(results: Sequence[Finished], key: str) -> str:
    return f"{mean(results, key):,.0f}" if results else "-"
