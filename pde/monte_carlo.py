"""Stein's identity sampled: independent antithetic pairs of Gaussian offsets."""

from dataclasses import dataclass

import numpy as np

from .spec import require_integer, settle_real
from .stein import SIGMA, Estimator, Nodes, stein_nodes
from .streams import Stream


@dataclass(frozen=True, kw_only=True)
class SteinMonteCarlo(Estimator):
    """``pairs`` pairs ``(delta, -delta)`` with ``delta ~ N(0, sigma^2 I)``, new at every point.

    Parameters
    ----------
    sigma
        Standard deviation of the smoothing, between 1e-9 and 1e9.
    pairs
        K of the formulas in ``stein.py``, 1 to 2^24; a point costs ``2 K + 1`` network values.

    Notes
    -----
    *Exactness*: unbiased.  An affine network has its exact value and Laplacian; a quadratic
    ``x^T A x`` has a Laplacian estimate of standard deviation
    ``sqrt(E[((|z|^2 - D) z^T A z)^2] - (2 tr A)^2) / sqrt(K)``, ``z`` standard normal, whatever
    ``sigma`` is.

    Examples
    --------
    >>> estimator = SteinMonteCarlo(sigma=0.01, pairs=512)
    >>> estimator.nodes(3, 2, Stream(seed=0, name="stein"), step=0).offsets.shape
    (3, 1025, 2)
    """

    name = "monte-carlo"
    sigma: float = 0.1
    pairs: int = 512

    def __post_init__(self) -> None:
        settle_real(self, "sigma", **SIGMA)
        require_integer("SteinMonteCarlo.pairs", self.pairs, least=1, most=2**24)

    def count(self, dimension: int) -> int:
        """Return ``2 pairs + 1``."""
        return 2 * self.pairs + 1

    def nodes(self, points: int, dimension: int, stream: Stream, step: int) -> Nodes:
        """Return nodes of shape (points, J, dimension), a function of (stream, step)."""
        delta = self.sigma * stream.normal((points, self.pairs, dimension), step)
        offsets = np.stack([delta, -delta], axis=2).reshape(points, 2 * self.pairs, dimension)
        weights = np.full(2 * self.pairs, 1 / (2 * self.pairs))
        return stein_nodes(offsets, weights, self.sigma)
