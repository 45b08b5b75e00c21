"""What a problem must say about itself to be trained on: one interface, no numerics of its own."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from .spec import Spec
from .streams import Stream


class Problem(Spec, ABC):
    """A boundary value problem ``Laplacian u = source`` with ``u`` known on the boundary.

    Every method takes ``points`` of shape (P, `dimension`) and returns float64 of shape (P, 1),
    except the samplers, which return points.  A member is a frozen dataclass without fields, or
    with fields that are its parameters.
    """

    #: the name of the problem in the catalogue, a folder and a command line
    name: str
    #: the number of coordinates of a point
    dimension: int
    #: the coordinates of the middle of the domain, which a network takes as its origin
    center: tuple[float, ...]

    @abstractmethod
    def exact(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the exact solution ``u``."""

    @abstractmethod
    def laplacian(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the Laplacian of the exact solution."""

    @abstractmethod
    def source(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the right-hand side of the equation."""

    @abstractmethod
    def domain_points(self, count: int, stream: Stream, step: int) -> NDArray[np.float64]:
        """Return ``count`` points distributed uniformly in the domain."""

    @abstractmethod
    def boundary_points(self, count: int, stream: Stream, step: int) -> NDArray[np.float64]:
        """Return ``count`` points distributed uniformly on the boundary."""
