"""Compiled encoding of float32 input in vectors of words: every rounding, every overflow policy.

The arithmetic is that of `scalar_kernels`, an increment and a shift, on the bits of the float32;
it is written without branches, so that the loops along rows become vector instructions.  A strip
of tiles is encoded in two passes: the scale of each tile (`tile_kernels`), the codes of each row.
A strip that holds a NaN, an infinity or an extreme scale is left alone and reported:
`encode_kernels.encode_strips`, which gives the same bits, takes it.
"""

import numpy as np

from .even_kernels import encode_even_row
from .even_tile_kernels import encode_even_strip
from .jit import kernel
from .philox_kernels import fill_groups
from .scalar_kernels import SATURATED, UNDERFLOWED
from .tile_kernels import prepare_strip
from .vector_tables import EVEN, RANDOM, WRAPPING
from .words import (
    add,
    arithmetic_right,
    both,
    choose,
    differ,
    either,
    equals,
    exceeds,
    greater,
    left,
    lesser,
    prefer_wide_vectors,
    right,
    subtract,
)

ZERO, ONE, ONES = np.uint32(0), np.uint32(1), np.uint32(0xFFFFFFFF)
MAGNITUDE, FRACTION = np.uint32(0x7FFFFFFF), np.uint32(0x7FFFFF)
INFINITY = np.uint32(0x7F800000)
SIGN_SHIFT, EXPONENT_SHIFT, LONGEST_SHIFT = np.uint32(31), np.uint32(23), np.uint32(31)
FAR_BELOW = np.uint32(25)  # a shift by which 24 bits become less than half of the last bit kept


@kernel
def take_apart(word, low, drop):
    """A float32 as (sign mask, magnitude bits, 2m, shift, over) for a tile.

    Its magnitude is ``m`` steps of its own last bit, ``m < 2^24``.  ``low`` is the biased exponent
    of the element's least normal value in the tile; the float's is ``over`` above it, or not
    above.  To count in steps of the element ``shift`` bits of ``2m`` go, at least one, at most 31.
    """
    magnitude = both(word, MAGNITUDE)
    field = right(magnitude, EXPONENT_SHIFT)
    exponent = greater(field, ONE)
    m = add(both(magnitude, FRACTION), left(lesser(field, ONE), EXPONENT_SHIFT))
    top = greater(exponent, low)
    shift = add(add(drop, ONE), subtract(top, exponent))
    negative = subtract(ZERO, right(word, SIGN_SHIFT))
    return negative, magnitude, left(m, ONE), shift, subtract(top, low)


@kernel
def deterministic_increment(shift, negative, odd, near, always, if_negative, if_odd):
    """`scalar_kernels.rounding_increment` from the four masks of `vector_tables.rounding_words`."""
    bit = both(differ(always, differ(both(if_negative, negative), both(if_odd, odd))), ONE)
    below_half = subtract(left(ONE, subtract(shift, ONE)), ONE)
    whole = add(add(below_half, below_half), ONE)
    return choose(near, add(below_half, bit), both(whole, subtract(ZERO, bit)))


@kernel
def stochastic_increment(m, shift, draw, draw_bits, half_up):
    """`scalar_kernels.stochastic_increment` of a draw of ``draw_bits``, at most 25.

    ``half_up`` is a mask: variant C rounds the fraction before it is compared.
    """
    below = subtract(greater(shift, draw_bits), draw_bits)
    above = subtract(greater(shift, draw_bits), shift)
    increment = right(left(draw, below), above)
    odd = both(both(right(m, below), ONE), subtract(ZERO, lesser(draw_bits, ONE)))
    half = add(subtract(right(left(ONE, below), ONE), ONE), odd)
    return add(increment, both(half, both(half_up, exceeds(below, ZERO))))


