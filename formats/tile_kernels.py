"""Compiled choice of the scales of tiles of float32, in vectors of words.

For a whole strip of tiles of any shape (`prepare_strip`) in three steps: the largest magnitude of
each tile, its scale and the low that belongs to it, and the low of each column.  Tiles of sixteens
of columns are read as vectors; of others, the peaks of the columns are folded pair by pair in loops
that become vector instructions.  For the tiles of MX, 1 x 32, and for those of 4 or 8 columns, as
SMX has them, there are the parts of which a strip can be made in one pass.
"""

import numpy as np

from .float32_bits import EXPONENT_SHIFT, FRACTION, LAST_FIELD, MAGNITUDE, ONE, ZERO
from .jit import inlined_kernel, kernel
from .vector_words import (
    greatest_of_4s,
    greatest_of_8s,
    greatest_of_16,
    load_16,
    spread_16,
    store_16,
    store_firsts_of_4s,
    store_firsts_of_8s,
)
from .words import (
    add,
    both,
    choose,
    either,
    equals,
    exceeds,
    greater,
    lesser,
    prefer_wide_vectors,
    right,
    subtract,
)

#: Keeps differences of exponents above 0 (`scale_words.py`).
LIFT = np.uint32(1 << 24)
#: The low less 1 of a tile of zeros: under any one they are zeros, and here no step on the way is a
#: subnormal, over which processors stumble.
LOW_OF_ZEROS = np.uint32(63)


@kernel
def column_peaks(words, first, last, peaks):
    """Largest magnitude bits of each column of rows first..last; 0 beyond the columns."""
    prefer_wide_vectors()
    columns = words.shape[1]
    for j in range(columns):
        peaks[j] = both(words[first, j], MAGNITUDE)
    for i in range(first + 1, last):
        for j in range(columns):
            peaks[j] = greater(peaks[j], both(words[i, j], MAGNITUDE))
    peaks[columns:] = ZERO


@kernel
def fold_pairs(values, count, folded):
    """The greater of each of ``count`` pairs of neighbours."""
    prefer_wide_vectors()
    for k in range(count):
        folded[k] = greater(values[2 * k], values[2 * k + 1])


@kernel
def fold_groups(values, size, count, folded):
    """The greatest of each of ``count`` groups of ``size`` neighbours."""
    for k in range(count):
        top = ZERO
        for j in range(k * size, (k + 1) * size):
            top = greater(top, values[j])
        folded[k] = top


@kernel
def unfold_pairs(values, count, unfolded):
    """Each of ``count`` values twice."""
    prefer_wide_vectors()
    for k in range(count):
        unfolded[2 * k] = values[k]
        unfolded[2 * k + 1] = values[k]


@kernel
def unfold_groups(values, size, count, unfolded):
    """Each of ``count`` values ``size`` times."""
    for k in range(count):
        for j in range(k * size, (k + 1) * size):
            unfolded[j] = values[k]


@inlined_kernel
def tile_top(words, first, last, start, stop):
    """Largest magnitude bits of rows first..last, columns start..stop."""
    columns = words.shape[1]
    tops = spread_16(ZERO)
    whole = stop - (stop - start) % 16
    for i in range(first, last):
        for j in range(i * columns + start, i * columns + whole, 16):
            tops = greater(tops, both(load_16(words, j), MAGNITUDE))
    top = greatest_of_16(tops)
    for i in range(first, last):
        for j in range(whole, stop):
            top = greater(top, both(words[i, j], MAGNITUDE))
    return top


@inlined_kernel
def top_of_32(words, start):
    """Largest magnitude bits of thirty-two words from ``start`` on."""
    one, other = load_16(words, start), load_16(words, start + 16)
    return greatest_of_16(greater(both(one, MAGNITUDE), both(other, MAGNITUDE)))


@inlined_kernel
def tops_of_columns(words, first, last, start, tile_columns):
    """Largest magnitude bits of the tiles of sixteen columns from ``start`` on, in each column.

    The tiles are 4 or 8 columns wide.
    """
    columns = words.shape[1]
    peaks = spread_16(ZERO)
    for j in range(first * columns + start, last * columns, columns):
        peaks = greater(peaks, both(load_16(words, j), MAGNITUDE))
    return greatest_of_4s(peaks) if tile_columns == 4 else greatest_of_8s(peaks)


