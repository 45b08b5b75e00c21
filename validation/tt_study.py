"""The error of a tensor-train layer against its rank, form, plan, width and batch, and its cost.

A layer Y = X W with random cores, as training starts with, and its backward results (dX, and the
gradients of the cores) for normal X and dY.  The truth is the same in float64 with the same cores,
so that it is rounding that is measured, not compression.  Activations, weights and gradients are
square blocks of one width.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..emu import Datapath, Tape, preset, smx_datapath
from ..pde import COLOURS, Stream
from ..tt import TTForm, TTLayer, TTPlan, contraction_cost
from .cell_store import Cell, Finished
from .study import Study
from .study_tables import header, mean, mean_and_spread, row, values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Arrays = list[NDArray[Any]]

RANKS = (2, 4, 8, 16)
WIDTHS = (4, 8, 12, 16)
#: The factors of both sides of a layer, by its size.
FACTORS = {
    64: ((4, 4, 4), (4, 4, 4)),
    256: ((4, 4, 4, 4), (4, 4, 4, 4)),
    512: ((4, 4, 4, 8), (8, 4, 4, 4)),
}
#: Sizes, the batch of all cells, and the others of rank 8 in 8 bits.
_TIERS: dict[str, tuple[tuple[int, ...], int, tuple[int, ...]]] = {
    "smoke": ((64,), 32, (1, 256)),
    "study": ((256, 512), 64, (1, 512)),
    "paper": ((256, 512), 256, (1, 16, 64, 1024)),
}
_RESULTS = {"product": "X W", "rows": "dX", "cores": "cores"}


def _cells(tier: str, seeds: int) -> list[dict[str, Any]]:
    """Every rank and width at one batch, and other batches at rank 8 in 8 bits."""
    sizes, usual, others = _TIERS[tier]
    grid = [(bits, rank, usual) for bits in WIDTHS for rank in RANKS]
    grid += [(8, 8, batch) for batch in others]
    return [
        {
            "size": size, "form": form.value, "plan": plan.value,
            "bits": bits, "rank": rank, "batch": batch, "seed": seed,
        }
        for seed in range(seeds)
        for size in sizes
        for form in TTForm
        for bits, rank, batch in grid
        for plan in TTPlan
    ]  # fmt: skip


def layer_of(size: int, form: TTForm, rank: int, plan: TTPlan) -> TTLayer:
    """Return a layer of ``size`` inputs and outputs; ranks at its ends are what any matrix needs.

    Examples
    --------
    >>> layer_of(64, TTForm.TT, 8, TTPlan.FULL).ranks
    (1, 4, 8, 8, 8, 4, 1)
    """
    inputs, outputs = FACTORS[size]
    paired = form is TTForm.TTM
    sides = [m * n for m, n in zip(inputs, outputs, strict=True)] if paired else inputs + outputs
    bonds = range(1, len(sides))
    inner = (min(rank, math.prod(sides[:k]), math.prod(sides[k:])) for k in bonds)
    return TTLayer(inputs=inputs, outputs=outputs, ranks=(1, *inner, 1), form=form, plan=plan)


def drawn(layer: TTLayer, batch: int, seed: int) -> tuple[Arrays, NDArray[Any], NDArray[Any]]:
    """Return cores, X and dY: float32 numbers, which every vector unit holds, whatever the plan."""
    stream = Stream(seed=seed, name="validation/tt")
    cores = layer.initialize(lambda shape, k: stream.normal(shape, k))
    rows, columns = layer.shape
    x = stream.normal((batch, rows), layer.core_count).astype(np.float32)
    dy = stream.normal((batch, columns), layer.core_count + 1).astype(np.float32)
    return cores, x, dy


def layer_errors(
    layer: TTLayer, datapath: Datapath, cores: Arrays, x: NDArray[Any], dy: NDArray[Any]
) -> dict[str, float]:
    """Return the relative L2 errors of X W, of dX and of all core gradients together.

    Notes
    -----
    *Exactness*: the truth is the plan `TTPlan.FULL` in float64.
    """
    truth = _passes(replace(layer, plan=TTPlan.FULL), preset("exact"), cores, x, dy)
    found = _passes(layer, datapath, cores, x, dy)
    parts = {"product": slice(0, 1), "rows": slice(1, 2), "cores": slice(2, None)}
    return {name: _error(found[part], truth[part]) for name, part in parts.items()}


def _passes(
    layer: TTLayer, datapath: Datapath, cores: Arrays, x: NDArray[Any], dy: NDArray[Any]
) -> Arrays:
    """X W, dX and the gradients of the cores on a machine."""
    tape = Tape(datapath)
    parameters, rows = [tape.parameter(core) for core in cores], tape.parameter(x)
    result = layer.apply(parameters, rows)
    return [result.value, *tape.pullback(result, dy, [rows, *parameters])]


def _error(found: Arrays, truth: Arrays) -> float:
    """The relative L2 error of several arrays together."""
    pairs = zip(found, truth, strict=True)
    squares = sum(float(np.sum((a.astype(np.float64) - b) ** 2)) for a, b in pairs)
    return math.sqrt(squares / sum(float(np.sum(b**2)) for b in truth))


def _measure(cell: Cell, _: Path) -> dict[str, float]:
    """The errors, and multiplications and coded elements of the forward pass by `tt.cost`."""
    form, plan, bits = TTForm(cell["form"]), TTPlan(cell["plan"]), cell["bits"]
    layer = layer_of(cell["size"], form, cell["rank"], plan)
    cost, inputs = contraction_cost(layer, cell["batch"]), drawn(layer, cell["batch"], cell["seed"])
    return {
        **layer_errors(layer, smx_datapath(bits, bits, bits), *inputs),
        "macs": cost.macs,
        "merging_macs": cost.merging_macs,
        "quantizations": cost.quantizations,
    }


def _groups(results: Sequence[Finished]) -> Iterator[tuple[int, TTForm, list[Finished], int]]:
    """Size and form, their results, and the batch that most of them have."""
    for size in sorted({r["size"] for r in results}):
        for form in TTForm:
            here = [r for r in results if r["size"] == size and r["form"] == form.value]
            yield size, form, here, next(r["batch"] for r in here if r["bits"] != 8)


def _table(results: Sequence[Finished]) -> str:
    """For each size and form: errors by width and rank, by batch, and the cost of a rank."""
    lines: list[str] = []
    for size, form, here, batch in _groups(results):
        title = f"{form.name}, {size} x {size}"
        lines += [f"**{title}, {batch} rows:** error of X W, and half merged / sequential", ""]
        lines += header("bits", "rank", *_plans(), *_ratio_names())
        for bits in WIDTHS:
            for rank in RANKS:
                where = {"bits": bits, "rank": rank, "batch": batch}
                lines.append(row([bits, rank, *_errors(here, where)]))
        lines += ["", f"**{title}, rank 8, 8 bits:** the same by the number of rows", ""]
        lines += header("rows", *_plans(), *_ratio_names())
        for rows in sorted({r["batch"] for r in here}):
            where = {"bits": 8, "rank": 8, "batch": rows}
            lines.append(row([rows, *_errors(here, where)]))
        counted = "multiply-adds with rows, those that merge cores, and elements coded"
        lines += ["", f"**{title}, {batch} rows:** {counted} in the forward pass", ""]
        kinds = {"macs": "macs", "merging_macs": "merging", "quantizations": "coded"}
        lines += header("rank", *(f"{k}, {p}" for k in kinds.values() for p in _plans()))
        for rank in RANKS:
            where = {"bits": 8, "rank": rank, "batch": batch}
            counts = [values(here, k, plan=p.value, **where)[0] for k in kinds for p in TTPlan]
            lines.append(row([rank, *(f"{count:,}" for count in counts)]))
        lines.append("")
    return "\n".join(lines)


def _said(plan: TTPlan) -> str:
    return plan.value.replace("_", " ")


def _plans() -> list[str]:
    return [_said(plan) for plan in TTPlan]


def _ratio_names() -> list[str]:
    return [f"ratio, {name}" for name in _RESULTS.values()]


def _errors(results: Sequence[Finished], where: dict[str, Any]) -> list[str]:
    """The errors of X W by all plans, and what halves have of those of single cores."""
    halves, single = TTPlan.HALF_MERGED.value, TTPlan.SEQUENTIAL.value
    errors = [
        mean_and_spread(values(results, "product", plan=plan.value, **where)) for plan in TTPlan
    ]
    ratios = [
        mean(results, what, plan=halves, **where) / mean(results, what, plan=single, **where)
        for what in _RESULTS
    ]
    return [*errors, *(f"{ratio:.2f}" for ratio in ratios)]


def _draw(figure: "Figure", results: Sequence[Finished]) -> None:
    """A panel for each form of the largest layer: the error in 8 bits against the rank."""
    groups = list(_groups(results))[-len(TTForm) :]
    panels = figure.subplots(1, len(TTForm), sharey=True)
    for panel, (size, form, here, batch) in zip(panels, groups, strict=True):
        for colour, plan in zip(COLOURS, TTPlan, strict=False):
            where = {"plan": plan.value, "bits": 8, "batch": batch}
            for what, style in (("product", "o-"), ("cores", "s--")):
                means = [mean(here, what, rank=rank, **where) for rank in RANKS]
                label = f"{_said(plan)}, {_RESULTS[what]}"
                panel.semilogx(RANKS, means, style, color=colour, label=label, base=2)
        panel.set_title(f"{form.name}, {size} x {size}, {batch} rows, 8 bits")
        panel.set_xticks(RANKS, [str(rank) for rank in RANKS])
        panel.set_xlabel("rank")
        panel.grid(visible=True, alpha=0.3)
    panels[0].set_ylim(bottom=0)
    panels[0].set_ylabel("relative L2 error")
    panels[-1].legend(frameon=False, fontsize=8, loc="lower right")


TT_STUDY = Study(
    name="tt",
    question="what tensor-train layers lose to rounding, by rank, form, plan, width and batch",
    cells=_cells,
    measure=_measure,
    table=_table,
    draw=_draw,
)
