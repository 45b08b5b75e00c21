"""The three plans: how rows are multiplied by the matrix of a train, on a tape.

Every product that meets the rows is the machine's `ops.matmul`, with one operand made of rows and
the other of cores; merging cores is the vector unit's and does not depend on the rows.  Between
them numbers are only rearranged.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..emu import Node, ops
from .choices import TTForm, TTPlan
from .merging import merged_left, merged_matrix, merged_right, rearranged

if TYPE_CHECKING:
    from .layer import TTLayer


def contracted(layer: "TTLayer", cores: Sequence[Node], rows: Node) -> Node:
    """Return the rows, as wide as the layer or less, times its matrix, as its plan says."""
    batch, width = rows.shape
    inputs, outputs = layer.shape
    wide = rows if width == inputs else ops.pad_columns(rows, inputs)
    single, middle = layer.form is TTForm.TT, layer.middle
    if layer.plan is TTPlan.FULL:
        product = ops.matmul(wide, merged_matrix(layer, cores))
    elif layer.plan is TTPlan.HALF_MERGED:
        product = (_single_halves if single else _paired_halves)(layer, cores, wide)
    elif single:
        product = _output_cores(cores[middle:], _input_cores(cores[:middle], wide))
    else:
        product = _paired_cores(cores, wide)
    return ops.reshape(product, (batch, outputs))


def _input_cores(cores: Sequence[Node], rows: Node) -> Node:
    """One product per core, each of which uses up an axis: (B, M) becomes (B, r)."""
    signal = rows
    batch, rest = rows.shape
    for core in cores:
        before, side, after = core.shape
        rest //= side
        # What is used up goes last: (B, m, rest, r) becomes (B, rest, r, m).
        held = (batch, side, rest, before)
        signal = rearranged(signal, held, (0, 2, 3, 1), (batch * rest, before * side))
        signal = ops.matmul(signal, ops.reshape(core, (before * side, after)))
    return signal


def _output_cores(cores: Sequence[Node], signal: Node) -> Node:
    """One product per core, each of which adds an axis: (B, r) becomes (B, N)."""
    grown = signal.shape[0]
    for core in cores:
        before, side, after = core.shape
        weights = ops.reshape(core, (before, side * after))
        signal = ops.matmul(ops.reshape(signal, (grown, before)), weights)
        grown *= side
    return signal


def _paired_cores(cores: Sequence[Node], rows: Node) -> Node:
    """One product per core, each of which exchanges an input axis for an output axis."""
    signal = rows
    grown, rest = rows.shape
    for core in cores:
        before, m, n, after = core.shape
        rest //= m
        # (grown, m, rest, r) becomes (grown, rest, r, m), and (grown, rest, n, r') after the
        # product becomes (grown, n, rest, r').
        held = (grown, m, rest, before)
        signal = rearranged(signal, held, (0, 2, 3, 1), (grown * rest, before * m))
        signal = ops.matmul(signal, ops.reshape(core, (before * m, n * after)))
        held = (grown, rest, n, after)
        grown *= n
        signal = rearranged(signal, held, (0, 2, 1, 3), (grown, rest * after))
    return signal


def _single_halves(layer: "TTLayer", cores: Sequence[Node], rows: Node) -> Node:
    """``(X L) R`` with L of shape (M, r) and R of shape (r, N)."""
    left, right = merged_left(cores[: layer.middle]), merged_right(cores[layer.middle :])
    return ops.matmul(ops.matmul(rows, left), right)


def _paired_halves(layer: "TTLayer", cores: Sequence[Node], rows: Node) -> Node:
    """The same with L of shape (M1, N1 r) and R of shape (r M2, N2), the other axes in the rows."""
    batch, middle = rows.shape[0], layer.middle
    (m1, m2), (n1, n2) = (
        (math.prod(sides[:middle]), math.prod(sides[middle:]))
        for sides in (layer.inputs, layer.outputs)
    )
    rank = layer.ranks[middle]
    left, right = merged_left(cores[:middle]), merged_right(cores[middle:])
    signal = rearranged(rows, (batch, m1, m2), (0, 2, 1), (batch * m2, m1))
    signal = ops.matmul(signal, ops.reshape(left, (m1, n1 * rank)))
    signal = rearranged(signal, (batch, m2, n1, rank), (0, 2, 3, 1), (batch * n1, rank * m2))
    return ops.matmul(signal, ops.reshape(right, (rank * m2, n2)))
