"""Quantization-aware training of networks between fields: errors against cost, everywhere.

The grid of van den Dool et al. (arXiv 2308.07350): four equations, three networks, five widths of
weights and activations, several resolutions and sizes.  Beside each plan stands what they leave
out: the same plan without training, and the float network trained on for as long.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from ...pde.operators import AGAIN, FLOAT
from ..cell_store import Finished
from ..study import Study
from ..study_tables import header, row
from .cell import ARCHITECTURES, POST, SCENARIOS, measure, needs
from .data import EQUATIONS, make_data
from .picture import draw_fronts
from .tables import (
    Group,
    control,
    error_text,
    front_of,
    grouped,
    headline,
    mean_of,
    number_text,
    ratio_text,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: What decides the cost of a cell: the same for its seeds.
SETTING: Final = ("scenario", "reduction", "width", "way")
#: Sizes that all equations share, by tier.
_COMMON: Final[dict[str, dict[str, Any]]] = {
    "smoke": {
        "train": 20, "validation": 2, "test": 4, "frames": 6, "epochs": 10, "tuned": 2, "batch": 10,
        "rate": 1e-2, "blocks": 2, "modes": 8, "levels": 2,
    },
    "study": {
        "train": 40, "validation": 8, "test": 16, "frames": 6, "epochs": 10, "tuned": 2,
        "batch": 16, "rate": 5e-3, "blocks": 2, "modes": 12, "levels": 3,
    },
    "paper": {
        "train": 900, "validation": 50, "test": 100, "frames": 21, "epochs": 100, "tuned": 15,
        "batch": 32, "rate": 1e-3, "blocks": 4, "modes": 16, "levels": 4,
    },
}  # fmt: skip
#: Cells along each axis, in one and in two dimensions.
_POINTS: Final = {"smoke": (64, 16), "study": (128, 32), "paper": (256, 64)}
#: Where the sizes of an equation differ: the elliptic one has a pair for each instance, not one for
#: each frame but the first.
_DARCY: Final[dict[str, dict[str, int]]] = {
    "smoke": {"train": 24, "test": 8, "frames": 1},
    "study": {"train": 160, "validation": 16, "test": 32, "frames": 1},
    "paper": {"train": 1000, "validation": 100, "test": 200, "frames": 1, "modes": 12},
}
#: Channels within, by network and dimension; the paper has the three.
_WIDTHS: Final = {
    "FNO": ((16, 32, 64), (8, 16, 32)), "UNet": ((8, 16, 32), (4, 8, 16)),
    "Transformer": ((16, 32, 64), (16, 32, 64)),
}  # fmt: skip
_REDUCTIONS: Final = {"smoke": (1, 2), "study": (1, 2), "paper": (1, 2, 4, 8, 16)}
_SCENARIOS: Final = {
    "smoke": (FLOAT, AGAIN, "ptq-w4a4", "w4a4", "w8a8", "w8a16"),
    "study": (FLOAT, AGAIN, "ptq-w4a4", *SCENARIOS),
    "paper": (FLOAT, AGAIN, *(f"{POST}{name}" for name in SCENARIOS), *SCENARIOS),
}


def sizes(tier: str, pde: str) -> dict[str, Any]:
    """Return the sizes of an equation's cells in a tier."""
    points = _POINTS[tier][EQUATIONS[pde] - 1]
    own = _DARCY[tier] if pde == "darcy" else {}
    return {**_COMMON[tier], "points": points, **own}


def places(tier: str) -> list[tuple[str, str]]:
    """Return the pairs of equation and network of a tier."""
    if tier == "smoke":
        return [("burgers", "FNO")]
    return [(pde, network) for pde in EQUATIONS for network in ARCHITECTURES]


def widths(tier: str, pde: str, architecture: str) -> tuple[int, ...]:
    """Return the sizes of a network in a tier."""
    three = _WIDTHS[architecture][EQUATIONS[pde] - 1]
    return three if tier == "paper" else three[:1]


def reductions(tier: str, pde: str) -> tuple[int, ...]:
    """Return the resolutions of an equation in a tier: 16 times coarser on a line only."""
    return tuple(r for r in _REDUCTIONS[tier] if r < 16 or EQUATIONS[pde] == 1)


def cell_of(
    tier: str, pde: str, architecture: str, width: int, scenario: str, seed: int, **others: Any
) -> dict[str, Any]:
    """Return a cell at the sizes of a tier, on the whole grid unless ``others`` say otherwise."""
    return {
        "pde": pde, "architecture": architecture, "width": width, "scenario": scenario,
        "reduction": 1, "way": "interpolated", "seed": seed, **sizes(tier, pde), **others,
    }  # fmt: skip


def whole_grid(tier: str, seeds: int, scenarios: Sequence[str]) -> list[dict[str, Any]]:
    """Return the cells of these scenarios in every place of a tier, width and resolution."""
    return [
        cell_of(tier, pde, architecture, width, scenario, seed, reduction=reduction)
        for seed in range(seeds)
        for pde, architecture in places(tier)
        for width in widths(tier, pde, architecture)
        for reduction in reductions(tier, pde)
        for scenario in scenarios
    ]


def _cells(tier: str, seeds: int) -> list[dict[str, Any]]:
    return whole_grid(tier, seeds, _SCENARIOS[tier])


_TITLES: Final = (
    "scenario", "grid", "width", "rel. L2", "of float again", "nRMSE", "MSE", "rollout",
    "grid alone", "BOPs", "BOPs, float 32", "weight bytes", "failed", "front",
)  # fmt: skip


def _table(results: Sequence[Finished]) -> str:
    """A table for each equation and network: a row for each setting, means over seeds."""
    parts = []
    for (pde, architecture), its in grouped(results, ("pde", "architecture")):
        groups = grouped(its, SETTING)
        front = front_of([group for _, group in groups])
        lines = [f"**{pde}, {architecture}**: {headline(its)}", "", *header(*_TITLES)]
        lines += [_row(key, group, its, k in front) for k, (key, group) in enumerate(groups)]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _row(key: tuple[Any, ...], group: Group, its: Group, on_front: bool) -> str:
    scenario, reduction, width, _ = key
    points = group[0]["points"] // reduction
    ratio = ratio_text(group, control(its, group[0]))
    return row([
        scenario, points, width, error_text(group, "relative_l2"), ratio,
        *(error_text(group, name) for name in ("nrmse", "mse", "rollout")),
        f"{mean_of(group, 'floor'):.1e}", number_text(group, "bops"),
        number_text(group, "bops_32"), number_text(group, "weight_bytes"),
        f"{sum(r['failed'] for r in group):.0f} of {len(group)}", "*" if on_front else "",
    ])  # fmt: skip


def _draw(figure: "Figure", results: Sequence[Finished]) -> None:
    draw_fronts(figure, results, SETTING)


QAT_STUDY: Final = Study(
    name="qat",
    question="errors of networks between fields against their cost, by width and resolution",
    cells=_cells,
    measure=measure,
    table=_table,
    draw=_draw,
    prepare=make_data,
    before=needs,
)
