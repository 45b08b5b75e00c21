"""Two-dimensional turbulence on a torus: vorticity under a steady force."""

from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import ClassVar

import numpy as np

from ..errors import RunError
from ..spec import require_integer, settle_real
from ..streams import Stream
from .certificate import Certificate
from .convergence import observed_order, relative_l2_difference
from .family import Family
from .gaussian_fields import torus_field, torus_waves
from .measured import Measured
from .trajectory import Array, Trajectory
from .vorticity_budget import enstrophy_imbalance
from .vorticity_solver import solve_vorticity

_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True)
class VorticityFamily(Family):
    r"""``w_t + u.grad w = nu Laplace w + A (sin 2 pi (x + y) + cos 2 pi (x + y))``, w_0 Gaussian.

    The setting is that of Li et al. (*Fourier neural operator for parametric partial differential
    equations*, 2021): the unit torus, A = 0.1, and w_0 of mean zero and covariance
    ``7^(3/2) (-Laplace + 49)^-5/2``, here with waves up to ``modes`` along each axis.  At a
    viscosity of 1e-3 the flow is smooth; at 1e-4 it is chaotic and wants ``refinement=2``.

    Parameters
    ----------
    viscosity
        nu, positive.
    forcing
        A.
    points
        Points of the data along each axis; they are at the centres of cells.
    refinement
        Points of the solver for each of these.
    modes
        The largest wave number of w_0 along an axis; at most a third of the solver's points.
    frames, t_end
        The data are at ``frames`` times from 0 to ``t_end``, evenly.
    step
        Of time in the solver; it divides the interval between frames.
    scale
        w_0 is multiplied by it; with ``7**0.75``, its covariance has the factor ``7^3`` of the
        program that was published with the paper.

    Examples
    --------
    >>> flow = VorticityFamily(points=16, modes=5, frames=3, t_end=0.5, step=0.05)
    >>> flow.instance(seed=0, number=3).values.shape
    (3, 16, 16, 1)
    """

    periodic: ClassVar[bool] = True
    viscosity: float = 1e-3
    forcing: float = 0.1
    points: int = 64
    refinement: int = 1
    modes: int = 21
    frames: int = 21
    t_end: float = 20.0
    step: float = 0.05
    scale: float = 1.0

    def __post_init__(self) -> None:
        for name, least in (("points", 4), ("refinement", 1), ("modes", 1), ("frames", 2)):
            require_integer(f"VorticityFamily.{name}", getattr(self, name), least=least)
        for name in ("viscosity", "t_end", "step"):
            settle_real(self, name, above=0.0)
        settle_real(self, "forcing")
        settle_real(self, "scale", least=0.0)
        most = (self.points * self.refinement - 1) // 3
        if self.modes > most:
            msg = f"VorticityFamily.modes is {self.modes}: the solver's grid has {most} at most"
            raise RunError(msg)

    def instance(self, seed: int, number: int) -> Trajectory:
        """Return instance ``number`` of ``seed``, with the channel ``"vorticity"``."""
        kept = slice(None, None, self.refinement)
        axis = self._axis[kept]
        return Trajectory(
            values=self._solved(seed, number)[:, kept, kept, None],
            times=self._times,
            axes=(axis, axis),
            channels=("vorticity",),
        )

    def refined(self) -> "VorticityFamily":
        """Return the same family on a grid and with time steps twice as fine."""
        return replace(self, refinement=2 * self.refinement, step=self.step / 2)

    def certify(self, seed: int, numbers: tuple[int, ...]) -> Certificate:
        """Return what is measured of the error of these instances.

        The residual is that of the enstrophy budget between each two frames.  A torus has no
        boundary.  The difference from `refined` holds the whole error but the sixteenth part of
        that in time, and the error in space, which falls faster than any power.
        """
        return Measured.certificate(
            self,
            seed,
            numbers,
            partial(self._measured, seed),
            scheme="Fourier coefficients without aliases (rule of 2/3), Runge-Kutta of order four "
            f"with integrating factor, {self._side} x {self._side} points, steps of {self.step:g}",
            residual_of="the enstrophy budget between two frames",
            in_time=True,
        )

    @property
    def _side(self) -> int:
        return self.points * self.refinement

    @property
    def _axis(self) -> Array:
        """The solver's coordinates: every point of the data is one of its points."""
        return 0.5 / self.points + np.arange(self._side) / self._side

    @property
    def _times(self) -> Array:
        return np.linspace(0.0, self.t_end, self.frames)

    @property
    def _force(self) -> Array:
        angle = 2 * np.pi * np.add.outer(self._axis, self._axis)
        return np.asarray(self.forcing * (np.sin(angle) + np.cos(angle)), np.float64)

    def _start(self, seed: int, number: int) -> Array:
        """Return w_0 on the solver's grid."""
        stream = Stream(seed=seed, name="data/vorticity")
        normals = stream.normal((len(torus_waves(self.modes)), 2), step=number)
        field = torus_field(normals, self._axis, self._axis, shift=49.0, power=2.5)
        return self.scale * 7**0.75 * field

    def _run(self, start: Array, times: Array) -> Array:
        """Return the vorticity on the solver's grid, (T, N, N)."""
        return solve_vorticity(
            start, times, viscosity=self.viscosity, step=self.step, forcing=self._force
        )

    def _solved(self, seed: int, number: int) -> Array:
        return self._run(self._start(seed, number), self._times)

    def _imbalance(self, w: Array) -> float:
        """Return the largest imbalance of enstrophy between frames of w, (T, N, N).

        The way from one to the next is that of a quarter of the step, which resolves what decays.
        """
        quarter = replace(self, step=self.step / 4)
        interval = float(self._times[1])
        times = np.linspace(0.0, interval, round(interval / quarter.step) + 1)
        found = 0.0
        for before, after in pairwise(w):
            way = quarter._run(before, times)
            way[-1] = after
            found = max(found, enstrophy_imbalance(way, times, self._force, self.viscosity))
        return found

    def _measured(self, seed: int, number: int) -> Measured:
        solutions = [
            replace(self, step=self.step / parts)._solved(seed, number) for parts in (1, 2, 4)
        ]
        kept = slice(None, None, self.refinement)
        fine = self.refined().instance(seed, number).values[..., 0]
        difference = relative_l2_difference(solutions[0][:, kept, kept], fine)
        hidden = relative_l2_difference(solutions[1], solutions[2]) < _ROUNDING
        return Measured(
            self_convergence=difference,
            order=None if hidden else observed_order(*solutions),
            residual=self._imbalance(solutions[0]),
            boundary_error=0.0,
            estimated_error=difference * 16 / 15,
        )
