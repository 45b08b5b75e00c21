"""A coarser grid on which a network works, and the way there and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..spec import Spec, require_flag, require_integer
from .metrics import relative_l2
from .resolution import averaged, coarsened, interpolated

Fields = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Reduction(Spec):
    """A grid that is coarser by a factor along each axis.

    Parameters
    ----------
    factor
        At least 1, which changes nothing.
    periodic
        Whether fields go on at their end as they began.
    means
        Whether a coarse cell is the mean of its cells, or interpolated from the two next to its
        centre.

    Examples
    --------
    >>> import numpy as np
    >>> fields = np.arange(8.0).reshape(1, 8, 1)
    >>> half = Reduction(factor=2)
    >>> half.up(half.down(fields), (8,)).ravel().tolist()
    [0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 6.5]
    """

    factor: int = 1
    periodic: bool = False
    means: bool = False

    def __post_init__(self) -> None:
        require_integer("Reduction.factor", self.factor, least=1)
        for name in ("periodic", "means"):
            require_flag(f"Reduction.{name}", getattr(self, name))

    def down(self, fields: Fields) -> Fields:
        """Return fields (N, *space, C) on the coarser grid; themselves at factor 1.

        Raises
        ------
        RunError
            If a side is no multiple of the factor.
        """
        if self.factor == 1:
            return fields
        if self.means:
            return averaged(fields, self.factor)
        return coarsened(fields, self.factor, periodic=self.periodic)

    def up(self, fields: Fields, space: tuple[int, ...]) -> Fields:
        """Return fields of the coarser grid on the grid of ``space``, by interpolation."""
        if self.factor == 1:
            return fields
        return interpolated(fields, space, periodic=self.periodic)


def interpolation_floor(targets: Fields, reduction: Reduction) -> NDArray[np.float64]:
    """Return the relative error of each field that goes down and up again, (N,).

    A network on the coarse grid that knew its targets would have it: what training does on that
    grid goes below it only by errors that cancel.

    Raises
    ------
    RunError
        If a field is zero everywhere, or a side no multiple of the factor.

    Examples
    --------
    >>> waves = np.sin(2 * np.pi * (np.arange(32) + 0.5) / 32).reshape(1, 32, 1)
    >>> f"{interpolation_floor(waves, Reduction(factor=4, periodic=True))[0]:.3f}"
    '0.060'
    """
    return relative_l2(reduction.up(reduction.down(targets), targets.shape[1:-1]), targets)
