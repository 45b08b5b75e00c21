"""One solution of one equation on a grid: what a network learns from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectory:
    """A solution at some times, at the centres of the cells of a uniform grid.

    Parameters
    ----------
    values
        The solution, (T, X, C) or (T, X, Y, C), float64 and finite.
    times
        When, (T,), increasing.
    axes
        The coordinates of the points along each axis of space: (X,), or (X,) and (Y,).
    channels
        The name of each of the C channels, such as ``"u"``.
    parameters
        The numbers in which this instance differs from others of its family, by name.
    coefficient
        A known field of the equation, (X,) or (X, Y); None where it has none.

    Raises
    ------
    RunError
        If shapes do not agree, or something is not finite.

    Examples
    --------
    >>> t, x = np.array([0.0, 1.0]), np.arange(0.5, 4) / 4
    >>> values = np.exp(-t)[:, None, None] * np.sin(2 * np.pi * x)[:, None]
    >>> Trajectory(values=values, times=t, axes=(x,), channels=("u",)).values.shape
    (2, 4, 1)
    """

    values: Array
    times: Array
    axes: tuple[Array, ...]
    channels: tuple[str, ...]
    parameters: Mapping[str, float] = field(default_factory=dict)
    coefficient: Array | None = None

    def __post_init__(self) -> None:
        grid = tuple(axis.size for axis in self.axes)
        wanted = (self.times.size, *grid, len(self.channels))
        if len(grid) not in (1, 2) or self.values.shape != wanted:
            msg = f"values of shape {self.values.shape}: times, axes and channels say {wanted}"
            raise RunError(msg)
        if self.coefficient is not None and self.coefficient.shape != grid:
            msg = f"a coefficient of shape {self.coefficient.shape}: the grid has {grid}"
            raise RunError(msg)
        if not (np.diff(self.times) > 0).all():
            msg = f"times {self.times}: give increasing ones"
            raise RunError(msg)
        self._require_finite()

    def _require_finite(self) -> None:
        """Require that every number is finite."""
        parts = {"values": self.values, "times": self.times}
        parts |= {f"axis {k}": axis for k, axis in enumerate(self.axes)}
        parts |= {name: np.asarray(number) for name, number in self.parameters.items()}
        if self.coefficient is not None:
            parts["coefficient"] = self.coefficient
        for name, part in parts.items():
            bad = np.argwhere(~np.isfinite(part))
            if bad.size or (bad.shape[0] and part.ndim == 0):
                where = [int(i) for i in bad[0]]
                msg = f"{name} of a trajectory hold {part[tuple(where)]} at {where}: the solver "
                raise RunError(msg + "left its range; take a smaller step or another instance")