@inlined_kernel
def store_scales(scales, start, codes, tile_columns):
    """Set the scales of these tiles, from the codes in each column."""
    if tile_columns == 4:
        store_firsts_of_4s(scales, start // 4, codes)
    else:
        store_firsts_of_8s(scales, start // 8, codes)


@inlined_kernel
def scale_and_low(top, scaling):
    """Scale code and low less 1 of a tile with largest magnitude bits ``top``.

    ``scaling`` is made in `scale_words.py`.  A low less 1 of all ones marks a tile that is not for
    the vector lane: subnormals, infinities and NaNs never are.
    """
    threshold, offset, nan_code, overflow_code = scaling[0], scaling[1], scaling[2], scaling[3]
    start, greatest, zero_code = scaling[4], scaling[5], scaling[6]
    field = right(top, EXPONENT_SHIFT)
    step = both(exceeds(both(top, FRACTION), threshold), ONE)
    code = subtract(greater(add(add(field, step), LIFT), offset), offset)
    beyond = exceeds(add(code, ONE), nan_code)
    less_one = add(code, start)
    strange = either(equals(field, ZERO), exceeds(field, LAST_FIELD))
    strange = either(strange, either(beyond, exceeds(less_one, greatest)))
    is_zero = equals(top, ZERO)
    code = choose(is_zero, zero_code, choose(beyond, overflow_code, code))
    return code, choose(is_zero, lesser(greatest, LOW_OF_ZEROS), either(less_one, strange))


@kernel
def scales_and_lows(tops, scaling, scales, lows):
    """Scale codes and lows of tiles with largest magnitude bits ``tops``; the greatest low less 1.

    All ones if a tile is not for the vector lane.
    """
    prefer_wide_vectors()
    most = ZERO
    for tile in range(tops.shape[0]):
        code, less_one = scale_and_low(tops[tile], scaling)
        scales[tile] = code
        lows[tile] = add(less_one, ONE)
        most = greater(most, less_one)
    return most


@kernel
def spread_wide(values, tile_columns, columns, spread):
    """The value of each tile, a multiple of 16 columns wide, in all its columns."""
    for tile in range(values.shape[0]):
        start = tile * tile_columns
        stop = min(columns, start + tile_columns)
        whole = stop - (stop - start) % 16
        value = spread_16(values[tile])
        for j in range(start, whole, 16):
            store_16(spread, j, value)
        for j in range(whole, stop):
            spread[j] = values[tile]


@kernel
def prepare_strip(words, first, last, tile_columns, scaling, scales, work, lows):
    """Scales of the tiles of rows first..last, lows of their columns; the greatest low less 1.

    ``work`` and ``lows`` have a word for each column, those that the last tile lacks included.
    They change places at every step, so that the last one writes ``lows``.
    """
    tiles = scales.shape[0]
    if tile_columns % 16 == 0:
        for tile in range(tiles):
            start = tile * tile_columns
            stop = min(words.shape[1], start + tile_columns)
            work[tile] = tile_top(words, first, last, start, stop)
        most = scales_and_lows(work[:tiles], scaling, scales, work[tiles : 2 * tiles])
        spread_wide(work[tiles : 2 * tiles], tile_columns, words.shape[1], lows)
        return most
    values, others = work, lows
    column_peaks(words, first, last, values)
    odd, count = tile_columns, values.shape[0]
    while odd % 2 == 0:
        odd, count = odd // 2, count // 2
        fold_pairs(values, count, others)
        values, others = others, values
    if odd > 1:
        fold_groups(values, odd, tiles, others)
        values, others = others, values
    most = scales_and_lows(values[:tiles], scaling, scales, others[:tiles])
    values, others = others, values
    if odd > 1:
        unfold_groups(values, odd, tiles, others)
        values, others = others, values
    while count < values.shape[0]:
        unfold_pairs(values, count, others)
        values, others = others, values
        count *= 2
    return most
