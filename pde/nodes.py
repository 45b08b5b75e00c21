"""Nodes around a point, and the weights that make derivatives of the values there."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Nodes:
    """Where a function is sampled around each of P points, and the weights of the estimates.

    Parameters
    ----------
    offsets
        ``delta_j``, shape (J, D), or (P, J, D) when every point has its own; row 0 is zero.
    value_weights
        Shape (J,); their sum is 1.
    slope_weights
        Shape (J, S) or (P, J, S); their sum over j is 0.
    diffusion_weights
        Shape (J,) or (P, J); their sum over j is 0.
    controlled
        Whether the value at the point is subtracted from the others before they are weighted: a
        control variate.  Without it the weights of node 0 are 0 and the other sums what they are.
    paired
        Whether the nodes after the first come as ``delta, -delta``.
    """

    offsets: Array
    value_weights: Array
    slope_weights: Array
    diffusion_weights: Array
    controlled: bool = True
    paired: bool = True

    @property
    def count(self) -> int:
        """J, the samples per point."""
        return int(self.offsets.shape[-2])

    @property
    def weights(self) -> Array:
        """The weights of all estimates at all nodes but 0: (J - 1, 2 + S) or (P, J - 1, 2 + S).

        In the order value, diffusion, slopes.
        """
        diffusion = self.diffusion_weights[..., None]
        value = np.broadcast_to(self.value_weights[:, None], diffusion.shape)
        return np.concatenate([value, diffusion, self.slope_weights], axis=-1)[..., 1:, :]

    def estimate(self, samples: Array) -> tuple[Array, Array, Array]:
        """Return value (P, 1), slopes (P, S) and diffusion (P, 1) from ``samples`` (P, J).

        In float64, for a look at any function; training does the same on a datapath.

        Examples
        --------
        >>> from bitpde.pde import Derivatives, SteinSparseGrid, Stream
        >>> stream = Stream(seed=0, name="stein")
        >>> nodes = SteinSparseGrid(sigma=0.5).nodes(1, Derivatives(2), stream, 0)
        >>> x = np.array([1.0, 2.0]) + nodes.offsets
        >>> value, slopes, diffusion = nodes.estimate((x[:, 0] * x[:, 1] ** 2)[None])
        >>> [round(float(a), 12) for a in (value[0, 0], *slopes[0], diffusion[0, 0])]
        [4.25, 4.25, 4.0, 2.0]
        """
        base = samples[:, :1] if self.controlled else np.zeros_like(samples[:, :1])
        rise = samples - base
        value = base + (rise @ self.value_weights)[:, None]
        slopes = (rise[:, :, None] * self.slope_weights).sum(axis=1)
        return value, slopes, (rise * self.diffusion_weights).sum(axis=1, keepdims=True)
