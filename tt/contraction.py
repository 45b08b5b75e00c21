"""The three plans: how rows are multiplied by the matrix of a train, on a tape.

`merged` makes the matrices that rows meet, one for each product, from the cores and without the
rows; `multiplied` brings the rows.  Each product is the machine's, `ops.matmul` or its like;
between them numbers are only rearranged.
"""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..emu import Node, ops
from .choices import TTForm, TTPlan
from .merging import merged_left, merged_matrix, merged_right, rearranged

if TYPE_CHECKING:
    from .layer import TTLayer

Product = Callable[[Node, Node], Node]


def merged(layer: "TTLayer", cores: Sequence[Node]) -> tuple[Node, ...]:
    """Return the right operand of each product of a plan, in order."""
    middle = layer.middle
    if layer.plan is TTPlan.FULL:
        return (merged_matrix(layer, cores),)
    if layer.plan is TTPlan.HALF_MERGED:
        left, right = merged_left(cores[:middle]), merged_right(cores[middle:])
        if layer.form is TTForm.TT:
            return left, right
        (m1, m2), (n1, n2) = _halves(layer)
        rank = layer.ranks[middle]
        return ops.reshape(left, (m1, n1 * rank)), ops.reshape(right, (rank * m2, n2))
    paired = layer.form is TTForm.TTM
    return tuple(_as_matrix(core, 1 + (paired or k < middle)) for k, core in enumerate(cores))


def multiplied(layer: "TTLayer", weights: Sequence[Node], rows: Node, times: Product) -> Node:
    """Return the rows, as wide as the layer or less, times the matrix that was `merged`."""
    batch, width = rows.shape
    inputs, outputs = layer.shape
    wide = rows if width == inputs else ops.pad_columns(rows, inputs)
    single, middle = layer.form is TTForm.TT, layer.middle
    if layer.plan is TTPlan.FULL:
        product = times(wide, weights[0])
    elif layer.plan is TTPlan.HALF_MERGED and single:
        product = times(times(wide, weights[0]), weights[1])
    elif layer.plan is TTPlan.HALF_MERGED:
        product = _paired_halves(layer, weights[0], weights[1], wide, times)
    elif single:
        signal = _input_cores(layer, weights[:middle], wide, times)
        product = _output_cores(layer, weights[middle:], signal, times)
    else:
        product = _paired_cores(layer, weights, wide, times)
    return ops.reshape(product, (batch, outputs))


def _as_matrix(core: Node, at: int) -> Node:
    """Return a core with its axes before ``at`` as rows and the others as columns."""
    return ops.reshape(core, (math.prod(core.shape[:at]), math.prod(core.shape[at:])))


def _input_cores(layer: "TTLayer", weights: Sequence[Node], rows: Node, times: Product) -> Node:
    """One product per core, each of which uses up an axis: (B, M) becomes (B, r)."""
    signal = rows
    batch, rest = rows.shape
    for weight, side, rank in zip(weights, layer.inputs, layer.ranks, strict=False):
        rest //= side
        # What is used up goes last: (B, m, rest, r) becomes (B, rest, r, m).
        held = (batch, side, rest, rank)
        signal = rearranged(signal, held, (0, 2, 3, 1), (batch * rest, rank * side))
        signal = times(signal, weight)
    return signal


def _output_cores(layer: "TTLayer", weights: Sequence[Node], signal: Node, times: Product) -> Node:
    """One product per core, each of which adds an axis: (B, r) becomes (B, N)."""
    grown = signal.shape[0]
    for weight, side in zip(weights, layer.outputs, strict=True):
        signal = times(ops.reshape(signal, (grown, weight.shape[0])), weight)
        grown *= side
    return signal


def _paired_cores(layer: "TTLayer", weights: Sequence[Node], rows: Node, times: Product) -> Node:
    """One product per core, each of which exchanges an input axis for an output axis."""
    signal = rows
    grown, rest = rows.shape
    for weight, (before, m, n, after) in zip(weights, layer.core_shapes, strict=True):
        rest //= m
        # (grown, m, rest, r) becomes (grown, rest, r, m), and (grown, rest, n, r') after the
        # product becomes (grown, n, rest, r').
        held = (grown, m, rest, before)
        signal = rearranged(signal, held, (0, 2, 3, 1), (grown * rest, before * m))
        signal = times(signal, weight)
        held = (grown, rest, n, after)
        grown *= n
        signal = rearranged(signal, held, (0, 2, 1, 3), (grown, rest * after))
    return signal


def _paired_halves(layer: "TTLayer", left: Node, right: Node, rows: Node, times: Product) -> Node:
    """Two products with L of shape (M1, N1 r) and R of shape (r M2, N2), other axes in the rows."""
    batch, rank = rows.shape[0], layer.ranks[layer.middle]
    (m1, m2), (n1, _) = _halves(layer)
    signal = rearranged(rows, (batch, m1, m2), (0, 2, 1), (batch * m2, m1))
    signal = times(signal, left)
    signal = rearranged(signal, (batch, m2, n1, rank), (0, 2, 3, 1), (batch * n1, rank * m2))
    return times(signal, right)


def _halves(layer: "TTLayer") -> tuple[tuple[int, int], tuple[int, int]]:
    """Return (M1, M2), (N1, N2): inputs and outputs left and right of the middle bond."""
    at = layer.middle
    m, n = layer.inputs, layer.outputs
    return (math.prod(m[:at]), math.prod(m[at:])), (math.prod(n[:at]), math.prod(n[at:]))
