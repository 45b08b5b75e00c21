"""How much of an estimated diffusion term is noise: of the trained network, by drawing twice."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..emu import preset
from .evaluate import fields_at, held_out_points
from .run import Run

#: Test points of the measurement, if there are so many.
POINTS = 200


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Relative standard deviations of an estimated diffusion term.

    Parameters
    ----------
    measured
        Of the trained network in float64: the root mean square of half the difference of two
        estimates with draws of their own, times the square root of 2, over that of their mean.
    predicted
        `Engine.noise`: that of ``|x|^2``, the least of all functions with one Laplacian; None
        where there is no formula.
    """

    measured: float
    predicted: float | None

    def to_json(self) -> dict[str, float | None]:
        """Return a plain dictionary."""
        return asdict(self)


def estimator_noise(run: Run, parameters: Sequence[NDArray[Any]]) -> Noise:
    """Return the noise of the run's engine on the first `POINTS` of its test points.

    Notes
    -----
    An engine that draws nothing has a measured noise of 0.  The second draws are those of the run
    with the next seed.
    """
    points, exact = held_out_points(run)[:POINTS], preset("exact")
    first, second = (
        fields_at(replace(run, seed=seed), parameters, points, exact)[1]
        for seed in (run.seed, run.seed + 1)
    )
    spread, size = (float(np.linalg.norm(part)) for part in (first - second, first + second))
    return Noise(
        measured=spread * 2**0.5 / size if size else 0.0,
        predicted=run.engine.noise(run.problem.derivatives),
    )
