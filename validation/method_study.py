"""The table of the paper: what each of its ideas costs and keeps, on every problem.

From float32 with exact derivatives to square-block integers with tensor trains, one idea at a time
(Lu, Tian, Zhao, Li and Zhang, arXiv 2512.09202).
"""

from dataclasses import replace

from ..emu import smx_datapath
from ..pde import Differences, ForwardLaplacian, Run, compressed
from ..tt import TTPlan
from .training_study import TrainingGrid

#: Inner ranks of the trains.
RANK = 8


def _exact(run: Run) -> Run:
    return replace(run, engine=ForwardLaplacian())


def _trains(run: Run, plan: TTPlan) -> Run:
    return replace(run, network=compressed(run.network, RANK, plan))


def _integers(run: Run, differences: Differences) -> Run:
    return replace(run, datapath=smx_datapath(8, 8, 12), differences=differences)


GRID = TrainingGrid(
    problems=("poisson", "poisson-modes", "hjb", "hjb-log", "heat", "heat-modes"),
    variants={
        "FP32, exact": _exact,
        "FP32, SE": lambda run: run,
        "FP32, SE, TT": lambda run: _trains(run, TTPlan.SEQUENTIAL),
        "SMX, SE naive": lambda run: _integers(run, Differences.NAIVE),
        "SMX, DiffQuant": lambda run: _integers(run, Differences.PARTS),
        "SMX, DiffQuant, TT": lambda run: _trains(
            _integers(run, Differences.PARTS), TTPlan.SEQUENTIAL
        ),
        "SMX, DiffQuant, TT, PRS": lambda run: _trains(
            _integers(run, Differences.PARTS), TTPlan.HALF_MERGED
        ),
    },
)
METHOD_STUDY = GRID.study(
    "methods", "what each idea of the paper keeps of the accuracy, and what it saves"
)
