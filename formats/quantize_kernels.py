"""Compiled quantization of float32 to float32 in vectors: encoding and decoding in one pass.

The rounding is that of `vector_kernels`; the value takes the place of the code, so that no codes
are written and read again.  The tests hold the lane to the values of the codes.
"""

import numpy as np

from .even_kernels import quantize_even_row
from .even_tile_kernels import quantize_even_strip
from .float_words import float_of, float_product
from .jit import kernel
from .philox_kernels import fill_groups
from .tile_kernels import prepare_strip
from .vector_kernels import (
    EXPONENT_SHIFT,
    FAR_BELOW,
    INFINITY,
    LONGEST_SHIFT,
    ONE,
    ONES,
    ZERO,
    deterministic_increment,
    stochastic_increment,
    take_apart,
)
from .vector_tables import EVEN, RANDOM
from .words import (
    add,
    both,
    choose,
    either,
    exceeds,
    greater,
    left,
    lesser,
    prefer_wide_vectors,
    right,
    subtract,
)

SIGN = np.uint32(0x80000000)


@kernel
def value_word(steps, over, low, negative, element, ends):
    """Bits of the float32 that is ``steps`` steps of its binade, or the end it lies beyond.

    ``ends`` is (2^-significand_bits, what lies above, what lies below, shift): the first three as
    float32 bits, two of them in units of ``2^shift`` least normal values.  Products are exact.
    """
    significand_bits = element[0]
    k = add(steps, left(over, significand_bits))
    unit = left(add(low, ends[3]), EXPONENT_SHIFT)
    binade = left(add(low, over), EXPONENT_SHIFT)
    magnitude = float_product(float_product(float_of(steps), ends[0]), binade)
    sign = both(both(negative, SIGN), either(element[7], exceeds(k, ZERO)))
    beyond = exceeds(k, choose(negative, element[3], element[2]))
    end = float_product(choose(negative, ends[2], ends[1]), unit)
    return choose(beyond, end, either(magnitude, sign))


@kernel
def quantize_row(words, lows, element, ends, rounding, values):
    """Values of one row under a deterministic rounding; how many inputs are infinite or NaN."""
    prefer_wide_vectors()
    significand_bits, drop = element[0], element[1]
    near, always, if_negative, if_odd = rounding[0], rounding[1], rounding[2], rounding[3]
    strange = ZERO
    for j in range(words.shape[0]):
        negative, magnitude, m, shift, over = take_apart(words[j], lows[j], drop)
        shift = lesser(shift, add(FAR_BELOW, ONE))
        odd = add(right(m, shift), left(over, significand_bits))
        increment = deterministic_increment(shift, negative, odd, near, always, if_negative, if_odd)
        steps = right(add(m, increment), shift)
        values[j] = value_word(steps, over, lows[j], negative, element, ends)
        strange = subtract(strange, exceeds(add(magnitude, ONE), INFINITY))
    return strange


@kernel
def quantize_random_row(words, lows, element, ends, draws, rounding, values):
    """The same under a stochastic rounding with a draw for each element."""
    prefer_wide_vectors()
    drop = element[1]
    draw_bits, doubled, half_up, unused = rounding[0], rounding[1], rounding[2], rounding[3]
    compared = add(draw_bits, doubled)
    strange = ZERO
    for j in range(words.shape[0]):
        negative, magnitude, m, shift, over = take_apart(words[j], lows[j], drop)
        excess = lesser(subtract(greater(shift, LONGEST_SHIFT), LONGEST_SHIFT), LONGEST_SHIFT)
        lost = both(m, subtract(left(ONE, excess), ONE))
        m = either(right(m, excess), both(exceeds(lost, ZERO), ONE))
        shift = lesser(shift, LONGEST_SHIFT)
        draw = add(left(right(draws[j], unused), doubled), doubled)
        increment = stochastic_increment(m, shift, draw, compared, half_up)
        steps = right(add(m, increment), shift)
        values[j] = value_word(steps, over, lows[j], negative, element, ends)
        strange = subtract(strange, exceeds(add(magnitude, ONE), INFINITY))
    return strange


@kernel
def quantize_strips(
    words, tile_rows, tile_columns, scaling, first_low, element, even, ends, kind, rounding, draws,
    key, position, values, start, stop,
):  # fmt: skip
    """Values of strips start..stop as words; False at the first strip that is not for this lane.

    The arguments are those of `vector_kernels.encode_vector_strips`.
    """
    columns = words.shape[1]
    tiles = -(-columns // tile_columns)
    scales = np.empty(tiles, np.uint8)
    work = np.empty(tiles * tile_columns, np.uint32)
    lows = np.full(work.shape[0], first_low, np.uint32)
    most = subtract(first_low, ONE)
    drawn = np.empty((columns // 64 + 2 if kind == RANDOM else 0, 4, 16), np.uint32)
    flat = drawn.reshape(drawn.size)
    in_one_pass = kind == EVEN and scaling.size > 0
    for strip in range(start, stop):
        first = strip * tile_rows
        last = min(words.shape[0], first + tile_rows)
        if in_one_pass and quantize_even_strip(
            words, tile_rows, tile_columns, strip, scaling, element, even, ends, values
        ):
            continue
        if scaling.size > 0:
            most = prepare_strip(words, first, last, tile_columns, scaling, scales, work, lows)
        strange = exceeds(most, subtract(ONES, ONE))
        i = first
        while strange == 0 and i < last:
            row, its_lows = words[i], lows[:columns]
            if kind == EVEN and most < even[0]:
                strange = quantize_even_row(row, its_lows, element, even, ends, values[i])
            elif kind == RANDOM and draws.size > 0:
                strange = quantize_random_row(
                    row, its_lows, element, ends, draws[i], rounding, values[i]
                )
            elif kind == RANDOM:
                at = position + i * columns
                fill_groups(drawn, at // 64, key)
                its_draws = flat[at % 64 : at % 64 + columns]
                strange = quantize_random_row(
                    row, its_lows, element, ends, its_draws, rounding, values[i]
                )
            else:
                strange = quantize_row(row, its_lows, element, ends, rounding, values[i])
            i += 1
        if strange > 0:
            return False
    return True
