"""A network that is fed with its own predictions, frame after frame."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .metrics import relative_l2
from .samples import Samples

Fields = NDArray[Any]


def rollout_error(predictor: Callable[[Fields], Fields], test: Samples, steps: int) -> float:
    """Return the mean relative error of the last of ``steps`` frames, each predicted from the last.

    Parameters
    ----------
    predictor
        From fields (N, *space, P) to the frame that follows them, (N, *space, Q).
    test
        Pairs of whole trajectories in their order, ``steps`` of each, of which the last Q channels
        that go in are the frame before the one that comes out.
    steps
        Of a trajectory.

    Notes
    -----
    The first frame that goes in leaves, and a prediction comes behind the others.  What grows out
    of all bounds has an infinite error.

    Examples
    --------
    >>> frames = 2.0 ** np.arange(4).reshape(1, 4, 1, 1)
    >>> from bitpde.pde.operators import one_step
    >>> rollout_error(lambda x: 1.5 * x, one_step(frames, inputs=1), 3)  # (8 - 1.5^3) / 8
    0.578125
    """
    channels = test.targets.shape[-1]
    fields = test.inputs[::steps]
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            fields = np.concatenate([fields[..., channels:], predictor(fields)], axis=-1)
            if not np.isfinite(fields).all():
                return math.inf
        return float(relative_l2(fields[..., -channels:], test.targets[steps - 1 :: steps]).mean())
