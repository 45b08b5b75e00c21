"""How many bits of activations, weights and gradients a training needs."""

from dataclasses import replace

from ..emu import smx_datapath
from ..pde import Run
from .training_study import TrainingGrid, Variant

#: Bits of activations, weights and gradients.
WIDTHS = ((4, 4, 8), (4, 4, 12), (8, 4, 12), (8, 8, 8), (8, 8, 12), (12, 12, 12), (16, 16, 16))


def _smx(widths: tuple[int, int, int]) -> Variant:
    def on_tiles(run: Run) -> Run:
        return replace(run, datapath=smx_datapath(*widths))

    return on_tiles


GRID = TrainingGrid(
    problems=("poisson", "poisson-modes", "hjb-log"),
    variants={
        "FP32": lambda run: run,
        **{"SMX " + "/".join(map(str, widths)): _smx(widths) for widths in WIDTHS},
    },
)
WIDTH_STUDY = GRID.study("widths", "how many bits activations, weights and gradients need")
