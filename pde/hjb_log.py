"""A Hamilton-Jacobi-Bellman equation in many dimensions whose solution bends."""

import math
from dataclasses import dataclass

import numpy as np

from ..emu import Node, ops
from .derived import derive
from .domains import cube_faces_in_time
from .gamma_mixture import Mixture
from .network import Activation
from .problem import Array, Condition, Field, Fields, Problem
from .spec import require_flag, require_integer, settle_real
from .terms import slope, squared_gradient


@dataclass(frozen=True, kw_only=True)
class HJBLog(Problem):
    """``u_t + Laplacian u = mu |grad u|^2`` in (0, 1)^d x (0, 1), with logarithmic terminal data.

    At t = 1, ``u = log((1 + |x|^2) / 2)``.  This is the control problem of Han, Jentzen and E (PNAS
    115, 2018; d = 100) and of He, Li, Shi, Gao et al. (arXiv 2206.14005's code; d = 250, where x is
    normal and not, as here, uniform in a cube).  The terminal condition is built in:
    ``u = log((1 + |x|^2) / 2) + (1 - t) N``.

    Parameters
    ----------
    space_dimension
        d, 1 to 1000.
    mu
        The cost of control, 0.1 to 10.
    boundary
        Whether the loss asks for the solution on the faces of the cube, with the weight 30.

    Notes
    -----
    By Cole and Hopf, ``exp(-mu u)`` solves the heat equation backwards in time: it is ``2^mu``
    times the `Mixture` after ``tau = 1 - t``, from which value and derivatives follow exactly but
    for one convergent quadrature.

    Domain and network are those of `HJB`, so that only the solutions differ; over the domain
    ``|x|^2`` has the mean d/3 and the standard deviation ``0.3 sqrt(d)``.

    Traps: in many dimensions ``|x|^2`` hardly varies, and u is close to a function of t:
    ``log((1 + E|X|^2) / 2)``, with X the diffused x, has a relative L2 error of 3.4 % at d = 20.
    And the equation and its values at t = 1 say nothing of the faces of the cube, through which the
    diffused x leaves it almost at once: without ``boundary`` small residuals allow large errors.

    Examples
    --------
    >>> hjb = HJBLog(space_dimension=2)
    >>> point = np.array([[0.5, 0.5, 0.0]])
    >>> [round(float(f(point)[0, 0]), 6) for f in (hjb.exact, hjb.exact_diffusion)]
    [0.462335, 0.487857]
    """

    space_dimension: int = 20
    mu: float = 1.0
    boundary: bool = True

    name = "hjb-log"
    activation = Activation.SINE

    def __post_init__(self) -> None:
        d = self.space_dimension
        require_integer("HJBLog.space_dimension", d, least=1, most=1000)
        settle_real(self, "mu", least=0.1, below=math.nextafter(10, 11))
        center, slopes = (0.5,) * (d + 1), tuple(range(d + 1))
        require_flag("HJBLog.boundary", self.boundary)
        derive(self, dimension=d + 1, space=d, center=center, slopes=slopes)
        derive(self, widths=(d + 1, 512, 512, 1))

    def residual(self, fields: Fields, points: Array) -> Node:
        """Return ``u_t + Laplacian u - mu |grad u|^2``."""
        drift = ops.add(slope(fields, self.space), fields.diffusion)
        return ops.subtract(drift, squared_gradient(fields, self.space, self.mu))

    def domain_points(self, uniform: Array) -> Array:
        """Return the numbers themselves: points of [0, 1)^(d + 1)."""
        return uniform

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The values on the faces of the cube, at all times, unless there is no ``boundary``."""
        faces = Condition(
            name="boundary",
            weight=30.0,
            draws=self.space + 2,
            points=cube_faces_in_time,
            target=self.exact,
        )
        return (faces,) if self.boundary else ()

    def lift(self, points: Array) -> Array:
        """Return ``log((1 + |x|^2) / 2)``, the terminal value."""
        return np.asarray(np.log((1 + _square(points)) / 2))

    def factor(self, points: Array) -> Array:
        """Return ``1 - t``."""
        return 1 - points[:, -1:]

    def exact(self, points: Array) -> Array:
        """Return u, to about ``1e-16 d``."""
        return -(math.log(2) + self._mixture(points).logarithm / self.mu)

    def exact_diffusion(self, points: Array) -> Array:
        """Return ``(2 d mean(s) - 4 |x|^2 var(s)) / mu``, to about 1e-13 of its terms."""
        mixture = self._mixture(points)
        square = _square(points)
        return (2 * self.space * mixture.mean - 4 * square * mixture.variance) / self.mu

    def exact_slopes(self, points: Array) -> Array:
        """Return the first derivatives in space and time, (P, d + 1), like `exact_diffusion`."""
        mixture = self._mixture(points)
        mean, square = mixture.mean, _square(points)
        gradient = 2 * points[:, :-1] * mean / self.mu
        decay = (4 * square * (mixture.variance + mean**2) - 2 * self.space * mean) / self.mu
        return np.hstack([gradient, decay])

    def trivial_predictors(self) -> dict[str, Field]:
        """The network 0, and the logarithm of the mean of the diffused terminal argument."""
        d = self.space
        return {
            "u at t = 1": self.lift,
            "log((1 + |x|^2 + 2 d (1 - t)) / 2)": lambda points: np.log(
                (1 + _square(points) + 2 * d * self.factor(points)) / 2
            ),
        }

    def _mixture(self, points: Array) -> Mixture:
        return Mixture.at(_square(points), self.factor(points), self.space, self.mu)


def _square(points: Array) -> Array:
    """Return ``|x|^2``, (P, 1)."""
    return np.asarray((points[:, :-1] ** 2).sum(axis=1, keepdims=True))