@kernel
def finished(k, negative, element):
    """(code, mask of saturation) of a value ``k`` steps from 0."""
    greatest, least, above, below = element[2], element[3], element[4], element[5]
    sign, negative_zero, fixed = element[6], element[7], element[8]
    beyond = exceeds(k, choose(negative, least, greatest))
    signs = both(negative, both(sign, either(negative_zero, exceeds(k, ZERO))))
    code = choose(fixed, subtract(differ(k, negative), negative), add(k, signs))
    return choose(beyond, choose(negative, below, above), code), beyond


@kernel
def encode_row(words, lows, element, rounding, codes, counts):
    """Codes of one row under a deterministic rounding; one rounding each.

    The counts are of saturated, underflowed and infinite or NaN elements.
    """
    prefer_wide_vectors()
    significand_bits, drop = element[0], element[1]
    near, always, if_negative, if_odd = rounding[0], rounding[1], rounding[2], rounding[3]
    saturated, underflowed, strange = ZERO, ZERO, ZERO
    for j in range(words.shape[0]):
        negative, magnitude, m, shift, over = take_apart(words[j], lows[j], drop)
        shift = lesser(shift, add(FAR_BELOW, ONE))
        binades = left(over, significand_bits)
        odd = add(right(m, shift), binades)
        increment = deterministic_increment(shift, negative, odd, near, always, if_negative, if_odd)
        k = add(right(add(m, increment), shift), binades)
        code, beyond = finished(k, negative, element)
        saturated = subtract(saturated, beyond)
        underflowed = subtract(underflowed, both(equals(k, ZERO), exceeds(magnitude, ZERO)))
        strange = subtract(strange, exceeds(add(magnitude, ONE), INFINITY))
        codes[j] = code
    counts[0] = saturated
    counts[1] = underflowed
    counts[2] = strange


@kernel
def encode_random_row(words, lows, element, draws, rounding, codes, counts):
    """The same under a stochastic rounding with a draw for each element.

    ``rounding`` is (bits of a draw; 1 for variant B, else 0; all ones for variant C, else 0; by
    how much a word is shifted to be a draw).
    """
    prefer_wide_vectors()
    significand_bits, drop = element[0], element[1]
    draw_bits, doubled, half_up, unused = rounding[0], rounding[1], rounding[2], rounding[3]
    compared = add(draw_bits, doubled)
    saturated, underflowed, strange = ZERO, ZERO, ZERO
    for j in range(words.shape[0]):
        negative, magnitude, m, shift, over = take_apart(words[j], lows[j], drop)
        excess = lesser(subtract(greater(shift, LONGEST_SHIFT), LONGEST_SHIFT), LONGEST_SHIFT)
        lost = both(m, subtract(left(ONE, excess), ONE))
        m = either(right(m, excess), both(exceeds(lost, ZERO), ONE))
        shift = lesser(shift, LONGEST_SHIFT)
        draw = add(left(right(draws[j], unused), doubled), doubled)
        increment = stochastic_increment(m, shift, draw, compared, half_up)
        k = add(right(add(m, increment), shift), left(over, significand_bits))
        code, beyond = finished(k, negative, element)
        saturated = subtract(saturated, beyond)
        underflowed = subtract(underflowed, both(equals(k, ZERO), exceeds(magnitude, ZERO)))
        strange = subtract(strange, exceeds(add(magnitude, ONE), INFINITY))
        codes[j] = code
    counts[0] = saturated
    counts[1] = underflowed
    counts[2] = strange


