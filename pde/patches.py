"""Functions as Chebyshev polynomials on neighbouring intervals, and their second derivative."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial import chebyshev

from .problem import Array


def lobatto_points(degree: int) -> Array:
    """Return the extrema ``-cos(pi j / degree)`` of a Chebyshev polynomial, ascending.

    Examples
    --------
    >>> lobatto_points(2).round(15).tolist()
    [-1.0, -0.0, 1.0]
    """
    return -np.cos(np.linspace(0.0, math.pi, degree + 1))


def to_coefficients(degree: int) -> Array:
    """Return the matrix that takes values at `lobatto_points` to Chebyshev coefficients."""
    values = chebyshev.chebvander(lobatto_points(degree), degree)
    return np.asarray(np.linalg.inv(values), np.float64)


@dataclass(frozen=True, kw_only=True)
class Patches:
    """Polynomials of one degree on the K intervals between ``edges``, as values at their points.

    Among their values those inside the intervals are free.  The others follow: neighbours share
    value and slope, the slope is 0 at the left end of all, and the value at the right end given.

    Parameters
    ----------
    edges
        Ends of the intervals, ascending, (K + 1,).
    degree
        Of each polynomial, at least 3.
    """

    edges: tuple[float, ...]
    degree: int

    @property
    def points(self) -> Array:
        """All points, (K, degree + 1)."""
        lows, halves = np.array(self.edges[:-1]), np.diff(self.edges) / 2
        return np.asarray(lows[:, None] + halves[:, None] * (1 + lobatto_points(self.degree)))

    def free(self, values: Array) -> Array:
        """Return the free ones of values (..., K, degree + 1) in one axis."""
        return values[..., 1:-1].reshape(*values.shape[:-2], -1)

    def completed(self, free: Array, right: float) -> Array:
        """Return all values, (K, degree + 1), from the free ones and that at the right end."""
        expand, last = self._completion
        return np.asarray((expand @ free + right * last).reshape(-1, self.degree + 1))

    def second_derivative(self, right: float) -> tuple[Array, Array]:
        """Return M and m: the second derivative at the free points is ``M free + m``."""
        expand, last = self._completion
        rows = np.ones((len(self.edges) - 1, self.degree + 1), bool)
        rows[:, [0, -1]] = False
        twice = (self._slopes @ self._slopes)[rows.ravel()]
        return np.asarray(twice @ expand), np.asarray(twice @ last * right)

    def coefficients(self, values: Array) -> Array:
        """Return the Chebyshev coefficients of values (..., degree + 1) along the last axis."""
        return np.asarray(values @ to_coefficients(self.degree).T)

    @cached_property
    def _slopes(self) -> Array:
        """The matrix of the first derivative of all values, block by block."""
        n = self.degree
        basis = [chebyshev.chebval(lobatto_points(n), chebyshev.chebder(e)) for e in np.eye(n + 1)]
        one = np.stack(basis, axis=1) @ to_coefficients(n)
        return np.asarray(np.kron(np.diag(2 / np.diff(self.edges)), one), np.float64)

    @cached_property
    def _completion(self) -> tuple[Array, Array]:
        """E and e: all values are ``E free + right e``, both flattened."""
        count, width = len(self.edges) - 1, self.degree + 1
        identity, ends = np.eye(count * width), np.arange(count) * width
        free = np.delete(identity, [*ends, *(ends + self.degree)], axis=1)
        shared = np.zeros((count * width, count + 1))
        shared[ends, range(count)] = 1
        shared[ends + self.degree, range(1, count + 1)] = 1
        laws = np.vstack([self._slopes[0], np.diff(self._slopes, axis=0)[ends[1:] - 1]])
        laws = np.vstack([laws, identity[-1]])
        solved = np.linalg.inv(laws @ shared)
        return free - shared @ (solved @ (laws @ free)), shared @ solved[:, -1]
