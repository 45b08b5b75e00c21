"""Compiled encoding of a matrix, a strip of tiles at a time.

`scale_strips` writes one scale per tile, `encode_strips` one code per element: any format, any
rounding, in integers.  `encode_fixed_strips` does both at once for the common case (float32 into
a saturating integer element, ties to even) in float32 vectors; it hands a strip it cannot prove
exact to the other two, and the tests hold the two to the same bits.  A scalar format is the case
of one tile per row with every scale equal to 1.
"""

import numpy as np

from .jit import kernel
from .scalar_kernels import (
    SATURATED,
    STOCHASTIC,
    UNDERFLOWED,
    fixed_code,
    floor_log2,
    minifloat_code,
)


@kernel
def scale_code(top, element_emax, bias, nan_code):
    """Scale of a tile with largest magnitude ``top`` (float64): OCP MX v1.0, 6.3, clamped."""
    if not np.isfinite(top):
        return nan_code
    if top == 0.0:
        return 0
    return min(max(floor_log2(top) - element_emax + bias, 0), nan_code - 1)


@kernel
def scale_strips(x, tile_rows, tile_columns, element_emax, bias, nan_code, scales, start, stop):
    """Scales of the tiles in strips start..stop of a 2-D float array."""
    rows, columns = x.shape
    for strip in range(start, stop):
        top_row = strip * tile_rows
        for tile in range(scales.shape[1]):
            top = 0.0
            for i in range(top_row, min(rows, top_row + tile_rows)):
                for j in range(tile * tile_columns, min(columns, (tile + 1) * tile_columns)):
                    magnitude = abs(np.float64(x[i, j]))
                    if not magnitude <= top:  # also when it is NaN, which then stays
                        top = magnitude
                    if np.isnan(top):
                        break
                if np.isnan(top):
                    break
            scales[strip, tile] = scale_code(top, element_emax, bias, nan_code)


@kernel
def encode_strips(
    x, scales, tile_rows, tile_columns, bias, nan_code, element, mode, overflow,
    random, random_bits, codes, counts, start, stop,
):  # fmt: skip
    """Codes of strips start..stop under given scales; one rounding each.

    ``element`` holds the integers that describe the element format (`Cast` fills them):
    (fixed?, significand_bits, lsb_min, max_ordinal, infinity, nan, sign, negative_zero).
    The scale enters as a shift of ``lsb_min``, so no product is formed that could lose a bit.
    Elements of a tile whose scale is NaN get code 0.
    """
    fixed, significand_bits, lsb_min, max_ordinal, infinity, nan, sign, negative_zero = element
    rows, columns = x.shape
    for i in range(start * tile_rows, min(rows, stop * tile_rows)):
        for tile in range(scales.shape[1]):
            scale = int(scales[i // tile_rows, tile])
            shift = scale - bias
            for j in range(tile * tile_columns, min(columns, (tile + 1) * tile_columns)):
                if scale == nan_code:
                    codes[i, j] = 0
                    continue
                value = np.float64(x[i, j])
                draw = int(random[i, j]) if mode == STOCHASTIC else 0
                if fixed:
                    codes[i, j] = fixed_code(
                        value, lsb_min + shift, max_ordinal, mode, overflow, draw, random_bits,
                        counts,
                    )  # fmt: skip
                else:
                    codes[i, j] = minifloat_code(
                        value, significand_bits, lsb_min + shift, max_ordinal, infinity, nan, sign,
                        negative_zero, mode, overflow, draw, random_bits, counts,
                    )  # fmt: skip


@kernel
def column_peaks(x, first, last, peaks):
    """Largest magnitude of each column of rows first..last; False if one is NaN or infinite."""
    finite = True
    for j in range(x.shape[1]):
        peaks[j] = np.float32(0.0)
    for i in range(first, last):
        for j in range(x.shape[1]):
            magnitude = abs(x[i, j])
            finite &= magnitude < np.inf
            peaks[j] = magnitude if magnitude > peaks[j] else peaks[j]
    return finite


@kernel
def tile_multipliers(peak_bits, tile_columns, codes, factors, tops, scales, multipliers):
    """Scale of each tile of a strip, and per column the float32 that takes x to the integers.

    ``codes`` and ``factors`` hold both by the exponent field of the tile's largest magnitude
    (`scale_tables`); a factor of 0 marks a field that is not for this lane.  False if one came up.
    ``peak_bits`` are the columns' peaks seen as int32, zero-padded to whole tiles; the loops over
    tiles are innermost, so that they run in vectors also where a tile is narrow.
    """
    tiles = scales.shape[0]
    for tile in range(tiles):
        tops[tile] = peak_bits[tile * tile_columns]
    for offset in range(1, tile_columns):
        for tile in range(tiles):
            tops[tile] = max(tops[tile], peak_bits[tile * tile_columns + offset])
    lawful = True
    for tile in range(tiles):
        field = tops[tile] >> 23
        lawful &= factors[field] != 0 and (field != 0 or tops[tile] == 0)
        scales[tile] = codes[field]
    for offset in range(tile_columns):
        for tile in range(tiles):
            multipliers[tile * tile_columns + offset] = factors[tops[tile] >> 23]
    return lawful


@kernel
def encode_fixed_row(row, multipliers, low, high, codes, counts):
    """Integers of one row: scale, round to even by the magic constant, clip; one rounding.

    Adding and subtracting 1.5 2^23 rounds a float32 below 2^22 in magnitude to an integer, ties
    to even; the product before it is exact unless it falls below 2^-126, where it rounds to 0
    either way.
    """
    magic = np.float32(1.5 * 2.0**23)
    saturated = np.int32(0)  # int32, so that a vector counts as many elements as it rounds
    underflowed = np.int32(0)
    for j in range(row.shape[0]):
        q = (row[j] * multipliers[j] + magic) - magic
        underflowed = np.int32(underflowed + ((q == 0) & (row[j] != 0)))
        saturated = np.int32(saturated + ((q > high) | (q < low)))
        q = high if q > high else q
        q = low if q < low else q
        codes[j] = np.int32(q)
    counts[SATURATED] += saturated
    counts[UNDERFLOWED] += underflowed


@kernel
def encode_fixed_strips(
    x, tile_rows, tile_columns, scale_codes, factors, low, high, scales, codes, counts,
    refused_strips, start, stop,
):  # fmt: skip
    """Scales and codes of strips start..stop of a float32 matrix into integer elements.

    Preconditions: ties to even, a saturating policy, elements of at most 22 bits, tables from
    `scale_tables`.  A strip that holds a NaN, an infinity or an extreme scale is left alone and
    marked in ``refused_strips``.
    """
    peaks = np.zeros(scales.shape[1] * tile_columns, np.float32)
    peak_bits = peaks.view(np.int32)
    multipliers = np.empty(peaks.shape[0], np.float32)
    tops = np.empty(scales.shape[1], np.int32)
    for strip in range(start, stop):
        first = strip * tile_rows
        last = min(x.shape[0], first + tile_rows)
        easy = column_peaks(x, first, last, peaks)
        if easy:
            easy = tile_multipliers(
                peak_bits, tile_columns, scale_codes, factors, tops, scales[strip], multipliers
            )
        refused_strips[strip] = not easy
        if easy:
            for i in range(first, last):
                encode_fixed_row(x[i], multipliers, low, high, codes[i], counts)
