"""The loss of a problem with a soft boundary: mean square residual and weighted boundary error."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..emu import Node, Tape, ops
from .fields import smoothed_fields
from .network import MLP
from .problem import Problem
from .stein import Array, Nodes


@dataclass(frozen=True, kw_only=True)
class Loss:
    """``total = residual + weight * boundary``, three scalars on one tape."""

    total: Node
    residual: Node
    boundary: Node


def soft_boundary_loss(
    problem: Problem,
    network: MLP,
    parameters: Sequence[Node],
    tape: Tape,
    *,
    domain: tuple[Array, Nodes],
    boundary: tuple[Array, Nodes],
    weight: float,
) -> Loss:
    """Return mean (Laplacian f - source)^2 and mean (f - exact)^2, and their weighted sum.

    ``f`` is the smoothed network in both terms (`smoothed_fields`).  Source and boundary values
    are computed in float64 and rounded once; everything after runs in the vector format.

    Parameters
    ----------
    problem, network, parameters, tape
        What is solved, by what, on which machine.
    domain, boundary
        Points (P, D) and the nodes around them.
    weight
        Factor of the boundary term.
    """
    dtype = tape.datapath.dtype
    center = problem.center
    inside, around = domain
    _, laplacian = smoothed_fields(network, parameters, inside - center, around, tape)
    source = tape.constant(problem.source(inside).astype(dtype))
    residual = ops.mean_square(ops.subtract(laplacian, source))

    edge, around = boundary
    value, _ = smoothed_fields(network, parameters, edge - center, around, tape)
    exact = tape.constant(problem.exact(edge).astype(dtype))
    mismatch = ops.mean_square(ops.subtract(value, exact))
    total = ops.add(residual, ops.scale(mismatch, weight))
    return Loss(total=total, residual=residual, boundary=mismatch)
