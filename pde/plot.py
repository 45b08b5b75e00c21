"""The picture of a study: every machine's solution and error, and how the losses fell."""

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .evaluate import fields_at, held_out_points
from .field_errors import relative_l2
from .nodes import Array
from .palette import COLOURS
from .study import Study
from .train import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIDE = 65
_POINTS = 1000
_SMOOTHED_OVER = 10
_SMALLEST = 1e-30
#: What of a loss is drawn, and what it is called.
_TERMS = (("residual", "mean square residual"), ("conditions", "weighted conditions"))


def plot_study(study: Study, path: Path) -> None:
    """Save the picture of ``study`` as a PNG file.

    One row per datapath: on a domain in the plane its solution and error on a 65 x 65 grid (one
    colour scale for all errors), else its solution against the exact one at some test points, and
    the errors there; then the two terms of every loss.  matplotlib (extra ``app``) is imported
    here; the figure needs no display and leaves the state of ``pyplot`` alone.
    """
    from matplotlib.figure import Figure

    rows = len(study.results)
    figure = Figure(figsize=(8.8, 3.6 * rows + 3.2), layout="constrained")
    run = study.results[0].run
    figure.suptitle(f"{run.problem.name}, seed {run.seed}: the solution on each datapath")
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=[3.6 * rows, 3.2])[:, 0]
    planar = run.problem.dimension == 2
    panels = upper.subplots(rows, 2, squeeze=False, sharex="col", sharey="col")
    (_fields_in_plane if planar else _points_of_space)(panels, study.results)
    shown = _TERMS if run.problem.conditions else _TERMS[:1]
    panels = lower.subplots(1, len(shown), squeeze=False)[0]
    _losses(panels, shown, study.results)
    figure.savefig(path, dpi=120)


def _fields_in_plane(panels: Any, results: Sequence[Result]) -> None:
    """Draw solution and error of every datapath as fields of two coordinates."""
    problem = results[0].run.problem
    axis = (np.arange(_SIDE) + 0.5) / _SIDE
    points = problem.domain_points(np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2))
    exact = problem.exact(points)
    solutions = [_solution(result, points) for result in results]
    errors = [solution - exact for solution in solutions]
    limit = max(float(np.abs(error).max()) for error in errors)
    for line, result, solution, error in zip(panels, results, solutions, errors, strict=True):
        name = result.run.datapath.name
        _field(line[0], points, solution, f"{name}: u", "viridis", (exact.min(), exact.max()))
        title = f"{name}: error, relative L2 {relative_l2(solution, exact):.1e}"
        _field(line[1], points, error, title, "RdBu_r", (-limit, limit))
        line[0].set_ylabel("$t$" if problem.space == 1 else "$x_2$")
    for panel in panels[-1]:
        panel.set_xlabel("$x$" if problem.space == 1 else "$x_1$")


def _points_of_space(panels: Any, results: Sequence[Result]) -> None:
    """Draw solution and error of every datapath at test points against the exact solution."""
    points = held_out_points(results[0].run)[:_POINTS]
    exact = results[0].run.problem.exact(points)
    for line, result in zip(panels, results, strict=True):
        solution, name = _solution(result, points), result.run.datapath.name
        error = f"error, relative L2 {relative_l2(solution, exact):.1e}"
        for panel, values, title in zip(
            line, (solution, solution - exact), ("u", error), strict=True
        ):
            panel.plot(exact, values, ".", color=COLOURS[0], markersize=2)
            panel.set_title(f"{name}: {title}", fontsize=10)
            panel.grid(visible=True, alpha=0.3)
        line[0].axline((exact.mean(), exact.mean()), slope=1, color="black", linewidth=0.8)
    for panel in panels[-1]:
        panel.set_xlabel("exact u")


def _solution(result: Result, points: Array) -> Array:
    return fields_at(result.run, result.state.parameters, points, result.run.datapath)[0]


def _field(
    panel: "Axes",
    points: Array,
    values: Array,
    title: str,
    colours: str,
    limits: tuple[float, float],
) -> None:
    """Draw one field of the grid with its own colour bar."""
    picture = panel.pcolormesh(
        *(points[:, k].reshape(_SIDE, _SIDE) for k in (0, 1)),
        values.reshape(_SIDE, _SIDE),
        cmap=colours,
        vmin=limits[0],
        vmax=limits[1],
    )
    panel.set_title(title, fontsize=10)
    panel.figure.colorbar(picture, ax=panel, shrink=0.9)


def _losses(
    panels: Sequence["Axes"], terms: Sequence[tuple[str, str]], results: Sequence[Result]
) -> None:
    """Draw terms of the loss over the steps, each as it was and as a running mean."""
    from matplotlib.ticker import NullFormatter

    for panel, (term, title) in zip(panels, terms, strict=True):
        curves = [np.array([getattr(row, term) for row in r.history]) for r in results]
        for colour, result, values in zip(cycle(COLOURS), results, curves, strict=False):
            window = min(_SMOOTHED_OVER, len(values))
            mean = np.convolve(values, np.ones(window) / window, mode="valid")
            steps = np.arange(1, len(values) + 1)
            panel.semilogy(steps, values, color=colour, alpha=0.25, linewidth=0.8)
            panel.semilogy(steps[window - 1 :], mean, color=colour, label=result.run.datapath.name)
        panel.set_title(title, fontsize=10)
        panel.set_xlabel("step")
        together = np.maximum(np.concatenate(curves), _SMALLEST)
        lowest, highest = np.log10([together.min(), together.max()])
        panel.set_ylim(10 ** np.floor(lowest), 10 ** np.ceil(highest))
        panel.yaxis.set_minor_formatter(NullFormatter())
        panel.grid(visible=True, alpha=0.3)
        panel.legend(frameon=False)
