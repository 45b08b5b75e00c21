"""Value and derivatives from samples of the solution around points: the one place that samples it.

Let ``u_j`` be the solution at node j of a point, ``u_0`` that at the point.  An estimate is
``u_0 + sum_j w_j (u_j - u_0)`` or ``sum_j w_j (u_j - u_0)``, contracted in the order of the nodes
in the vector format.  How the rises ``u_j - u_0`` are found is said by `Differences`: here every
node is a row of its own through the network; `rises` has the others.  In exact arithmetic all are
the same.
"""

from ..emu import Node, ops
from .nodes import Array, Nodes
from .problem import Fields
from .rises import paired_rises, separate_rises
from .solution import Differences, Solution


def sampled_fields(solution: Solution, points: Array, nodes: Nodes) -> Fields:
    """Return value and derivatives at ``points``, (P, D), from the nodes around them."""
    base, terms = _terms(solution, points, nodes, nodes.weights)
    value = ops.columns(terms, 0, 1)
    return Fields(
        value=value if base is None else ops.add(base, value),
        diffusion=ops.columns(terms, 1, 2),
        slopes=ops.columns(terms, 2, terms.shape[1]) if terms.shape[1] > 2 else None,
    )


def sampled_value(solution: Solution, points: Array, nodes: Nodes) -> Node:
    """Return the value alone, (P, 1)."""
    base, terms = _terms(solution, points, nodes, nodes.value_weights[1:, None])
    return terms if base is None else ops.add(base, terms)


def _terms(
    solution: Solution, points: Array, nodes: Nodes, weights: Array
) -> tuple[Node | None, Node]:
    """The value at the points, and the sums of the rises times ``weights``, (P, Q).

    ``weights`` are (J - 1, Q) or (P, J - 1, Q).  Without a control variate there is no value at the
    points, and the sums are those of the values.
    """
    if solution.differences is Differences.PARTS and nodes.controlled and nodes.paired:
        return paired_rises(solution, points, nodes, weights)
    if solution.differences is not Differences.NAIVE and nodes.controlled:
        return separate_rises(solution, points, nodes, weights)
    rows = (points[:, None, :] + nodes.offsets).reshape(-1, points.shape[1])
    samples = ops.reshape(solution.at(rows), (len(points), nodes.count))
    others = ops.columns(samples, 1, nodes.count)
    if not nodes.controlled:
        return None, ops.contract(others, weights)
    base = ops.columns(samples, 0, 1)
    return base, ops.contract(ops.subtract(others, base), weights)
