"""Problems to test, points to test them at, and derivatives of solutions from their values alone.

An oracle's derivative comes with the error it may have.  Central differences of order 8 and 6 over
the same step h differ by about the truncation of the less exact one, which is larger; values
with the error e add ``e sum |c| / h^k``.
"""

from dataclasses import dataclass

import numpy as np

from bitpde.pde.allen_cahn import AllenCahn
from bitpde.pde.burgers import Burgers
from bitpde.pde.heat import Heat
from bitpde.pde.heat_modes import HeatModes
from bitpde.pde.hjb import HJB
from bitpde.pde.hjb_log import HJBLog
from bitpde.pde.poisson_modes import PoissonModes
from bitpde.pde.problem import Array, Problem
from bitpde.pde.streams import Stream


@dataclass(frozen=True, kw_only=True)
class Case:
    """A problem, the error its values may have, and steps of first and of second differences."""

    problem: Problem
    error: float
    step: float = 2.0**-7
    wide: float = 2.0**-6


#: Errors: one sine, product or sum of the formula costs 2^-53 of its terms; the sums of d terms of
#: HJB, of phases of size 2 sqrt(d) of HeatModes, and of exponents of size d of HJBLog dominate.
CASES = {
    "poisson-modes": Case(problem=PoissonModes(), error=8e-15, wide=2.0**-7),
    "poisson-one-mode": Case(problem=PoissonModes(highest=1), error=2e-15),
    "hjb": Case(problem=HJB(), error=2e-14),
    "hjb-3": Case(problem=HJB(space_dimension=3), error=2e-15),
    "hjb-log": Case(problem=HJBLog(), error=1e-14, step=2.0**-9, wide=2.0**-4),
    "hjb-log-1": Case(problem=HJBLog(space_dimension=1, mu=2.5), error=4e-15, step=2.0**-9),
    "hjb-log-100": Case(
        problem=HJBLog(space_dimension=100, mu=0.5), error=2e-13, step=2.0**-9, wide=2.0**-4
    ),
    "heat": Case(problem=Heat(), error=1e-15),
    "heat-2": Case(problem=Heat(space_dimension=2), error=1e-15),
    "heat-modes": Case(problem=HeatModes(), error=4e-15),
    "heat-modes-100": Case(problem=HeatModes(space_dimension=100), error=1e-14),
    "heat-modes-3": Case(problem=HeatModes(space_dimension=3), error=4e-15),
    "burgers": Case(problem=Burgers(), error=2e-14, step=2.0**-12, wide=2.0**-12),
    "allen-cahn": Case(problem=AllenCahn(), error=2e-14, step=2.0**-11, wide=2.0**-11),
}

#: Central differences ``sum_k c_k (u(x + k h) -+ u(x - k h))``; those of the second begin with c_0.
FIRST = {6: (3 / 4, -3 / 20, 1 / 60), 8: (4 / 5, -1 / 5, 4 / 105, -1 / 280)}
SECOND = {
    6: (-49 / 18, 3 / 2, -3 / 20, 1 / 90),
    8: (-205 / 72, 8 / 5, -1 / 5, 8 / 315, -1 / 560),
}


def uniform(count: int, draws: int, name: str) -> Array:
    """Numbers in [0, 1) of a stream."""
    return Stream(seed=0, name=name).uniform((count, draws), 0)


def inner_points(problem: Problem, count: int) -> Array:
    """Points of the domain of which each coordinate stays away from its ends."""
    drawn = problem.domain_points(uniform(count, problem.draws, "test"))
    center = np.array(problem.center)
    return np.asarray(center + 0.9 * (drawn - center))


def first(case: Case, points: Array, axis: int) -> tuple[Array, Array]:
    """``du / dx_axis`` of the exact solution, (P, 1), and how wrong it may be."""
    sides = _sides(case, points, axis, case.step)
    estimates = [
        sum(c * (sides[k + 1] - sides[-k - 1]) for k, c in enumerate(FIRST[order])) / case.step
        for order in (8, 6)
    ]
    noise = 2 * sum(map(abs, FIRST[8])) * case.error / case.step
    return np.asarray(estimates[0]), np.asarray(np.abs(estimates[0] - estimates[1]) + noise)


def second(case: Case, points: Array, axis: int) -> tuple[Array, Array]:
    """The second derivative of the exact solution along one axis, and how wrong it may be."""
    sides = _sides(case, points, axis, case.wide)
    estimates = []
    for order in (8, 6):
        middle, *rest = SECOND[order]
        total = middle * sides[0]
        total = total + sum(c * (sides[k + 1] + sides[-k - 1]) for k, c in enumerate(rest))
        estimates.append(total / case.wide**2)
    noise = 2 * sum(map(abs, SECOND[8])) * case.error / case.wide**2
    return np.asarray(estimates[0]), np.asarray(np.abs(estimates[0] - estimates[1]) + noise)


def _sides(case: Case, points: Array, axis: int, step: float) -> dict[int, Array]:
    """The exact solution at -4 to 4 steps along one axis."""
    offsets = range(-4, 5)
    moved = np.repeat(points[None], len(offsets), axis=0)
    moved[:, :, axis] += step * np.array(offsets)[:, None]
    values = case.problem.exact(moved.reshape(-1, points.shape[1]))
    return dict(zip(offsets, values.reshape(len(offsets), -1, 1), strict=True))
