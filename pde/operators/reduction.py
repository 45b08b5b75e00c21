"""A coarser grid for a network: fields down to it, predictions back up, and what that costs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..spec import Spec, require_integer
from .metrics import relative_l2
from .resolution import Fields, averaged, coarsened, interpolated
from .samples import Samples


@dataclass(frozen=True, kw_only=True)
class Reduction(Spec):
    """A grid coarser by ``factor`` along each axis.

    Parameters
    ----------
    factor
        How many times; 1 changes nothing.
    periodic
        Whether fields go on at their end as they began.
    by_means
        Down by the means of blocks, which do not alias, instead of by interpolation.

    Examples
    --------
    >>> waves = np.sin(2 * np.pi * (np.arange(32) + 0.5) / 32).reshape(1, 32, 1)
    >>> reduction = Reduction(factor=4, periodic=True)
    >>> reduction.coarse(waves).shape, f"{interpolation_floor(waves, reduction)[0]:.3f}"
    ((1, 8, 1), '0.060')
    """

    factor: int = 1
    periodic: bool
    by_means: bool = False

    def __post_init__(self) -> None:
        require_integer("Reduction.factor", self.factor, least=1)

    def coarse(self, fields: Fields) -> Fields:
        """Return fields (N, *grid, C) on the coarse grid, float64.

        Raises
        ------
        RunError
            If a side is no multiple of the factor.
        """
        if self.by_means:
            return averaged(fields, self.factor)
        return coarsened(fields, self.factor, periodic=self.periodic)

    def fine(self, fields: Fields) -> Fields:
        """Return fields of the coarse grid on the fine one, by linear interpolation, float64."""
        space = tuple(n * self.factor for n in fields.shape[1:-1])
        return interpolated(fields, space, periodic=self.periodic)

    def samples(self, samples: Samples) -> Samples:
        """Return pairs on the coarse grid."""
        return Samples(inputs=self.coarse(samples.inputs), targets=self.coarse(samples.targets))


def interpolation_floor(targets: Fields, reduction: Reduction) -> NDArray[np.float64]:
    """Return the relative error of each field that goes down and up again, (N,).

    A network on the coarse grid that knew its targets would have it: no training goes below it but
    by errors that cancel.

    Raises
    ------
    RunError
        If a field is zero everywhere, or a side no multiple of the factor.
    """
    return relative_l2(reduction.fine(reduction.coarse(targets)), targets)
