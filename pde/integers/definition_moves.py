"""What the slow twin moves: arrays of objects, cell by cell."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .definition_numbers import Largest, Sum
from .program import Operation, sized

Numbers = NDArray[Any]


def pooled(x: Numbers, size: int) -> Numbers:
    """Return the largest number of each cell, by all its candidates."""
    batch, *space, channels = x.shape
    found = np.empty((batch, *(n // size for n in space), channels), object)
    for index in np.ndindex(found.shape):
        b, *cell, c = index
        where = tuple(slice(size * k, size * (k + 1)) for k in cell)
        found[index] = Largest(tuple(x[(b, *where, c)].flat))
    return found


def moved(each: Operation, operands: list[Numbers], batch: int) -> Numbers:
    """What only moves numbers; a border of zeros has no terms."""
    x, about = operands[0], each.about
    match each.name:
        case "reshape":
            return x.reshape(sized(each.shape, batch))
        case "transpose":
            return x.transpose(about)
        case "join":
            return np.concatenate(operands, about)
        case "take":
            axis, start, stop = about
            return x.take(range(start, stop), axis)
        case "pad":
            return _padded(x, *about)
    size, stride = about
    spans = [range(0, n - size + 1, stride) for n in x.shape[1:-1]]
    rows = [
        x[b][tuple(slice(k, k + size) for k in corner)].reshape(-1)
        for b in range(batch)
        for corner in np.array(np.meshgrid(*spans, indexing="ij")).reshape(len(spans), -1).T
    ]
    return np.stack(rows)


def _padded(x: Numbers, pairs: tuple[tuple[int, int], ...], boundary: str) -> Numbers:
    for axis, (before, after) in enumerate(pairs, 1):
        n = x.shape[axis]
        if boundary == "periodic":
            x = x.take([k % n for k in range(-before, n + after)], axis)
            continue
        parts = []
        for width in (before, after):
            zeros = np.empty((*x.shape[:axis], width, *x.shape[axis + 1 :]), object)
            zeros.fill(Sum(()))
            parts.append(zeros)
        x = np.concatenate([parts[0], x, parts[1]], axis)
    return x
