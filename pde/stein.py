r"""Derivatives of a network from its values alone: Stein's identity, once and twice.

**What is differentiated.**  Let ``u`` be a network and ``delta ~ N(0, sigma^2 I_D)``.  The object
of this folder is the *smoothed* network

    f(x) = E[u(x + delta)].

It has derivatives of every order even where ``u``, computed in eight bits, is a staircase.  Moving
a derivative from ``u`` onto the Gaussian density ``phi`` (``grad phi = -delta/sigma^2 phi`` and
``Laplacian phi = (|delta|^2 - sigma^2 D)/sigma^4 phi``) gives

    grad f(x)      = E[ delta                      u(x + delta) ] / sigma^2,
    Laplacian f(x) = E[ (|delta|^2 - sigma^2 D)    u(x + delta) ] / sigma^4.

(For ``sum_i a_i f_ii`` each square counts ``a_i`` times: ``sum_i a_i (delta_i^2 - sigma^2)``.)

**f is the solution, everywhere.**  The equation constrains ``f``, so the boundary condition must
constrain ``f`` and a test must measure ``f``, all through the same nodes; to impose the boundary
values on ``u`` would glue one function to the Laplacian of another.  The two do differ:
smoothing multiplies sin(x1 + x2)/2 by exp(-sigma^2), 1 % at sigma = 0.1 and 1e-4 at 0.01.

**Control variate.**  Both weights have mean zero, so ``u(x)`` may be subtracted inside the
expectations.  That changes nothing but the noise: the errors of a sampled mean, or of values
rounded to eight bits, are then proportional to the differences of ``u`` and not to ``u``.

**Antithetic pairs.**  ``-delta`` is as likely as ``delta``.  With ``D+- = u(x +- delta) - u(x)``,

    f(x)           = u(x) + E[ (D+ + D-)/2 ],
    grad f(x)      = E[ delta (D+ - D-) ] / (2 sigma^2),
    Laplacian f(x) = E[ (|delta|^2 - sigma^2 D) (D+ + D-) ] / (2 sigma^4):

the odd part of ``u`` about ``x`` enters the gradient alone, the even part the value and the
Laplacian alone.  An affine ``u`` gets its exact value and a Laplacian of zero from any single pair.

**Nodes.**  An estimator replaces the expectation by ``sum_j w_j g(delta_j)``; node 0 is always
``delta = 0`` (the control variate), and the others come in pairs ``(delta, -delta)`` next to each
other.  The estimates are linear in the differences,

    f ~ u_0 + sum_j w_j (u_j - u_0),     grad f ~ sum_j (w_j delta_j / sigma^2) (u_j - u_0),
    Laplacian f ~ sum_j (w_j (|delta_j|^2 - sigma^2 D) / sigma^4) (u_j - u_0).

**Exactness.**  Let the rule integrate every polynomial of total degree ``m`` against the Gaussian.
The weights raise the degree by 0, 1 and 2; hence in real arithmetic value, gradient and Laplacian
are exact for every polynomial ``u`` of total degree ``m``, ``m - 1`` and ``m - 2``.  The sparse
grid of level 3 and the product rule of order 3 have ``m = 5``: value 5, gradient 4, Laplacian 3.
Random pairs are exact on average for every ``u`` that grows slower than the Gaussian decays; any
one draw has ``m = 1``, an exact value and a zero Laplacian for affine ``u``.
"""

from abc import abstractmethod

import numpy as np

from ..emu import Node
from .derivatives import Derivatives
from .engine import Engine
from .nodes import Array, Nodes
from .problem import Fields
from .sampled_fields import sampled_fields, sampled_value
from .solution import Solution
from .streams import Stream

#: Bounds of sigma, within which its fourth power stays far from the ends of float64.
SIGMA = {"above": 1e-9, "below": 1e9}


def stein_nodes(offsets: Array, weights: Array, sigma: float, derivatives: Derivatives) -> Nodes:
    """Return node 0 and the given ones, with the weights of the formulas above.

    Parameters
    ----------
    offsets
        The nodes that are not zero, (J - 1, D) or (P, J - 1, D).
    weights
        ``w_j`` of those nodes, (J - 1,).
    sigma
        Standard deviation of ``delta``.
    derivatives
        Which are asked for.
    """
    factors = derivatives.factors
    square = (factors * offsets * offsets).sum(axis=-1)
    slope = weights[:, None] * offsets[..., derivatives.slope_indices] / sigma**2
    diffusion = weights * (square - sigma**2 * factors.sum()) / sigma**4
    return Nodes(
        offsets=np.concatenate([np.zeros_like(offsets[..., :1, :]), offsets], axis=-2),
        value_weights=np.concatenate([[1 - weights.sum()], weights]),
        slope_weights=np.concatenate([-slope.sum(axis=-2, keepdims=True), slope], axis=-2),
        diffusion_weights=np.concatenate(
            [-diffusion.sum(axis=-1, keepdims=True), diffusion], axis=-1
        ),
    )


class Estimator(Engine):
    """A choice of nodes; members are frozen dataclasses equal by value."""

    #: standard deviation of the smoothing, in the units of the coordinates; see `SIGMA`
    sigma: float

    @abstractmethod
    def nodes(self, points: int, derivatives: Derivatives, stream: Stream, step: int) -> Nodes:
        """Return the nodes around ``points`` points at ``step``; ``stream`` feeds random ones."""

    def fields(self, solution: Solution, points: Array, stream: Stream, step: int) -> Fields:
        """Return the smoothed solution and its derivatives at ``points``."""
        nodes = self.nodes(len(points), solution.problem.derivatives, stream, step)
        return sampled_fields(solution, points, nodes)

    def value(self, solution: Solution, points: Array, stream: Stream, step: int) -> Node:
        """Return the smoothed solution at ``points``, (P, 1)."""
        nodes = self.nodes(len(points), solution.problem.derivatives, stream, step)
        return sampled_value(solution, points, nodes)
