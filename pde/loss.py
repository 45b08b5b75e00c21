"""The loss of a problem with a soft boundary: mean square residual and weighted boundary error."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..emu import Node, Tape, ops
from .fields import smoothed_fields
from .network import MLP
from .problem import Problem
from .stein import Array, Nodes


@dataclass(frozen=True, kw_only=True, eq=False)
class Loss:
    """``total = residual + weight * boundary``, three scalars on one tape."""

    total: Node
    residual: Node
    boundary: Node


@dataclass(frozen=True, kw_only=True, eq=False)
class Points:
    """The points of one step: (P, D) inside, (Q, D) on the boundary, and the nodes around all."""

    inside: Array
    edge: Array
    nodes: Nodes


def soft_boundary_loss(
    problem: Problem,
    network: MLP,
    parameters: Sequence[Node],
    points: Points,
    weight: float,
    tape: Tape,
) -> Loss:
    """Return mean (Laplacian f - source)^2 and mean (f - exact)^2, and their weighted sum.

    ``f`` is the smoothed network in both terms: one pass through the network samples it around
    all P + Q points (`smoothed_fields`).  Source and boundary values are computed in float64 and
    rounded once; everything after runs in the vector format.

    Parameters
    ----------
    problem, network, parameters
        What is solved, and by what.
    points
        Where.
    weight
        Factor of the boundary term.
    tape
        The tape of ``parameters``.
    """
    together = np.concatenate([points.inside, points.edge]) - problem.center
    value, laplacian = smoothed_fields(network, parameters, together, points.nodes, tape)
    split, end = len(points.inside), len(together)
    source = problem.source(points.inside)
    exact = problem.exact(points.edge)
    residual = _mean_square_error(_rows(laplacian, 0, split), source, tape)
    boundary = _mean_square_error(_rows(value, split, end), exact, tape)
    total = ops.add(residual, ops.scale(boundary, weight))
    return Loss(total=total, residual=residual, boundary=boundary)


def _rows(column: Node, start: int, stop: int) -> Node:
    """Return rows of a (P, 1) node as a (1, stop - start) node."""
    return ops.columns(ops.reshape(column, (1, column.shape[0])), start, stop)


def _mean_square_error(estimate: Node, truth: Array, tape: Tape) -> Node:
    """Return the mean of ``(estimate - truth)^2`` for a (1, P) node and a (P, 1) array."""
    target = tape.constant(truth.reshape(estimate.shape).astype(tape.datapath.dtype))
    return ops.mean_square(ops.subtract(estimate, target))
