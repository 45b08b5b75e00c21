"""Sums with constant weights, and means, on the vector unit."""

import numpy as np
from numpy.typing import ArrayLike

from ..errors import DatapathError
from ..functions import vector_unit
from .operation import operation, tape_of
from .tape import Node


@operation
def contract(a: Node, c: ArrayLike) -> Node:
    """``sum_j a[p, j] c[j, q]`` (or ``c[p, j, q]``) with constant c: (P, J) to (P, Q).

    *Exactness*: a rounded product and a rounded sum for each j in order, in the vector format.
    """
    weights = np.array(c, dtype=a.tape.datapath.dtype)  # a copy: the backward pass needs it
    weights = weights if weights.ndim == 3 else weights[None]
    if (
        (a.value.ndim, weights.ndim) != (2, 3)
        or weights.shape[0] not in (1, a.shape[0])
        or weights.shape[1] != a.shape[1]
    ):
        shapes = f"{a.shape} and {np.shape(c)}"
        msg = f"shapes {shapes} do not contract: give (P, J) and (J, Q) or (P, J, Q)"
        raise DatapathError(msg)
    total = np.zeros((a.shape[0], weights.shape[2]), a.value.dtype)
    for j in range(a.shape[1]):
        total += a.value[:, j, None] * weights[:, j]
    return a.tape.record("contract", total, (a,), weights)


@operation
def mean_square(a: Node) -> Node:
    """``sum a^2 / n``: squares rounded, their sum exact and rounded once, one division."""
    if a.value.size == 0:
        msg = "the mean square of no numbers is undefined: give at least one"
        raise DatapathError(msg)
    value = vector_unit.exact_sum(a.value * a.value) / a.tape.datapath.dtype(a.value.size)
    return a.tape.record("mean_square", value, (a,), None)


@operation
def mean_product(a: Node, b: Node) -> Node:
    """``sum a b / n``: products rounded, their sum exact and rounded once, one division."""
    if a.value.size == 0 or a.shape != b.shape:
        msg = f"shapes {a.shape} and {b.shape} have no mean product: give equal ones, not empty"
        raise DatapathError(msg)
    tape = tape_of(a, b)
    value = vector_unit.exact_sum(a.value * b.value) / tape.datapath.dtype(a.value.size)
    return tape.record("mean_product", value, (a, b), None)


@operation
def weighted_sum(a: Node, weights: ArrayLike) -> Node:
    """``sum_s weights[s] a[p S + s, :]`` with constant weights (S,): (P S, W) to (P, W).

    *Exactness*: a rounded product and a rounded sum for each s in order, in the vector format.
    """
    factors = np.array(weights, dtype=a.tape.datapath.dtype)
    if a.value.ndim != 2 or factors.ndim != 1 or a.shape[0] % max(1, factors.size):
        msg = f"shapes {a.shape} and {factors.shape} have no sums: give (P S, W) and (S,)"
        raise DatapathError(msg)
    terms = a.value.reshape(-1, factors.size, a.shape[1]) * factors[:, None]
    return a.tape.record("weighted_sum", vector_unit.ordered_sum(terms, 1), (a,), factors)
