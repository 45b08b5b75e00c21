"""Darcy flow through random cells: from the coefficient to the pressure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Self

import numpy as np

from ..errors import RunError
from ..spec import read_spec, require_integer, settle_real
from .certificate import Certificate
from .convergence import observed_order, relative_l2_difference
from .darcy_balance import flow_imbalance, wall_value
from .darcy_coefficients import COEFFICIENTS, DarcyCoefficient, ThresholdedBumps
from .darcy_solver import solve_darcy
from .family import Family
from .measured import Measured
from .spectral_grid import cell_centres
from .trajectory import Array, Trajectory

_EXPONENT = 1.5


@dataclass(frozen=True, kw_only=True)
class DarcyFamily(Family):
    """``-div(a grad u) = source`` on the unit square, ``u = 0`` on its wall, a random in cells.

    The problem is that of cells: a is constant in each of the ``points`` x ``points`` cells of the
    data.  What is stored is u at their centres, as everywhere in a `Trajectory`; the corners of
    cells, where u is not smooth, lie between.

    Each cell is divided into ``refinement`` x ``refinement`` ones (`solve_darcy`), once with half
    of that.  At corners of a the gradient of u is unbounded, and the error falls like h^1.5 or so,
    not h^2 (measured: 1.4 to 1.6).  What is left after extrapolation with the exponent 3/2 is some
    ten times smaller.

    Parameters
    ----------
    coefficient
        How a is drawn.
    points
        Cells along each axis.
    refinement
        Parts of a cell along each axis, even.
    source
        The right-hand side, positive.

    Examples
    --------
    >>> flow = DarcyFamily(points=8).instance(seed=0, number=3)
    >>> flow.values.shape, flow.coefficient.shape
    ((1, 8, 8, 1), (8, 8))
    """

    coefficient: DarcyCoefficient = field(default_factory=ThresholdedBumps)
    points: int = 64
    refinement: int = 4
    source: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.coefficient, DarcyCoefficient):
            kinds = ", ".join(COEFFICIENTS)
            msg = f"DarcyFamily.coefficient is {self.coefficient!r}: give one of {kinds}"
            raise RunError(msg)
        require_integer("DarcyFamily.points", self.points, least=2)
        require_integer("DarcyFamily.refinement", self.refinement, least=2)
        if self.refinement % 2:
            msg = f"DarcyFamily.refinement is {self.refinement}: give an even number"
            raise RunError(msg)
        settle_real(self, "source", above=0.0)

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Return the family whose `to_json` is ``data``; raise `RunError` otherwise."""
        kinds: Mapping[str, type] = {cls.__name__: cls, **COEFFICIENTS}
        return read_spec(data, kinds, cls)

    def instance(self, seed: int, number: int) -> Trajectory:
        """Return instance ``number`` of ``seed``: one time, 0, and the channel ``"u"``."""
        a = self.coefficient.cells(seed, number, self.points)
        coarse, fine = (self._solved(a, parts) for parts in self._parts[:2])
        centres = cell_centres(self.points)
        return Trajectory(
            values=_extrapolated(coarse, fine)[None, :, :, None],
            times=np.zeros(1),
            axes=(centres, centres),
            channels=("u",),
            coefficient=a,
        )

    def refined(self) -> "DarcyFamily":
        """Return the same family with cells of half the size in the solver."""
        return replace(self, refinement=2 * self.refinement)

    def certify(self, seed: int, numbers: tuple[int, ...]) -> Certificate:
        """Return what is measured of the error of these instances.

        The order is that of the finite volumes before extrapolation; the error is estimated by the
        difference D from `refined` as ``D / (1 - 2^-p)``, with that order or 3/2, if it is less.
        """
        return Measured.certificate(
            self,
            seed,
            numbers,
            partial(self._measured, seed),
            scheme=f"five-point finite volumes, harmonic means, cells / {self.refinement // 2} and "
            f"/ {self.refinement}, extrapolated with h^{_EXPONENT}; conjugate gradients to 1e-11",
            residual_of="the flow into a cell, and out of the square",
            in_time=False,
        )

    @property
    def _parts(self) -> tuple[int, int, int]:
        """The refinements of the data and, with the third, of `refined`."""
        return self.refinement // 2, self.refinement, 2 * self.refinement

    def _solved(self, a: Array, parts: int) -> Array:
        return at_centres(solve_darcy(divided(a, parts), self.source), parts)

    def _measured(self, seed: int, number: int) -> Measured:
        a = self.coefficient.cells(seed, number, self.points)
        solutions = [solve_darcy(divided(a, parts), self.source) for parts in self._parts]
        pairs = zip(solutions, self._parts, strict=True)
        coarse, medium, fine = (at_centres(u, parts) for u, parts in pairs)
        finest, cells = solutions[1], divided(a, self.refinement)
        difference = relative_l2_difference(
            _extrapolated(coarse, medium), _extrapolated(medium, fine)
        )
        order = observed_order(coarse, medium, fine)
        return Measured(
            self_convergence=difference,
            order=order,
            residual=flow_imbalance(finest, cells, self.source),
            boundary_error=wall_value(finest),
            estimated_error=difference / (1 - 2 ** -min(max(order, 0.5), _EXPONENT)),
        )


def divided(a: Array, parts: int) -> Array:
    """Return a on cells each divided into ``parts`` x ``parts``.

    Examples
    --------
    >>> divided(np.array([[1.0, 2.0]]), 2).tolist()
    [[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]
    """
    return a.repeat(parts, axis=0).repeat(parts, axis=1)


def at_centres(u: Array, parts: int) -> Array:
    """Return u at the centres of blocks of ``parts`` x ``parts`` cells.

    It is the value of the cell in the middle, or the mean of the four around the centre.

    Examples
    --------
    >>> at_centres(np.arange(16.0).reshape(4, 4), 4).tolist()
    [[7.5]]
    """
    low, high = (parts - 1) // 2, parts // 2
    rows = (u[low::parts] + u[high::parts]) / 2
    return (rows[:, low::parts] + rows[:, high::parts]) / 2


def _extrapolated(coarse: Array, fine: Array) -> Array:
    """Return the limit of solutions whose error falls with exponent 3/2."""
    return fine + (fine - coarse) / (2**_EXPONENT - 1)
