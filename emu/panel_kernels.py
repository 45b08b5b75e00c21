"""Packing of operands into panels, and the blocked loop around the micro-kernel."""

from ..formats import kernel
from .microkernel import ROWS, update_tile

#: Rows of k a block keeps in the first-level cache; a multiple of every tile depth in use.
K_BLOCK = 256


@kernel
def pack_rows(matrix, width, inner, panels, start, stop):
    """Panels start..stop of ``width`` rows of a C-contiguous matrix, k-major, zero-padded."""
    rows, columns = matrix.shape
    for panel in range(start, stop):
        base = panel * width * inner
        for r in range(width):
            i = panel * width + r
            if i < rows:
                for k in range(columns):
                    panels[base + k * width + r] = matrix[i, k]
                for k in range(columns, inner):
                    panels[base + k * width + r] = 0
            else:
                for k in range(inner):
                    panels[base + k * width + r] = 0


@kernel
def pack_columns(matrix, width, inner, panels, start, stop):
    """Panels start..stop of ``width`` columns of a C-contiguous matrix, k-major, zero-padded."""
    rows, columns = matrix.shape
    for panel in range(start, stop):
        base = panel * width * inner
        first = panel * width
        count = min(width, columns - first)
        for k in range(rows):
            for r in range(count):
                panels[base + k * width + r] = matrix[k, first + r]
            for r in range(count, width):
                panels[base + k * width + r] = 0
        for k in range(rows, inner):
            for r in range(width):
                panels[base + k * width + r] = 0


@kernel
def multiply_panels(a, b, c, inner, row_length, columns, depth, start, stop):
    """Row panels start..stop of C = A B from packed panels; C (flat, zeroed) is written in place.

    ``inner`` is k padded to a multiple of ``len(depth)``; k is cut into blocks for the cache,
    which changes no bit because C keeps the accumulators between blocks.
    """
    span = len(depth)
    block = max(1, K_BLOCK // span) * span
    for first in range(0, inner, block):
        tiles = (min(inner, first + block) - first) // span
        for j in range(row_length // columns):
            for i in range(start, stop):
                update_tile(  # pyright: ignore[reportCallIssue] (numba supplies the context)
                    a, b, c,
                    i * ROWS * inner + first * ROWS,
                    j * columns * inner + first * columns,
                    i * ROWS * row_length + j * columns,
                    row_length, tiles, depth,
                )  # fmt: skip
