r"""Exponential time differencing of order four: linear terms exactly, others by Runge-Kutta.

For ``v' = L v + N(v)`` with a diagonal L: Cox and Matthews (J. Comput. Phys. 176, 2002, equations
26 to 29).  Their coefficients are differences that cancel where L h is small; they are evaluated
as means over a circle around each L h, as Kassam and Trefethen do (SIAM J. Sci. Comput. 26, 2005).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .trajectory import Array

Complex = NDArray[np.complex128]

_NODES = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class Etdrk4:
    """One step of a size, for one linear part: `etdrk4` makes it, a call takes the step.

    Parameters
    ----------
    whole, half
        ``exp(L h)`` and ``exp(L h / 2)``.
    stage
        ``h phi(L h)``, the weight of N in the stages, with ``phi(z) = (exp(z / 2) - 1) / z``.
    first, middle, last
        The weights of N at the beginning, at the two middle stages together, and at the end.
    """

    whole: Array
    half: Array
    stage: Array
    first: Array
    middle: Array
    last: Array

    def __call__(self, v: Complex, nonlinear: Callable[[Complex], Complex]) -> Complex:
        """Return v one step later; the error of a step is ``O(h^5)``."""
        n = nonlinear(v)
        start = self.half * v
        a = start + self.stage * n
        na = nonlinear(a)
        nb = nonlinear(start + self.stage * na)
        nc = nonlinear(self.half * a + self.stage * (2 * nb - n))
        return self.whole * v + self.first * n + self.middle * (na + nb) + self.last * nc


def etdrk4(linear: Array, step: float) -> Etdrk4:
    """Return the step of size ``step`` for the real diagonal ``linear``.

    *Exactness*: the functions averaged are entire, so that 32 nodes on the upper half of a unit
    circle (the lower half has the conjugate values) leave roundings only: some 1e-15 of ``step``.

    Examples
    --------
    >>> heat = etdrk4(np.array([-2.0]), 0.5)  # v' = -2 v
    >>> bool(abs(heat(np.array([1.0 + 0j]), np.zeros_like)[0] - np.exp(-1)) < 1e-15)
    True
    """
    circle = np.exp(1j * np.pi * (np.arange(_NODES) + 0.5) / _NODES)
    z = np.asarray((step * linear)[:, None] + circle, np.complex128)
    e, cubed = np.exp(z), z**3

    def mean(values: Complex) -> Array:
        return np.asarray(step * values.real.mean(axis=1), np.float64)

    return Etdrk4(
        whole=np.exp(step * linear),
        half=np.exp(step * linear / 2),
        stage=mean((np.exp(z / 2) - 1) / z),
        first=mean((-4 - z + e * (4 - 3 * z + z**2)) / cubed),
        middle=2 * mean((2 + z + e * (z - 2)) / cubed),
        last=mean((-4 - 3 * z - z**2 + e * (4 - z)) / cubed),
    )
