"""Tiny trainings of networks between fields for the tests: waves, and the same waves moved."""

from typing import Any

import numpy as np

from bitpde.emu import preset
from bitpde.pde import Linear
from bitpde.pde.operators import FNO, OperatorRun, Samples
from bitpde.pde.qat import Plan

NETWORK = FNO(inputs=1, outputs=1, dimension=1, modes=(2,), width=4, blocks=1, hidden=4)


def waves(count: int, seed: int = 0, cells: int = 8) -> Samples:
    """Pairs of a wave and that wave a quarter of the way on, of several phases and sizes."""
    phases, sizes = np.random.default_rng(seed).uniform(0.5, 1.5, (2, count, 1))
    x = (np.arange(cells) + 0.5) / cells
    fields = sizes * np.cos(2 * np.pi * (x - phases)) + phases
    return Samples(inputs=fields[..., None], targets=np.roll(fields, cells // 4, 1)[..., None])


TRAIN = waves(10)
VALIDATION = waves(3, seed=1)


def tiny(plan: str | None = None, **fields: Any) -> OperatorRun:
    """A run of 9 steps: 3 epochs of batches of 4, 4 and 2."""
    settings: dict[str, Any] = {
        "network": NETWORK,
        "datapath": preset("fp32"),
        "plan": None if plan is None else Plan.named(plan),
        "calibration": 6,
        "epochs": 3,
        "batch": 4,
        "schedule": Linear(initial=1e-2),
    }
    return OperatorRun.on(TRAIN, **{**settings, **fields})
