"""Columns of `SorptionEquation`: what they hold at first, and what they are made of."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ..errors import RunError
from ..spec import Spec, require_integer, settle_real
from ..streams import Stream
from .sorption_equation import SorptionEquation
from .trajectory import Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Column:
    """One column.

    Parameters
    ----------
    equation
        What it is made of.
    at
        The concentration at time 0 at any points of (0, 1).
    parameters
        The numbers that make it, by name.
    """

    equation: SorptionEquation
    at: Callable[[Array], Array]
    parameters: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class ConstantColumns(Spec):
    """One equation, from a constant that is uniform in (0, ``highest``).

    With the defaults these are the published data.  They have a single parameter, and none of its
    own at time 0: what is learned from them is interpolation in one number, and a normalization by
    the spread of one instance divides by zero.

    Examples
    --------
    >>> ConstantColumns().draw(seed=0, number=0).at(np.array([0.2, 0.7])).round(4).tolist()
    [0.1383, 0.1383]
    """

    equation: SorptionEquation = field(default_factory=SorptionEquation)
    highest: float = 0.2

    def __post_init__(self) -> None:
        settle_real(self, "highest", above=0.0)

    def draw(self, seed: int, number: int) -> Column:
        """Return column ``number`` of ``seed``."""
        chance = Stream(seed=seed, name="data/sorption/constant").uniform((1,), number)
        height = self.highest * float(chance[0])
        return Column(
            equation=self.equation,
            at=lambda x: np.full_like(x, height),
            parameters={"initial": height},
        )


@dataclass(frozen=True, kw_only=True)
class VariedColumns(Spec):
    """Random media, from random smooth profiles: the harder set.

    ``u0(x) = highest / (1 + exp(-g(x)))`` with ``g = g_0 + sum_k (2 / k) g_k cos(pi k x)`` over k =
    1, ..., ``modes`` and standard normal g_0, g_1, ....  Diffusivity and capacity are uniform in
    their logarithm, the exponent is uniform; porosity and density are those of
    `SorptionEquation`.

    Parameters
    ----------
    highest
        A bound that no profile reaches.
    modes
        The number of cosines.
    diffusivity, capacity, exponent
        The ends of the ranges of D, k and n.

    Examples
    --------
    >>> sorted(VariedColumns(modes=1).draw(seed=0, number=0).parameters)
    ['capacity', 'diffusivity', 'exponent', 'g_0', 'g_1']
    """

    highest: float = 0.5
    modes: int = 4
    diffusivity: tuple[float, float] = (2.5e-4, 1e-3)
    capacity: tuple[float, float] = (1e-4, 1e-3)
    exponent: tuple[float, float] = (0.75, 0.95)

    def __post_init__(self) -> None:
        settle_real(self, "highest", above=0.0)
        require_integer("VariedColumns.modes", self.modes, least=1)
        for name in ("diffusivity", "capacity", "exponent"):
            _settle_range(self, name)

    def draw(self, seed: int, number: int) -> Column:
        """Return column ``number`` of ``seed``."""
        chance = Stream(seed=seed, name="data/sorption/medium").uniform((3,), number)
        normal = Stream(seed=seed, name="data/sorption/profile").normal((self.modes + 1,), number)
        medium = {
            "diffusivity": _geometric(self.diffusivity, chance[0]),
            "capacity": _geometric(self.capacity, chance[1]),
            "exponent": self.exponent[0] + float(chance[2]) * (self.exponent[1] - self.exponent[0]),
        }
        waves = np.arange(self.modes + 1)
        weights = normal * 2 / np.maximum(waves, 2 * (waves == 0))

        def at(x: Array) -> Array:
            g = np.cos(math.pi * x[..., None] * waves) @ weights
            return np.asarray(self.highest / (1 + np.exp(-g)), np.float64)

        return Column(
            equation=SorptionEquation(**medium),
            at=at,
            parameters=medium | {f"g_{k}": float(g) for k, g in enumerate(normal)},
        )


def _geometric(ends: tuple[float, float], chance: float) -> float:
    return float(ends[0] * (ends[1] / ends[0]) ** chance)


def _settle_range(columns: VariedColumns, name: str) -> None:
    """Check that a field is two finite numbers, 0 < first <= second, and store them as floats."""
    ends = getattr(columns, name)
    lawful = isinstance(ends, tuple) and len(ends) == 2
    lawful = lawful and all(isinstance(end, int | float) and math.isfinite(end) for end in ends)
    if not lawful or not 0 < ends[0] <= ends[1]:
        msg = f"VariedColumns.{name} is {ends!r}: give the two ends of a range above 0"
        raise RunError(msg)
    object.__setattr__(columns, name, (float(ends[0]), float(ends[1])))
