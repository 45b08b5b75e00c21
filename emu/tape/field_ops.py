"""Fields on grids moved: windows, borders, joins and parts.  No number is changed.

-0, infinities and NaN are moved as any number; borders of zeros are +0.
"""

from collections.abc import Sequence

import numpy as np

from ..errors import DatapathError
from .fields import in_windows, require_positive, space_of
from .operation import operation, tape_of
from .tape import Node

#: What lies beyond the border of a field.
BOUNDARIES = ("zero", "periodic")


@operation
def pad(a: Node, widths: Sequence[tuple[int, int]], boundary: str = "zero") -> Node:
    """A field with more cells before and after it along each axis of space; exact.

    Parameters
    ----------
    a
        (B, *space, C).
    widths
        For each axis of space, how many cells come before and after.
    boundary
        "zero", or "periodic": as if the field were repeated, however often.

    Notes
    -----
    *Adjoint*: periodic borders are added to the cells they repeat, from +0, by place and along the
    last axis first; one rounding for each sum.
    """
    space = space_of(a)
    pairs = tuple((int(before), int(after)) for before, after in widths)
    if len(pairs) != len(space) or min(min(pair) for pair in pairs) < 0:
        msg = f"widths {pairs} for a field of shape {a.shape}: give a pair of integers, 0 or more, "
        raise DatapathError(msg + "for each axis of space")
    if boundary not in BOUNDARIES:
        msg = f"boundary is {boundary!r}: choose one of {', '.join(BOUNDARIES)}"
        raise DatapathError(msg)
    value = a.value
    if boundary == "zero":
        value = np.pad(value, ((0, 0), *pairs, (0, 0)))
    elif 0 in space:
        msg = f"a field of shape {a.shape} repeats nothing: give at least one cell along each axis"
        raise DatapathError(msg)
    else:
        for axis, (before, after) in enumerate(pairs, 1):
            n = value.shape[axis]
            value = value.take(np.arange(-before, n + after) % n, axis)
    return a.tape.record("pad", value, (a,), (pairs, boundary))


@operation
def windows(a: Node, size: int, stride: int = 1) -> Node:
    """Every window of a field as a row: (B, *space, C) to (B * windows, size^d * C); exact.

    Windows are ``size`` wide along each axis of space and ``stride`` apart; rows are in C order of
    the sample and the window, columns in C order of the place in it and the channel.

    Notes
    -----
    *Adjoint*: the gradient of an element is the sum of its gradients in all windows, from +0, in C
    order of its place in the window; one rounding for each sum.
    """
    space = space_of(a)
    require_positive("the size of a window", size)
    require_positive("the stride of windows", stride)
    if min(space) < size:
        msg = f"a field of shape {a.shape} has no window of size {size}: pad it, or give a smaller "
        raise DatapathError(msg + "size")
    return a.tape.record("windows", in_windows(a.value, size, stride), (a,), (size, stride))


def patches(
    a: Node, size: int, *, stride: int = 1, padding: int = 0, boundary: str = "zero"
) -> Node:
    """`windows` of the field with ``padding`` more cells on either side of each axis; exact.

    Examples
    --------
    >>> from bitpde.emu import Tape, ops, preset
    >>> field = Tape(preset("fp32")).constant(np.arange(4.0).reshape(1, 4, 1))
    >>> ops.patches(field, 3, padding=1, boundary="periodic").value.tolist()
    [[3.0, 0.0, 1.0], [0.0, 1.0, 2.0], [1.0, 2.0, 3.0], [2.0, 3.0, 0.0]]
    """
    if padding or boundary not in BOUNDARIES:
        a = pad(a, ((padding, padding),) * len(space_of(a)), boundary)
    return windows(a, size, stride)


@operation
def join(first: Node, /, *others: Node, axis: int = -1) -> Node:
    """Arrays one after the other along an axis; exact."""
    tape, nodes = tape_of(first, *others), (first, *others)
    try:
        value = np.concatenate([node.value for node in nodes], axis)
    except ValueError as error:
        shapes = " and ".join(str(node.shape) for node in nodes)
        msg = f"shapes {shapes} do not join along axis {axis}: make them agree along all others"
        raise DatapathError(msg) from error
    return tape.record("join", value, nodes, axis)


def concatenate(nodes: Sequence[Node], axis: int = -1) -> Node:
    """`join` of a sequence of nodes; exact."""
    if not nodes:
        msg = "nothing to concatenate: give at least one node"
        raise DatapathError(msg)
    return join(*nodes, axis=axis)


@operation
def take(a: Node, axis: int, start: int, stop: int) -> Node:
    """Elements start..stop along an axis; exact.  *Adjoint*: zeros elsewhere."""
    if not -a.value.ndim <= axis < a.value.ndim or not 0 <= start < stop <= a.shape[axis]:
        msg = f"elements {start}..{stop} along axis {axis} of shape {a.shape}: give an axis that "
        raise DatapathError(msg + "is there and 0 <= start < stop <= its length")
    where = (slice(None),) * (axis % a.value.ndim) + (slice(start, stop),)
    return a.tape.record("take", a.value[where].copy(), (a,), where)
