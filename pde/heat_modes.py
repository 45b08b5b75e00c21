"""Heat conduction that differs by direction, with two decaying waves as its solution."""

from dataclasses import dataclass

import numpy as np

from ..emu import Node, ops
from .derived import derive
from .domains import cube_faces_in_time, with_time
from .problem import Array, Condition, Field, Fields, Problem
from .spec import require_integer
from .terms import slope

_LENGTH = 4.0


@dataclass(frozen=True, kw_only=True)
class HeatModes(Problem):
    """``u_t = sum_i a_i u_ii`` in (0, 1)^d x (0, 1), with two waves that decay at their own rates.

    With y the point relative to the middle of the cube, the solution is

        u = (exp(-l_1 t) sin(k_1 . y) + exp(-l_2 t) cos(k_2 . y)) / 2,   l_j = sum_i a_i k_ji^2,

    given at t = 0 and on the faces, soft, of weight 1000 each as in `Heat`.  The wave vectors have
    the length 4 and components of one size and alternating sign: k_1 on the first half of the
    coordinates, k_2 on the others.  The diffusivities rise linearly from 1/64 to 7/64, so that the
    waves decay at about 0.6 and 1.4 where their mean would make both decay at 1.

    Parameters
    ----------
    space_dimension
        d, 2 to 4096.

    Notes
    -----
    Manufactured, the harder companion of `Heat`, with its network.  ``k_j . y`` has a standard
    deviation of 4 / sqrt(12) = 1.15 for every d, so that the waves neither vanish nor become noise
    in many dimensions.  The signs alternate so that neither ``sum x`` nor any function of ``|y|``
    and t knows them.

    Why d = 20: the network, fitted to u itself at 150 fresh points a step, has a relative L2 error
    of 9 % after 1,000 steps (one seed), and of 47 % with d = 100: what an equation would teach it
    in as many steps could not be seen there.

    Examples
    --------
    >>> waves = HeatModes(space_dimension=2)
    >>> waves.diffusivities
    (0.015625, 0.109375, 0.0)
    >>> float(waves.exact(np.array([[0.5, 0.5, 0.0]]))[0, 0])
    0.5
    """

    space_dimension: int = 20

    name = "heat-modes"

    def __post_init__(self) -> None:
        d = self.space_dimension
        require_integer("HeatModes.space_dimension", d, least=2, most=4096)
        derive(self, dimension=d + 1, space=d, center=(0.5,) * (d + 1), slopes=(d,))
        derive(self, widths=(d + 1, 256, 256, 256, 1))

    @property
    def diffusivities(self) -> tuple[float, ...]:
        """``(1 + 6 i / (d - 1)) / 64`` for i = 0 ... d - 1, then 0 for the time."""
        return (*(np.linspace(1.0, 7.0, self.space) / 64).tolist(), 0.0)

    def residual(self, fields: Fields, points: Array) -> Node:
        """Return ``u_t - sum_i a_i u_ii``; one rounding."""
        return ops.subtract(slope(fields, 0), fields.diffusion)

    def domain_points(self, uniform: Array) -> Array:
        """Return the numbers themselves: points of [0, 1)^(d + 1)."""
        return uniform

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The values at the initial time, in the cube, and on its faces, at all times."""
        initial = Condition(
            name="initial",
            weight=1000.0,
            draws=self.space,
            points=lambda uniform: with_time(uniform, 0.0),
            target=lambda points: self._sum(points, np.zeros(2)),
        )
        boundary = Condition(
            name="boundary",
            weight=1000.0,
            draws=self.space + 2,
            points=cube_faces_in_time,
            target=self.exact,
        )
        return initial, boundary

    def exact(self, points: Array) -> Array:
        """Return half the sum of both waves."""
        return self._sum(points, self.rates)

    def exact_diffusion(self, points: Array) -> Array:
        """Return the waves times minus their rates."""
        waves = self._waves(points, self.rates)
        return np.asarray(-(self.rates * waves).sum(axis=1, keepdims=True))

    def trivial_predictors(self) -> dict[str, Field]:
        """The initial value at all times, and the solution with the mean of the diffusivities."""
        mean = np.full(2, _LENGTH**2 * float(np.mean(self.diffusivities[:-1])))
        return {
            "u at t = 0": lambda points: self._sum(points, np.zeros(2)),
            "mean diffusivity": lambda points: self._sum(points, mean),
        }

    @property
    def rates(self) -> Array:
        """``l_j = sum_i a_i k_ji^2``, (2,)."""
        return np.asarray(np.array(self.diffusivities[:-1]) @ self.wave_vectors**2)

    @property
    def wave_vectors(self) -> Array:
        """The columns ``k_1`` and ``k_2``, (d, 2)."""
        index, half = np.arange(self.space), self.space // 2
        supports = np.stack([index < half, index >= half], axis=1)
        signs = (-1.0) ** index[:, None]
        return np.asarray(_LENGTH * signs * supports / np.sqrt(supports.sum(axis=0)))

    def _sum(self, points: Array, rates: Array) -> Array:
        """Return half the sum of both waves, (P, 1), as if they decayed at ``rates``, (2,)."""
        return np.asarray(self._waves(points, rates).sum(axis=1, keepdims=True))

    def _waves(self, points: Array, rates: Array) -> Array:
        """Return half of each wave, (P, 2), as if they decayed at ``rates``, (2,)."""
        phases = (points[:, :-1] - 0.5) @ self.wave_vectors
        waves = np.stack([np.sin(phases[:, 0]), np.cos(phases[:, 1])], axis=1)
        return np.asarray(np.exp(-points[:, -1:] * rates) * waves / 2)
