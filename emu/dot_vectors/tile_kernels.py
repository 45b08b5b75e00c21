"""The loops around the vector kernels of dot products: all row panels for each column panel."""

from ...formats import kernel
from .chain_vectors import add_products, add_tiles
from .fused_vectors import add_fused, add_half, add_late, add_narrow, add_paired
from .integer_vectors import add_saturated
from .panels import COLUMNS, ROWS
from .tree_vectors import add_far_ones, add_neighbours


@kernel
def product_tiles(a, b, c, seen, inner, row_length, numbers, start, stop):
    """Row panels start..stop of C by `add_products`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_products(  # pyright: ignore[reportCallIssue] (numba supplies the context)
                a, b, c, seen, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, numbers,
            )  # fmt: skip


@kernel
def sum_tiles(a, b, c, seen, inner, row_length, numbers, start, stop):
    """Row panels start..stop of C by `add_tiles`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_tiles(  # pyright: ignore[reportCallIssue] (numba supplies the context)
                a, b, c, seen, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, numbers,
            )  # fmt: skip


@kernel
def fused_tiles(a, b, c, seen, ae, be, inner, row_length, numbers, start, stop):
    """Row panels start..stop of C by `add_fused`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_fused(
                a, b, c, seen, ae, be, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, numbers,
            )  # fmt: skip


@kernel
def late_tiles(a, b, c, seen, ae, be, inner, row_length, numbers, start, stop):
    """Row panels start..stop of C by `add_late`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_late(
                a, b, c, seen, ae, be, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, numbers,
            )  # fmt: skip


@kernel
def neighbour_tiles(a, b, c, inner, row_length, terms, start, stop):
    """Row panels start..stop of C by `add_neighbours`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_neighbours(  # pyright: ignore[reportCallIssue] (numba supplies the context)
                a, b, c, i * ROWS * inner, j * inner, i * ROWS * row_length + j, row_length,
                inner, terms,
            )  # fmt: skip


@kernel
def strided_tiles(a, b, c, inner, row_length, terms, start, stop):
    """Row panels start..stop of C by `add_far_ones`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_far_ones(  # pyright: ignore[reportCallIssue] (numba supplies the context)
                a, b, c, i * ROWS * inner, j * inner, i * ROWS * row_length + j, row_length,
                inner, terms,
            )  # fmt: skip


@kernel
def saturated_tiles(a, b, c, changed, inner, row_length, terms, least, greatest, start, stop):
    """Row panels start..stop of C by `add_saturated`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            at = i * ROWS * row_length + j
            add_saturated(  # pyright: ignore[reportCallIssue] (numba supplies the context)
                a, b, c, changed, i * ROWS * inner, j * inner, at, at, row_length, inner, terms,
                least, greatest,
            )  # fmt: skip


@kernel
def narrow_tiles(a, b, c, seen, ae, be, inner, row_length, numbers, start, stop):
    """Row panels start..stop of C by `add_narrow`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_narrow(
                a, b, c, seen, ae, be, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, numbers,
            )  # fmt: skip


@kernel
def paired_tiles(a, b, c, seen, ae, be, inner, row_length, numbers, start, stop):
    """Row panels start..stop of C by `add_paired`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_paired(
                a, b, c, seen, ae, be, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, numbers,
            )  # fmt: skip


@kernel
def half_tiles(a, b, c, seen, ae, be, inner, row_length, numbers, start, stop):
    """Row panels start..stop of C by `add_half`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_half(
                a, b, c, seen, ae, be, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, numbers,
            )  # fmt: skip
