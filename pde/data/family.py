"""A distribution over instances of one equation, which can generate and certify itself."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from ..spec import Spec
from .certificate import Certificate
from .trajectory import Trajectory


@dataclass(frozen=True, kw_only=True)
class Family(Spec, ABC):
    """Instances of one equation: a function of (seed, number), whatever came before.

    A family is a frozen dataclass of plain data.  Its random numbers come from
    ``Stream(seed=seed, name="data/...")`` at step ``number``, so that instance 7 is the same alone
    and in a file of thousands, on one process or many.

    ``periodic`` says whether its fields go on at their end as they began.
    """

    periodic: ClassVar[bool] = False

    @abstractmethod
    def instance(self, seed: int, number: int) -> Trajectory:
        """Return instance ``number``, a non-negative integer, of ``seed``."""

    @abstractmethod
    def refined(self) -> "Family":
        """Return the same family, solved on a grid and with time steps twice as fine.

        Its instances are the same functions: they come from the same random numbers, and are given
        at the same points and times as this family's.
        """

    @abstractmethod
    def certify(self, seed: int, numbers: tuple[int, ...]) -> Certificate:
        """Return what is measured of the error of these instances."""
