"""The table of the paper: what each of its ideas costs and keeps, on every problem.

From float32 with exact derivatives to square-block integers with tensor trains, one idea at a time
(Lu, Tian, Zhao, Li and Zhang, arXiv 2512.09202).
"""

from dataclasses import replace
from functools import partial

from ..emu import smx_datapath
from ..pde import LBFGS, Differences, ForwardLaplacian, Run, compressed, rank_that_saves
from ..tt import TTPlan
from .training_study import TrainingGrid

#: How many times fewer parameters a network of trains has, at least: their rank is the largest that
#: leaves so few.
SAVING = 20
_PARTS = Differences.PARTS


def _exact(run: Run) -> Run:
    return replace(run, engine=ForwardLaplacian(), unbiased=False)


def _spread(run: Run) -> Run:
    """On 16 times as many points."""
    points, more = 16 * run.domain_points, 16 * run.condition_points
    return replace(_exact(run), domain_points=points, condition_points=more)


def _refined(run: Run) -> Run:
    """On as many, a quarter of the steps, and then three rounds of L-BFGS."""
    rounds = LBFGS(rounds=3, iterations=-(-run.steps // 10))
    return replace(_spread(run), steps=-(-run.steps // 4), refinement=rounds)


def _estimated(run: Run, differences: Differences | None = None, plan: TTPlan | None = None) -> Run:
    """With Stein's estimator; on integers if differences are told, with trains if a plan is."""
    if differences is not None:
        run = replace(run, datapath=smx_datapath(8, 8, 12), differences=differences)
    if plan is None:
        return run
    rank = rank_that_saves(run.network, SAVING)
    return replace(run, network=compressed(run.network, rank, plan))


GRID = TrainingGrid(
    problems=("poisson", "poisson-modes", "hjb", "hjb-log", "heat", "heat-modes"),
    variants={
        "FP32, exact, 16 x points": _spread,
        "FP32, exact, L-BFGS": _refined,
        "FP32, exact": _exact,
        "FP32, SE": _estimated,
        "FP32, SE, TT": partial(_estimated, plan=TTPlan.SEQUENTIAL),
        "SMX, SE naive": partial(_estimated, differences=Differences.NAIVE),
        "SMX, DiffQuant": partial(_estimated, differences=_PARTS),
        "SMX, DiffQuant, TT": partial(_estimated, differences=_PARTS, plan=TTPlan.SEQUENTIAL),
        "SMX, DiffQuant, TT, PRS": partial(_estimated, differences=_PARTS, plan=TTPlan.HALF_MERGED),
    },
)
METHOD_STUDY = GRID.study(
    "methods", "what each idea of the paper keeps of the accuracy, and what it saves"
)
