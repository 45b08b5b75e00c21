"""L-BFGS by SciPy: steps of the training's end on points that stay, and why they stopped."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .nodes import Array
from .spec import Spec, require_integer, settle_real

#: Takes parameters, (N,) float64, to the loss and its gradient there.
Objective = Callable[[Array], tuple[float, Array]]


@dataclass(frozen=True, kw_only=True)
class Refinement:
    """What one round of L-BFGS did.

    Parameters
    ----------
    before, after
        The loss on the points of the round, at its first and at its last parameters.
    gradient
        Largest magnitude of a derivative of the loss at the last ones.
    iterations, evaluations
        Steps taken, and losses with their gradients computed for them.
    reason
        Why SciPy stopped, in its words.
    """

    before: float
    after: float
    gradient: float
    iterations: int
    evaluations: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class LBFGS(Spec):
    """Rounds of the quasi-Newton method of Byrd, Lu, Nocedal and Zhu (SIAM J. Sci. Comput. 1995).

    Each round has points and draws of its own, which stay for all of its iterations, and forgets
    the curvature that the one before has seen: a training can stop and go on between rounds.

    Parameters
    ----------
    rounds
        How many, at least 1.
    iterations
        The most of each round, at least 1.
    memory
        Pairs of differences kept to approximate the curvature, at least 1.
    gradient
        A round stops when no derivative of the loss is larger, at least 0.

    Notes
    -----
    A round also stops when a step does not decrease the loss any more.  On narrow formats that is
    soon: the loss is then constant between the values that the formats have, which no line search
    can descend, and SciPy calls it abnormal.

    Examples
    --------
    >>> def square(x):
    ...     return float(x @ x), 2 * x
    >>> least, told = LBFGS(gradient=1e-9).minimize(square, np.array([3.0, -4.0]))
    >>> bool(np.abs(least).max() <= 1e-9), told.before, told.evaluations
    (True, 25.0, 3)
    """

    rounds: int = 4
    iterations: int = 100
    memory: int = 20
    gradient: float = 0.0

    def __post_init__(self) -> None:
        for name in ("rounds", "iterations", "memory"):
            require_integer(f"LBFGS.{name}", getattr(self, name), least=1)
        settle_real(self, "gradient", least=0.0)

    def minimize(self, objective: Objective, start: Array) -> tuple[Array, Refinement]:
        """Return the parameters after one round from ``start``, (N,), and what it did."""
        from scipy.optimize import minimize

        seen: list[float] = []

        def recorded(parameters: Array) -> tuple[float, Array]:
            loss, gradient = objective(parameters)
            seen.append(loss)
            return loss, gradient

        # A loss may be far below 1, on which SciPy's relative tolerance is an absolute one: 0.
        done = minimize(
            recorded,
            start,
            jac=True,
            method="L-BFGS-B",
            options={
                "maxiter": self.iterations,
                "maxfun": 100 * self.iterations,
                "maxcor": self.memory,
                "gtol": self.gradient,
                "ftol": 0.0,
            },
        )
        told = Refinement(
            before=seen[0],
            after=float(done.fun),
            gradient=float(np.abs(done.jac).max(initial=0.0)),
            iterations=int(done.nit),
            evaluations=len(seen),
            reason=str(done.message),
        )
        return np.asarray(done.x, np.float64), told
