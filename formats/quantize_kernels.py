"""Compiled quantization of float32 to float32 in vectors: encoding and decoding in one pass.

The strips are those of `vector_kernels`; the value takes the place of the code, so that no codes
are written and read again.  The tests hold the lane to the values of the codes.
"""

import numpy as np

from .even_kernels import even_value
from .float32_bits import INFINITY, MAGNITUDE, ONE, ONES, ZERO
from .jit import inlined_kernel, kernel
from .one_pass_kernels import narrow_rows, one_pass_width, strips_together, widen_rows
from .philox_kernels import draws_per_group, fill_groups
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
    words, first, last, scaling, limit, draws, drawn, kind, element, even, rounding, ends, values
):
    """Values of rows of whole tiles of 1 x 32; False as `vector_kernels.encode_lines`."""
    start = first * words.shape[1]
    for tile in range((last - first) * words.shape[1] // 32):
        _, less_one = scale_and_low(top_of_32(words, start + 32 * tile), scaling)
        if less_one >= limit:
            return False
        for j in range(32 * tile, 32 * tile + 32, 16):
            sixteen_values(
                words, start + j, add(less_one, ONE), draws, drawn + j, kind, element, even,
                rounding, ends, values,
            )  # fmt: skip
    return True


@kernel
def quantize_squares(
    words, first, last, tile_rows, tile_columns, scaling, limit, draws, drawn, kind, element, even,
    rounding, ends, values,
):  # fmt: skip
    """The same for rows of tiles of 4 or 8 columns, sixteens of columns in all."""
    columns = words.shape[1]
    most = spread_16(ZERO)
    for top in range(first, last, tile_rows):
        end = min(last, top + tile_rows)
        for start in range(0, columns, 16):
            tops = tops_of_columns(words, top, end, start, tile_columns)
            _, less_one = scale_and_low(tops, scaling)
            most = greater(most, less_one)
            for at in range(top * columns + start, end * columns, columns):
                sixteen_values(
                    words, at, add(less_one, ONE), draws, drawn + at - first * columns, kind,
                    element, even, rounding, ends, values,
                )  # fmt: skip
    return greatest_of_16(most) < limit


@kernel
def quantize_in_one_pass(
    words, first, last, tile_rows, tile_columns, scaling, limit, draws, drawn, kind, element, even,
    rounding, ends, values,
):  # fmt: skip
    """The one of both that is for these tiles."""
    if tile_columns == 32:
        return quantize_lines(
            words, first, last, scaling, limit, draws, drawn, kind, element, even, rounding, ends,
            values,
        )  # fmt: skip
    return quantize_squares(
        words, first, last, tile_rows, tile_columns, scaling, limit, draws, drawn, kind, element,
        even, rounding, ends, values,
    )  # fmt: skip


@kernel
def quantize_in_two_passes(
    words, first, last, tile_columns, scaling, first_low, limit, draws, drawn, kind, element, even,
    rounding, ends, values, scales, work, lows, spare, spare_values,
):  # fmt: skip
    """The same for a strip of any tiles, or rows of a scalar format if ``scaling`` is empty."""
    most = subtract(first_low, ONE)
    if scaling.size > 0:
        most = prepare_strip(words, first, last, tile_columns, scaling, scales, work, lows)
    if most == ONES:
        return False
    its_kind = DETERMINISTIC if kind == EVEN and most >= limit else kind
    for i in range(first, last):
        if not quantize_row(
            words, i, lows, draws, drawn + (i - first) * words.shape[1], its_kind, element, even,
            rounding, ends, values, spare, spare_values,
        ):  # fmt: skip
            return False
    return True


@kernel
def quantize_strips(
    words, tile_rows, tile_columns, scaling, first_low, element, even, kind, rounding, draws, key,
    position, ends, values, start, stop,
):  # fmt: skip
    """Values of strips start..stop as words; False at the first strip that is not for this lane.

    The arguments are those of `vector_kernels.encode_vector_strips`.
    """
    rows, columns = words.shape
    width = one_pass_width(tile_rows, tile_columns, kind) if scaling.size > 0 else 0
    together = strips_together(width, tile_rows, columns)
    most_rows = min(together * tile_rows, rows)
    limit = even[0] if kind == EVEN else ONES
    makes_draws = kind >= RANDOM and draws.size == 0
    per_group = draws_per_group(rounding[3])
    groups = most_rows * columns // per_group + 2 if makes_draws else 0
    made = np.empty((groups, per_group // 16, 16), np.uint32)
    source = made.reshape(made.size) if makes_draws else draws
    tiles = -(-columns // tile_columns)
    scales = np.empty(tiles, np.uint8)
    work = np.empty(tiles * tile_columns, np.uint32)
    lows = np.full(work.shape[0], first_low, np.uint32)
    spare, spare_values = np.zeros((3, 16), np.uint32), np.zeros((1, 16), np.uint32)
    ragged = width > 0 and columns % width > 0
    wide_shape = (most_rows, columns + width - columns % width) if ragged else (0, 0)
    wide, wide_draws = np.zeros(wide_shape, np.uint32), np.zeros(wide_shape, np.uint32)
    wide_values = np.zeros(wide_shape, np.uint32)
    flat_words = words.reshape(words.size)
    for head in range(start, stop, together):
        tail = min(stop, head + together)
        first, last = head * tile_rows, min(rows, tail * tile_rows)
        drawn = first * columns
        if makes_draws:
            fill_groups(made, (position + drawn) // per_group, key)
            drawn = (position + drawn) % per_group
        easy = False
        if ragged:
            widen_rows(flat_words, first * columns, columns, last - first, wide)
            if kind == ALIGNED:
                widen_rows(source, drawn, columns, last - first, wide_draws)
            easy = quantize_in_one_pass(
                wide, 0, last - first, tile_rows, tile_columns, scaling, limit,
                wide_draws.reshape(wide_draws.size), 0, kind, element, even, rounding, ends,
                wide_values,
            )  # fmt: skip
            narrow_rows(wide_values, first, last, values)
        elif width > 0:
            easy = quantize_in_one_pass(
                words, first, last, tile_rows, tile_columns, scaling, limit, source, drawn, kind,
                element, even, rounding, ends, values,
            )  # fmt: skip
        if easy:
            continue
        for strip in range(head, tail):
            top = strip * tile_rows
            if not quantize_in_two_passes(
                words, top, min(rows, top + tile_rows), tile_columns, scaling, first_low, limit,
                source, drawn + (top - first) * columns, kind, element, even, rounding, ends,
                values, scales, work, lows, spare, spare_values,
            ):  # fmt: skip
                return False
    return True
