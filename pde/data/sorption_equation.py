"""Diffusion through a porous medium that holds back what it adsorbs."""

from dataclasses import dataclass

import numpy as np

from ..spec import Spec, settle_real
from .trajectory import Array

#: The retardation at concentrations below this is that at it: it has no bound at 0.
_LEAST = 1e-10


@dataclass(frozen=True, kw_only=True)
class SorptionEquation(Spec):
    """``R(u) u_t = D u_xx``, or ``(u + c u^n)_t = D u_xx``: Freundlich's isotherm.

    The sorbed amount is ``c u^n`` with ``c = (1 - porosity) / porosity * density * capacity``, and
    so ``R(u) = 1 + c n u^(n - 1)``.

    Parameters
    ----------
    diffusivity
        D.
    porosity
        The share of the volume that is open.
    density
        Of the bulk of the medium.
    capacity, exponent
        Freundlich's k and n.

    Examples
    --------
    >>> equation = SorptionEquation()
    >>> equation.retardation(np.array([0.1, 1.0])).round(2).tolist()
    [3.88, 3.16]
    """

    diffusivity: float = 5e-4
    porosity: float = 0.29
    density: float = 2880.0
    capacity: float = 3.5e-4
    exponent: float = 0.874

    def __post_init__(self) -> None:
        for name in ("diffusivity", "density", "capacity", "exponent"):
            settle_real(self, name, above=0.0)
        settle_real(self, "porosity", above=0.0, below=1.0)

    @property
    def sorption(self) -> float:
        """The factor c of the sorbed amount."""
        return (1 - self.porosity) / self.porosity * self.density * self.capacity

    def retardation(self, u: Array) -> Array:
        """Return R(u); below u = 1e-10 that of 1e-10."""
        power = np.maximum(u, _LEAST) ** (self.exponent - 1)
        return np.asarray(1 + self.sorption * self.exponent * power, np.float64)

    def mass(self, u: Array) -> Array:
        """Return ``u + c u^n``, what a volume holds, for u of at least 0."""
        return np.asarray(u + self.sorption * u**self.exponent, np.float64)
