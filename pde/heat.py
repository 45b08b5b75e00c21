"""The heat equation in the unit ball of many dimensions, with a quadratic solution."""

from dataclasses import dataclass

import numpy as np

from ..emu import Node, ops
from .derived import derive
from .domains import ball_points, sphere_points, with_time
from .problem import Array, Condition, Field, Fields, Problem
from .spec import require_integer
from .terms import slope


@dataclass(frozen=True, kw_only=True)
class Heat(Problem):
    r"""``u_t = Laplacian u`` for \\|x\\| < 1 and 0 < t < 1, with ``u = |x|^2 / (2 d) + t``.

    The solution is given at t = 0 and, for all t, on the sphere, where it is ``1 / (2 d) + t``;
    both conditions are soft, of weight 1000.  With d = 100 this is the test problem of He, Li, Shi,
    Gao et al. (arXiv 2206.14005's code) and of Lu, Tian, Zhao, Li and Zhang (arXiv 2512.09202).

    Parameters
    ----------
    space_dimension
        d, 1 to 4096.

    Notes
    -----
    Traps: points of a ball in many dimensions lie near its sphere, so that ``|x|^2 / (2 d)`` hardly
    varies: at d = 100 ``u = t`` has a relative L2 error of 0.84 %, and ``u = t + 1 / (2 (d + 2))``
    of 0.016 %.  And u is quadratic, so that no symmetric difference rule has an error on it.  See
    `HeatModes`.

    Examples
    --------
    >>> float(Heat(space_dimension=2).exact(np.array([[0.0, 1.0, 0.5]]))[0, 0])
    0.75
    """

    space_dimension: int = 100

    name = "heat"

    def __post_init__(self) -> None:
        d = self.space_dimension
        require_integer("Heat.space_dimension", d, least=1, most=4096)
        derive(self, dimension=d + 1, space=d, center=(0.0,) * d + (0.5,), slopes=(d,))
        derive(self, widths=(d + 1, 256, 256, 256, 1))

    def residual(self, fields: Fields, points: Array) -> Node:
        """Return ``u_t - Laplacian u``; one rounding."""
        return ops.subtract(slope(fields, 0), fields.diffusion)

    @property
    def draws(self) -> int:
        """One for the time, one for the radius, d for the direction."""
        return self.space + 2

    def domain_points(self, uniform: Array) -> Array:
        """Return points uniform in the ball and in time, which is the first of the numbers."""
        return with_time(ball_points(uniform[:, 1:]), uniform[:, :1])

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The values at the initial time, in the ball, and on the sphere, at all times."""
        initial = Condition(
            name="initial",
            weight=1000.0,
            draws=self.space + 1,
            points=lambda uniform: with_time(ball_points(uniform), 0.0),
            target=self._parabola,
        )
        boundary = Condition(
            name="boundary",
            weight=1000.0,
            draws=self.space + 1,
            points=lambda uniform: with_time(sphere_points(uniform[:, 1:]), uniform[:, :1]),
            target=lambda points: points[:, -1:] + 1 / (2 * self.space),
        )
        return initial, boundary

    def exact(self, points: Array) -> Array:
        """Return ``|x|^2 / (2 d) + t``."""
        return self._parabola(points) + points[:, -1:]

    def exact_diffusion(self, points: Array) -> Array:
        """Return 1."""
        return np.ones((len(points), 1))

    def trivial_predictors(self) -> dict[str, Field]:
        """The time, and the time plus the mean ``1 / (2 (d + 2))`` of ``|x|^2 / (2 d)``."""
        mean = 1 / (2 * (self.space + 2))
        return {
            "t": lambda points: points[:, -1:],
            "t + 1/(2(d+2))": lambda points: points[:, -1:] + mean,
        }

    def _parabola(self, points: Array) -> Array:
        """Return ``|x|^2 / (2 d)``."""
        square = (points[:, :-1] ** 2).sum(axis=1, keepdims=True)
        return np.asarray(square / (2 * self.space))
