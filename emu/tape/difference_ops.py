"""Differences of functions without cancellation, on the vector unit."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DatapathError
from ..functions import differences
from .operation import operation, tape_of
from .tape import Node
from .unary import cosine, hyperbolic_tangent, sine


@operation
def tanh_difference(a: Node, b: Node) -> Node:
    """``tanh(a + b) - tanh a`` without cancellation: (P, W) and (P J, W) to (P J, W).

    Rows ``p J`` to ``p J + J - 1`` of b are the differences that belong to row p of a.

    *Exactness*: the roundings of both tangents, which the datapath's unit evaluates if it has one,
    and the 6 of `differences.tanh_difference`.
    """
    base, b_value = grouped(a, b)
    p, q = (hyperbolic_tangent(a.tape, x) for x in (base, b_value))
    value, near = differences.tanh_difference(p, q)
    if near.any():
        ends = hyperbolic_tangent(a.tape, (base + b_value)[near])
        value[near] = ends - np.broadcast_to(p, near.shape)[near]
    return tape_of(a, b).record("tanh_difference", value.reshape(b.shape), (a, b), p)


@operation
def sin_difference(a: Node, b: Node) -> Node:
    """``sin(a + b) - sin a`` without cancellation, of rows as in `tanh_difference`.

    *Exactness*: ``2 cos(a + b/2) sin(b/2)``; the roundings of both functions and of the sum, and
    that of their product; halves and doubles are exact but for subnormals.
    """
    base, b_value = grouped(a, b)
    half = b_value / 2
    turn = sine(a.tape, half)
    value = 2 * cosine(a.tape, base + half) * turn
    return tape_of(a, b).record("sin_difference", value.reshape(b.shape), (a, b), (half, turn))


@operation
def tanh_parts(a: Node, b: Node) -> Node:
    """`tanh_difference` of pairs ``e + o`` and ``e - o``, by their odd and even parts.

    Of b, (2 P J, W), the first half of the rows holds o and the second half e, each as in
    `tanh_difference`; of the result, likewise, half the difference of the two differences of each
    pair and half their sum.

    *Exactness*: the roundings of three tangents and those of `differences.tanh_parts`.
    """
    base, halves = _halves(a, b)
    p, tangents = (hyperbolic_tangent(a.tape, x) for x in (base, halves))
    parts, near = differences.tanh_parts(p, tangents)
    if near is not None:
        odd, even = halves
        sums = ((base + even) + odd)[near], ((base + even) - odd)[near]
        upper, lower = (hyperbolic_tangent(a.tape, x) for x in sums)
        middle = (upper + lower) / 2 - np.broadcast_to(p, near.shape)[near]
        parts[:, near] = (upper - lower) / 2, middle
    return tape_of(a, b).record("tanh_parts", parts.reshape(b.shape), (a, b), p)


@operation
def sin_parts(a: Node, b: Node) -> Node:
    """The same of the sine.

    *Exactness*: the roundings of the functions and those of the formulas of `differences`.
    """
    base, (odd, even) = _halves(a, b)
    half, turned = even / 2, base + even
    whole, quarter = sine(a.tape, turned), sine(a.tape, odd / 2)
    steady = 2 * cosine(a.tape, base + half) * sine(a.tape, half)
    parts = np.stack(
        [cosine(a.tape, turned) * sine(a.tape, odd), steady - 2 * whole * quarter * quarter]
    )
    return tape_of(a, b).record("sin_parts", parts.reshape(b.shape), (a, b), whole)


def _halves(a: Node, b: Node) -> tuple[NDArray[Any], NDArray[Any]]:
    """Rows (P, 1, W), and the odd and even parts that belong to them, (2, P, J, W)."""
    if b.value.ndim != 2 or b.shape[0] % 2:
        msg = f"shape {b.shape} has no odd and even half: give (2 P J, W)"
        raise DatapathError(msg)
    base, parts = grouped(a, b)
    return base, parts.reshape(2, a.shape[0], -1, a.shape[1])


def grouped(a: Node, b: Node) -> tuple[NDArray[Any], NDArray[Any]]:
    """Rows (P, W) and their groups (P J, W) as (P, 1, W) and (P, J, W)."""
    if (
        a.value.ndim != 2
        or b.value.ndim != 2
        or a.shape[1] != b.shape[1]
        or (b.shape[0] % max(1, a.shape[0]))
    ):
        msg = f"shapes {a.shape} and {b.shape} do not belong together: give (P, W) and (P J, W)"
        raise DatapathError(msg)
    rows, width = a.shape
    return a.value[:, None, :], b.value.reshape(rows, -1, width)
