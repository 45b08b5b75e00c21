"""What of a data set a network is shown, and what it shall answer."""

from dataclasses import dataclass

import numpy as np

from ..data import Dataset, family_from_json
from ..spec import Spec, require_integer
from .reduction import Reduction
from .samples import Samples, from_coefficient, one_step

#: Into how many steps a trajectory is divided where the stride is left out.
_STEPS = 10


@dataclass(frozen=True, kw_only=True)
class Pairs(Spec):
    """Pairs of a data set: a coefficient and its solution, or frames and the one that follows.

    Parameters
    ----------
    inputs
        How many frames go in, where there are several.
    stride
        Frames of the data from one to the next; None: a tenth of the trajectory.
    """

    inputs: int = 1
    stride: int | None = None

    def __post_init__(self) -> None:
        require_integer("Pairs.inputs", self.inputs, least=1)
        if self.stride is not None:
            require_integer("Pairs.stride", self.stride, least=1)

    def of(self, data: Dataset) -> Samples:
        """Return the pairs, in the order of instances, then of time.

        Raises
        ------
        RunError
            If there are too few frames.

        Notes
        -----
        Exactness: the numbers of the data set.
        """
        if self.steps(data) is not None:
            stride = self._stride(data)
            return one_step(np.asarray(data.values), inputs=self.inputs, stride=stride)
        return from_coefficient(np.asarray(data.coefficient), np.asarray(data.values))

    def steps(self, data: Dataset) -> int | None:
        """Return how many pairs an instance has; None where they are not of frames."""
        if data.coefficient is not None:
            return None
        return -(-data.values.shape[1] // self._stride(data)) - self.inputs

    def _stride(self, data: Dataset) -> int:
        return self.stride or max(1, (data.values.shape[1] - 1) // _STEPS)


def is_periodic(data: Dataset) -> bool:
    """Return whether the family of the data is periodic; False where it is not known."""
    return data.family is not None and family_from_json(data.family).periodic


def reduced(samples: Samples, reduction: Reduction) -> Samples:
    """Return samples on the coarser grid."""
    return Samples(inputs=reduction.down(samples.inputs), targets=reduction.down(samples.targets))
