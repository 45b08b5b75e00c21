"""Engines head to head in float64: errors of derivatives against rows through the network.

A random network, as training starts with; its derivatives by the forward Laplacian are the truth.
The engines that sample differentiate the *smoothed* network, here with one small sigma; how far its
derivatives are from the network's own is a part of its own, "smoothing", found without any of them:
the mean of the forward Laplacian over antithetic Gaussian pairs of points.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..emu import Tape, preset
from ..pde import (
    COLOURS,
    CentralDifferences,
    Engine,
    ForwardLaplacian,
    Run,
    engine_named,
    held_out_points,
    initial_state,
    problem_named,
    relative_l2,
)
from .cell_store import Cell, Finished
from .study import Study
from .study_tables import header, mean, mean_and_spread, row, values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

PROBLEMS = ("poisson", "hjb", "heat")
#: The smoothing of all engines that sample, and the step of central differences.
SIGMA = 0.01
SIGMAS = (0.003, 0.01, 0.03, 0.1)
SMOOTHING = "smoothing"
#: Of every engine what is varied, and over which values.
_OPTIONS: dict[str, tuple[str, tuple[int, ...]]] = {
    "gauss-hermite": ("order", (3, 5, 7)),
    "sparse-grid": ("level", (3, 4, 5)),
    "monte-carlo": ("pairs", (4, 16, 64, 256, 1024, 4096, 16384)),
    "sobol": ("pairs", (4, 16, 64, 256, 1024, 4096, 16384)),
    "plain": ("samples", (8, 32, 128, 512, 2048, 8192, 32768)),
    "central-differences": ("step", ()),
    "hutchinson": ("probes", (1, 4, 16, 64, 256, 1024, 4096)),
    "forward-laplacian": ("", ()),
}
_STYLES = dict(
    zip(_OPTIONS, zip((*COLOURS, "black", "grey"), "sDo^vPX*", strict=True), strict=True)
)
#: The most levels and orders in so many dimensions: beyond, there are more rows than any tier has.
_MOST: dict[str, dict[str, int]] = {
    "poisson": {},
    "hjb": {"level": 4, "order": 0},
    "heat": {"level": 3, "order": 0},
}
#: Hidden units of each of three layers, points, most rows per point, and pairs that smooth.
_TIERS = {
    "smoke": (16, 8, 2**11 + 1, 64),
    "study": (64, 16, 2**13 * 3, 256),
    "paper": (128, 32, 2**15 + 1, 256),
}


def _cells(tier: str, seeds: int) -> list[dict[str, Any]]:
    """Every engine with every setting whose rows the tier allows, and the bias of every sigma."""
    hidden, points, most, pairs = _TIERS[tier]
    return [
        {
            "problem": problem, "engine": engine, "setting": setting, "sigma": sigma,
            "hidden": hidden, "points": points, "seed": seed,
        }
        for seed in range(seeds)
        for problem in PROBLEMS
        for engine, setting, sigma in [
            *_contestants(problem, most), *((SMOOTHING, pairs, sigma) for sigma in SIGMAS)
        ]
    ]  # fmt: skip


def _contestants(problem: str, most: int) -> Iterator[tuple[str, int, float]]:
    """Engines, their settings and sigma, where no more rows than this are needed for a point."""
    derivatives = problem_named(problem).derivatives
    least = {"level": 2 * derivatives.dimension**2}  # of a sparse grid, which is slow to make
    for engine, (option, choices) in _OPTIONS.items():
        for value in choices or (0,):
            if value > _MOST[problem].get(option, value) or least.get(option, 0) > most:
                continue
            if _engine(engine, value, SIGMA).rows(derivatives) <= most:
                yield engine, value, SIGMA


def _engine(name: str, setting: int, sigma: float) -> Engine:
    """The engine of a cell."""
    option, choices = _OPTIONS[name]
    if name == CentralDifferences.name:
        return CentralDifferences(step=sigma)
    smooth = {"sigma": sigma} if option in ("order", "level", "pairs", "samples") else {}
    return engine_named(name, {**smooth, **({option: setting} if choices else {})})


def derivatives_at(run: Run, points: Array) -> dict[str, Array]:
    """Return ``diffusion``, (P, 1), and ``slopes``, (P, S), if the problem has any, in float64.

    One point at a time, with draws of its own.
    """
    parameters = _parameters(run)
    each = [_derivatives(run, parameters, x[None, :], k) for k, x in enumerate(points)]
    return {name: np.concatenate([found[name] for found in each]) for name in each[0]}


def smoothed_derivatives_at(run: Run, points: Array, sigma: float, pairs: int) -> dict[str, Array]:
    """Return the same of the smoothed network: means of the exact ones over pairs of points.

    Notes
    -----
    *Exactness*: unbiased.  What a pair adds to the derivative at the point is of the order of
    ``sigma^2``, as is the bias, so that the noise of K pairs is some ``1 / sqrt(K)`` of the bias.
    """
    run, stream = replace(run, engine=ForwardLaplacian()), run.stream("engine/smoothing")
    parameters, each = _parameters(run), []
    for number, point in enumerate(points):
        delta = sigma * stream.normal((pairs, points.shape[1]), number)
        around = np.concatenate([point + delta, point - delta])
        each.append(_derivatives(run, parameters, around, number))
    return {name: np.stack([found[name].mean(axis=0) for found in each]) for name in each[0]}


def _parameters(run: Run) -> list[Array]:
    return list(initial_state(replace(run, datapath=preset("exact"))).parameters)


def _derivatives(run: Run, parameters: list[Array], points: Array, step: int) -> dict[str, Array]:
    """What the engine finds at all points together, with the draws of a step."""
    tape = Tape(preset("exact"))
    solution = run.solution([tape.constant(array) for array in parameters])
    fields = run.engine.fields(solution, points, run.stream("engine/test"), step)
    found = {"diffusion": fields.diffusion.value}
    return found if fields.slopes is None else {**found, "slopes": fields.slopes.value}


def _measure(cell: Cell, _: Path) -> dict[str, float]:
    """Rows per point, and the relative L2 errors of ``diffusion`` and of ``slopes`` if any."""
    problem, hidden = problem_named(cell["problem"]), cell["hidden"]
    widths = (problem.dimension, hidden, hidden, hidden, 1)
    run = Run(
        problem=problem,
        datapath=preset("exact"),
        engine=ForwardLaplacian(),
        network=replace(problem.network, widths=widths),
        test_points=cell["points"],
        seed=cell["seed"],
    )
    points, setting, sigma = held_out_points(run), cell["setting"], cell["sigma"]
    truth = derivatives_at(run, points)
    if cell["engine"] == SMOOTHING:
        rows = 2 * setting * run.engine.rows(problem.derivatives)
        found = smoothed_derivatives_at(run, points, sigma, setting)
    else:
        engine = _engine(cell["engine"], setting, sigma)
        rows = engine.rows(problem.derivatives)
        found = derivatives_at(replace(run, engine=engine), points)
    return {"rows": rows, **{name: relative_l2(found[name], truth[name]) for name in truth}}


def _settings(results: Sequence[Finished], problem: str) -> list[tuple[str, int]]:
    """Engines and settings in their order."""
    every = [(r["engine"], r["setting"]) for r in results if r["problem"] == problem]
    return [each for each in dict.fromkeys(every) if each[0] != SMOOTHING]


def _table(results: Sequence[Finished]) -> str:
    """A table of engines for each problem, and one of what smoothing does."""
    lines: list[str] = []
    for problem in PROBLEMS:
        size = problem_named(problem).dimension
        lines += [f"**{problem}, {size} coordinates, sigma {SIGMA:g}**", ""]
        lines += header("engine", "setting", "rows", "diffusion", "slopes")
        for engine, setting in _settings(results, problem):
            where = {"problem": problem, "engine": engine, "setting": setting}
            rows, option = values(results, "rows", **where)[0], _OPTIONS[engine][0]
            chosen = f"{option} {setting if _OPTIONS[engine][1] else SIGMA:g}" if option else ""
            lines.append(row([engine, chosen, rows, *_errors(results, where)]))
        lines.append("")
    lines += ["**Smoothing:** derivatives of the smoothed network against the network's own", ""]
    lines += header("problem", "sigma", "diffusion", "slopes")
    for problem in PROBLEMS:
        for sigma in SIGMAS:
            where = {"problem": problem, "engine": SMOOTHING, "sigma": sigma}
            lines.append(row([problem, f"{sigma:g}", *_errors(results, where)]))
    return "\n".join(lines) + "\n"


def _errors(results: Sequence[Finished], where: dict[str, Any]) -> list[str]:
    """Those of the diffusion term and of the slopes."""
    both = (values(results, what, **where) for what in ("diffusion", "slopes"))
    return [_said(found) if found else "-" for found in both]


def _said(found: Sequence[float]) -> str:
    return mean_and_spread(found) if any(found) else "0"


def _draw(figure: "Figure", results: Sequence[Finished]) -> None:
    """A panel for each problem: the error of the diffusion term against rows."""
    panels = figure.subplots(1, len(PROBLEMS), sharey=True)
    for panel, problem in zip(panels, PROBLEMS, strict=True):
        for engine, (colour, mark) in _STYLES.items():
            found = [s for e, s in _settings(results, problem) if e == engine]
            cells = [{"problem": problem, "engine": engine, "setting": s} for s in found]
            rows = [mean(results, "rows", **where) for where in cells]
            errors = [mean(results, "diffusion", **where) for where in cells]
            if engine == ForwardLaplacian.name:
                panel.axvline(rows[0], color=colour, linestyle=":", label=f"{engine}: error 0")
            else:
                panel.loglog(rows, errors, mark + "-", color=colour, label=engine)
        bias = {"problem": problem, "engine": SMOOTHING, "sigma": SIGMA}
        height, label = mean(results, "diffusion", **bias), f"smoothing, sigma {SIGMA:g}"
        panel.axhline(height, color="black", linestyle="--", linewidth=1, label=label)
        panel.set_title(f"{problem}, {problem_named(problem).dimension} coordinates")
        panel.set_xlabel("rows per point")
        panel.grid(visible=True, alpha=0.3)
    panels[0].set_ylabel("relative L2 error of the diffusion term")
    shown = panels[0].get_legend_handles_labels()
    figure.legend(*shown, loc="outside lower center", ncols=5, frameon=False, fontsize=9)


ENGINE_STUDY = Study(
    name="engines",
    question="which engine finds derivatives with the fewest rows through the network",
    cells=_cells,
    measure=_measure,
    table=_table,
    draw=_draw,
)
