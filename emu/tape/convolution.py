"""Convolutions: patches times a matrix, so that all that multiplies goes through the datapath.

Weights are indexed as the products need them, so that none is moved.
"""

from math import prod

from ..errors import DatapathError
from .field_ops import patches
from .fields import space_of, window_count
from .movement import reshape, transpose
from .products import matmul
from .tape import Node


def convolution(
    a: Node, w: Node, *, stride: int = 1, padding: int = 0, boundary: str = "zero"
) -> Node:
    """``y[o, q] = sum_k,p x[stride o + k - padding, p] w[k, p, q]`` of each sample.

    That is the correlation which networks call convolution: no axis of w is reversed.

    Parameters
    ----------
    a
        (B, *space, P).
    w
        (size, ..., size, P, Q), one ``size`` for each axis of space.
    stride, padding, boundary
        As of `patches`.

    Returns
    -------
    Node
        (B, *out, Q).

    Notes
    -----
    *Exactness*: that of `matmul` of the patches and w, whose sums run in C order of (k, p).

    Examples
    --------
    >>> import numpy as np
    >>> from bitpde.emu import Tape, ops, preset
    >>> tape = Tape(preset("fp32"))
    >>> field = tape.constant(np.arange(4.0).reshape(1, 4, 1))
    >>> slope = tape.constant(np.reshape([-0.5, 0.0, 0.5], (3, 1, 1)))
    >>> ops.convolution(field, slope, padding=1, boundary="periodic").value.ravel().tolist()
    [-1.0, 1.0, 1.0, -1.0]
    """
    space = space_of(a)
    size, channels = w.shape[0] if w.shape else 0, a.shape[-1]
    if w.shape[:-1] != (*(size,) * len(space), channels):
        msg = f"weights of shape {w.shape} for a field of shape {a.shape}: give "
        raise DatapathError(msg + "(size, P, Q) on a line, (size, size, P, Q) in a plane")
    rows = patches(a, size, stride=stride, padding=padding, boundary=boundary)
    result = matmul(rows, reshape(w, (prod(w.shape[:-1]), w.shape[-1])))
    out = window_count(tuple(n + 2 * padding for n in space), size, stride)
    return reshape(result, (a.shape[0], *out, w.shape[-1]))


def transposed_convolution(a: Node, w: Node) -> Node:
    """``y[size o + k, q] = sum_p x[o, p] w[p, k, q]``: each cell becomes ``size^d`` cells.

    Parameters
    ----------
    a
        (B, *space, P).
    w
        (P, size, ..., size, Q), one ``size`` for each axis of space.

    Returns
    -------
    Node
        (B, *space, Q) with every side ``size`` times as long.

    Notes
    -----
    *Exactness*: that of `matmul` of the cells and w.
    """
    space = space_of(a)
    size, channels = w.shape[1] if w.value.ndim > 1 else 0, a.shape[-1]
    if w.shape[:-1] != (channels, *(size,) * len(space)):
        msg = f"weights of shape {w.shape} for a field of shape {a.shape}: give "
        raise DatapathError(msg + "(P, size, Q) on a line, (P, size, size, Q) in a plane")
    batch, d, last = a.shape[0], len(space), w.shape[-1]
    cells = reshape(a, (batch * prod(space), channels))
    result = matmul(cells, reshape(w, (channels, prod(w.shape[1:]))))
    apart = reshape(result, (batch, *space, *(size,) * d, last))
    pairs = (axis for k in range(1, d + 1) for axis in (k, k + d))
    together = transpose(apart, (0, *pairs, 2 * d + 1))
    return reshape(together, (batch, *(n * size for n in space), last))
