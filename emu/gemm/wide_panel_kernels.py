"""The blocked loops around the micro-kernels of the wide lane."""

from ...formats import kernel
from .microkernel import ROWS
from .wide_microkernel import WIDE_COLUMNS, update_exact_tile, update_tile_to_odd

#: Rows of k a block keeps in the first-level cache, as far as they are whole tiles.
WIDE_K_BLOCK = 128


@kernel
def multiply_wide_panels(a, b, c, inner, row_length, depth, to_odd):
    """C += A B from packed float64 panels; C (flat float32) holds the accumulators.

    The last tile along k may be less deep than ``depth``.  A block of k ends where a tile does, so
    that cutting k changes no bit.
    """
    panels = c.shape[0] // (ROWS * row_length)
    whole = inner // depth
    block = max(1, WIDE_K_BLOCK // depth)
    first = 0
    while first < inner:
        tiles = min(block, whole - first // depth)
        deep = depth
        if tiles == 0:
            tiles, deep = 1, inner - first
        for j in range(row_length // WIDE_COLUMNS):
            for i in range(panels):
                a_start = (i * inner + first) * ROWS
                b_start = (j * inner + first) * WIDE_COLUMNS
                c_start = i * ROWS * row_length + j * WIDE_COLUMNS
                if to_odd:
                    update_tile_to_odd(  # pyright: ignore[reportCallIssue] (numba supplies the context)
                        a, b, c, a_start, b_start, c_start, row_length, tiles, deep
                    )
                else:
                    update_exact_tile(  # pyright: ignore[reportCallIssue]
                        a, b, c, a_start, b_start, c_start, row_length, tiles, deep
                    )
        first += tiles * deep
