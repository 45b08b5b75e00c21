r"""Derivatives of known analytic functions, such as a problem's lift and factor, from their values.

By Cauchy's integral formula a derivative is a mean over a circle in the complex plane; the
trapezoidal rule on n points of it,

    f'(x; v) ~ 1/(n r) sum_m f(x + r w_m v) w_m^-1,
    f''(x; v, v) ~ 2/(n r^2) sum_m f(x + r w_m v) w_m^-2,

with the n-th roots of unity :math:`w_m`, is off by the coefficients of order n + 1 and n + 2 of the
Taylor series times r^n, and loses no digits to subtraction as long as r is not small.
(J. N. Lyness and C. B. Moler, *Numerical differentiation of analytic functions*, SIAM J. Numer.
Anal. 4 (1967).)
"""

import numpy as np
from numpy.typing import NDArray

from .problem import Array, Field

_POINTS = 16
_RADIUS = 2.0**-4


def first_derivatives(function: Field, points: Array, directions: Array) -> Array:
    """Return the derivatives of ``function`` at ``points`` (P, D) along (P, T, D): (P, T).

    ``function`` takes points (R, D) to (R, 1), complex ones too, and is analytic within a distance
    of 1/4 in every direction.

    Notes
    -----
    *Exactness*: float64; a relative error of some 2^-64 for every doubling of the distance to the
    nearest singularity beyond 1/16, and 16 times the rounding errors of the function.

    Examples
    --------
    >>> points, along = np.array([[0.5]]), np.array([[[1.0]]])
    >>> round(first_derivatives(np.exp, points, along).item() / float(np.exp(0.5)), 13)
    1.0
    """
    return _derivative(function, points, directions, 1) / _RADIUS


def second_derivatives(function: Field, points: Array, directions: Array) -> Array:
    """Return the second derivatives along the same directions: (P, T)."""
    return 2 * _derivative(function, points, directions, 2) / _RADIUS**2


def _derivative(function: Field, points: Array, directions: Array, order: int) -> Array:
    """The Taylor coefficient of that order times ``_RADIUS^order``."""
    count, many = directions.shape[:2]
    total: NDArray[np.complex128] = np.zeros((count, many), np.complex128)
    for m in range(_POINTS):
        root = np.exp(2j * np.pi * m / _POINTS)
        rows = points[:, None, :] + _RADIUS * root * directions
        values = np.asarray(function(rows.reshape(count * many, -1)))
        total += values.reshape(count, many) * root**-order
    return np.asarray(total.real / _POINTS, np.float64)
