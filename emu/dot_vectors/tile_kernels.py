"""The loops around the vector kernels of dot products: all row panels for each column panel."""

from ...formats import kernel
from .chain_vectors import add_nearest, add_tiles, add_truncated
from .integer_vectors import add_saturated
from .panels import COLUMNS, ROWS
from .pinta_vectors import add_pinta
from .product_vectors import add_gradual, add_guarded, add_masked, add_products

#: Steps of k that are done for the whole tile before the next, where their numbers are read again
#: as fast as they are multiplied: 28 KiB of float64 stay in the first-level cache.
_K_BLOCK = 128


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
def guarded_tiles(a, b, c, seen, inner, row_length, numbers, start, stop):
    """Row panels start..stop of C by `add_guarded`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_guarded(  # pyright: ignore[reportCallIssue] (numba supplies the context)
                a, b, c, seen, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, numbers,
            )  # fmt: skip


@kernel
def gradual_tiles(a, b, c, seen, inner, row_length, numbers, start, stop):
    """Row panels start..stop of C by `add_gradual`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_gradual(  # pyright: ignore[reportCallIssue] (numba supplies the context)
                a, b, c, seen, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, numbers,
            )  # fmt: skip


@kernel
def masked_tiles(a, b, c, seen, inner, row_length, numbers, start, stop):
    """Row panels start..stop of C by `add_masked`, in blocks of k."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            for k in range(0, inner, _K_BLOCK):
                add_masked(  # pyright: ignore[reportCallIssue] (numba supplies the context)
                    a, b, c, seen, i * ROWS * inner + k * ROWS, j * inner + k * COLUMNS,
                    i * ROWS * row_length + j, i * row_length + j, row_length,
                    min(_K_BLOCK, inner - k), numbers,
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
def nearest_tiles(a, b, c, seen, inner, row_length, numbers, start, stop):
    """Row panels start..stop of C by `add_nearest`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_nearest(  # pyright: ignore[reportCallIssue] (numba supplies the context)
                a, b, c, seen, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, numbers,
            )  # fmt: skip


@kernel
def truncated_tiles(a, b, c, seen, inner, row_length, numbers, start, stop):
    """Row panels start..stop of C by `add_truncated`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_truncated(  # pyright: ignore[reportCallIssue] (numba supplies the context)
                a, b, c, seen, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, numbers,
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
def pinta_tiles(
    a, b, c, changed, ae, be, e, inner, tiles, row_length, numbers, start, stop
):  # fmt: skip
    """Row panels start..stop of C by `add_pinta`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_pinta(  # pyright: ignore[reportCallIssue] (numba supplies the context)
                a, b, c, changed, ae, be, e, i * ROWS * inner, j * inner,
                i * ROWS * row_length + j, i * ROWS * tiles, j * tiles, row_length, inner, numbers,
            )  # fmt: skip
