"""Compiled rounding to nearest even of float32 tiles: their scales and elements in one pass.

What `tile_kernels` and the rows of `even_kernels` do one after the other is done here tile by tile,
so that the machine reads and writes memory at the same time.  For the tiles of MX, 1 x 32, and for
tiles of four or eight columns, as those of SMX are, side by side.
"""

from .even_kernels import EXPONENT_SHIFT, MAGNITUDE, ONE, ZERO, even_code, even_value
from .float_words import float_product
from .jit import inlined_kernel, kernel
from .tile_kernels import scale_and_low
from .vector_words import (
    greatest_of_4s,
    greatest_of_8s,
    greatest_of_16,
    load_16,
    spread_16,
    store_16,
    store_firsts_of_4s,
    store_firsts_of_8s,
    sum_of_16,
)
from .words import add, both, greater, left, subtract


@inlined_kernel
def top_of_32(words, start):
    """Largest magnitude bits of thirty-two words."""
    one, other = load_16(words, start), load_16(words, start + 16)
    return greatest_of_16(greater(both(one, MAGNITUDE), both(other, MAGNITUDE)))


@inlined_kernel
def tops_of_columns(words, first, last, start, tile_columns):
    """Largest magnitude bits of the tiles of sixteen columns, rows first..last, in each column."""
    columns = words.shape[1]
    peaks = spread_16(ZERO)
    for j in range(first * columns + start, last * columns, columns):
        peaks = greater(peaks, both(load_16(words, j), MAGNITUDE))
    return greatest_of_4s(peaks) if tile_columns == 4 else greatest_of_8s(peaks)


@kernel
def encode_even_lines(words, row, scaling, element, even, scales, codes, counts):
    """Scales and codes of a row of whole tiles of 1 x 32.

    One pass, where `encode_even_row` is the second of two.  False, and the row is to be encoded
    anew, at the first tile that is not for this way.
    """
    saturated, underflowed = spread_16(ZERO), spread_16(ZERO)
    for tile in range(words.shape[1] // 32):
        start = row * words.shape[1] + 32 * tile
        scales[tile], less_one = scale_and_low(top_of_32(words, start), scaling)
        if less_one >= even[0]:
            return False
        low = left(add(less_one, ONE), EXPONENT_SHIFT)
        for j in range(start, start + 32, 16):
            code, beyond, below = even_code(load_16(words, j), low, element, even)
            store_16(codes, j, code)
            saturated = subtract(saturated, beyond)
            underflowed = subtract(underflowed, below)
    counts[0], counts[1] = sum_of_16(saturated), sum_of_16(underflowed)
    return True


@kernel
def quantize_even_lines(words, row, scaling, element, even, ends, values):
    """Values of such a row; False at the first tile that is not for this way."""
    shift = left(ends[3], EXPONENT_SHIFT)
    for tile in range(words.shape[1] // 32):
        start = row * words.shape[1] + 32 * tile
        _, less_one = scale_and_low(top_of_32(words, start), scaling)
        if less_one >= even[0]:
            return False
        low = left(add(less_one, ONE), EXPONENT_SHIFT)
        above = float_product(ends[1], add(low, shift))
        below = float_product(ends[2], add(low, shift))
        for j in range(start, start + 32, 16):
            value = even_value(load_16(words, j), low, element, even, above, below)
            store_16(values, j, value)
    return True


@kernel
def encode_even_squares(
    words, first, last, tile_columns, scaling, element, even, scales, codes, counts
):
    """The same for rows first..last of tiles of 4 or 8 columns, sixteens of columns in all."""
    columns = words.shape[1]
    most, saturated, underflowed = spread_16(ZERO), spread_16(ZERO), spread_16(ZERO)
    for start in range(0, columns, 16):
        tops = tops_of_columns(words, first, last, start, tile_columns)
        scale, less_one = scale_and_low(tops, scaling)
        most = greater(most, less_one)
        if tile_columns == 4:
            store_firsts_of_4s(scales, start // 4, scale)
        else:
            store_firsts_of_8s(scales, start // 8, scale)
        low = left(add(less_one, ONE), EXPONENT_SHIFT)
        for j in range(first * columns + start, last * columns, columns):
            code, beyond, below = even_code(load_16(words, j), low, element, even)
            store_16(codes, j, code)
            saturated = subtract(saturated, beyond)
            underflowed = subtract(underflowed, below)
    counts[0], counts[1] = sum_of_16(saturated), sum_of_16(underflowed)
    return greatest_of_16(most) < even[0]


@kernel
def quantize_even_squares(words, first, last, tile_columns, scaling, element, even, ends, values):
    """Values of such rows; False if a tile is not for this way."""
    columns = words.shape[1]
    most = spread_16(ZERO)
    for start in range(0, columns, 16):
        tops = tops_of_columns(words, first, last, start, tile_columns)
        _, less_one = scale_and_low(tops, scaling)
        most = greater(most, less_one)
        low = left(add(less_one, ONE), EXPONENT_SHIFT)
        unit = add(low, left(ends[3], EXPONENT_SHIFT))
        above, below = float_product(unit, ends[1]), float_product(unit, ends[2])
        for j in range(first * columns + start, last * columns, columns):
            value = even_value(load_16(words, j), low, element, even, above, below)
            store_16(values, j, value)
    return greatest_of_16(most) < even[0]


@kernel
def encode_even_strip(
    words, tile_rows, tile_columns, strip, scaling, element, even, scales, codes, counts
):
    """Scales, codes and counts of a strip of tiles; False where another way is to be taken."""
    columns = words.shape[1]
    if (tile_rows, tile_columns, columns % 32) == (1, 32, 0):
        return encode_even_lines(words, strip, scaling, element, even, scales, codes, counts)
    if (tile_columns == 4 or tile_columns == 8) and columns % 16 == 0:
        first, last = strip * tile_rows, min(words.shape[0], (strip + 1) * tile_rows)
        return encode_even_squares(
            words, first, last, tile_columns, scaling, element, even, scales, codes, counts
        )
    return False


@kernel
def quantize_even_strip(
    words, tile_rows, tile_columns, strip, scaling, element, even, ends, values
):
    """Values of such a strip; False where another way is to be taken."""
    columns = words.shape[1]
    if (tile_rows, tile_columns, columns % 32) == (1, 32, 0):
        return quantize_even_lines(words, strip, scaling, element, even, ends, values)
    if (tile_columns == 4 or tile_columns == 8) and columns % 16 == 0:
        first, last = strip * tile_rows, min(words.shape[0], (strip + 1) * tile_rows)
        return quantize_even_squares(
            words, first, last, tile_columns, scaling, element, even, ends, values
        )
    return False
