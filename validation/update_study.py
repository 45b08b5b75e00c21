"""Whether weights may be kept in 16 bits, and what stochastic rounding does for them.

An update far smaller than the last bit of a weight is lost when the sum is rounded to nearest, and
kept on average when it is rounded stochastically.
"""

from dataclasses import replace

from ..emu import preset
from ..formats import BF16, FP16, Cast, Minifloat, Rounding
from ..pde import Run
from .training_study import TrainingGrid, Variant


def _kept(format: Minifloat, *, stochastic: bool, moments: bool = False) -> Variant:
    """Master weights in a format, and the moments of Adam as well."""
    cast = Cast(format=format)
    if stochastic:
        cast = Cast(format=format, rounding=Rounding.STOCHASTIC, random_bits=16)

    def in_format(run: Run) -> Run:
        datapath = replace(preset("smx8"), master=cast, moments=cast if moments else None)
        return replace(run, datapath=datapath)

    return in_format


GRID = TrainingGrid(
    problems=("poisson", "poisson-modes", "hjb-log"),
    variants={
        "FP32": lambda run: replace(run, datapath=preset("smx8")),
        "BF16, nearest": _kept(BF16, stochastic=False),
        "BF16, stochastic": _kept(BF16, stochastic=True),
        "BF16, stochastic, moments too": _kept(BF16, stochastic=True, moments=True),
        "FP16, nearest": _kept(FP16, stochastic=False),
        "FP16, stochastic": _kept(FP16, stochastic=True),
    },
)
UPDATE_STUDY = GRID.study("updates", "whether weights may be kept in 16 bits between steps")
