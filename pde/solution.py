"""The function that is trained, ``u = lift + factor N``, on a tape."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from ..emu import Node, Tape, ops
from .network import MLP
from .nodes import Array
from .problem import Field, Problem


class Differences(Enum):
    """How the rises of the solution to nodes around a point are found in narrow arithmetic.

    A node is so close that rounding its coordinates or its activations to eight bits leaves little
    of the difference to the point, which is all that an estimator uses.
    """

    #: every node is a row of its own through the network, and the values are subtracted at the end
    NAIVE = "naive"
    #: the point is one row; each node is the row of differences to it, coded on its own in every
    #: layer, and goes through nonlinearities without cancellation (DiffQuant)
    SEPARATE = "separate"
    #: the same for half the difference and half the sum of the rises to each pair of nodes
    PARTS = "parts"

    __repr__ = Enum.__str__  # so that the repr of a spec evaluates back


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """A network for a problem, its parameters on a tape, and how its rises are found."""

    problem: Problem
    network: MLP
    parameters: Sequence[Node]
    differences: Differences = Differences.NAIVE

    @property
    def tape(self) -> Tape:
        """The tape of the parameters."""
        return self.parameters[0].tape

    def constant(self, values: Array) -> Node:
        """Known numbers, rounded once to the vector format."""
        return self.tape.constant(values.astype(self.tape.datapath.dtype))

    def at(self, points: Array) -> Node:
        """Return u at ``points`` (R, D), (R, 1), whose coordinates round once."""
        inner = self.network.apply(self.parameters, self.local(points))
        if not self.problem.constrained:
            return inner
        return self.constrain(self.problem.lift(points), self.problem.factor(points), inner)

    def local(self, points: Array) -> Node:
        """The rows that the network takes: coordinates from the middle of the domain."""
        return self.constant(points - self.problem.center)

    def constrain(self, lift: Array, factor: Array, inner: Node) -> Node:
        """``lift + factor N`` of known numbers; two roundings."""
        return ops.add(self.constant(lift), ops.multiply(self.constant(factor), inner))

    def network_rises(self, points: Array, offsets: Array) -> tuple[Node, Node]:
        """Return N at ``points``, (P, 1), and its rises over ``offsets``, (P J, D), to (P J, 1)."""
        return self.network.apply_differences(
            self.parameters, self.local(points), self.constant(offsets)
        )

    def network_parts(self, points: Array, offsets: Array) -> tuple[Node, Node]:
        """Return N at ``points`` and the parts of its rises over pairs of ``offsets``, (P H, D).

        The parts are (2 P H, 1): first all odd ones, then all even ones.
        """
        pairs = np.concatenate([offsets, np.zeros_like(offsets)])
        return self.network.apply_differences(
            self.parameters, self.local(points), self.constant(pairs), parts=True
        )

    def known(self, points: Array, offsets: Array) -> tuple[Array, Array]:
        """Lift and factor at the points and around them: (P, 1 + J) each for offsets (P, J, D)."""
        rows = np.concatenate([points[:, None, :], points[:, None, :] + offsets], axis=1)
        flat = rows.reshape(-1, points.shape[1])

        def table(function: Field) -> Array:
            return function(flat).reshape(rows.shape[:2])

        return table(self.problem.lift), table(self.problem.factor)
