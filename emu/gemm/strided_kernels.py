"""Blocked loops around the micro-kernel that reads operands where they lie."""

import numpy as np

from ...formats import kernel
from .strided_microkernel import update_strided

#: Products along k of which a block keeps a panel of B in the first-level cache.
STRIDED_BLOCK = 256
#: The rows of the tallest register tile.
TALLEST = 6
#: Numbers of A in a block of rows, which stay in the second-level cache for all panels of B.
_ROOM = 1 << 15


@kernel
def pack_strips(b, places, shape, width, out, first, last):
    """Panels first..last of ``width`` columns of B, k by k, filled up with zeros.

    They are counted through all matrices.
    places : distances of consecutive matrices, of consecutive k and of consecutive columns.
    shape : how many k and columns there are.
    """
    inner, columns = shape
    panels = (columns + width - 1) // width
    for strip in range(max(first, 0), last):
        batch, panel = strip // panels, strip % panels
        base = strip * inner * width
        at = batch * places[0] + panel * width * places[2]
        count = min(width, columns - panel * width)
        if places[2] == 1:
            for k in range(inner):
                for r in range(count):
                    out[base + k * width + r] = b[at + k * places[1] + r]
        else:
            for r in range(count):
                for k in range(inner):
                    out[base + k * width + r] = b[at + r * places[2] + k * places[1]]
        if count < width:
            for k in range(inner):
                for r in range(count, width):
                    out[base + k * width + r] = 0


@kernel
def multiply_strided(a, b, c, of_a, of_b, shape, width, depth, tiled, batches, rows):
    """C = A B of matrices batches[0]..batches[1], in rows rows[0]..rows[1], from +0.

    of_a : distances of consecutive matrices, rows and k of A.
    of_b : distances of consecutive matrices, panels of ``width`` columns, and k of B.
    shape : rows, columns and k; C is contiguous.
    tiled : as of `update_strided`.

    Rows are cut into blocks, and k into blocks of whole tiles, which changes no bit: C keeps the
    accumulators between them, and is set to +0 tile by tile before the first, so that it need not
    be set before.  Columns beyond the last whole panel go through a tile beside C.
    """
    high = max(TALLEST, _ROOM // min(shape[2], STRIDED_BLOCK) // TALLEST * TALLEST)
    spare = np.zeros(TALLEST * width, c.dtype)
    for batch in range(batches[0], batches[1]):
        for top in range(rows[0], rows[1], high):
            block = top, min(rows[1], top + high)
            _multiply_block(a, b, c, spare, of_a, of_b, shape, width, depth, tiled, batch, block)


@kernel
def _multiply_block(a, b, c, spare, of_a, of_b, shape, width, depth, tiled, batch, rows):
    """The same of one matrix, of so few rows that A's numbers stay in the cache."""
    height, columns, inner = shape
    block = max(1, STRIDED_BLOCK // depth) * depth
    for k in range(0, inner, block):
        steps = min(block, inner - k)
        for j in range(0, columns, width):
            b_place = batch * of_b[0] + j // width * of_b[1] + k * of_b[2], of_b[2]
            used = min(width, columns - j)
            i = rows[0]
            while i < rows[1]:
                high = tile_height(rows[1] - i)
                start = (batch * height + i) * columns + j
                if k == 0:
                    for r in range(high):
                        for s in range(used):
                            c[start + r * columns + s] = 0
                target, c_place = c, (start, columns)
                if used < width:
                    target, c_place = spare, (0, width)
                    for r in range(high):
                        for s in range(used):
                            spare[r * width + s] = c[start + r * columns + s]
                a_place = batch * of_a[0] + i * of_a[1] + k * of_a[2], of_a[1], of_a[2]
                if high == 6:
                    update_strided(  # pyright: ignore[reportCallIssue] (numba supplies the context)
                        a, b, target, a_place, b_place, c_place, steps, depth, tiled,
                        (0, 0, 0, 0, 0, 0),
                    )  # fmt: skip
                elif high == 4:
                    update_strided(  # pyright: ignore[reportCallIssue]
                        a, b, target, a_place, b_place, c_place, steps, depth, tiled, (0, 0, 0, 0)
                    )
                else:
                    update_strided(  # pyright: ignore[reportCallIssue]
                        a, b, target, a_place, b_place, c_place, steps, depth, tiled, (0,)
                    )
                if used < width:
                    for r in range(high):
                        for s in range(used):
                            c[start + r * columns + s] = spare[r * width + s]
                i += high


@kernel
def tile_height(rows):
    """6, 4 or 1 of so many rows, so that few tiles are low: 8 are 4 and 4, 9 are 4, 4 and 1."""
    if rows >= 6 and rows != 8 and rows != 9:
        return 6
    return 4 if rows >= 4 else 1
