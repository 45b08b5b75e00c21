"""Errors against bit operations: a panel for each equation and network, with its Pareto front."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ...pde import COLOURS
from ..cell_store import Finished
from .tables import Group, best_guess, costs_and_errors, front_of, grouped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKS: Final = "os^Dv"
_GREY: Final = "#777777"


def draw_fronts(figure: "Figure", results: Sequence[Finished], setting: Sequence[str]) -> None:
    """Draw the means over seeds; the colour is the scenario, the mark the resolution.

    Those on the front are joined.  Dotted is the best predictor without a network.
    """
    scenarios = [name for (name,), _ in grouped(results, ["scenario"])]
    factors = [factor for (factor,), _ in grouped(results, ["reduction"])]
    for axis, its in panels_of(figure, results, "bit operations"):
        _draw(axis, [group for _, group in grouped(its, setting)], scenarios, factors)
        axis.axhline(best_guess(its), linestyle=":", color=_GREY)
    _legend(figure, scenarios, factors)


def panels_of(
    figure: "Figure", results: Sequence[Finished], below: str
) -> list[tuple["Axes", Group]]:
    """Return a panel for each equation and network, a row for each equation, and its results.

    ``below`` is what is told of the horizontal axes; the vertical ones are of errors.
    """
    found = grouped(results, ("pde", "architecture"))
    rows = len({pde for (pde, _), _ in found})
    columns = -(-len(found) // rows)
    figure.set_size_inches(max(7.2, 4.3 * columns), max(4.8, 3.2 * rows + 0.6))
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes[-1]:
        axis.set_xlabel(below)
    for axis in axes[:, 0]:
        axis.set_ylabel("relative L2 error")
    panels = []
    for axis, ((pde, architecture), its) in zip(axes.flat, found, strict=False):
        axis.set_title(f"{pde}, {architecture}", fontsize=10)
        axis.grid(visible=True, alpha=0.3)
        panels.append((axis, its))
    return panels


def _draw(axis: "Axes", groups: list[Group], scenarios: list[str], factors: list[int]) -> None:
    """The points of one panel, and its front."""
    front = front_of(groups)
    points = [costs_and_errors(group) for group in groups]
    for k, (group, point) in enumerate(zip(groups, points, strict=True)):
        if point is None:
            continue
        first = group[0]
        axis.plot(
            *point,
            _MARKS[factors.index(first["reduction"]) % len(_MARKS)],
            color=_colour(first["scenario"], scenarios),
            markersize=7 if k in front else 4,
            alpha=1.0 if k in front else 0.6,
        )
    joined = sorted(point for k in front if (point := points[k]) is not None)
    axis.plot(
        *zip(*joined, strict=True), color="black", linewidth=0.8, zorder=0
    ) if joined else None
    axis.set_xscale("log")
    axis.set_yscale("log")


def _legend(figure: "Figure", scenarios: list[str], factors: list[int]) -> None:
    """What colours and marks mean, above all panels."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linestyle="", marker="o", color=_colour(name, scenarios), label=name)
        for name in scenarios
    ]
    handles += [
        Line2D([], [], linestyle="", marker=_MARKS[k % len(_MARKS)], color=_GREY, label=f"1/{r}")
        for k, r in enumerate(factors)
    ]
    handles += [
        Line2D([], [], color="black", linewidth=0.8, label="Pareto front"),
        Line2D([], [], linestyle=":", color=_GREY, label="best without a network"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=6, fontsize=8, frameon=False)


def _colour(scenario: str, scenarios: list[str]) -> str:
    """Palette colours, and grey where there are more scenarios than those."""
    k = scenarios.index(scenario)
    return COLOURS[k] if k < len(COLOURS) else ("#000000", "#F0E442", _GREY)[k % 3]
