"""Packing of operands into panels, and the blocked loop around the micro-kernel."""

import numpy as np

from ...formats import kernel
from .microkernel import update_tile

#: Rows of k in a block, so few that panels of A stay in the second-level cache.
K_BLOCK = 1024


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
def spread_tiles(scales, tile_columns, factors, first, last, own):
    """The factor of each column from first to last under one row of scales."""
    for tile in range(first // tile_columns, (last - 1) // tile_columns + 1):
        factor = factors[scales[tile]]
        begin = max(0, tile * tile_columns - first)
        for j in range(begin, min(last, (tile + 1) * tile_columns) - first):
            own[j] = factor


@kernel
def pack_byte_rows(codes, scales, tile, numbers, factors, start, stop, width, inner, panels):
    """`pack_rows` of rows start..stop, each value ``numbers[code] * factors[scale]``, exact."""
    high = len(width)
    start = max(start, 0)
    columns = codes.shape[1]
    own = np.empty(columns, factors.dtype)
    spread = -1
    for first in range(start, stop, high):
        base = (first - start) * inner
        for r in range(min(high, stop - first)):
            i = first + r
            if i // tile[0] != spread:
                spread = i // tile[0]
                spread_tiles(scales[spread], tile[1], factors, 0, columns, own)
            for k in range(columns):
                panels[base + k * high + r] = numbers[codes[i, k]] * own[k]
            for k in range(columns, inner):
                panels[base + k * high + r] = 0
        for r in range(stop - first, high):
            for k in range(inner):
                panels[base + k * high + r] = 0


@kernel
def pack_byte_columns(codes, scales, tile, numbers, factors, start, stop, width, inner, panels):
    """`pack_columns` of columns start..stop in the same way."""
    wide = len(width)
    start = max(start, 0)
    rows = codes.shape[0]
    own = np.empty(wide, factors.dtype)
    for strip in range(0, rows, tile[0]):  # panels within: codes are read in the order they lie in
        for first in range(start, stop, wide):
            base = (first - start) * inner
            count = min(wide, stop - first)
            spread_tiles(scales[strip // tile[0]], tile[1], factors, first, first + count, own)
            for k in range(strip, min(rows, strip + tile[0])):
                at = base + k * wide
                if count == wide:
                    for r in range(wide):
                        panels[at + r] = numbers[codes[k, first + r]] * own[r]
                else:
                    for r in range(count):
                        panels[at + r] = numbers[codes[k, first + r]] * own[r]
                    for r in range(count, wide):
                        panels[at + r] = 0
    for first in range(start, stop, wide):
        base = (first - start) * inner
        for at in range(base + rows * wide, base + inner * wide):
            panels[at] = 0


@kernel
def multiply_panels(a, b, c, inner, row_length, rows, columns, depth):
    """C += A B from packed panels; C (flat) holds the accumulators.

    Panels of A have `rows_of(len(depth))` rows, those of B as many columns as a register tile.
    ``inner`` is k padded to a multiple of ``len(depth)``; k is cut into blocks for the cache,
    which changes no bit because C keeps the accumulators between blocks.
    """
    span = len(depth)
    block = max(1, K_BLOCK // span) * span
    for first in range(0, inner, block):
        tiles = (min(inner, first + block) - first) // span
        for j in range(row_length // columns):
            for i in range(c.shape[0] // (rows * row_length)):
                update_tile(  # pyright: ignore[reportCallIssue] (numba supplies the context)
                    a, b, c,
                    i * rows * inner + first * rows,
                    j * columns * inner + first * columns,
                    i * rows * row_length + j * columns,
                    row_length, tiles, depth,
                )  # fmt: skip
