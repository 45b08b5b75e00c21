"""Stein's identity sampled: Gaussian offsets, in antithetic pairs or not, random or even."""

import math
from dataclasses import dataclass, replace

import numpy as np

from .derivatives import Derivatives
from .nodes import Array, Nodes
from .sampling import Sampling, unit_points
from .spec import require_integer, settle_real
from .stein import SIGMA, Estimator, stein_nodes
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
    ``sigma`` is: for ``A = I`` relatively ``sqrt((D + 12 + 24 / D) / (2 K))``.

    Examples
    --------
    >>> estimator = SteinMonteCarlo(sigma=0.01, pairs=512)
    >>> estimator.nodes(3, Derivatives(2), Stream(seed=0, name="stein"), step=0).offsets.shape
    (3, 1025, 2)
    """

    name = "monte-carlo"
    sigma: float = 0.1
    pairs: int = 512

    def __post_init__(self) -> None:
        settle_real(self, "sigma", **SIGMA)
        require_integer(f"{type(self).__name__}.pairs", self.pairs, least=1, most=2**24)

    def noise(self, derivatives: Derivatives) -> float | None:
        """Return ``sqrt((d + 12 + 24 / d) / (2 K))`` for d coordinates with a diffusivity.

        Examples
        --------
        >>> SteinMonteCarlo(pairs=512).noise(Derivatives(2))
        0.15934435979977452
        """
        d = len(derivatives.coordinates)
        return math.sqrt((d + 12 + 24 / d) / (2 * self.pairs))

    def rows(self, derivatives: Derivatives) -> int:
        """Return ``2 pairs + 1``."""
        return 2 * self.pairs + 1

    def nodes(self, points: int, derivatives: Derivatives, stream: Stream, step: int) -> Nodes:
        """Return nodes of shape (points, J, D), a function of (stream, step)."""
        delta = self.sigma * stream.normal((points, self.pairs, derivatives.dimension), step)
        return paired_nodes(delta, self.sigma, derivatives)


@dataclass(frozen=True, kw_only=True)
class SteinSobol(SteinMonteCarlo):
    """`SteinMonteCarlo` with offsets from a scrambled Sobol sequence, the same at every point.

    The sequence is turned into normal numbers by inversion and scrambled anew at every step, so
    that each offset by itself is Gaussian.  A number of pairs that is a power of two suits it.

    Notes
    -----
    *Exactness*: unbiased; for smooth functions of few variables much less spread than independent
    offsets (Owen 1997).  The scrambling is SciPy's, whose bits may differ between its versions.
    """

    name = "sobol"

    def noise(self, derivatives: Derivatives) -> float | None:
        """Return None: even offsets err less than independent ones, by how much is not known."""
        return None

    def nodes(self, points: int, derivatives: Derivatives, stream: Stream, step: int) -> Nodes:
        """Return nodes of shape (J, D), a function of (stream, step)."""
        from scipy.special import ndtri

        uniform = unit_points(Sampling.SOBOL, self.pairs, derivatives.dimension, stream, step)
        return paired_nodes(self.sigma * ndtri(uniform), self.sigma, derivatives)


@dataclass(frozen=True, kw_only=True)
class SteinPlain(Estimator):
    """``samples`` independent offsets without pairs or control variate: the identity as it stands.

    For comparison: the noise of its derivatives is that of the values, not of their differences,
    over ``sigma`` and ``sigma^2``.

    Parameters
    ----------
    sigma
        Standard deviation of the smoothing, between 1e-9 and 1e9.
    samples
        Offsets per point, 1 to 2^24.

    Notes
    -----
    *Exactness*: unbiased.  The Laplacian of a constant c has the standard deviation
    ``c sqrt(2 D / samples) / sigma^2``.
    """

    name = "plain"
    sigma: float = 0.1
    samples: int = 1024

    def __post_init__(self) -> None:
        settle_real(self, "sigma", **SIGMA)
        require_integer("SteinPlain.samples", self.samples, least=1, most=2**24)

    def rows(self, derivatives: Derivatives) -> int:
        """Return the samples, and the point itself."""
        return self.samples + 1

    def nodes(self, points: int, derivatives: Derivatives, stream: Stream, step: int) -> Nodes:
        """Return nodes of shape (points, J, D), a function of (stream, step)."""
        offsets = self.sigma * stream.normal((points, self.samples, derivatives.dimension), step)
        weights = np.full(self.samples, 1 / self.samples)
        nodes = stein_nodes(offsets, weights, self.sigma, derivatives)
        nodes.value_weights[:1] = 0.0
        nodes.slope_weights[..., :1, :] = 0.0
        nodes.diffusion_weights[..., :1] = 0.0
        return replace(nodes, controlled=False, paired=False)


def paired_nodes(delta: Array, sigma: float, derivatives: Derivatives) -> Nodes:
    """Return the nodes ``delta`` and ``-delta``, (K, D) or (P, K, D), with equal weights."""
    offsets = np.stack([delta, -delta], axis=-2)
    shape = (*delta.shape[:-2], 2 * delta.shape[-2], delta.shape[-1])
    weights = np.full(shape[-2], 1 / shape[-2])
    return stein_nodes(offsets.reshape(shape), weights, sigma, derivatives)
