"""The derivative table: for each operation, the adjoint of its derivative.

Each function takes the recorded entry and the gradient ``g`` of its result, and returns one
gradient per parent (None where none is needed).  Vector-unit operations round each elementary
result once; the matrix product says which casts and which stored codes it uses.
"""

from typing import Final

import numpy as np

from ..functions.vector_unit import cos, ordered_sum, sin
from .activation_vjps import ACTIVATION_VJPS
from .difference_vjps import DIFFERENCE_VJPS
from .field_vjps import FIELD_VJPS
from .learned_quantization import learned_quantize_adjoint
from .normalization_vjps import NORMALIZATION_VJPS
from .operand import Operand
from .operation import VJP, Gradient
from .products import contract_coded, ordered_product
from .shared_work import copied
from .spectral_vjps import SPECTRAL_VJPS
from .tape import Entry


def _matmul(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    """``dX = Q(G) Q(W)^T`` and ``dW = Q(X)^T Q(G)``, the latter cast as a gradient.

    Q(X) and Q(W) are the operands of the forward pass: transposed where the tile is square,
    stored a second time where it is not.
    """
    tape = entry.result.tape
    x, w = entry.saved
    name = "the gradient of a matmul"
    gradient = Operand(tape, g, tape.datapath.gradient, name, nans=tape.counted(g))
    dx = dw = None
    if entry.parents[0].differentiable:
        dx = contract_coded(tape, gradient.along_columns, w.along_columns.T)
    if entry.parents[1].differentiable:
        dw = contract_coded(tape, x.along_rows.T, gradient.along_rows)
        result = Operand(tape, dw, tape.datapath.gradient, "the gradient of a weight")
        dw = np.asarray(result.along_columns.values(tape.datapath.dtype))
    return dx, dw


def _sum_to(g: Gradient, shape: tuple[int, ...]) -> Gradient:
    """The adjoint of broadcasting: sums, in order, over the axes that were repeated."""
    for _ in range(g.ndim - len(shape)):
        g = ordered_sum(g, 0)
    for axis, length in enumerate(shape):
        if length == 1 and g.shape[axis] != 1:
            g = np.expand_dims(ordered_sum(g, axis), axis)
    return g


def _add(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    return tuple(_sum_to(g, p.shape) if p.differentiable else None for p in entry.parents)


def _subtract(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    a, b = entry.parents
    return (
        _sum_to(g, a.shape) if a.differentiable else None,
        _sum_to(-g, b.shape) if b.differentiable else None,
    )


def _multiply(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    a, b = entry.parents
    return (
        _sum_to(g * b.value, a.shape) if a.differentiable else None,
        _sum_to(g * a.value, b.shape) if b.differentiable else None,
    )


def _scale(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    return (g * entry.saved,)


def _tanh(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    """``g (1 - y^2)`` with y as it was written, by a unit or not."""
    y = entry.result.value
    return (g * (1 - y * y),)


def _sin(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    """``g cos a``, the vector unit's cosine."""
    return (g * cos(entry.parents[0].value),)


def _cos(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    return (-g * sin(entry.parents[0].value),)


def _weighted_sum(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    factors = entry.saved
    return ((g[:, None, :] * factors[:, None]).reshape(entry.parents[0].shape),)


def _reshape(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    whole = g if g.flags.c_contiguous else copied(g)
    return (whole.reshape(entry.parents[0].shape),)


def _columns(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    start, stop = entry.saved
    whole = np.zeros(entry.parents[0].shape, g.dtype)
    whole[:, start:stop] = g
    return (whole,)


def _contract(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    weights = entry.saved
    total = np.zeros(entry.parents[0].shape, g.dtype)
    for q in range(g.shape[1]):
        total += g[:, q, None] * weights[:, :, q]
    return (total,)


def _mean_square(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    a = entry.parents[0].value
    return (a * (g * (g.dtype.type(2) / g.dtype.type(a.size))),)


def _mean_product(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    a, b = entry.parents
    share = g / g.dtype.type(a.value.size)
    return (
        b.value * share if a.differentiable else None,
        a.value * share if b.differentiable else None,
    )


def _transpose(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    return (np.transpose(g, np.argsort(entry.saved)),)


def _pad_columns(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    return (g[:, : entry.parents[0].shape[1]],)


def _vector_matmul(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    """``dA = G B^T`` and ``dB = A^T G``, each in order as the product itself."""
    a, b = entry.parents
    return (
        ordered_product(g, b.value.T) if a.differentiable else None,
        ordered_product(a.value.T, g) if b.differentiable else None,
    )


VJPS: Final[dict[str, VJP]] = {
    "matmul": _matmul,
    "difference_matmul": _matmul,
    "batched_matmul": _matmul,
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "scale": _scale,
    "tanh": _tanh,
    "sin": _sin,
    "cos": _cos,
    "weighted_sum": _weighted_sum,
    "reshape": _reshape,
    "columns": _columns,
    "contract": _contract,
    "mean_square": _mean_square,
    "mean_product": _mean_product,
    "transpose": _transpose,
    "pad_columns": _pad_columns,
    "vector_matmul": _vector_matmul,
    "learned_quantize": learned_quantize_adjoint,
    **FIELD_VJPS,
    **ACTIVATION_VJPS,
    **DIFFERENCE_VJPS,
    **NORMALIZATION_VJPS,
    **SPECTRAL_VJPS,
}
