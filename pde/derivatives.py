"""Which derivatives an equation uses, for the engines that estimate them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Derivatives:
    """First derivatives along some of D coordinates, and ``sum_i a_i u_ii``.

    Parameters
    ----------
    dimension
        D.
    slopes
        The coordinates of the first derivatives, in the order of the results; all if left out.
    diffusivities
        The factors ``a_i``; 1 for every coordinate, which makes the Laplacian, if left out.

    Examples
    --------
    >>> Derivatives(3, slopes=(2,), diffusivities=(1.0, 1.0, 0.0)).coordinates
    (2, 0, 1)
    """

    dimension: int
    slopes: tuple[int, ...] | None = None
    diffusivities: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.slopes is None:
            object.__setattr__(self, "slopes", tuple(range(self.dimension)))
        if self.diffusivities is None:
            object.__setattr__(self, "diffusivities", (1.0,) * self.dimension)

    @property
    def slope_indices(self) -> list[int]:
        """The coordinates of the first derivatives, as an index of arrays."""
        return list(self.slopes or ())

    @property
    def factors(self) -> NDArray[np.float64]:
        """The ``a_i``, (D,)."""
        return np.array(self.diffusivities, np.float64)

    @property
    def coordinates(self) -> tuple[int, ...]:
        """Those of the first derivatives, then those that only second derivatives are taken of."""
        first = self.slope_indices
        others = np.flatnonzero(self.factors).tolist()
        return (*first, *(i for i in others if i not in first))
