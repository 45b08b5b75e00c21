"""Gaussian random fields as finite series: functions of the point, the same on every grid.

A field of covariance ``(-Laplace + shift)^-power`` is ``sum_k xi_k s_k phi_k``, with independent
standard normal ``xi_k``, orthonormal eigenfunctions phi_k of the Laplacian on the unit square and
``s_k^2 = (eigenvalue_k + shift)^-power``.  Modes come in shells of equal ``max(|k1|, |k2|)``, so
that a longer series begins with the shorter one.  The constant mode is left out: the mean is zero.
"""

import numpy as np
from numpy.typing import NDArray

from .trajectory import Array

Waves = NDArray[np.int64]


def cosine_waves(modes: int) -> Waves:
    """Return the pairs ``0 <= k1, k2 <= modes`` but (0, 0) in shells, ``((modes+1)^2 - 1, 2)``.

    Examples
    --------
    >>> cosine_waves(1).tolist()
    [[0, 1], [1, 0], [1, 1]]
    """
    return _in_shells(np.arange(modes + 1), np.arange(modes + 1))


def torus_waves(modes: int) -> Waves:
    """Return one of each pair k, -k with ``max |k| <= modes``, in shells.

    The shape is ``(((2 modes + 1)^2 - 1) / 2, 2)``.

    Examples
    --------
    >>> torus_waves(1).tolist()
    [[0, 1], [1, -1], [1, 0], [1, 1]]
    """
    waves = _in_shells(np.arange(modes + 1), np.arange(-modes, modes + 1))
    return waves[(waves[:, 0] > 0) | (waves[:, 1] > 0)]


def _in_shells(first: Waves, second: Waves) -> Waves:
    """Return all pairs but (0, 0), ordered by max |k|, then k1, then k2."""
    pairs = np.stack(np.meshgrid(first, second, indexing="ij"), axis=-1).reshape(-1, 2)
    pairs = pairs[np.argsort(np.abs(pairs).max(axis=1), kind="stable")]
    return pairs[1:]


def cosine_field(normals: Array, x: Array, y: Array, *, shift: float, power: float) -> Array:
    """Return the field of the Neumann Laplacian at the points (x_i, y_j), (X, Y).

    ``phi_k = c(k1) cos(pi k1 x) c(k2) cos(pi k2 y)``, ``c(0) = 1``, otherwise the root of 2, and
    the eigenvalues are ``pi^2 |k|^2``.

    Parameters
    ----------
    normals
        One number for each of `cosine_waves`, (M,).
    x, y
        Coordinates along each axis, (X,) and (Y,).

    Examples
    --------
    >>> x = np.array([0.0, 0.5])
    >>> cosine_field(np.array([0.0, 1.0, 0.0]), x, x[:1], shift=0.0, power=0.0).round(3).tolist()
    [[1.414], [0.0]]
    """
    modes = round((normals.size + 1) ** 0.5) - 1
    waves = cosine_waves(modes)
    table = np.zeros((modes + 1, modes + 1))
    deviations = (np.pi**2 * (waves**2).sum(axis=1) + shift) ** (-power / 2)
    table[waves[:, 0], waves[:, 1]] = normals * deviations
    k = np.arange(modes + 1)
    left, right = (np.cos(np.pi * np.outer(axis, k)) * np.where(k, 2**0.5, 1) for axis in (x, y))
    return np.asarray(left @ table @ right.T, np.float64)


def torus_field(normals: Array, x: Array, y: Array, *, shift: float, power: float) -> Array:
    """Return the field of the periodic Laplacian at the points (x_i, y_j), (X, Y).

    Each k of `torus_waves` has the two functions root(2) cos and root(2) sin of ``2 pi k.(x, y)``,
    with the eigenvalue ``4 pi^2 |k|^2``.

    Parameters
    ----------
    normals
        Two numbers for each of `torus_waves`, of the cosine and of the sine, (M, 2).
    x, y
        Coordinates along each axis, (X,) and (Y,).

    Examples
    --------
    >>> normals, x = np.zeros((4, 2)), np.array([0.125, 0.25])
    >>> normals[2, 1] = 1.0
    >>> torus_field(normals, x, x[:1], shift=0.0, power=0.0).round(3).tolist()
    [[1.0], [1.414]]
    """
    modes = round((2 * len(normals) + 1) ** 0.5) // 2
    waves = torus_waves(modes)
    table = np.zeros((modes + 1, 2 * modes + 1), np.complex128)
    deviations = 2**0.5 * (4 * np.pi**2 * (waves**2).sum(axis=1) + shift) ** (-power / 2)
    table[waves[:, 0], waves[:, 1] + modes] = (normals[:, 0] - 1j * normals[:, 1]) * deviations
    left = np.exp(2j * np.pi * np.outer(x, np.arange(modes + 1)))
    right = np.exp(2j * np.pi * np.outer(np.arange(-modes, modes + 1), y))
    return np.ascontiguousarray((left @ table @ right).real)
