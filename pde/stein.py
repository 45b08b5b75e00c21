r"""Derivatives of a network from its values alone: Stein's identity, once and twice.

**What is differentiated.**  Let ``u`` be a network and ``delta ~ N(0, sigma^2 I_D)``.  The object
of this folder is the *smoothed* network

    f(x) = E[u(x + delta)].

It has derivatives of every order even where ``u``, computed in eight bits, is a staircase.  Moving
a derivative from ``u`` onto the Gaussian density ``phi`` (``grad phi = -delta/sigma^2 phi`` and
``Laplacian phi = (|delta|^2 - sigma^2 D)/sigma^4 phi``) gives

    grad f(x)      = E[ delta                      u(x + delta) ] / sigma^2,
    Laplacian f(x) = E[ (|delta|^2 - sigma^2 D)    u(x + delta) ] / sigma^4.

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

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .spec import Spec
from .streams import Stream

Array = NDArray[np.float64]

#: Bounds of sigma, within which its fourth power stays far from the ends of float64.
SIGMA = {"above": 1e-9, "below": 1e9}


@dataclass(frozen=True, kw_only=True, eq=False)
class Nodes:
    """Where a network is sampled around each point, and the weights of the three estimates.

    Parameters
    ----------
    offsets
        ``delta_j``, shape (J, D), or (P, J, D) when every point has its own; row 0 is zero.
    value_weights
        Shape (J,); their sum is 1.
    gradient_weights
        Shape (J, D) or (P, J, D); their sum over j is 0.
    laplacian_weights
        Shape (J,) or (P, J); their sum over j is 0.
    """

    offsets: Array
    value_weights: Array
    gradient_weights: Array
    laplacian_weights: Array

    @property
    def count(self) -> int:
        """J, the samples per point."""
        return int(self.offsets.shape[-2])

    def estimate(self, samples: Array) -> tuple[Array, Array, Array]:
        """Return value (P, 1), gradient (P, D) and Laplacian (P, 1) from ``samples`` (P, J).

        In float64, for a look at any function; training does the same on a datapath.

        Examples
        --------
        >>> from bitpde.pde import SteinSparseGrid, Stream
        >>> nodes = SteinSparseGrid(sigma=0.5).nodes(1, 2, Stream(seed=0, name="stein"), 0)
        >>> x = np.array([1.0, 2.0]) + nodes.offsets
        >>> value, gradient, laplacian = nodes.estimate((x[:, 0] * x[:, 1] ** 2)[None])
        >>> [round(float(a), 12) for a in (value[0, 0], *gradient[0], laplacian[0, 0])]
        [4.25, 4.25, 4.0, 2.0]
        """
        rise = samples - samples[:, :1]
        value = samples[:, :1] + (rise @ self.value_weights)[:, None]
        gradient = (rise[:, :, None] * self.gradient_weights).sum(axis=1)
        return value, gradient, (rise * self.laplacian_weights).sum(axis=1, keepdims=True)


def stein_nodes(offsets: Array, weights: Array, sigma: float) -> Nodes:
    """Return node 0 and the given ones, with the weights of the formulas above.

    Parameters
    ----------
    offsets
        The nodes that are not zero, (J - 1, D) or (P, J - 1, D).
    weights
        ``w_j`` of those nodes, (J - 1,).
    sigma
        Standard deviation of ``delta``.
    """
    square = (offsets * offsets).sum(axis=-1)
    gradient = weights[:, None] * offsets / sigma**2
    laplacian = weights * (square - sigma**2 * offsets.shape[-1]) / sigma**4
    return Nodes(
        offsets=np.concatenate([np.zeros_like(offsets[..., :1, :]), offsets], axis=-2),
        value_weights=np.concatenate([[1 - weights.sum()], weights]),
        gradient_weights=np.concatenate([-gradient.sum(axis=-2, keepdims=True), gradient], axis=-2),
        laplacian_weights=np.concatenate(
            [-laplacian.sum(axis=-1, keepdims=True), laplacian], axis=-1
        ),
    )


class Estimator(Spec, ABC):
    """A choice of nodes; members are frozen dataclasses equal by value."""

    #: the name on the command line
    name: str
    #: standard deviation of the smoothing, in the units of the coordinates; see `SIGMA`
    sigma: float

    @abstractmethod
    def nodes(self, points: int, dimension: int, stream: Stream, step: int) -> Nodes:
        """Return the nodes around ``points`` points at ``step``; ``stream`` feeds random ones."""

    @abstractmethod
    def count(self, dimension: int) -> int:
        """Return J, the samples per point, node 0 included."""
