"""Engines: how the derivatives of a solution are found, behind one interface."""

from abc import ABC, abstractmethod

from ..emu import Node
from .derivatives import Derivatives
from .nodes import Array
from .problem import Fields
from .solution import Solution
from .spec import Spec
from .streams import Stream


class Engine(Spec, ABC):
    """A way to derivatives; members are frozen dataclasses equal by value.

    Both methods record on the solution's tape.  ``stream`` and ``step`` feed engines that draw
    random numbers.  What an engine calls the value of the solution is the function whose
    derivatives it gives: a smoothed one, or the solution itself.
    """

    #: the name on the command line
    name: str

    @abstractmethod
    def fields(self, solution: Solution, points: Array, stream: Stream, step: int) -> Fields:
        """Return the value at ``points``, (P, D), and the derivatives the problem asks for."""

    def value(self, solution: Solution, points: Array, stream: Stream, step: int) -> Node:
        """Return the value alone, (P, 1): u itself, unless an engine smooths it."""
        return solution.at(points)

    def noise(self, derivatives: Derivatives) -> float | None:
        """Return the relative standard deviation of ``Laplace |x|^2``; None without a formula."""
        return None

    @abstractmethod
    def rows(self, derivatives: Derivatives) -> int:
        """Return how many rows go through the network for each point: the cost of `fields`."""
