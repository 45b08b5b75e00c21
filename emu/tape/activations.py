"""Activations on the vector unit."""

import numpy as np

from ..errors import DatapathError
from . import activation_functions
from .operation import operation
from .tape import Node
from .unary import evaluate


@operation
def relu(a: Node) -> Node:
    """The positive numbers, and +0 for all others; NaN stays.  Exact.

    Notes
    -----
    *Adjoint*: the gradient where the number is positive (or NaN), +0 elsewhere; exact.
    """
    value = np.where(np.real(a.value) <= 0, np.zeros((), a.value.dtype), a.value)
    return a.tape.record("relu", value, (a,), None)


@operation
def gelu(a: Node) -> Node:
    """``x Phi(x)``: by the datapath's unit, if it has one, else `activation_functions.gelu`.

    Notes
    -----
    *Adjoint*: ``Phi(x) + x phi(x)`` as `activation_functions.gelu_slope` rounds it, times g.
    """
    if a.differentiable and a.tape.datapath.unit("gelu") is None and not np.iscomplexobj(a.value):
        value, slope = activation_functions.gelu_and_slope(a.value)
        return a.tape.record("gelu", value, (a,), slope)
    value = evaluate(a.tape, "gelu", a.value, activation_functions.gelu)
    return a.tape.record("gelu", value, (a,), None)


@operation
def sigmoid(a: Node) -> Node:
    """``1 / (1 + e^-x)``: by the datapath's unit, if it has one, else the function's.

    Notes
    -----
    *Adjoint*: ``g (y (1 - y))`` with y as it was written; three roundings.
    """
    value = evaluate(a.tape, "sigmoid", a.value, activation_functions.sigmoid)
    return a.tape.record("sigmoid", value, (a,), None)


@operation
def softmax(a: Node) -> Node:
    """``e^(x - m) / sum e^(x - m)`` along the last axis, with its largest element m.

    *Exactness*: `activation_functions.softmax`, one rounding in FP32.  An element of -infinity
    gives +0; a row with a NaN, with +infinity or of nothing but -infinity gives NaN throughout.

    Notes
    -----
    *Adjoint*: ``y (g - sum g y)`` with y as it was written, the sum in order, in float64; one
    rounding in FP32.
    """
    if a.value.ndim == 0 or a.shape[-1] == 0:
        msg = f"a softmax of shape {a.shape}: give a last axis with at least one element"
        raise DatapathError(msg)
    return a.tape.record("softmax", activation_functions.softmax(a.value), (a,), None)