@kernel
def wrap_row(words, lows, element, rounding, codes, counts):
    """Codes of one row of integers modulo their range, under a deterministic rounding."""
    prefer_wide_vectors()
    drop, greatest, least, unused, extends = (
        element[1], element[2], element[3], element[9], element[10],
    )  # fmt: skip
    near, always, if_negative, if_odd = rounding[0], rounding[1], rounding[2], rounding[3]
    wrapped, underflowed, strange = ZERO, ZERO, ZERO
    for j in range(words.shape[0]):
        negative, magnitude, m, shift, over = take_apart(words[j], lows[j], drop)
        shift = lesser(shift, add(FAR_BELOW, ONE))
        increment = deterministic_increment(
            shift, negative, right(m, shift), near, always, if_negative, if_odd
        )
        k = right(add(m, increment), shift)
        beyond = either(exceeds(k, choose(negative, least, greatest)), exceeds(over, ZERO))
        underflowed = subtract(underflowed, both(equals(k, ZERO), exceeds(magnitude, ZERO)))
        k = left(k, lesser(over, LONGEST_SHIFT))
        code = left(subtract(differ(k, negative), negative), unused)
        wrapped = subtract(wrapped, beyond)
        strange = subtract(strange, exceeds(add(magnitude, ONE), INFINITY))
        codes[j] = choose(extends, arithmetic_right(code, unused), right(code, unused))
    counts[0] = wrapped
    counts[1] = underflowed
    counts[2] = strange


@kernel
def encode_vector_strips(
    words, tile_rows, tile_columns, scaling, first_low, element, even, kind, rounding, draws, key,
    position, scales, codes, counts, refused_strips, start, stop,
):  # fmt: skip
    """Scales and codes of strips start..stop; whether none is refused.

    ``scaling`` is empty for a scalar format, whose low is ``first_low``; it, ``element``, ``even``
    and ``rounding`` are arrays of words made in `scale_words.py` and `vector_tables.py`.  Random
    words are in ``draws``, or, if that is empty, those of `philox_kernels` under ``key`` for the
    positions from ``position`` on.
    """
    columns = words.shape[1]
    work = np.empty(scales.shape[1] * tile_columns, np.uint32)
    lows = np.full(work.shape[0], first_low, np.uint32)
    most = subtract(first_low, ONE)
    mine = np.zeros(3, np.uint32)
    drawn = np.empty((columns // 64 + 2 if kind == RANDOM else 0, 4, 16), np.uint32)
    flat = drawn.reshape(drawn.size)
    strip_counts = np.zeros(2, np.int64)
    in_one_pass = kind == EVEN and scaling.size > 0
    all_easy = True
    for strip in range(start, stop):
        first = strip * tile_rows
        last = min(words.shape[0], first + tile_rows)
        if in_one_pass and encode_even_strip(
            words, tile_rows, tile_columns, strip, scaling, element, even, scales[strip], codes,
            mine,
        ):  # fmt: skip
            counts[SATURATED] += mine[0]
            counts[UNDERFLOWED] += mine[1]
            continue
        if scaling.size > 0:
            most = prepare_strip(
                words, first, last, tile_columns, scaling, scales[strip], work, lows
            )
        easy = most < ONES
        strip_counts[:] = 0
        i = first
        while easy and i < last:
            if kind == EVEN and most < even[0]:
                encode_even_row(words[i], lows[:columns], element, even, codes[i], mine)
            elif kind == RANDOM and draws.size > 0:
                encode_random_row(
                    words[i], lows[:columns], element, draws[i], rounding, codes[i], mine
                )
            elif kind == RANDOM:
                at = position + i * columns
                fill_groups(drawn, at // 64, key)
                row = flat[at % 64 : at % 64 + columns]
                encode_random_row(words[i], lows[:columns], element, row, rounding, codes[i], mine)
            elif kind == WRAPPING:
                wrap_row(words[i], lows[:columns], element, rounding, codes[i], mine)
            else:
                encode_row(words[i], lows[:columns], element, rounding, codes[i], mine)
            easy = mine[2] == 0
            strip_counts[0] += mine[0]
            strip_counts[1] += mine[1]
            i += 1
        refused_strips[strip] = not easy
        all_easy &= easy
        if easy:
            counts[SATURATED] += strip_counts[0]
            counts[UNDERFLOWED] += strip_counts[1]
    return all_easy
