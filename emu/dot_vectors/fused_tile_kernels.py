"""The loops around the vector kernels of fused adders: all row panels for each column panel."""

from ...formats import kernel
from .fused_vectors import (
    add_cut,
    add_fused,
    add_half,
    add_late,
    add_narrow,
    add_narrow_late,
    add_narrow_odd,
    add_narrow_paired,
    add_odd,
    add_paired,
    add_wide_half,
)
from .panels import COLUMNS, ROWS


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
def cut_tiles(a, b, c, seen, ae, be, inner, row_length, numbers, start, stop):
    """Row panels start..stop of C by `add_cut`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_cut(
                a, b, c, seen, ae, be, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, numbers,
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
def wide_half_tiles(a, b, c, seen, ae, be, inner, row_length, numbers, start, stop):
    """Row panels start..stop of C by `add_wide_half`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_wide_half(
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
def narrow_late_tiles(a, b, c, seen, ae, be, inner, row_length, numbers, start, stop):
    """Row panels start..stop of C by `add_narrow_late`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_narrow_late(
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
def narrow_paired_tiles(a, b, c, seen, ae, be, inner, row_length, numbers, start, stop):
    """Row panels start..stop of C by `add_narrow_paired`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_narrow_paired(
                a, b, c, seen, ae, be, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, numbers,
            )  # fmt: skip


@kernel
def odd_tiles(a, b, c, seen, ae, be, inner, row_length, numbers, start, stop):
    """Row panels start..stop of C by `add_odd`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_odd(
                a, b, c, seen, ae, be, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, numbers,
            )  # fmt: skip


@kernel
def narrow_odd_tiles(a, b, c, seen, ae, be, inner, row_length, numbers, start, stop):
    """Row panels start..stop of C by `add_narrow_odd`."""
    for j in range(0, row_length, COLUMNS):
        for i in range(start, stop):
            add_narrow_odd(
                a, b, c, seen, ae, be, i * ROWS * inner, j * inner, i * ROWS * row_length + j,
                i * row_length + j, row_length, inner, numbers,
            )  # fmt: skip
