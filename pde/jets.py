r"""Derivatives propagated through the network: directional ones, and a sum of second derivatives.

A network is a chain of affine maps and nonlinearities, through which the first derivatives along
directions :math:`v_k` and one weighted sum of second derivatives go from layer to layer,

    z = x W + b,     z_k = x_k W,     z_L = x_L W,
    y = phi(z),      y_k = phi'(z) z_k,     y_L = phi'(z) z_L + phi''(z) sum_k w_k z_k^2,

with :math:`y_L = \sum_k w_k \, \partial^2 y / \partial v_k^2`.  Along the coordinates with the
diffusivities as weights that is the diffusion term itself (the forward Laplacian of Li et al.,
arXiv 2307.08214); along random directions of mean ``E[v v^T] = diag(a)`` it is an estimate of it
(Hutchinson 1989; Hu et al., arXiv 2312.14499).  No difference is taken, hence there is no step
size; all of it is operations on the tape, and is differentiated backwards like everything else.
"""

import numpy as np

from ..emu import Node, ops
from .known_derivatives import directional_derivatives
from .network import Activation
from .nodes import Array
from .problem import Field, Fields
from .solution import Solution


def jet_fields(solution: Solution, points: Array, directions: Array, weights: Array) -> Fields:
    """Return u and its derivatives at ``points``, (P, D).

    Parameters
    ----------
    solution, points
        What is differentiated, and where.
    directions
        (T, D) or (P, T, D).  The first S of them are the coordinates that the problem's `slopes`
        name, in their order.
    weights
        (T,), so that ``sum_k w_k v_k v_k^T`` is the diagonal matrix of the diffusivities, at least
        in the mean.
    """
    problem = solution.problem
    count, many = len(points), len(weights)
    every = np.broadcast_to(directions, (count, many, points.shape[1]))
    value, tangents, second = _through_network(
        solution, points, every.reshape(count * many, -1), weights
    )
    tangents = ops.reshape(tangents, (count, many))
    if problem.constrained:
        value, tangents, second = _constrained(
            solution, points, every, weights, (value, tangents, second)
        )
    slopes = len(problem.slopes)
    return Fields(
        value=value,
        slopes=ops.columns(tangents, 0, slopes) if slopes else None,
        diffusion=second,
    )


def _through_network(
    solution: Solution, points: Array, tangents: Array, weights: Array
) -> tuple[Node, Node, Node]:
    """N, (P, 1), its derivatives along the directions, (P T, 1), and the weighted sum, (P, 1)."""
    rows, along = solution.local(points), solution.constant(tangents)
    second: Node | None = None
    for layer, (linear, bias) in enumerate(solution.network.maps(solution.parameters)):
        if layer:
            rows, along, second = _through_activation(
                solution.network.activation, rows, along, second, weights
            )
        along = linear.apply_to_differences(along)
        second = None if second is None else linear.apply_to_differences(second)
        rows = ops.add(linear.apply(rows), bias)
    if second is None:
        second = solution.constant(np.zeros((len(points), 1)))
    return rows, along, second


def _through_activation(
    activation: Activation, rows: Node, along: Node, second: Node | None, weights: Array
) -> tuple[Node, Node, Node]:
    """The three after a nonlinearity."""
    (count, width), value = rows.shape, activation.apply(rows)
    slope, curvature = activation.derivatives(rows, value)
    spread = ops.multiply(
        ops.reshape(along, (count, -1, width)), ops.reshape(slope, (count, 1, width))
    )
    bent = ops.multiply(curvature, ops.weighted_sum(ops.multiply(along, along), weights))
    if second is not None:
        bent = ops.add(ops.multiply(slope, second), bent)
    return value, ops.reshape(spread, along.shape), bent


def _constrained(
    solution: Solution,
    points: Array,
    directions: Array,
    weights: Array,
    jet: tuple[Node, Node, Node],
) -> tuple[Node, Node, Node]:
    """The three of ``lift + factor N`` by the product rule."""
    value, along, second = jet
    lift, factor = solution.problem.lift, solution.problem.factor
    lift_along, lift_bend = _known(solution, lift, points, directions, weights)
    factor_along, factor_bend = _known(solution, factor, points, directions, weights)
    here = solution.constant(factor(points))
    cross = ops.contract(ops.multiply(factor_along, along), 2 * weights[:, None])
    bent = ops.add(ops.add(ops.multiply(here, second), cross), ops.multiply(factor_bend, value))
    return (
        ops.add(solution.constant(lift(points)), ops.multiply(here, value)),
        ops.add(lift_along, ops.add(ops.multiply(factor_along, value), ops.multiply(here, along))),
        ops.add(lift_bend, bent),
    )


def _known(
    solution: Solution, function: Field, points: Array, directions: Array, weights: Array
) -> tuple[Node, Node]:
    """The first derivatives of a known function, and the weighted sum of its second ones."""
    first, second = directional_derivatives(function, points, directions)
    return solution.constant(first), solution.constant(second @ weights[:, None])
