"""The error of the estimated Laplacian against sigma, pairs, width and how differences are coded.

A random network, as training starts with; its Laplacian by the forward Laplacian in float64 is the
truth, and the same estimate in float64 is the noise that no arithmetic can remove.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..emu import preset, smx_datapath
from ..pde import (
    COLOURS,
    MLP,
    Differences,
    ForwardLaplacian,
    Poisson,
    Run,
    SteinMonteCarlo,
    fields_at,
    held_out_points,
    initial_state,
    relative_l2,
)
from .cell_store import Cell, Finished
from .study import Study
from .study_tables import header, mean, mean_and_spread, row, values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIGMAS = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
WIDTHS = (4, 8, 12, 16)
PAIRS = (64, 256, 1024)
_SIZES = {"smoke": (32, 16), "study": (128, 32), "paper": (256, 64)}


def _cells(tier: str, seeds: int) -> list[dict[str, Any]]:
    """Every sigma and width at 256 pairs, and every number of pairs at sigma 0.01 in 8 bits."""
    hidden, points = _SIZES[tier]
    grid = [(sigma, bits, 256) for sigma in SIGMAS for bits in WIDTHS]
    grid += [(1e-2, 8, pairs) for pairs in PAIRS if pairs != 256]
    return [
        {
            "sigma": sigma, "bits": bits, "pairs": pairs, "differences": kind.value,
            "hidden": hidden, "points": points, "seed": seed,
        }
        for seed in range(seeds)
        for sigma, bits, pairs in grid
        for kind in Differences
    ]  # fmt: skip


def _measure(cell: Cell, _: Path) -> dict[str, float]:
    """Relative L2 errors of the estimate: ``noise`` in float64, ``error`` on the datapath."""
    exact, bits, hidden = preset("exact"), cell["bits"], cell["hidden"]
    run = Run(
        problem=Poisson(),
        datapath=smx_datapath(bits, bits, bits),
        engine=SteinMonteCarlo(sigma=cell["sigma"], pairs=cell["pairs"]),
        network=MLP(widths=(2, hidden, hidden, hidden, 1)),
        differences=Differences(cell["differences"]),
        test_points=cell["points"],
        seed=cell["seed"],
    )
    points = held_out_points(run)
    parameters = initial_state(replace(run, datapath=exact)).parameters
    truth = fields_at(replace(run, engine=ForwardLaplacian()), parameters, points, exact)[1]
    ideal = fields_at(run, parameters, points, exact)[1]
    found = fields_at(run, parameters, points, run.datapath)[1]
    return {
        "noise": relative_l2(ideal, truth),
        "error": relative_l2(found, truth),
        "rounding": relative_l2(found, ideal),
    }


def _table(results: Sequence[Finished]) -> str:
    """Errors by sigma and width, and by the number of pairs."""
    kinds = [kind.value for kind in Differences]
    lines = header("sigma", "bits", "noise", *kinds)
    for sigma in SIGMAS:
        for bits in WIDTHS:
            where = {"sigma": sigma, "bits": bits, "pairs": 256}
            noise = mean_and_spread(values(results, "noise", differences="naive", **where))
            cells = [
                mean_and_spread(values(results, "error", differences=kind, **where))
                for kind in kinds
            ]
            lines.append(row([f"{sigma:g}", bits, noise, *cells]))
    lines += ["", *header("pairs", "noise", *kinds)]
    for pairs in PAIRS:
        where = {"sigma": 1e-2, "bits": 8, "pairs": pairs}
        noise = mean_and_spread(values(results, "noise", differences="naive", **where))
        cells = [
            mean_and_spread(values(results, "error", differences=kind, **where)) for kind in kinds
        ]
        lines.append(row([pairs, noise, *cells]))
    return "\n".join(lines) + "\n"


def _draw(figure: "Figure", results: Sequence[Finished]) -> None:
    """A panel for each way of coding differences: the error against sigma for every width."""
    panels = figure.subplots(1, len(Differences), sharey=True)
    for panel, kind in zip(panels, Differences, strict=True):
        for colour, bits in zip(COLOURS, WIDTHS, strict=False):
            where = {"bits": bits, "pairs": 256, "differences": kind.value}
            means = [mean(results, "error", sigma=s, **where) for s in SIGMAS]
            panel.loglog(SIGMAS, means, "o-", color=colour, label=f"{bits} bits")
        noise = [mean(results, "noise", sigma=s, **where) for s in SIGMAS]
        panel.loglog(SIGMAS, noise, "--", color="black", label="float64: the noise")
        panel.set_title(kind.value)
        panel.set_xlabel("sigma")
        panel.grid(visible=True, alpha=0.3)
    panels[0].set_ylabel("relative L2 error of the Laplacian")
    panels[0].legend(frameon=False, fontsize=8)


ESTIMATOR_STUDY = Study(
    name="estimator",
    question="how much of the estimated Laplacian survives eight bits, and at which sigma",
    cells=_cells,
    measure=_measure,
    table=_table,
    draw=_draw,
)
