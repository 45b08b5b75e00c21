"""Darcy flow ``-div(a grad u) = f`` in the unit square, ``u = 0`` on its wall, by finite volumes.

The square has N x N cells; a is constant in each, and the unknowns sit at the centres.  The flow
from a cell to its neighbour is the difference of their values times the harmonic mean of their a:
two halves in series.  The wall is at the face, half a cell away, so that the flow through it is
``2 a u``.  All equations are times h^2.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from .trajectory import Array

_TOLERANCE = 1e-11


def face_coefficients(a: Array) -> tuple[Array, Array]:
    """Return what multiplies differences across faces normal to x, (N+1, N), and y, (N, N+1).

    Examples
    --------
    >>> face_coefficients(np.array([[1.0, 3.0], [1.0, 3.0]]))[1].tolist()
    [[2.0, 1.5, 6.0], [2.0, 1.5, 6.0]]
    """
    return _across(a), _across(a.T).T


def _across(a: Array) -> Array:
    """Return the coefficients of the faces between rows, and of the two walls."""
    inner = 2 / (1 / a[1:] + 1 / a[:-1])
    return np.concatenate([2 * a[:1], inner, 2 * a[-1:]])


def darcy_matrix(a: Array) -> Any:
    """Return the sparse matrix of the scheme (CSR), symmetric and positive definite.

    Parameters
    ----------
    a
        The coefficient of each cell, (N, N); unknown ``i N + j`` is that of cell (i, j).

    Examples
    --------
    >>> darcy_matrix(np.ones((1, 1))).toarray().tolist()
    [[8.0]]
    """
    from scipy.sparse import csr_array

    x, y = face_coefficients(a)
    cell = np.arange(a.size).reshape(a.shape)
    parts = [
        (cell, cell, x[1:] + x[:-1] + y[:, 1:] + y[:, :-1]),
        (cell[1:], cell[:-1], -x[1:-1]),
        (cell[:-1], cell[1:], -x[1:-1]),
        (cell[:, 1:], cell[:, :-1], -y[:, 1:-1]),
        (cell[:, :-1], cell[:, 1:], -y[:, 1:-1]),
    ]
    row, column, value = (np.concatenate([part[k].ravel() for part in parts]) for k in range(3))
    return csr_array((value, (row, column)), shape=(a.size, a.size))


def solve_darcy(a: Array, source: Array | float) -> Array:
    """Return u in each cell, (N, N), by conjugate gradients.

    They are preconditioned by the same scheme with a = 1, which sine transforms solve: the
    condition number is at most the largest a over the smallest, whatever the grid.

    *Exactness*: the residual is at most 1e-11 of the source, root mean squares.

    Parameters
    ----------
    a
        The coefficient of each cell, positive, (N, N).
    source
        f at the centres of the cells, (N, N), or everywhere.

    Raises
    ------
    RunError
        If a is not a square of positive numbers, the source does not fit it, or the iteration does
        not converge.

    Examples
    --------
    >>> round(float(solve_darcy(np.ones((64, 64)), 1.0).max()), 4)
    0.0737
    """
    from scipy.sparse.linalg import LinearOperator, cg

    _require_square(a)
    _require_source(a, source)
    count = a.size
    right = np.broadcast_to(np.asarray(source, np.float64), a.shape).ravel() / count
    unit = LinearOperator((count, count), matvec=lambda r: _unit_solution(r), dtype=np.float64)
    u, failed = cg(darcy_matrix(a), right, rtol=_TOLERANCE, atol=0.0, maxiter=2000, M=unit)
    if failed or not np.isfinite(u).all():
        msg = (
            f"Darcy flow with a from {a.min()} to {a.max()} was not solved in 2000 iterations: "
            "give a coefficient of less contrast"
        )
        raise RunError(msg)
    return np.asarray(u, np.float64).reshape(a.shape)


def _unit_solution(right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the solution of the scheme with a = 1: a sum of ``sin(pi k x) sin(pi l y)``."""
    from scipy.fft import dstn, idstn

    size = round(right.size**0.5)
    waves = 4 * np.sin(np.pi * np.arange(1, size + 1) / (2 * size)) ** 2
    spectrum = dstn(right.reshape(size, size), type=2, norm="ortho")
    return np.asarray(idstn(spectrum / (waves[:, None] + waves), type=2, norm="ortho")).ravel()


def _require_source(a: Array, source: Array | float) -> None:
    if np.shape(source) not in ((), a.shape) or not np.isfinite(source).all():
        msg = f"a source of shape {np.shape(source)}: give a finite number, or {a.shape} of them"
        raise RunError(msg)


def _require_square(a: Array) -> None:
    if a.ndim != 2 or a.shape[0] != a.shape[1] or not a.size:
        msg = f"a coefficient of shape {a.shape}: give (N, N)"
        raise RunError(msg)
    if not (np.isfinite(a) & (a > 0)).all():
        msg = f"a coefficient from {a.min()} to {a.max()}: give positive numbers"
        raise RunError(msg)
