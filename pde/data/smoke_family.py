"""Smoke that rises by its buoyancy in a closed box."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..errors import RunError
from ..spec import require_integer, settle_real
from ..streams import Stream
from .certificate import Certificate
from .convergence import observed_order, relative_l2_difference
from .family import Family
from .gaussian_fields import cosine_field, cosine_waves
from .measured import Measured
from .smoke_balance import centred, smoke_imbalance, wall_shear
from .smoke_equation import Smoke, SmokeEquation
from .smoke_solver import solve_smoke
from .spectral_grid import cell_centres
from .trajectory import Array, Trajectory

_LENGTH = 32.0
_SHIFT, _POWER = 50.0, 4.0


@dataclass(frozen=True, kw_only=True)
class SmokeFamily(Family):
    r"""Smoke and two velocities in a box of side 32 with walls without friction (`SmokeEquation`).

    The setting is that of the smoke data of PDEArena (Gupta and Brandstetter, *Towards
    multi-spatiotemporal-scale generalized PDE modeling*, 2022), with its viscosity and buoyancy,
    but the smoke diffuses, so that there is a solution to converge to.  It starts at rest with
    ``(1 + tanh g) / 2``, g a smooth Gaussian field of variance one over the box.  The data are the
    means over their cells, so that the total of smoke is the same at all times.

    Parameters
    ----------
    viscosity, diffusivity, buoyancy
        nu, kappa, positive, and B.
    points
        Points of the data along each axis, at the centres of cells.
    refinement
        Cells of the solver for each of these, even.
    modes
        The largest wave number of g along an axis, less than half of the solver's cells.
    frames, t_end
        The data are at ``frames`` times from 0 to ``t_end``, evenly.
    step
        Of time in the solver; it divides the interval between frames.

    Examples
    --------
    >>> plume = SmokeFamily(points=8, modes=4, frames=2, t_end=1.0, step=0.5)
    >>> plume.instance(seed=0, number=3).values.shape
    (2, 8, 8, 3)
    """

    viscosity: float = 0.01
    diffusivity: float = 0.01
    buoyancy: float = 0.5
    points: int = 64
    refinement: int = 2
    modes: int = 8
    frames: int = 14
    t_end: float = 13.0
    step: float = 0.1

    def __post_init__(self) -> None:
        for name, least in (("points", 2), ("refinement", 2), ("modes", 1), ("frames", 2)):
            require_integer(f"SmokeFamily.{name}", getattr(self, name), least=least)
        for name in ("viscosity", "diffusivity", "t_end", "step"):
            settle_real(self, name, above=0.0)
        settle_real(self, "buoyancy")
        if self.refinement % 2:
            msg = f"SmokeFamily.refinement is {self.refinement}: give an even number"
            raise RunError(msg)
        most = self.points * self.refinement // 2 - 1
        if self.modes > most:
            msg = f"SmokeFamily.modes is {self.modes}: the solver's grid has {most} at most"
            raise RunError(msg)

    def instance(self, seed: int, number: int) -> Trajectory:
        """Return instance ``number`` of ``seed``: ``"smoke"``, ``"vx"``, ``"vy"``."""
        centres = cell_centres(self.points) * _LENGTH
        return Trajectory(
            values=self._values(self._solved(seed, number, self.refinement, self.step)),
            times=self._times,
            axes=(centres, centres),
            channels=("smoke", "vx", "vy"),
        )

    def refined(self) -> "SmokeFamily":
        """Return the same family on a grid and with time steps twice as fine."""
        return replace(self, refinement=2 * self.refinement, step=self.step / 2)

    def certify(self, seed: int, numbers: tuple[int, ...]) -> Certificate:
        """Return what is measured of the error of these instances.

        The order in space is that of three grids, from half the cells of the data's to twice as
        many; the error is estimated by the difference D from `refined` as ``D / (1 - 2^-p)``, with
        that order, but between 1/2 and 2.
        """
        side = self.points * self.refinement
        return Measured.certificate(
            self,
            seed,
            numbers,
            partial(self._measured, seed),
            scheme=f"staggered central differences on {side} x {side} cells, pressure "
            f"by cosines, Runge-Kutta of order four, steps of {self.step:g}",
            residual_of="the mass of smoke, and the divergence of velocity",
            in_time=False,
        )

    @property
    def _times(self) -> Array:
        return np.linspace(0.0, self.t_end, self.frames)

    def _start(self, seed: int, number: int, side: int) -> Smoke:
        """Return the smoke on a grid of ``side`` x ``side`` cells, at rest."""
        waves = cosine_waves(self.modes)
        normals = Stream(seed=seed, name="data/smoke").normal((len(waves),), step=number)
        centres = cell_centres(side)
        field = cosine_field(normals, centres, centres, shift=_SHIFT, power=_POWER)
        variance = ((np.pi**2 * (waves**2).sum(axis=1) + _SHIFT) ** -_POWER).sum()
        rest = np.zeros((side - 1, side))
        return Smoke(density=(1 + np.tanh(field / np.sqrt(variance))) / 2, x=rest, y=rest.T)

    def _solved(self, seed: int, number: int, parts: int, step: float) -> tuple[Smoke, ...]:
        """Return all frames with ``parts`` x ``parts`` cells for each of the data."""
        equation = SmokeEquation(
            length=_LENGTH,
            viscosity=self.viscosity,
            diffusivity=self.diffusivity,
            buoyancy=self.buoyancy,
        )
        start = self._start(seed, number, self.points * parts)
        return solve_smoke(start, self._times, equation=equation, step=step)

    def _values(self, frames: tuple[Smoke, ...]) -> Array:
        """Return the means of three channels over the data's cells, (T, X, Y, 3)."""
        parts = len(frames[0].density) // self.points
        fields = np.array([[each.density, *centred(each)] for each in frames])
        blocks = (len(frames), 3, self.points, parts, self.points, parts)
        return np.moveaxis(fields.reshape(blocks).mean(axis=(3, 5)), 1, -1)

    def _measured(self, seed: int, number: int) -> Measured:
        frames = self._solved(seed, number, self.refinement, self.step)
        coarse = self._values(self._solved(seed, number, self.refinement // 2, self.step))
        medium, fine = self._values(frames), self.refined().instance(seed, number).values
        difference = relative_l2_difference(medium, fine)
        order = observed_order(coarse, medium, fine)
        return Measured(
            self_convergence=difference,
            order=order,
            residual=smoke_imbalance(frames),
            boundary_error=wall_shear(frames),
            estimated_error=difference / (1 - 2 ** -min(max(order, 0.5), 2.0)),
        )
