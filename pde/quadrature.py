"""Stein's identity integrated: Gauss-Hermite nodes, on a full product grid or a sparse one.

The one-dimensional rules are those of ``n`` points for the weight ``exp(-x^2/2)``, exact to degree
``2 n - 1``.  NumPy's ``hermegauss`` finds the nodes with an eigenvalue solver whose last bits may
differ between builds; Newton's method in rational arithmetic then makes nodes and weights the
nearest float64 numbers to the true ones, the same everywhere.
"""

import itertools
import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.polynomial.hermite_e import hermegauss

from .derivatives import Derivatives
from .nodes import Array, Nodes
from .spec import require_integer, settle_real
from .stein import SIGMA, Estimator, stein_nodes
from .streams import Stream

Rule = dict[tuple[float, ...], float]


@dataclass(frozen=True, kw_only=True)
class SteinSparseGrid(Estimator):
    """Smolyak's combination of Gauss-Hermite rules (Smolyak 1963; Novak and Ritter 1999).

    With ``U_n`` the rule of ``n`` points, level ``L`` and dimension D,

        sum over n in N^D, L <= |n| <= L + D - 1, of
            (-1)^(L + D - 1 - |n|) binomial(D - 1, L + D - 1 - |n|) U_n1 x ... x U_nD.

    Parameters
    ----------
    sigma
        Standard deviation of the smoothing, between 1e-9 and 1e9.
    level
        L, 3 to 16: lower levels cannot see the Laplacian of a quadratic.

    Notes
    -----
    *Exactness*: every polynomial of total degree ``2 L - 1`` is integrated exactly, hence value,
    gradient and Laplacian are exact to degrees ``2 L - 1``, ``2 L - 2`` and ``2 L - 3``.  Level 3
    has ``2 D^2 + 2 D + 1`` nodes.  Some weights are negative: rounding errors of the network
    values are amplified more than by `SteinGaussHermite`.

    Examples
    --------
    >>> [SteinSparseGrid().rows(Derivatives(dimension)) for dimension in (2, 21)]
    [13, 925]
    """

    name = "sparse-grid"
    sigma: float = 0.1
    level: int = 3

    def __post_init__(self) -> None:
        settle_real(self, "sigma", **SIGMA)
        require_integer("SteinSparseGrid.level", self.level, least=3, most=16)

    def rows(self, derivatives: Derivatives) -> int:
        """Return the number of distinct nodes, zero included."""
        return len(_smolyak(self.level, derivatives.dimension)[0]) + 1

    def nodes(self, points: int, derivatives: Derivatives, stream: Stream, step: int) -> Nodes:
        """Return the same nodes of shape (J, D) for all points and steps."""
        offsets, weights = _smolyak(self.level, derivatives.dimension)
        return stein_nodes(self.sigma * offsets, weights, self.sigma, derivatives)


@dataclass(frozen=True, kw_only=True)
class SteinGaussHermite(Estimator):
    """The product of ``dimension`` Gauss-Hermite rules of ``order`` points.

    Parameters
    ----------
    sigma
        Standard deviation of the smoothing, between 1e-9 and 1e9.
    order
        n, 3 to 64: lower orders cannot see the Laplacian of a quadratic.

    Notes
    -----
    *Exactness*: polynomials of degree ``2 n - 1`` in each variable are integrated exactly, hence
    value, gradient and Laplacian are exact to the total degrees ``2 n - 1``, ``2 n - 2`` and
    ``2 n - 3``.  All weights are positive.  There are ``n^D`` nodes (and node 0 when n is even):
    a rule for few dimensions.

    Examples
    --------
    >>> [SteinGaussHermite(order=order).rows(Derivatives(2)) for order in (3, 4, 5)]
    [9, 17, 25]
    """

    name = "gauss-hermite"
    sigma: float = 0.1
    order: int = 3

    def __post_init__(self) -> None:
        settle_real(self, "sigma", **SIGMA)
        require_integer("SteinGaussHermite.order", self.order, least=3, most=64)

    def rows(self, derivatives: Derivatives) -> int:
        """Return ``order ** dimension``, plus one for node 0 when ``order`` is even."""
        return int(self.order**derivatives.dimension) + (self.order + 1) % 2

    def nodes(self, points: int, derivatives: Derivatives, stream: Stream, step: int) -> Nodes:
        """Return the same nodes of shape (J, D) for all points and steps."""
        offsets, weights = _product_grid(self.order, derivatives.dimension)
        return stein_nodes(self.sigma * offsets, weights, self.sigma, derivatives)


@lru_cache(maxsize=16)
def _smolyak(level: int, dimension: int) -> tuple[Array, Array]:
    """Return the nodes of a sparse grid that are not zero, in pairs, and their weights."""
    top = level + dimension - 1
    rule: Rule = {}
    for orders in _compositions(dimension, top):
        missing = top - sum(orders)
        if missing < dimension:
            sign = (-1) ** missing * math.comb(dimension - 1, missing)
            _add_product(rule, orders, sign)
    return _paired(rule)


@lru_cache(maxsize=16)
def _product_grid(order: int, dimension: int) -> tuple[Array, Array]:
    """Return the nodes of a product grid that are not zero, in pairs, and their weights."""
    rule: Rule = {}
    _add_product(rule, (order,) * dimension, 1)
    return _paired(rule)


def _compositions(parts: int, top: int) -> list[tuple[int, ...]]:
    """Return all tuples of ``parts`` positive integers whose sum is at most ``top``."""
    if parts == 0:
        return [()]
    heads = range(1, top - parts + 2)
    return [(n, *rest) for n in heads for rest in _compositions(parts - 1, top - n)]


def _add_product(rule: Rule, orders: tuple[int, ...], factor: int) -> None:
    """Add ``factor`` times the product of the one-dimensional rules to ``rule``."""
    for choice in itertools.product(*(_gauss_hermite(order) for order in orders)):
        node = tuple(x for x, _ in choice)
        rule[node] = rule.get(node, 0.0) + factor * math.prod(w for _, w in choice)


@lru_cache(maxsize=64)
def _gauss_hermite(order: int) -> list[tuple[float, float]]:
    """Return (node, weight) of the ``order``-point rule for a standard normal variable.

    The nodes are the roots of ``He_n``, the weights ``(n-1)! / (n He_(n-1)^2)``; ``He_n' = n
    He_(n-1)``.  Each Newton step doubles the correct digits: 16, 32, 64 of the 77 that are kept.
    """
    rule = []
    for start in hermegauss(order)[0].tolist():
        node = Fraction(start)
        for _ in range(2):
            high, low = _hermite(order, node)
            node = Fraction(round((node - high / (order * low)) * 2**256), 2**256)
        weight = math.factorial(order - 1) / (order * _hermite(order, node)[1] ** 2)
        rule.append((float(node), float(weight)))
    return rule


def _hermite(order: int, x: Fraction) -> tuple[Fraction, Fraction]:
    """Return ``He_n(x)`` and ``He_(n-1)(x)``: ``He_(k+1) = x He_k - k He_(k-1)``; exact."""
    high, low = x, Fraction(1)
    for k in range(1, order):
        high, low = x * high - k * low, high
    return high, low


def _paired(rule: Rule) -> tuple[Array, Array]:
    """Return the nodes that are not zero, nearest first, each followed by its negative."""
    half = [node for node in rule if node > tuple(-x for x in node)]
    half.sort(key=lambda node: (math.fsum(x * x for x in node), node))
    nodes = [signed for node in half for signed in (node, tuple(-x for x in node))]
    return np.array(nodes), np.array([rule[node] for node in nodes])
