"""What a problem must say about itself to be trained on: one interface, no numerics of its own."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..emu import Node, Tape
from .derivatives import Derivatives
from .network import MLP, Activation
from .spec import Spec

Array = NDArray[np.float64]
Field = Callable[[Array], Array]


@dataclass(frozen=True, kw_only=True, eq=False)
class Fields:
    """What the equation may use of a function u at P points: numbers on one tape.

    Parameters
    ----------
    value
        u, (P, 1).
    slopes
        The first derivatives that `Problem.slopes` names, in its order: (P, len(slopes)); None if
        it names none.
    diffusion
        ``sum_i a_i u_ii`` with the `Problem.diffusivities` a, (P, 1).
    """

    value: Node
    slopes: Node | None
    diffusion: Node

    def constant(self, values: Array) -> Node:
        """A field that is known, such as a source: (P, 1), rounded once to the vector format."""
        return self.tape.constant(values.astype(self.tape.datapath.dtype))

    @property
    def tape(self) -> Tape:
        """The tape of all three."""
        return self.value.tape


@dataclass(frozen=True, kw_only=True, eq=False)
class Condition:
    """A known value of u that the loss asks for: on the boundary, or at the initial time.

    Parameters
    ----------
    name
        What it is called in metrics, such as ``"boundary"``.
    weight
        Factor of its mean square error in the loss, unless a run names another.
    draws
        How many uniform numbers make one point.
    points
        From numbers in [0, 1), (P, draws), to points (P, D).
    target
        The value of u at points (P, D): (P, 1).
    """

    name: str
    weight: float
    draws: int
    points: Field
    target: Field


class Problem(Spec, ABC):
    """A partial differential equation for one function u of D coordinates, and its solution.

    The coordinates are those of space, then time where there is one.  ``u = lift + factor N`` with
    N the network: problems whose `lift` and `factor` are not overridden leave ``u = N`` and state
    their `conditions` instead.  Methods take ``points`` of shape (P, D) in float64 and return
    float64 of shape (P, 1), unless they say otherwise.

    A member is a frozen dataclass without fields, or with fields that are its parameters.
    """

    #: the name of the problem in the catalogue, a folder and a command line
    name: str
    #: D, the number of coordinates of a point
    dimension: int
    #: how many of them are coordinates of space: D, or D - 1
    space: int
    #: the coordinates of the middle of the domain, which a network takes as its origin
    center: tuple[float, ...]
    #: the coordinates after which the equation differentiates once
    slopes: tuple[int, ...] = ()
    #: inputs, hidden units of each layer and outputs of the network, where a run names no other
    widths: tuple[int, ...]
    #: its nonlinearity
    activation: Activation = Activation.TANH

    @property
    def network(self) -> MLP:
        """The network of a run that names no other."""
        return MLP(widths=self.widths, activation=self.activation)

    @property
    def diffusivities(self) -> tuple[float, ...]:
        """The factors ``a_i`` of the D second derivatives: 1 in space, 0 in time."""
        return (1.0,) * self.space + (0.0,) * (self.dimension - self.space)

    @property
    def derivatives(self) -> Derivatives:
        """What engines are asked for."""
        return Derivatives(self.dimension, self.slopes, self.diffusivities)

    @abstractmethod
    def residual(self, fields: Fields, points: Array) -> Node:
        """Return what the equation says is zero, (P, 1), by operations on the fields' tape."""

    @property
    def draws(self) -> int:
        """How many uniform numbers `domain_points` takes for each point; D unless overridden."""
        return self.dimension

    @abstractmethod
    def domain_points(self, uniform: Array) -> Array:
        """Return points (P, D) of the domain from numbers in [0, 1), (P, `draws`).

        Independent uniform numbers make points that are independent and uniform in the domain;
        evenly spread ones, such as Sobol's, make points that are.
        """

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What the loss asks for beside the equation; nothing unless overridden."""
        return ()

    def lift(self, points: Array) -> Array:
        """Return what u is where `factor` is zero; 0 unless overridden."""
        return np.zeros((len(points), 1))

    def factor(self, points: Array) -> Array:
        """Return what the network is multiplied by in u; 1 unless overridden."""
        return np.ones((len(points), 1))

    @property
    def constrained(self) -> bool:
        """Whether `lift` or `factor` is overridden, so that u is not the network itself."""
        cls = type(self)
        return (cls.lift, cls.factor) != (Problem.lift, Problem.factor)

    @abstractmethod
    def exact(self, points: Array) -> Array:
        """Return the solution u."""

    @abstractmethod
    def exact_diffusion(self, points: Array) -> Array:
        """Return ``sum_i a_i u_ii`` of the solution."""

    def trivial_predictors(self) -> dict[str, Field]:
        """Return, by name, formulas that predict u without any training; nothing unless overridden.

        A trained network that is worse than one of them has learned little: every report shows
        their errors beside its own.
        """
        return {}
