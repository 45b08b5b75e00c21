"""What smoke in a box conserves, and its velocities at centres and walls."""

from collections.abc import Sequence

import numpy as np

from .smoke_equation import Smoke
from .trajectory import Array


def centred(smoke: Smoke) -> tuple[Array, Array]:
    """Return both velocities at the centres of cells: means of two faces, (N, N) each.

    Examples
    --------
    >>> x = np.ones((1, 2))
    >>> centred(Smoke(density=np.zeros((2, 2)), x=x, y=-x.T))[0].tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    x, y = _on_all_faces(smoke)
    return (x[1:] + x[:-1]) / 2, (y[:, 1:] + y[:, :-1]) / 2


def smoke_imbalance(frames: Sequence[Smoke]) -> float:
    """Return the largest of what should not change, or vanish, in some frames.

    It is the change of the total of smoke since the first, relative to that; or what flows out of a
    cell, relative to the largest flow through a face.
    """
    total = frames[0].density.sum()
    found = 0.0
    for smoke in frames:
        x, y = _on_all_faces(smoke)
        out = np.abs(x[1:] - x[:-1] + y[:, 1:] - y[:, :-1]).max()
        largest = max(np.abs(x).max(), np.abs(y).max())
        drift = abs(smoke.density.sum() - total) / abs(total)
        found = max(found, float(drift), float(out / largest) if largest > 0 else 0.0)
    return found


def wall_shear(frames: Sequence[Smoke]) -> float:
    """Return how much a velocity along a wall would change over a cell by its slope at the wall.

    The slope is that of the parabola through the first three faces, and zero in the equation; the
    change is relative to the largest velocity.  The velocity through a wall is zero, no unknown.
    """
    sides = [side for s in frames for side in (s.x.T, s.x.T[::-1], s.y, s.y[::-1])]
    change = max(np.abs(3 * side[1] - 2 * side[0] - side[2]).max() for side in sides)
    largest = max(np.abs(side).max() for side in sides)
    return float(change / largest) if largest > 0 else 0.0


def _on_all_faces(smoke: Smoke) -> tuple[Array, Array]:
    """Return both velocities on all faces, (N + 1, N) and (N, N + 1), those of walls zero."""
    return np.pad(smoke.x, ((1, 1), (0, 0))), np.pad(smoke.y, ((0, 0), (1, 1)))
