"""A family in closed form for the tests of files: heat on a torus, in one or two dimensions."""

import os
import signal
from dataclasses import dataclass, replace

import numpy as np

from bitpde.pde import RunError, Stream
from bitpde.pde.data import Certificate, Family, Trajectory

#: The instance at which a process ends itself, if it is set.
KILL = "BITPDE_TESTS_KILL_AT"


@dataclass(frozen=True, kw_only=True)
class Warmth(Family):
    """Waves that decay: u = sum of a exp(-nu (2 pi k)^2 t) cos(2 pi k x - phase).

    In two dimensions a second factor cos(2 pi (y - x)) makes the axes different.
    """

    points: int = 6
    space: int = 1
    steps: int = 3
    viscosity: float = 0.05
    size: float = 1.0
    coefficient: bool = False
    fails: tuple[int, ...] = ()

    def instance(self, seed: int, number: int) -> Trajectory:
        if os.environ.get(KILL) == str(number):
            os.kill(os.getpid(), signal.SIGKILL)
        if number in self.fails:
            msg = f"instance {number} is one of those that fail"
            raise RunError(msg)
        draws = Stream(seed=seed, name="data/warmth").uniform((4,), step=number)
        axes = tuple((np.arange(n) + 0.5) / n for n in self._grid)
        times = np.arange(self.steps) / 4
        waves = np.arange(1, 3)
        decay = np.exp(-self.viscosity * np.outer(times, (2 * np.pi * waves) ** 2))
        shape = np.cos(2 * np.pi * (np.outer(waves, axes[0]) - draws[2:, None]))
        values = self.size * ((decay * draws[:2]) @ shape)
        if self.space == 2:
            other = np.cos(2 * np.pi * (axes[1] - axes[0][:, None]))
            values = values[:, :, None] * other + draws[0]
        return Trajectory(
            values=values[..., None],
            times=times,
            axes=axes,
            channels=("u",),
            parameters={"amplitude": float(draws[0]), "viscosity": self.viscosity},
            coefficient=1 + values[0] ** 2 if self.coefficient else None,
        )

    def refined(self) -> "Warmth":
        return replace(self, viscosity=self.viscosity)

    def certify(self, seed: int, numbers: tuple[int, ...]) -> Certificate:
        """A certificate that is a function of the instances, so that any other seed shows."""
        sizes = [float(np.abs(self.instance(seed, n).values).mean()) for n in numbers]
        return Certificate(
            family=self.to_json(),
            seed=seed,
            scheme="in closed form",
            order_in_space=None,
            order_in_time=None,
            self_convergence=max(sizes) * 1e-16,
            residual=min(sizes) * 1e-16,
            residual_of="the equation",
            boundary_error=0.0,
            estimated_error=max(sizes) * 1e-16,
            instances=numbers,
        )

    @property
    def _grid(self) -> tuple[int, ...]:
        return (self.points, self.points + 2)[: self.space]
