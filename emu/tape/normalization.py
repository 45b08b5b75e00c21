"""Normalization on the vector unit: by layer or by groups of channels, sample by sample.

Means over a batch are no operation: they would make the result of a sample depend on the others,
and at inference they are constants that a product and a bias hold.
"""

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...formats import split_work
from ..errors import DatapathError
from ..pieces import piece
from .fields import space_of
from .operation import operation, tape_of
from .tape import Node

_CHUNK = 1 << 14


class Normalized(NamedTuple):
    """What the adjoint needs: how many groups, in float64 m and r for (B, C), and eps.

    Of a layer norm m and r are (B, 1).
    """

    groups: int
    centres: NDArray[np.float64]
    factors: NDArray[np.float64]
    eps: float


@operation
def layer_norm(a: Node, gain: Node, bias: Node, eps: float = 1e-5) -> Node:
    """``(x - m) / sqrt(v + eps) gain + bias`` with mean m and variance v of the last axis.

    Parameters
    ----------
    a
        (..., C).
    gain, bias
        (C,).
    eps
        Positive.

    Notes
    -----
    *Exactness*: in float64, sums in order, and rounded once in FP32.  With n numbers in a mean and
    ``u = 2^-53`` float64 is wrong by at most ``(2 n + 16) u |gain| max |x| / sqrt(v + eps)`` and
    the rounding of the bias.  A NaN or an infinity makes every result of its mean NaN.

    *Adjoint*: exact formulas of the same m and v in float64, sums in order; one rounding in FP32.

    Examples
    --------
    >>> from bitpde.emu import Tape, ops, preset
    >>> tape = Tape(preset("fp32"))
    >>> one, zero = tape.constant([1.0, 1.0]), tape.constant([0.0, 0.0])
    >>> ops.layer_norm(tape.constant([[3.0, 5.0]]), one, zero).value.tolist()
    [[-0.9999949932098389, 0.9999949932098389]]
    """
    if a.value.ndim == 0 or a.shape[-1] == 0:
        msg = f"the layer norm of shape {a.shape}: give a last axis with at least one element"
        raise DatapathError(msg)
    return _normalized("layer_norm", a, gain, bias, eps, 1, cells=1)


@operation
def group_norm(a: Node, groups: int, gain: Node, bias: Node, eps: float = 1e-5) -> Node:
    """As `layer_norm`, with m and v over space and the channels of a group: (B, *space, C).

    Parameters
    ----------
    a
        (B, *space, C).
    groups
        How many groups of equally many neighbouring channels there are.
    gain, bias
        (C,).
    eps
        Positive.

    Notes
    -----
    *Exactness*: as `layer_norm`; each channel is added over space, then the channels of a group.
    """
    cells = prod(space_of(a))
    if groups < 1 or a.shape[-1] % groups or a.shape[-1] == 0 or cells == 0:
        msg = f"{groups} groups of the channels of shape {a.shape}: give a divisor of their number "
        raise DatapathError(msg + "and at least one cell")
    return _normalized("group_norm", a, gain, bias, eps, groups, cells=cells)


def _normalized(
    op: str, a: Node, gain: Node, bias: Node, eps: float, groups: int, *, cells: int
) -> Node:
    """The operation ``op``: samples of ``cells`` cells, in groups of channels."""
    tape = tape_of(a, gain, bias)
    channels = a.shape[-1]
    if gain.shape != (channels,) or bias.shape != (channels,):
        msg = f"gain and bias of shapes {gain.shape} and {bias.shape} for {channels} channels: "
        raise DatapathError(msg + f"give ({channels},) for both")
    if not 0 < eps < np.inf:
        msg = f"eps of {op} is {eps}: give a positive number"
        raise DatapathError(msg)
    x = a.value.reshape(-1 if a.value.size else 0, cells, channels)
    if any(np.iscomplexobj(node.value) for node in (a, gain, bias)):
        value = _complex(x, groups, eps, gain.value, bias.value)
        return tape.record(op, value.reshape(a.shape), (a, gain, bias), None)
    x = np.ascontiguousarray(x)
    centres, factors = np.empty((2, len(x), 1 if op == "layer_norm" else channels))
    out = np.empty_like(x)
    found = (*(node.value.astype(np.float64) for node in (gain, bias)), out, centres, factors)
    with np.errstate(over="ignore", invalid="ignore"):
        split_work(_work(op, x, groups, eps, found), len(x), samples_of_a_piece(x))
    saved = Normalized(groups, centres, factors, eps)
    return tape.record(op, out.reshape(a.shape), (a, gain, bias), saved)


def samples_of_a_piece(x: NDArray[Any]) -> int:
    """How many samples (B, cells, C) make a piece of work."""
    return piece(len(x), _CHUNK // max(1, x[:1].size))


def _work(
    op: str, x: NDArray[Any], groups: int, eps: float, found: tuple[NDArray[Any], ...]
) -> Callable[[int, int], object]:
    """The kernel for rows or for groups, with all but the samples."""
    if op == "group_norm":
        from .normalization_kernels import normalize

        return partial(normalize, x, groups, eps, *found)
    from .row_normalization_kernels import normalize_rows

    gain, bias, out, centres, factors = found
    return partial(normalize_rows, x[:, 0], eps, gain, bias, out[:, 0], centres, factors)


def _complex(
    x: NDArray[Any], groups: int, eps: float, gain: NDArray[Any], bias: NDArray[Any]
) -> NDArray[Any]:
    """The same formula, by NumPy's sums."""
    parts = x.reshape(*x.shape[:2], groups, -1)
    centred = parts - parts.mean((1, 3), keepdims=True)
    spread = np.sqrt((centred * centred).mean((1, 3), keepdims=True) + eps)
    return np.asarray((centred / spread).reshape(x.shape) * gain + bias)
