r"""A column of infinite length, filled from its end: one function of ``x / sqrt(t)``.

With ``s = x / sqrt(D t)`` the equation ``R(u) u_t = D u_xx`` is ``u'' + s R(u) u' / 2 = 0``; D is
gone, and u(0) is that of the wall and u(inf) that of the start.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import RunError
from .sorption_equation import SorptionEquation
from .trajectory import Array

#: ``exp(-12.2^2 / 4)`` is below 2^-53: u' has fallen to nothing at 12.2 / sqrt(R).
_REACH = 12.2


def sorption_similarity(
    equation: SorptionEquation, initial: float, *, inlet: float = 1.0
) -> Callable[[Array, float], Array]:
    """Return u(x, t) for x > 0, with ``u = inlet`` at 0 and ``u = initial`` at time 0.

    A column of length 1 has the same solution as long as its other end is not felt: for the
    classic constants to 4e-5 for x < 0.6 and t <= 50.

    The slope at 0 is found by shooting.  As ``u' = u'(0) exp(-int s R / 2)``, it lies between those
    for the least and the largest R of the concentrations between the two ends.

    Parameters
    ----------
    initial, inlet
        Above 0.

    Raises
    ------
    RunError
        For other values.

    *Exactness*: the integrator (DOP853) and the root have tolerances of 1e-12.

    Examples
    --------
    >>> u = sorption_similarity(SorptionEquation(), 0.1)
    >>> u(np.array([0.0, 0.1, 10.0]), 50.0).round(4).tolist()
    [1.0, 0.462, 0.1]
    """
    from scipy.optimize import brentq

    if not (0 < initial < math.inf and 0 < inlet < math.inf):
        msg = f"concentrations {initial} and {inlet}: give finite ones above 0"
        raise RunError(msg)
    retardation = equation.retardation(np.array([initial, inlet]))
    reach = _REACH / math.sqrt(retardation.min())
    least, most = (initial - inlet) * np.sqrt(np.sort(retardation) / math.pi)

    def miss(slope: float) -> float:
        return float(_shot(equation, inlet, slope, reach).y[0, -1]) - initial

    slope = brentq(miss, 0.99 * least, 1.01 * most, xtol=1e-14, rtol=1e-12) if least else 0.0
    path = _shot(equation, inlet, slope, reach).sol

    def solution(x: Array, t: float) -> Array:
        s = np.minimum(x / math.sqrt(equation.diffusivity * t), reach)
        return np.asarray(path(s)[0], np.float64)

    return solution


def _shot(equation: SorptionEquation, inlet: float, slope: float, reach: float) -> Any:
    """Return SciPy's solution from ``u = inlet`` with this slope."""
    from scipy.integrate import solve_ivp

    def rates(s: float, y: Array) -> Array:
        return np.array([y[1], -s * equation.retardation(y[0]) * y[1] / 2])

    return solve_ivp(
        rates, (0.0, reach), (inlet, slope), method="DOP853", rtol=1e-12, atol=1e-14,
        dense_output=True,
    )  # fmt: skip
