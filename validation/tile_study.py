"""Square tiles against vectors: the error of one gradient, and what is coded and stored for it.

One training step of the Poisson problem with a network as training starts with: the derivatives of
its loss after all parameters, on machines that differ in the shape of their blocks alone.  The
truth is the same step in float64.

A product contracts the columns of its left operand and the rows of its right one, and a vector
block lies along the contraction.  What a forward product contracts along one axis, the products of
the backward pass contract along the other: transposed weights for the gradient of the rows, and
transposed activations for that of the weights; gradients are used along both.  A vector block must
therefore code these operands a second time, from their source and with other roundings.  The
transpose of a square tile is a tile, and one copy serves both ways.  The ledger counts every copy.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..emu import Datapath, Tape, preset
from ..formats import Block, Cast, Fixed, NonFinite, Overflow
from ..pde import (
    COLOURS,
    MLP,
    Poisson,
    Run,
    initial_state,
    means_and_gradients,
    relative_l2,
    total_loss,
)
from .cell_store import Cell, Finished
from .study import Study
from .study_tables import header, mean, mean_and_spread, row, values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TILES = ((4, 4), (8, 8), (16, 16), (32, 32), (1, 16), (1, 32))
WIDTHS = (4, 8, 12)
#: Hidden units of each of three layers, and points of the equation and of its condition each.
_SIZES = {"smoke": (64, 32), "study": (128, 100), "paper": (256, 100)}


def _cells(tier: str, seeds: int) -> list[dict[str, Any]]:
    """Every tile with elements of every width."""
    hidden, points = _SIZES[tier]
    return [
        {"bits": bits, "tile": list(tile), "hidden": hidden, "points": points, "seed": seed}
        for seed in range(seeds)
        for bits in WIDTHS
        for tile in TILES
    ]


def tiled(tile: tuple[int, int], bits: int) -> Datapath:
    """The machine ``smx8`` with integers of so many bits in such tiles for every operand.

    Examples
    --------
    >>> tiled((4, 4), 8).activation == preset("smx8").activation
    True
    """
    cast = Cast(
        format=_block(tile, bits),
        overflow=Overflow.SATURATE_SYMMETRIC,
        nonfinite=NonFinite.RAISE,
    )
    name = f"{tile[0]}x{tile[1]} INT{bits}"
    return replace(preset("smx8"), name=name, activation=cast, weight=cast, gradient=cast)


def _block(tile: tuple[int, int], bits: int) -> Block:
    return Block(element=Fixed(bits=bits), tile=tile)


def _measure(cell: Cell, _: Path) -> dict[str, float]:
    """Relative errors of the gradient of all parameters and of the loss; what the ledger counts."""
    (rows, columns), bits, hidden = cell["tile"], cell["bits"], cell["hidden"]
    datapath, block = tiled((rows, columns), bits), _block((rows, columns), bits)
    run = Run(
        problem=Poisson(),
        datapath=datapath,
        network=MLP(widths=(2, hidden, hidden, hidden, 1)),
        domain_points=cell["points"],
        condition_points=cell["points"],
        seed=cell["seed"],
    )
    parameters = initial_state(run).parameters
    tape, exact = Tape(datapath), Tape(preset("exact"))
    means, gradients = means_and_gradients(run, parameters, tape, 0)
    same = [array.astype(np.float64) for array in parameters]
    true_means, truth = means_and_gradients(replace(run, datapath=exact.datapath), same, exact, 0)
    loss, true_loss = total_loss(run, means), total_loss(run, true_means)
    return {
        "gradient": relative_l2(_joined(gradients), _joined(truth)),
        "loss": abs(loss - true_loss) / true_loss,
        "quantizations": tape.ledger.quantizations,
        "bytes": tape.ledger.bytes_stored,
        "bits_per_element": float(block.bits_per_element),
    }


def _joined(arrays: Sequence[Any]) -> Any:
    return np.concatenate([array.reshape(-1).astype(np.float64) for array in arrays])


def _table(results: Sequence[Finished]) -> str:
    """A row for each width and tile."""
    names = ("bits", "tile", "bits per element", "coded", "bytes", "of 4x4", "gradient", "loss")
    lines = header(*names)
    for bits in WIDTHS:
        least = mean(results, "bytes", bits=bits, tile=list(TILES[0]))
        for tile in TILES:
            size = mean(results, "bytes", bits=bits, tile=list(tile))
            cells = (
                bits,
                _said(tile),
                f"{mean(results, 'bits_per_element', bits=bits, tile=list(tile)):.3f}",
                f"{mean(results, 'quantizations', bits=bits, tile=list(tile)):,.0f}",
                f"{size:,.0f}",
                f"{size / least:.2f}",
                mean_and_spread(values(results, "gradient", bits=bits, tile=list(tile))),
                mean_and_spread(values(results, "loss", bits=bits, tile=list(tile))),
            )
            lines.append(row(cells))
    return "\n".join(lines) + "\n"


def _said(tile: tuple[int, int]) -> str:
    return f"{tile[0]}x{tile[1]}"


def _draw(figure: "Figure", results: Sequence[Finished]) -> None:
    """A panel for each width: the error of the gradient against the bytes stored."""
    panels = figure.subplots(1, len(WIDTHS))
    for panel, bits in zip(panels, WIDTHS, strict=True):
        for tile in TILES:
            square = tile[0] == tile[1]
            colour, mark = (COLOURS[0], "s") if square else (COLOURS[1], "o")
            size = mean(results, "bytes", bits=bits, tile=list(tile)) / 1000
            error = mean(results, "gradient", bits=bits, tile=list(tile))
            panel.plot([size], [error], mark, color=colour)
            place = {"xytext": (6, -9 if tile == (1, 16) else 3), "textcoords": "offset points"}
            panel.annotate(_said(tile), (size, error), fontsize=8, **place)
        panel.set_title(f"INT{bits}")
        panel.set_xlabel("kB stored")
        panel.margins(x=0.25, y=0.15)
        panel.set_ylim(bottom=0)
        panel.grid(visible=True, alpha=0.3)
    panels[0].set_ylabel("relative L2 error of the gradient")


TILE_STUDY = Study(
    name="tiles",
    question="what square tiles cost in accuracy and save in copies against vector blocks",
    cells=_cells,
    measure=_measure,
    table=_table,
    draw=_draw,
)
