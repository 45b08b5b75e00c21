"""Panels of C by chains of fused multiply-adds of binary16."""

from ...formats import kernel
from .half_vectors import COLUMNS, ROWS, add_halves


@kernel
def half_tiles(a, b, c, inner, row_length, start, stop):
    """Row panels start..stop of C by `add_halves`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_halves(  # pyright: ignore[reportCallIssue] (numba supplies the context)
                a, b, c, i * ROWS * inner, j * inner, i * ROWS * row_length + j, row_length, inner
            )
