"""Fields on coarser grids: the largest or the mean element of every cell of ``size^d``."""

import numpy as np

from ..errors import DatapathError
from .fields import require_positive, space_of, window_places
from .operation import operation
from .tape import Node


@operation
def max_pool(a: Node, size: int) -> Node:
    """The largest element of each cell and channel: (B, *space, C), each side / size; exact.

    Of equal ones it is the first in C order, so that of -0 and +0 the first one stays; a NaN is
    larger than every number, and again the first one stays.

    Notes
    -----
    *Adjoint*: the gradient goes to the element that was chosen; exact.
    """
    space = _cells(a, size)
    parts = (a.value[where] for where in window_places(space, size, size))
    value = next(parts).copy()
    chosen = np.zeros(value.shape, np.int32)
    for k, part in enumerate(parts, 1):
        least = np.real(value)
        larger = ~(np.real(part) <= least) & (least == least)
        np.copyto(value, part, where=larger)
        chosen[larger] = k
    return a.tape.record("max_pool", value, (a,), (size, chosen))


@operation
def mean_pool(a: Node, size: int) -> Node:
    """The mean element of each cell and channel: (B, *space, C), each side / size.

    *Exactness*: a rounded sum for each element but the first, in C order, and a division by
    ``size^d``, which is exact (but for subnormals) where that is a power of two.

    Notes
    -----
    *Adjoint*: the gradient divided by ``size^d``, once, to each element.
    """
    space = _cells(a, size)
    parts = (a.value[where] for where in window_places(space, size, size))
    total = next(parts).copy()
    for part in parts:
        total += part
    count = a.tape.datapath.dtype(size ** len(space))
    return a.tape.record("mean_pool", total / count, (a,), size)


def _cells(a: Node, size: int) -> tuple[int, ...]:
    """The space of a field that whole cells cover."""
    space = space_of(a)
    require_positive("the size of a cell", size)
    if any(n % size or n == 0 for n in space):
        msg = f"a field of shape {a.shape} has no whole cells of size {size}: give sides that are "
        raise DatapathError(msg + f"multiples of {size}, or pad or take first")
    return space
