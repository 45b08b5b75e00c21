"""Packing of operands into panels, and the blocked loop around the micro-kernel."""

from ..formats import kernel
from .microkernel import ROWS, update_tile

#: Rows of k a block keeps in the first-level cache; a multiple of every tile depth in use.
K_BLOCK = 256


@kernel
def pack_rows(matrix, width, inner, panels):
    """Panels of ``len(width)`` rows of a C-contiguous matrix, k-major, filled up with zeros.

    ``width`` is a tuple whose *length* counts, so that it is known when compiling.
    """
    high = len(width)
    rows, columns = matrix.shape
    for first in range(0, rows, high):
        base = first * inner
        for r in range(min(high, rows - first)):
            for k in range(columns):
                panels[base + k * high + r] = matrix[first + r, k]
            for k in range(columns, inner):
                panels[base + k * high + r] = 0
        for r in range(rows - first, high):
            for k in range(inner):
                panels[base + k * high + r] = 0


@kernel
def pack_columns(matrix, width, inner, panels):
    """Panels of ``len(width)`` columns of a C-contiguous matrix, k-major, filled up with zeros."""
    wide = len(width)
    rows, columns = matrix.shape
    for first in range(0, columns, wide):
        base = first * inner
        if first + wide <= columns:
            for k in range(rows):
                for r in range(wide):
                    panels[base + k * wide + r] = matrix[k, first + r]
        else:
            for k in range(rows):
                for r in range(columns - first):
                    panels[base + k * wide + r] = matrix[k, first + r]
                for r in range(columns - first, wide):
                    panels[base + k * wide + r] = 0
        for at in range(base + rows * wide, base + inner * wide):
            panels[at] = 0


@kernel
def multiply_panels(a, b, c, inner, row_length, columns, depth):
    """C += A B from packed panels; C (flat) holds the accumulators.

    ``inner`` is k padded to a multiple of ``len(depth)``; k is cut into blocks for the cache,
    which changes no bit because C keeps the accumulators between blocks.
    """
    span = len(depth)
    block = max(1, K_BLOCK // span) * span
    for first in range(0, inner, block):
        tiles = (min(inner, first + block) - first) // span
        for j in range(row_length // columns):
            for i in range(c.shape[0] // (ROWS * row_length)):
                update_tile(  # pyright: ignore[reportCallIssue] (numba supplies the context)
                    a, b, c,
                    i * ROWS * inner + first * ROWS,
                    j * columns * inner + first * columns,
                    i * ROWS * row_length + j * columns,
                    row_length, tiles, depth,
                )  # fmt: skip
