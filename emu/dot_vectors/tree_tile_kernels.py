"""The loops around the vector kernels of trees: all row panels for each column panel."""

from ...formats import kernel
from .panels import COLUMNS, ROWS
from .tree_vectors import (
    add_far_ones,
    add_narrow_far_ones,
    add_narrow_neighbours,
    add_neighbours,
    add_odd_far_ones,
    add_odd_neighbours,
)


@kernel
def neighbour_tiles(a, b, c, seen, inner, row_length, terms, numbers, start, stop):
    """Row panels start..stop of C by `add_neighbours`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_neighbours(
                a, b, c, seen, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, terms, numbers,
            )  # fmt: skip


@kernel
def strided_tiles(a, b, c, seen, inner, row_length, terms, numbers, start, stop):
    """Row panels start..stop of C by `add_far_ones`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_far_ones(
                a, b, c, seen, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, terms, numbers,
            )  # fmt: skip


@kernel
def narrow_neighbour_tiles(a, b, c, seen, inner, row_length, terms, numbers, start, stop):
    """Row panels start..stop of C by `add_narrow_neighbours`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_narrow_neighbours(
                a, b, c, seen, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, terms, numbers,
            )  # fmt: skip


@kernel
def narrow_strided_tiles(a, b, c, seen, inner, row_length, terms, numbers, start, stop):
    """Row panels start..stop of C by `add_narrow_far_ones`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_narrow_far_ones(
                a, b, c, seen, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, terms, numbers,
            )  # fmt: skip


@kernel
def odd_neighbour_tiles(a, b, c, seen, inner, row_length, terms, numbers, start, stop):
    """Row panels start..stop of C by `add_odd_neighbours`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_odd_neighbours(
                a, b, c, seen, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, terms, numbers,
            )  # fmt: skip


@kernel
def odd_strided_tiles(a, b, c, seen, inner, row_length, terms, numbers, start, stop):
    """Row panels start..stop of C by `add_odd_far_ones`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_odd_far_ones(
                a, b, c, seen, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, terms, numbers,
            )  # fmt: skip
