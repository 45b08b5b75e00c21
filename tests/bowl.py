"""A problem in any number of dimensions whose solution is known whatever the network is."""

from dataclasses import dataclass

import numpy as np

from bitpde.emu import Node, ops
from bitpde.pde import Fields, Problem
from bitpde.pde.problem import Array


@dataclass(frozen=True)
class Bowl(Problem):
    """``Laplace u = D``, solved by ``|x|^2 / 2`` whatever the network is."""

    size: int

    name = "bowl"

    @property
    def dimension(self) -> int:  # type: ignore[override]
        return self.size

    @property
    def space(self) -> int:  # type: ignore[override]
        return self.size

    @property
    def center(self) -> tuple[float, ...]:  # type: ignore[override]
        return (0.0,) * self.size

    @property
    def widths(self) -> tuple[int, ...]:  # type: ignore[override]
        return (self.size, 1)

    def residual(self, fields: Fields, points: Array) -> Node:
        return ops.subtract(fields.diffusion, fields.constant(np.full((len(points), 1), self.size)))

    def domain_points(self, uniform: Array) -> Array:
        return uniform

    def lift(self, points: Array) -> Array:
        return (points**2).sum(axis=1, keepdims=True) / 2

    def factor(self, points: Array) -> Array:
        return np.zeros((len(points), 1))

    def exact(self, points: Array) -> Array:
        return self.lift(points)

    def exact_diffusion(self, points: Array) -> Array:
        return np.full((len(points), 1), float(self.size))
