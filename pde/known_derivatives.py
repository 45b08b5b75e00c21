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

from .problem import Array, Field

_POINTS = 16
_RADIUS = 2.0**-4


def directional_derivatives(
    function: Field, points: Array, directions: Array
) -> tuple[Array, Array]:
    """Return the first and the second derivatives of ``function`` at ``points``, (P, T) each.

    Parameters
    ----------
    function
        Takes points (R, D) to (R, 1), complex ones too, and is analytic within a distance of 1/4 in
        every direction.
    points
        (P, D).
    directions
        (P, T, D).

    Notes
    -----
    *Exactness*: float64; a relative error of some 2^-64 for every doubling of the distance to the
    nearest singularity beyond 1/16, and 16 times the rounding errors of the function, over 1/16 for
    each order.

    Examples
    --------
    >>> points, along = np.array([[0.5]]), np.array([[[1.0]]])
    >>> found = directional_derivatives(np.exp, points, along)
    >>> [round(each.item() / float(np.exp(0.5)), 11) for each in found]
    [1.0, 1.0]
    """
    count, many = directions.shape[:2]
    first, second = np.zeros((2, count, many), np.complex128)
    for m in range(_POINTS):
        root = np.exp(2j * np.pi * m / _POINTS)
        rows = points[:, None, :] + _RADIUS * root * directions
        values = np.asarray(function(rows.reshape(count * many, -1))).reshape(count, many)
        first += values * root**-1
        second += values * root**-2
    return (
        np.asarray(first.real / _POINTS / _RADIUS, np.float64),
        np.asarray(2 * (second.real / _POINTS) / _RADIUS**2, np.float64),
    )
