"""Data of diffusion with sorption in a column."""

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Self

import numpy as np

from ..errors import RunError
from ..spec import read_spec, require_integer, settle_real
from .centres import values_at_centres
from .certificate import Certificate
from .convergence import observed_order, relative_l2_difference
from .family import Family
from .measured import Measured
from .sorption_columns import Column, ConstantColumns, VariedColumns
from .sorption_equation import SorptionEquation
from .sorption_solver import SorptionSolution, solve_sorption
from .spectral_grid import cell_centres
from .trajectory import Array, Trajectory


@dataclass(frozen=True, kw_only=True)
class SorptionFamily(Family):
    """``R(u) u_t = D u_xx`` for x in (0, 1), with ``u = 1`` at 0 and ``u + D u_x = 0`` at 1.

    See `solve_sorption` for the sign at 1.  Values are those of u at the centres of cells, ``x = (i
    + 1/2) / points``, interpolated between the solver's finer cells: not averages.  Frames of
    ``end_time`` 500 are those of PDEBench, whose values differ by the errors of its scheme.

    Parameters
    ----------
    columns
        What the columns are made of and start from: `ConstantColumns` or `VariedColumns`.
    points
        The number of cells of a frame.
    frames, end_time
        Frames are at ``i end_time / (frames - 1)``, from 0 to ``end_time``.
    refinement
        Even: the solver has ``refinement * points`` cells.
    tolerance
        Of the integration in time: see `solve_sorption`.

    Raises
    ------
    RunError
        If a field cannot be used; from `instance` if the integrator gave up.

    Examples
    --------
    >>> family = SorptionFamily(points=16, frames=3, end_time=10.0)
    >>> family.instance(seed=0, number=7).values.shape
    (3, 16, 1)
    """

    columns: ConstantColumns | VariedColumns = field(default_factory=ConstantColumns)
    points: int = 256
    frames: int = 101
    end_time: float = 500.0
    refinement: int = 4
    tolerance: float = 1e-7

    def __post_init__(self) -> None:
        settle_real(self, "end_time", above=0.0)
        settle_real(self, "tolerance", least=1e-12, below=1e-2)
        for name, least in (("points", 4), ("frames", 2), ("refinement", 2)):
            require_integer(f"SorptionFamily.{name}", getattr(self, name), least=least)
        if self.refinement % 2:
            msg = f"SorptionFamily.refinement is {self.refinement}: give an even number"
            raise RunError(msg)
        if not isinstance(self.columns, ConstantColumns | VariedColumns):
            msg = f"SorptionFamily.columns is {self.columns!r}: give Constant- or VariedColumns"
            raise RunError(msg)

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Return the family whose `to_json` is ``data``; raise `RunError` otherwise."""
        known = (cls, ConstantColumns, VariedColumns, SorptionEquation)
        return read_spec(data, {kind.__name__: kind for kind in known}, cls)

    @property
    def times(self) -> Array:
        """The times of the frames, (frames,)."""
        return np.arange(self.frames, dtype=np.float64) * (self.end_time / (self.frames - 1))

    def instance(self, seed: int, number: int) -> Trajectory:
        """Return instance ``number`` of ``seed``."""
        column = self.columns.draw(seed, number)
        values = self._values(column, self._solved(column, self.refinement))
        return Trajectory(
            values=values[:, :, None],
            times=self.times,
            axes=(cell_centres(self.points),),
            channels=("u",),
            parameters=column.parameters,
        )

    def refined(self) -> "SorptionFamily":
        """Return the same family on twice the cells, with a sixteenth of the tolerance.

        That is what half the step does to a method of order four; LSODA has no step to halve.
        """
        tolerance = max(self.tolerance / 16, 1e-12)
        return replace(self, refinement=2 * self.refinement, tolerance=tolerance)

    def certify(self, seed: int, numbers: tuple[int, ...]) -> Certificate:
        """Return what is measured of the error of these instances.

        ``order_in_space`` is that of half, all and twice the solver's cells, the lowest of the
        instances; LSODA chooses its order in time.  ``residual`` is that of the mass,
        ``int (u + c u^n)``: its gain since the start against the fluxes through the walls, relative
        to the mass.  ``boundary_error`` is by how much ``u - 1`` at 0 and ``u + D u_x`` at 1 of
        the parabola through the three cells at the wall differ from 0, of the frames after the
        first.  ``estimated_error`` is Richardson's: 4/3 of ``self_convergence``.
        """
        return Measured.certificate(
            self,
            seed,
            numbers,
            partial(self._measured, seed),
            scheme=(
                f"finite volumes of {self.refinement * self.points} cells, walls at faces; LSODA "
                f"with a relative tolerance of {self.tolerance:g}"
            ),
            residual_of="the mass: its gain against the fluxes through the walls",
            in_time=False,
        )

    def _measured(self, seed: int, number: int) -> Measured:
        column = self.columns.draw(seed, number)
        solution = self._solved(column, self.refinement)
        coarse = self._values(column, self._solved(column, self.refinement // 2))
        values = self._values(column, solution)
        finer = self.refined().instance(seed, number).values[:, :, 0]
        change = relative_l2_difference(values, finer)
        return Measured(
            self_convergence=change,
            order=observed_order(coarse, values, finer),
            residual=mass_imbalance(column.equation, solution),
            boundary_error=wall_error(column.equation, solution.values[1:]),
            estimated_error=4 / 3 * change,
        )

    def _solved(self, column: Column, refinement: int) -> SorptionSolution:
        start = column.at(cell_centres(refinement * self.points))
        return solve_sorption(column.equation, start, self.times, tolerance=self.tolerance)

    def _values(self, column: Column, solution: SorptionSolution) -> Array:
        """The values of the frames, (frames, points); those of the first as they are."""
        values = values_at_centres(solution.values, solution.values.shape[1] // self.points)
        values[0] = column.at(cell_centres(self.points))
        return values


def mass_imbalance(equation: SorptionEquation, solution: SorptionSolution) -> float:
    """Return the largest ``|M(t) - M(0) - inflow + outflow|`` over all times, relative to M.

    The mass ``M = int (u + c u^n)`` is in no formula of the solver, which has R(u) instead.

    Examples
    --------
    >>> done = solve_sorption(SorptionEquation(), np.full(16, 0.1), np.array([0.0, 50.0]))
    >>> mass_imbalance(SorptionEquation(), done) < 1e-6
    True
    """
    mass = equation.mass(solution.values).mean(axis=1)
    gap = mass - mass[0] - solution.inflow + solution.outflow
    return float(np.abs(gap).max() / np.abs(mass).max())


def wall_error(equation: SorptionEquation, values: Array) -> float:
    """Return the largest of ``|u - 1|`` at 0 and ``|u + D u_x|`` at 1, relative to the largest u.

    Of the parabola through the three cells at the wall, so that it is of the third order in the
    width h of a cell; a scheme that puts the wall half a cell away has ``h u_x / 2``.

    Parameters
    ----------
    values
        u at the centres of cells, (T, N).

    Examples
    --------
    >>> x = cell_centres(10)
    >>> equation = SorptionEquation(diffusivity=0.5)
    >>> round(wall_error(equation, 1 - 2 * x[None] / 3), 12)
    0.0
    """
    first, last = values[:, :3], values[:, :-4:-1]
    inlet = first @ np.array([15.0, -10.0, 3.0]) / 8 - 1
    slope = last @ np.array([2.0, -3.0, 1.0]) * values.shape[1]
    outlet = last @ np.array([15.0, -10.0, 3.0]) / 8 + equation.diffusivity * slope
    return float(max(np.abs(inlet).max(), np.abs(outlet).max()) / np.abs(values).max())
