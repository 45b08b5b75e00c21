"""What Darcy flow conserves, by formulas that share nothing with its solver."""

import numpy as np

from .trajectory import Array


def flow_imbalance(u: Array, a: Array, source: Array | float) -> float:
    """Return the largest of the imbalances of flow, relative to the largest flow of its kind.

    The flow between two centres is their difference over the resistance between them, half a cell
    on each side; out of each cell comes its source, and out of the square the sum of all sources.

    Parameters
    ----------
    u, a
        Solution and coefficient of each cell, (N, N).
    source
        f at the centres of the cells, (N, N), or everywhere.

    Examples
    --------
    >>> flow_imbalance(np.array([[0.125]]), np.array([[1.0]]), 1.0)
    0.0
    """
    produced = np.broadcast_to(np.asarray(source, np.float64), u.shape) / u.size
    down, right = _flows(u, a), _flows(u.T, a.T).T
    local = np.diff(down, axis=0) + np.diff(right, axis=1) - produced
    out = [side.sum() for side in (-down[0], down[-1], -right[:, 0], right[:, -1])]
    largest = max(np.abs(down).max(), np.abs(right).max())
    whole = abs(sum(out) - produced.sum()) / max(abs(side) for side in out)
    return float(max(np.abs(local).max() / largest, whole))


def _flows(u: Array, a: Array) -> Array:
    """Return the flow through each face in the direction of growing first index, (N + 1, N)."""
    rows = u.shape[1]
    values = np.vstack([np.zeros(rows), u, np.zeros(rows)])
    half = np.vstack([np.zeros(rows), 0.5 / a, np.zeros(rows)])
    return np.asarray((values[:-1] - values[1:]) / (half[1:] + half[:-1]), np.float64)


def wall_value(u: Array) -> float:
    """Return the largest |u| on the wall, relative to the largest |u|.

    On each line of cells, u at the wall is that of the parabola through the first three.

    Examples
    --------
    >>> x = (np.arange(8.0) + 0.5) / 8
    >>> wall_value(np.outer(x * (1 - x), x * (1 - x))) < 1e-15
    True
    """
    sides = (u[:3], u[:-4:-1], u.T[:3], u.T[:-4:-1])
    ends = [np.abs(15 * s[0] - 10 * s[1] + 3 * s[2]).max() / 8 for s in sides]
    return float(max(ends) / np.abs(u).max())
