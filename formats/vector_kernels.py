"""Compiled encoding in float32 vectors: float32 input, ties to even, saturating.

A strip of tiles is encoded in three passes over its rows: the peaks of the columns, the scale of
each tile, the codes of each row.  All loops run along rows, so that they become vector
instructions.  A strip that holds a NaN, an infinity or an extreme scale is left alone and reported:
`encode_kernels.encode_strips`, which gives the same bits, takes it.
"""

import numpy as np

from .jit import kernel
from .scalar_kernels import SATURATED, UNDERFLOWED

WIDE_TILE = 16  # columns from which a tile fills vectors by itself


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
def tile_tops(peak_bits, tile_columns, tops):
    """Largest of each tile's peaks; the longer loop is the inner one, for the vectors' sake."""
    tiles = tops.shape[0]
    if tile_columns < WIDE_TILE:
        for tile in range(tiles):
            tops[tile] = peak_bits[tile * tile_columns]
        for offset in range(1, tile_columns):
            for tile in range(tiles):
                tops[tile] = max(tops[tile], peak_bits[tile * tile_columns + offset])
        return
    for tile in range(tiles):
        top = np.int32(0)
        for j in range(tile * tile_columns, (tile + 1) * tile_columns):
            top = max(top, peak_bits[j])
        tops[tile] = top


@kernel
def spread(tops, tile_columns, factors, multipliers):
    """The factor of each column's tile."""
    tiles = tops.shape[0]
    if tile_columns < WIDE_TILE:
        for offset in range(tile_columns):
            for tile in range(tiles):
                multipliers[tile * tile_columns + offset] = factors[tops[tile] >> 23]
        return
    for tile in range(tiles):
        multipliers[tile * tile_columns : (tile + 1) * tile_columns] = factors[tops[tile] >> 23]


@kernel
def tile_multipliers(peak_bits, tile_columns, codes, factors, tops, scales, multipliers):
    """Scale of each tile of a strip, and per column the float32 that takes x to the element.

    ``codes`` and ``factors`` hold both by the exponent field of the tile's largest magnitude
    (`scale_tables`); a factor of 0 marks a field that is not for this lane.  False if one came up.
    ``peak_bits`` are the columns' peaks seen as int32, zero-padded to whole tiles.
    """
    tile_tops(peak_bits, tile_columns, tops)
    lawful = True
    for tile in range(scales.shape[0]):
        field = tops[tile] >> 23
        lawful &= factors[field] != 0 and (field != 0 or tops[tile] == 0)
        scales[tile] = codes[field]
    if lawful:
        spread(tops, tile_columns, factors, multipliers)
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
def minifloat_steps(value_bits, columns, lowest, highest, shift, step_bits):
    """Per column the bits of the binade of |value|, kept between two, times a power of two.

    Adding such a float32 to |value| and subtracting it again rounds |value|, ties to even, to the
    significand of the format; ``lowest`` is the binade of the least normal value, below which the
    step is constant, ``highest`` the one above the largest value.
    """
    for j in range(columns):
        binade = np.int32(value_bits[j] & np.int32(0x7F800000))
        binade = lowest if binade < lowest else binade
        binade = highest if binade > highest else binade
        step_bits[j] = np.int32(binade + shift)


@kernel
def encode_minifloat_row(
    row, multipliers, minifloat, largest, inverse_lsb, values, value_bits, steps, step_bits,
    codes, counts,
):  # fmt: skip
    """Codes of one row of a saturating minifloat; one rounding.

    ``minifloat`` holds int32: (lowest, highest, shift, drop, first normal ordinal, sign, is -0 a
    code); the last four arrays but one are work space of the row's length, each float32 one with
    a view of its bits.
    """
    lowest, highest, shift, drop, first_normal, sign, negative_zero = minifloat
    columns = row.shape[0]
    saturated = np.int32(0)
    underflowed = np.int32(0)
    for j in range(columns):
        values[j] = row[j] * multipliers[j]
    minifloat_steps(value_bits, columns, lowest, highest, shift, step_bits)
    for j in range(columns):
        rounded = (abs(values[j]) + steps[j]) - steps[j]
        saturated = np.int32(saturated + (rounded > largest))
        underflowed = np.int32(underflowed + ((rounded == 0) & (row[j] != 0)))
        steps[j] = largest if rounded > largest else rounded
    for j in range(columns):
        below = steps[j] if step_bits[j] < lowest else np.float32(0.0)
        subnormal = np.int32(below * inverse_lsb)
        normal = np.int32(((step_bits[j] - lowest) >> drop) + first_normal)
        ordinal = normal if step_bits[j] >= lowest else subnormal
        negative = value_bits[j] < 0 and (ordinal > 0 or negative_zero > 0)
        codes[j] = ordinal + sign if negative else ordinal
    counts[SATURATED] += saturated
    counts[UNDERFLOWED] += underflowed


@kernel
def encode_fixed_strips(
    x, tile_rows, tile_columns, scale_codes, factors, low, high, scales, codes, counts,
    refused_strips, start, stop,
):  # fmt: skip
    """Scales and codes of strips start..stop into integer elements of at most 22 bits."""
    peaks = np.zeros(scales.shape[1] * tile_columns, np.float32)
    peak_bits = peaks.view(np.int32)
    multipliers = np.empty(peaks.shape[0], np.float32)
    tops = np.empty(scales.shape[1], np.int32)
    for strip in range(start, stop):
        first = strip * tile_rows
        last = min(x.shape[0], first + tile_rows)
        easy = column_peaks(x, first, last, peaks) and tile_multipliers(
            peak_bits, tile_columns, scale_codes, factors, tops, scales[strip], multipliers
        )
        refused_strips[strip] = not easy
        if easy:
            for i in range(first, last):
                encode_fixed_row(x[i], multipliers, low, high, codes[i], counts)


@kernel
def encode_minifloat_strips(
    x, tile_rows, tile_columns, scale_codes, factors, minifloat, largest, inverse_lsb, scales,
    codes, counts, refused_strips, start, stop,
):  # fmt: skip
    """Scales and codes of strips start..stop into minifloat elements."""
    peaks = np.zeros(scales.shape[1] * tile_columns, np.float32)
    peak_bits = peaks.view(np.int32)
    multipliers = np.empty(peaks.shape[0], np.float32)
    tops = np.empty(scales.shape[1], np.int32)
    values = np.empty(x.shape[1], np.float32)
    value_bits = values.view(np.int32)
    steps = np.empty(x.shape[1], np.float32)
    step_bits = steps.view(np.int32)
    for strip in range(start, stop):
        first = strip * tile_rows
        last = min(x.shape[0], first + tile_rows)
        easy = column_peaks(x, first, last, peaks) and tile_multipliers(
            peak_bits, tile_columns, scale_codes, factors, tops, scales[strip], multipliers
        )
        refused_strips[strip] = not easy
        if easy:
            for i in range(first, last):
                encode_minifloat_row(
                    x[i], multipliers, minifloat, largest, inverse_lsb, values, value_bits, steps,
                    step_bits, codes[i], counts,
                )  # fmt: skip
