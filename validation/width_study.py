"""How many bits of activations, weights and gradients a training needs."""

from dataclasses import replace
from functools import partial

from ..emu import smx_datapath
from ..pde import Run
from .training_study import TrainingGrid

#: Bits of activations, weights and gradients.
WIDTHS = ((4, 4, 8), (4, 4, 12), (8, 4, 12), (8, 8, 8), (8, 8, 12), (12, 12, 12), (16, 16, 16))


def _plain(run: Run) -> Run:
    return run


def _on_tiles(run: Run, widths: tuple[int, int, int]) -> Run:
    return replace(run, datapath=smx_datapath(*widths))


GRID = TrainingGrid(
    problems=("poisson", "poisson-modes", "hjb-log"),
    variants={
        "FP32": _plain,
        **{
            "SMX " + "/".join(map(str, widths)): partial(_on_tiles, widths=widths)
            for widths in WIDTHS
        },
    },
)
WIDTH_STUDY = GRID.study("widths", "how many bits activations, weights and gradients need")
