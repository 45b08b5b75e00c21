"""Open questions as studies: how many bits, how much chaos, which way to a coarser grid.

Each is a grid of the cells of `cell` along one more axis, with a table and a picture of
the error relative to the float network that was trained for as long.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ...pde import COLOURS
from ...pde.operators import AGAIN, FLOAT
from ..cell_store import Finished
from ..study import Study
from ..study_tables import header, row
from .cell import ARCHITECTURES, POST, WAYS, measure, needs
from .data import make_data
from .picture import panels_of
from .study import cell_of, places, reductions, widths
from .tables import control, error_text, grouped, headline, mean_of, ratio_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Cells = list[dict[str, Any]]
_BITS: Final = {"smoke": (2, 4, 8), "study": (2, 3, 4, 6, 8, 12, 16), "paper": tuple(range(2, 17))}
#: Viscosities, from smooth to chaotic or steep.
_VISCOSITIES: Final[dict[str, dict[str, tuple[float, ...]]]] = {
    "smoke": {"burgers": (0.1, 0.01)},
    "study": {"burgers": (0.1, 0.01, 0.005), "vorticity": (1e-2, 1e-3, 1e-4)},
    "paper": {"burgers": (1.0, 0.1, 0.01, 0.001), "vorticity": (1e-2, 1e-3, 1e-4, 1e-5)},
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Curves:
    """How a study along one axis is shown.

    Parameters
    ----------
    axis
        The setting along it.
    titles
        Of the columns of settings, and their keys, in the table.
    curve
        The setting that makes one curve of a panel.
    logarithmic
        Whether the axis is.
    """

    axis: str
    titles: dict[str, str]
    curve: Callable[[Finished], str]
    logarithmic: bool = False

    def table(self, results: Sequence[Finished]) -> str:
        """Return a table for each equation and network, a row for each setting."""
        parts = []
        for (pde, architecture), its in grouped(results, ("pde", "architecture")):
            names = (*self.titles, "rel. L2", "of float again", "grid alone", "failed")
            lines = [f"**{pde}, {architecture}**: {headline(its)}", "", *header(*names)]
            for key, group in grouped(its, list(self.titles.values())):
                plain = control(its, group[0])
                failed = f"{sum(r['failed'] for r in group):.0f} of {len(group)}"
                lines.append(
                    row([
                        *key, error_text(group, "relative_l2"), ratio_text(group, plain),
                        f"{mean_of(group, 'floor'):.1e}", failed,
                    ])
                )  # fmt: skip
            parts.append("\n".join(lines) + "\n")
        return "\n".join(parts)

    def draw(self, figure: "Figure", results: Sequence[Finished]) -> None:
        """Draw a panel for each equation and network: errors along the axis."""
        along = next(title for title, key in self.titles.items() if key == self.axis)
        panels = panels_of(figure, results, along)
        for axis, its in panels:
            self._draw(axis, [r for r in its if not r["failed"]])
        panels[0][0].legend(frameon=False, fontsize=8)

    def _draw(self, axis: "Axes", its: Sequence[Finished]) -> None:
        names = list(dict.fromkeys(self.curve(r) for r in its))
        for k, name in enumerate(names):
            groups = grouped([r for r in its if self.curve(r) == name], [self.axis])
            points = sorted((at, mean_of(group, "relative_l2")) for (at,), group in groups)
            colour = COLOURS[k % len(COLOURS)]
            if points[0][0] == 0:  # nothing is quantized: a line across
                axis.axhline(points[0][1], color=colour, linestyle="--", label=name)
                continue
            axis.plot(
                [x for x, _ in points], [y for _, y in points], "o-", color=colour, label=name
            )
        axis.set_yscale("log")
        if self.logarithmic:
            axis.set_xscale("log")


def _bits_cells(tier: str, seeds: int) -> Cells:
    """Weights and activations of the same width, trained or not; 0 bits: none."""
    scenarios = [(0, FLOAT), (0, AGAIN)]
    scenarios += [(b, f"{post}w{b}a{b}") for b in _BITS[tier] for post in (POST, "")]
    return [
        cell_of(tier, pde, network, widths(tier, pde, network)[0], scenario, seed, bits=bits)
        for seed in range(seeds)
        for pde, network in places(tier)
        for bits, scenario in scenarios
    ]


def _chaos_cells(tier: str, seeds: int) -> Cells:
    """Each equation at several viscosities, in float and in three widths."""
    networks = ("FNO",) if tier == "smoke" else ARCHITECTURES
    return [
        cell_of(tier, pde, network, widths(tier, pde, network)[0], scenario, seed, nu=nu)
        for seed in range(seeds)
        for pde, viscosities in _VISCOSITIES[tier].items()
        for network in networks
        for nu in viscosities
        for scenario in (FLOAT, AGAIN, "w4a4", "w8a8", "w8a16")
    ]


def _way_cells(tier: str, seeds: int) -> Cells:
    """Each way to each coarser grid, in float and in eight bits, and the whole grid."""
    return [
        cell_of(
            tier, pde, network, widths(tier, pde, network)[0], scenario, seed, reduction=r, way=way
        )
        for seed in range(seeds)
        for pde, network in places(tier)
        for r in reductions(tier, pde)
        for way in (WAYS if r > 1 else WAYS[:1])
        for scenario in (FLOAT, AGAIN, "w8a8")
    ]


def _before(cell: Finished) -> list[Finished]:
    """The float network, whose bits are 0."""
    return [{**each, "bits": 0} if "bits" in cell else each for each in needs(cell)]


def _trained(cell: Finished) -> str:
    """What a scenario without its width is: float, or quantized with or without training."""
    name = str(cell["scenario"])
    return name if name in (FLOAT, AGAIN) else "PTQ" if name.startswith(POST) else "QAT"


def _study(name: str, question: str, cells: Callable[[str, int], Cells], shown: Curves) -> Study:
    return Study(
        name=name, question=question, cells=cells, measure=measure, table=shown.table,
        draw=shown.draw, prepare=make_data, before=_before,
    )  # fmt: skip


BITS_STUDY: Final = _study(
    "qat-widths",
    "errors against the number of bits, with and without training",
    _bits_cells,
    Curves(axis="bits", titles={"bits": "bits", "scenario": "scenario"}, curve=_trained),
)
CHAOS_STUDY: Final = _study(
    "qat-chaos",
    "what quantization costs as an equation becomes steep or chaotic",
    _chaos_cells,
    Curves(
        axis="nu", titles={"viscosity": "nu", "scenario": "scenario"}, logarithmic=True,
        curve=lambda cell: str(cell["scenario"]),
    ),
)  # fmt: skip
WAYS_STUDY: Final = _study(
    "qat-sampling",
    "coarser grids by interpolation, by means, or by a learned down-sampler",
    _way_cells,
    Curves(
        axis="reduction", titles={"coarser by": "reduction", "way": "way", "scenario": "scenario"},
        curve=lambda cell: f"{cell['way']}, {cell['scenario']}",
    ),
)  # fmt: skip
