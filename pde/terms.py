"""Terms that equations share, as operations on the fields of one tape."""

import numpy as np

from ..emu import Node, ops
from .errors import RunError
from .problem import Fields


def slope(fields: Fields, index: int) -> Node:
    """Return the first derivative that `Problem.slopes` names at ``index``, (P, 1); exact."""
    return ops.columns(_slopes(fields), index, index + 1)


def squared_gradient(fields: Fields, count: int, factor: float) -> Node:
    """Return ``factor`` times the sum of squares of the first ``count`` slopes, (P, 1).

    *Exactness*: for each slope a rounded square, a rounded product with the rounded factor, and a
    rounded sum, in order.
    """
    gradient = ops.columns(_slopes(fields), 0, count)
    return ops.contract(ops.multiply(gradient, gradient), np.full((count, 1), factor))


def _slopes(fields: Fields) -> Node:
    """Return the slopes, or raise `RunError`."""
    if fields.slopes is None:
        msg = "the fields have no slopes and the equation needs some: give Fields.slopes"
        raise RunError(msg)
    return fields.slopes
