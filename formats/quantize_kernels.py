"""Compiled quantization of float32 to float32 in vectors: encoding and decoding in one pass.

The strips are those of `vector_kernels`; the value takes the place of the code, so that no codes
are written and read again.  The tests hold the lane to the values of the codes.
"""

import numpy as np

from .even_kernels import even_value
from .float32_bits import INFINITY, MAGNITUDE, ONE, ONES, ZERO
from .jit import inlined_kernel, kernel
from .philox_kernels import fill_groups
from .shift_kernels import any_value, usual_value
from .tile_kernels import prepare_strip, scale_and_low, top_of_32, tops_of_columns
from .vector_kernels import fill_spare
from .vector_tables import ALIGNED, DETERMINISTIC, EVEN, RANDOM
from .vector_words import greatest_of_16, load_16, spread_16, store_16
from .words import add, both, greater, subtract


@inlined_kernel
def sixteen_values(words, at, low, draws, drawn, kind, element, even, rounding, ends, values):
    """Quantize sixteen words of tiles from ``at`` on; see `vector_kernels.sixteen_codes`.

    ``ends`` is that of `shift_kernels.shift_value`.
    """
    word = load_16(words, at)
    if kind == EVEN:
        value = even_value(word, low, element, even, ends)
    else:
        draw = load_16(draws, drawn) if kind == ALIGNED else word
        value = usual_value(word, low, draw, kind, element, rounding, ends)
    store_16(values, at, value)


@kernel
def quantize_sixteens(words, row, lows, draws, drawn, kind, element, even, rounding, ends, values):
    """Values of one row's sixteens of columns; whether all inputs are finite."""
    columns = words.shape[1]
    peaks = spread_16(ZERO)
    for j in range(0, columns - columns % 16, 16):
        word, low = load_16(words, row * columns + j), load_16(lows, j)
        if kind == EVEN:
            value = even_value(word, low, element, even, ends)
        else:
            draw = load_16(draws, drawn + j) if kind >= RANDOM else word
            value = any_value(word, low, draw, kind, element, rounding, ends)
        store_16(values, row * columns + j, value)
        peaks = greater(peaks, both(word, MAGNITUDE))
    return greatest_of_16(peaks) < INFINITY


@kernel
def quantize_row(
    words, row, lows, draws, drawn, kind, element, even, rounding, ends, values, spare, spare_values
):
    """The same of all columns; see `vector_kernels.encode_row`."""
    columns = words.shape[1]
    finite = quantize_sixteens(
        words, row, lows, draws, drawn, kind, element, even, rounding, ends, values
    )
    whole = columns - columns % 16
    if whole < columns:
        fill_spare(words, row, whole, lows, draws, drawn, kind, spare)
        finite &= quantize_sixteens(
            spare[0:1], 0, spare[1], spare[2], 0, kind, element, even, rounding, ends, spare_values
        )
        for j in range(whole, columns):
            values[row, j] = spare_values[0, j - whole]
    return finite


@kernel
def quantize_lines(
    words, row, scaling, limit, draws, drawn, kind, element, even, rounding, ends, values
):
    """Values of a row of whole tiles of 1 x 32; False as `vector_kernels.encode_lines`."""
    for tile in range(words.shape[1] // 32):
        start = row * words.shape[1] + 32 * tile
        _, less_one = scale_and_low(top_of_32(words, start), scaling)
        if less_one >= limit:
            return False
        for j in range(0, 32, 16):
            sixteen_values(
                words, start + j, add(less_one, ONE), draws, drawn + 32 * tile + j, kind, element,
                even, rounding, ends, values,
            )  # fmt: skip
    return True


@kernel
def quantize_squares(
    words, first, last, tile_columns, scaling, limit, draws, drawn, kind, element, even, rounding,
    ends, values,
):  # fmt: skip
    """The same for rows first..last of tiles of 4 or 8 columns, sixteens of columns in all."""
    columns = words.shape[1]
    most = spread_16(ZERO)
    for start in range(0, columns, 16):
        tops = tops_of_columns(words, first, last, start, tile_columns)
        _, less_one = scale_and_low(tops, scaling)
        most = greater(most, less_one)
        for j in range(start, start + (last - first) * columns, columns):
            sixteen_values(
                words, first * columns + j, add(less_one, ONE), draws, drawn + j, kind, element,
                even, rounding, ends, values,
            )  # fmt: skip
    return greatest_of_16(most) < limit


@kernel
def quantize_strips(
    words, tile_rows, tile_columns, scaling, first_low, element, even, kind, rounding, draws, key,
    position, ends, values, start, stop,
):  # fmt: skip
    """Values of strips start..stop as words; False at the first strip that is not for this lane.

    The arguments are those of `vector_kernels.encode_vector_strips`.
    """
    columns = words.shape[1]
    blocked = scaling.size > 0
    in_one_pass = blocked and kind != RANDOM
    tiles = -(-columns // tile_columns)
    scales = np.empty(tiles, np.uint8)
    work = np.empty(tiles * tile_columns, np.uint32)
    lows = np.full(work.shape[0], first_low, np.uint32)
    most = subtract(first_low, ONE)
    limit = even[0] if kind == EVEN else ONES
    makes_draws = kind >= RANDOM and draws.size == 0
    groups = min(tile_rows, words.shape[0]) * columns // 64 + 2 if makes_draws else 0
    made = np.empty((groups, 4, 16), np.uint32)
    source = made.reshape(made.size) if makes_draws else draws
    spare, spare_values = np.zeros((3, 16), np.uint32), np.zeros((1, 16), np.uint32)
    for strip in range(start, stop):
        first = strip * tile_rows
        last = min(words.shape[0], first + tile_rows)
        drawn = first * columns
        if makes_draws:
            fill_groups(made, (position + drawn) // 64, key)
            drawn = (position + drawn) % 64
        easy = False
        if in_one_pass and tile_rows == 1 and tile_columns == 32 and columns % 32 == 0:
            easy = quantize_lines(
                words, strip, scaling, limit, source, drawn, kind, element, even, rounding, ends,
                values,
            )  # fmt: skip
        elif in_one_pass and (tile_columns == 4 or tile_columns == 8) and columns % 16 == 0:
            easy = quantize_squares(
                words, first, last, tile_columns, scaling, limit, source, drawn, kind, element,
                even, rounding, ends, values,
            )  # fmt: skip
        if not easy:
            if blocked:
                most = prepare_strip(words, first, last, tile_columns, scaling, scales, work, lows)
            its_kind = DETERMINISTIC if kind == EVEN and most >= limit else kind
            easy = most < ONES
            i = first
            while easy and i < last:
                easy = quantize_row(
                    words, i, lows, source, drawn + (i - first) * columns, its_kind, element, even,
                    rounding, ends, values, spare, spare_values,
                )  # fmt: skip
                i += 1
        if not easy:
            return False
    return True
