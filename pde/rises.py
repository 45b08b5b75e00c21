"""Rises of the solution from a point to the nodes around it, as signals of their own.

The network takes one row for each point and rows of differences to it, which are coded apart from
it in every layer and pass the nonlinearities without cancellation.  With ``u = A + B N`` the rise
to node j is

    u_j - u_0 = dA_j + dB_j N_0 + B_j dN_j,

where d is the difference to the point.  A and B are known functions: their values and differences
are those of float64, rounded once to the vector format.

A pair of nodes ``x + delta`` and ``x - delta`` has the rises ``e + o`` and ``e - o``.  Its parts o
and e go through the network in place of the rises, and with m and t half the sum and half the
difference of the two values of B,

    o = dA_o + t N_0 + m o_N + t e_N,       e = dA_e + (m - B_0) N_0 + m e_N + t o_N.
"""

import numpy as np

from ..emu import Node, ops
from .nodes import Array, Nodes
from .solution import Solution


def separate_rises(
    solution: Solution, points: Array, nodes: Nodes, weights: Array
) -> tuple[Node, Node]:
    """Return the value at ``points``, (P, 1), and the sums of the rises times ``weights``, (P, Q).

    ``weights`` are (J - 1, Q) or (P, J - 1, Q).
    """
    offsets = _offsets(points, nodes)
    inner, rows = solution.network_rises(points, offsets.reshape(-1, points.shape[1]))
    rises = ops.reshape(rows, offsets.shape[:2])
    if not solution.problem.constrained:
        return inner, ops.contract(rises, weights)
    lift, factor = solution.known(points, offsets)
    steady, change = lift[:, 1:] - lift[:, :1], factor[:, 1:] - factor[:, :1]
    rises = ops.add(
        solution.constant(steady),
        ops.add(
            ops.multiply(solution.constant(change), inner),
            ops.multiply(solution.constant(factor[:, 1:]), rises),
        ),
    )
    return solution.constrain(lift[:, :1], factor[:, :1], inner), ops.contract(rises, weights)


def paired_rises(
    solution: Solution, points: Array, nodes: Nodes, weights: Array
) -> tuple[Node, Node]:
    """Return the same, by the odd and even parts of the rises to each pair of nodes."""
    offsets = _offsets(points, nodes)
    rows = offsets[:, ::2].reshape(-1, points.shape[1])
    inner, both = solution.network_parts(points, rows)
    flat, count = ops.reshape(both, (1, 2 * len(rows))), len(rows)
    odd, even = (
        ops.reshape(ops.columns(flat, k * count, (k + 1) * count), (len(points), -1))
        for k in (0, 1)
    )
    base = inner
    if solution.problem.constrained:
        lift, factor = solution.known(points, offsets)
        even_lift, odd_lift = _parts(lift[:, 1:] - lift[:, :1])
        mean, twist = _parts(factor[:, 1:])
        inner_parts = odd, even
        odd = _constrained_part(solution, odd_lift, twist, inner, mean, twist, inner_parts)
        even = _constrained_part(
            solution, even_lift, mean - factor[:, :1], inner, mean, twist, inner_parts[::-1]
        )
        base = solution.constrain(lift[:, :1], factor[:, :1], inner)
    to_even, to_odd = _parts(np.moveaxis(2 * weights, -2, -1))
    return base, ops.add(
        ops.contract(odd, np.moveaxis(to_odd, -1, -2)),
        ops.contract(even, np.moveaxis(to_even, -1, -2)),
    )


def _constrained_part(
    solution: Solution,
    known: Array,
    change: Array,
    inner: Node,
    mean: Array,
    twist: Array,
    parts: tuple[Node, Node],
) -> Node:
    """``known + change N_0 + mean own + twist other`` for the (own, other) part of the network."""
    own, other = parts
    from_base = ops.add(solution.constant(known), ops.multiply(solution.constant(change), inner))
    from_parts = ops.add(
        ops.multiply(solution.constant(mean), own), ops.multiply(solution.constant(twist), other)
    )
    return ops.add(from_base, from_parts)


def _offsets(points: Array, nodes: Nodes) -> Array:
    """The offsets of all nodes but 0 for each point: (P, J - 1, D)."""
    shape = (len(points), *nodes.offsets.shape[-2:])
    return np.broadcast_to(nodes.offsets, shape)[:, 1:]


def _parts(values: Array) -> tuple[Array, Array]:
    """Half the sum and half the difference of each pair of neighbours along the last axis."""
    first, second = values[..., ::2], values[..., 1::2]
    return (first + second) / 2, (first - second) / 2
