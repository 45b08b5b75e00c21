"""Data of Burgers' equation on the unit circle."""

import math
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from ..spec import read_spec, require_integer, settle_real
from .burgers_budget import energy_imbalance
from .burgers_initial import GaussianField, InitialValue, SineWaves
from .burgers_reference import burgers_reference
from .burgers_solver import solve_burgers
from .certificate import Certificate
from .convergence import observed_order, relative_l2_difference
from .family import Family
from .measured import Measured
from .spectral_grid import cell_centres, sampled_at_centres
from .trajectory import Trajectory

Array = NDArray[np.float64]

_TIMES_COMPARED = 11


@dataclass(frozen=True, kw_only=True)
class BurgersFamily(Family):
    """``u_t + (u^2 / 2)_x = diffusivity u_xx`` for x in (0, 1), periodic, from random functions.

    Values are those of u at the centres of cells, ``x = (i + 1/2) / points``: points of the
    solver's finer Fourier series, not averages, and not filtered, so that a layer narrower than a
    cell is sampled as it is.  The first frame is the initial value itself.

    Parameters
    ----------
    diffusivity
        The number before ``u_xx``.  Files of PDEBench are labelled with Nu, and have
        ``diffusivity = Nu / pi``: the default is their Nu = 0.01.  Papers on Fourier operators
        mean ``diffusivity`` itself by nu.
    initial
        Where the functions come from: `SineWaves` or `GaussianField`.
    points
        The number of cells of a frame.
    frames, end_time
        Frames are at ``i end_time / (frames - 1)``, from 0 to ``end_time``.
    refinement
        The solver has ``N = refinement * points`` points.  A jump J in u is a layer ``tanh(J x / (4
        diffusivity))``, whose Fourier series ends at N / 3 with ``exp(-13 diffusivity N / J)`` of
        it: 6e-7 to 2e-5 by default for J from 3 to 4.
    steps
        Time steps from one frame to the next, an even number: half of them show the order.

    Raises
    ------
    RunError
        If a field cannot be used; from `instance` if the solution left the range of float64.

    Examples
    --------
    >>> family = BurgersFamily(diffusivity=0.05, points=16, frames=3, end_time=0.2)
    >>> family.instance(seed=0, number=7).values.shape
    (3, 16, 1)
    """

    periodic: ClassVar[bool] = True
    diffusivity: float = 0.01 / math.pi
    initial: SineWaves | GaussianField = field(default_factory=SineWaves)
    points: int = 256
    frames: int = 101
    end_time: float = 2.0
    refinement: int = 4
    steps: int = 20

    def __post_init__(self) -> None:
        settle_real(self, "diffusivity", above=0.0)
        settle_real(self, "end_time", above=0.0)
        for name, least in (("points", 4), ("frames", 2), ("refinement", 1), ("steps", 2)):
            require_integer(f"BurgersFamily.{name}", getattr(self, name), least=least)
        if self.steps % 2:
            msg = f"BurgersFamily.steps is {self.steps}: give an even number"
            raise RunError(msg)
        if not isinstance(self.initial, SineWaves | GaussianField):
            msg = f"BurgersFamily.initial is {self.initial!r}: give SineWaves or a GaussianField"
            raise RunError(msg)

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Return the family whose `to_json` is ``data``; raise `RunError` otherwise."""
        kinds = {kind.__name__: kind for kind in (cls, SineWaves, GaussianField)}
        return read_spec(data, kinds, cls)

    @property
    def interval(self) -> float:
        """The time from one frame to the next."""
        return self.end_time / (self.frames - 1)

    def instance(self, seed: int, number: int) -> Trajectory:
        """Return instance ``number`` of ``seed``."""
        initial = self.initial.draw(seed, number)
        values = self._values(initial, self.steps)
        return Trajectory(
            values=values[:, :, None],
            times=self.interval * np.arange(self.frames, dtype=np.float64),
            axes=(cell_centres(self.points),),
            channels=("u",),
            parameters=initial.parameters,
        )

    def refined(self) -> "BurgersFamily":
        """Return the same family on twice the solver's points, with twice the steps."""
        return replace(self, refinement=2 * self.refinement, steps=2 * self.steps)

    def certify(self, seed: int, numbers: tuple[int, ...]) -> Certificate:
        """Return what is measured of the error of these instances.

        ``residual`` is that of `energy_imbalance`.  ``boundary_error`` is the difference of the
        initial value at 0 and at 1: later values are those of a Fourier series, which is periodic.
        ``order_in_time`` is that of half, all and twice the steps on one grid, the lowest of the
        instances.  ``estimated_error`` is the distance from Cole and Hopf's solution at up to 11
        times, or ``self_convergence`` if that is more.
        """
        return Measured.certificate(
            self,
            seed,
            numbers,
            partial(self._measured, seed),
            scheme=(
                f"Fourier series on {self.refinement * self.points} points, dealiased by the rule "
                f"of 2/3; ETDRK4 with steps of {self.interval / self.steps:g}"
            ),
            residual_of="the energy: its loss against dissipation, by Simpson's rule in time",
            in_time=True,
        )

    def _measured(self, seed: int, number: int) -> Measured:
        initial = self.initial.draw(seed, number)
        counts = (self.steps // 2, self.steps, 2 * self.steps)
        levels = [self._values(initial, steps) for steps in counts]
        finer = self.refined()._values(initial, 2 * self.steps)
        change = relative_l2_difference(levels[1], finer)
        distance = self._distance_from_reference(initial, levels[1])
        ends = initial.at(np.array([0.0, 1.0]))
        return Measured(
            self_convergence=change,
            order=observed_order(*levels),
            residual=self._energy_imbalance(initial),
            boundary_error=abs(float(ends[1] - ends[0])) / float(np.abs(finer[0]).max()),
            estimated_error=max(distance, change),
        )

    def _values(self, initial: InitialValue, steps: int) -> Array:
        """The solution with this many steps from frame to frame, (frames, points)."""
        start = initial.at(cell_centres(self.refinement * self.points))
        fine = solve_burgers(
            start, diffusivity=self.diffusivity, interval=self.interval, frames=self.frames,
            steps=steps,
        )  # fmt: skip
        values = sampled_at_centres(fine, self.refinement)
        values[0] = initial.at(cell_centres(self.points))
        return values

    def _energy_imbalance(self, initial: InitialValue) -> float:
        start = initial.at(cell_centres(self.refinement * self.points))
        return energy_imbalance(
            start, diffusivity=self.diffusivity, interval=self.interval, frames=self.frames,
            steps=self.steps,
        )  # fmt: skip

    def _distance_from_reference(self, initial: InitialValue, values: Array) -> float:
        count = min(_TIMES_COMPARED, self.frames)
        frames = np.linspace(0, self.frames - 1, count).round().astype(int)
        exact = [
            burgers_reference(
                initial.at, cell_centres(self.points), float(self.interval * frame),
                diffusivity=self.diffusivity, breaks=initial.breaks,
            )
            for frame in frames
        ]  # fmt: skip
        return relative_l2_difference(values[frames], np.array(exact))
