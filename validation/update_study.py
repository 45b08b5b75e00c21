"""Whether weights may be kept in 16 bits, and what stochastic rounding does for them.

An update far smaller than the last bit of a weight is lost when the sum is rounded to nearest, and
kept on average when it is rounded stochastically.
"""

from dataclasses import replace
from functools import partial

from ..emu import preset
from ..formats import BF16, FP16, Cast, Minifloat, Rounding
from ..pde import Run
from .training_study import TrainingGrid


def _integers(run: Run) -> Run:
    return replace(run, datapath=preset("smx8"))


def _kept(run: Run, cast: Cast, *, moments: bool = False) -> Run:
    """Master weights in a format, and the moments of Adam as well."""
    datapath = replace(preset("smx8"), master=cast, moments=cast if moments else None)
    return replace(run, datapath=datapath)


def _stochastic(format: Minifloat) -> Cast:
    return Cast(format=format, rounding=Rounding.STOCHASTIC, random_bits=16)


GRID = TrainingGrid(
    problems=("poisson", "poisson-modes", "hjb-log"),
    variants={
        "FP32": _integers,
        "BF16, nearest": partial(_kept, cast=Cast(format=BF16)),
        "BF16, stochastic": partial(_kept, cast=_stochastic(BF16)),
        "BF16, stochastic, moments too": partial(_kept, cast=_stochastic(BF16), moments=True),
        "FP16, nearest": partial(_kept, cast=Cast(format=FP16)),
        "FP16, stochastic": partial(_kept, cast=_stochastic(FP16)),
    },
)
UPDATE_STUDY = GRID.study("updates", "whether weights may be kept in 16 bits between steps")
