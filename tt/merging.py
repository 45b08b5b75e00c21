"""Merging cores: the matrices that a chain of cores is, made on the vector unit.

Chains are merged from their outer end, where the rank is 1, towards the middle, so that every
partial product is a matrix with one rank for a side.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..emu import Node, ops
from .choices import TTForm

if TYPE_CHECKING:
    from .layer import TTLayer


def merged_left(cores: Sequence[Node]) -> Node:
    """Return the first cores as a matrix: all their inputs, all their outputs; the last rank.

    Its shape is ``(M N, r)``, with all input indices before all output indices.
    """
    first, *others = cores
    merged = ops.reshape(first, (math.prod(first.shape[:-1]), first.shape[-1]))
    for core in others:
        product = ops.vector_matmul(merged, ops.reshape(core, (core.shape[0], -1)))
        merged = ops.reshape(product, (-1, core.shape[-1]))
    return _inputs_first(merged, cores, (), (cores[-1].shape[-1],))


def merged_right(cores: Sequence[Node]) -> Node:
    """Return the last cores as a matrix of shape ``(r, M N)``, ordered as `merged_left` orders."""
    *others, last = cores
    merged = ops.reshape(last, (last.shape[0], math.prod(last.shape[1:])))
    for core in reversed(others):
        product = ops.vector_matmul(ops.reshape(core, (-1, core.shape[-1])), merged)
        merged = ops.reshape(product, (core.shape[0], -1))
    return _inputs_first(merged, cores, (cores[0].shape[0],), ())


def merged_matrix(layer: "TTLayer", cores: Sequence[Node]) -> Node:
    """Return the whole matrix, inputs by outputs: left half times right half."""
    middle = layer.middle
    left = merged_left(cores[:middle])
    if middle == len(cores):
        return ops.reshape(left, layer.shape)
    product = ops.vector_matmul(left, merged_right(cores[middle:]))
    if layer.form is TTForm.TT:
        return product
    held = [
        math.prod(sides)
        for k in (slice(middle), slice(middle, None))
        for sides in (layer.inputs[k], layer.outputs[k])
    ]
    return rearranged(product, tuple(held), (0, 2, 1, 3), layer.shape)


def _inputs_first(
    merged: Node, cores: Sequence[Node], before: tuple[int, ...], after: tuple[int, ...]
) -> Node:
    """Return a matrix of pairs (input, output) with all inputs before all outputs.

    ``before`` and ``after`` are the axes around them.  Cores of one index have nothing to reorder.
    """
    if len(cores[0].shape) == 3:
        return merged
    sides = [side for core in cores for side in core.shape[1:3]]
    start, pairs = len(before), 2 * len(cores)
    inputs, outputs = range(start, start + pairs, 2), range(start + 1, start + pairs, 2)
    axes = (*range(start), *inputs, *outputs, *range(start + pairs, start + pairs + len(after)))
    return rearranged(merged, (*before, *sides, *after), axes, merged.shape)


def rearranged(
    node: Node, held: tuple[int, ...], axes: tuple[int, ...], wanted: tuple[int, ...]
) -> Node:
    """Return a node, seen as an array of shape ``held``, with its axes in another order; exact.

    Axes of length 1 may go anywhere; if only these move, no number does.
    """
    moving = [axis for axis in axes if held[axis] > 1]
    if moving != sorted(moving):
        node = ops.transpose(ops.reshape(node, held), axes)
    return node if node.shape == wanted else ops.reshape(node, wanted)
