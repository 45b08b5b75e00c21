"""Compiled rounding of float32 by an increment and a shift, for words or vectors of words.

The arithmetic is that of `scalar_kernels`, on the bits of the float32 and without branches: every
rounding, every overflow policy.
"""

import numpy as np

from .float32_bits import EXPONENT_SHIFT, FRACTION, MAGNITUDE, ONE, SIGN, SIGN_SHIFT, ZERO
from .float_words import float_of, float_product
from .jit import inlined_kernel
from .vector_tables import ALIGNED, RANDOM, WRAPPING
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
    right,
    subtract,
)

LONGEST_SHIFT = np.uint32(31)
SPARE = np.uint32(6)  # bits by which 2m, of 25, is shorter than 31
FAR_BELOW = np.uint32(25)  # a shift by which 24 bits become less than half of the last bit kept


@inlined_kernel
def take_apart(word, low, drop):
    """A float32 as (sign mask, 2m, shift, over) for a tile.

    Its magnitude is ``m`` steps of its own last bit, ``m < 2^24``.  ``low`` is the biased exponent
    of the element's least normal value in the tile, 0 if a float32 of it is subnormal; the float's
    is ``over`` above it, or not above.  To count in steps of the element ``shift`` bits of ``2m``
    go, at least one, at most 31.
    """
    magnitude = both(word, MAGNITUDE)
    field = right(magnitude, EXPONENT_SHIFT)
    exponent = greater(field, ONE)
    m = add(both(magnitude, FRACTION), left(lesser(field, ONE), EXPONENT_SHIFT))
    top = greater(field, low)
    shift = add(add(drop, ONE), subtract(top, exponent))
    negative = subtract(ZERO, right(word, SIGN_SHIFT))
    return negative, left(m, ONE), shift, subtract(top, low)


@inlined_kernel
def deterministic_increment(shift, negative, odd, rounding):
    """`scalar_kernels.rounding_increment` from the four masks of `vector_tables.rounding_words`."""
    near, always, if_negative, if_odd = rounding[0], rounding[1], rounding[2], rounding[3]
    bit = both(differ(always, differ(both(if_negative, negative), both(if_odd, odd))), ONE)
    below_half = subtract(left(ONE, subtract(shift, ONE)), ONE)
    whole = add(add(below_half, below_half), ONE)
    return choose(near, add(below_half, bit), both(whole, subtract(ZERO, bit)))


@inlined_kernel
def stochastic_increment(m, shift, draw, draw_bits, half_up):
    """`scalar_kernels.stochastic_increment` of a draw of ``draw_bits``, at most 25.

    If ``half_up`` is not 0, the fraction is rounded before it is compared: variant C.
    """
    below = subtract(greater(shift, draw_bits), draw_bits)
    above = subtract(greater(shift, draw_bits), shift)
    increment = right(left(draw, below), above)
    if half_up == 0:
        return increment
    odd = both(both(right(m, below), ONE), subtract(ZERO, lesser(draw_bits, ONE)))
    half = add(subtract(right(left(ONE, below), ONE), ONE), odd)
    return add(increment, both(half, exceeds(below, ZERO)))


@inlined_kernel
def deterministic_steps(m, shift, over, negative, element, rounding):
    """How many steps of its binade a value of ``2m`` and ``shift`` is; one rounding."""
    shift = lesser(shift, add(FAR_BELOW, ONE))
    odd = add(right(m, shift), left(over, element[0]))
    return right(add(m, deterministic_increment(shift, negative, odd, rounding)), shift)


@inlined_kernel
def stochastic_steps(m, shift, word, rounding):
    """The same under a stochastic rounding with a draw out of a word.

    ``rounding`` is (bits of a draw; 1 for variant B, else 0; not 0 for variant C alone; by how
    much a word is shifted to be a draw).
    """
    draw_bits, doubled, half_up, unused = rounding[0], rounding[1], rounding[2], rounding[3]
    excess = lesser(subtract(greater(shift, LONGEST_SHIFT), LONGEST_SHIFT), LONGEST_SHIFT)
    lost = both(m, subtract(left(ONE, excess), ONE))
    m = either(right(m, excess), both(exceeds(lost, ZERO), ONE))
    shift = lesser(shift, LONGEST_SHIFT)
    draw = add(left(right(word, unused), doubled), doubled)
    increment = stochastic_increment(m, shift, draw, add(draw_bits, doubled), half_up)
    return right(add(m, increment), shift)


@inlined_kernel
def aligned_steps(m, shift, word, rounding):
    """The same of variants A and B, where `vector_tables.draws_align` says so.

    Of the fraction there are as many bits as of a draw, so that their sum has the carry.
    """
    draw_bits, doubled, unused = rounding[0], rounding[1], rounding[3]
    compared = add(draw_bits, doubled)
    draw = add(left(right(word, unused), doubled), doubled)
    excess = subtract(greater(add(shift, SPARE), compared), compared)
    return right(add(right(left(m, SPARE), lesser(excess, LONGEST_SHIFT)), draw), compared)


@inlined_kernel
def usual_steps(m, shift, over, negative, word, kind, element, rounding):
    """By any rounding but a RANDOM one, how many steps of its binade a value is."""
    if kind == ALIGNED:
        return aligned_steps(m, shift, word, rounding)
    return deterministic_steps(m, shift, over, negative, element, rounding)


@inlined_kernel
def any_steps(m, shift, over, negative, word, kind, element, rounding):
    """By any rounding, how many steps of its binade a value of ``2m`` and ``shift`` is."""
    if kind == RANDOM:
        return stochastic_steps(m, shift, word, rounding)
    return usual_steps(m, shift, over, negative, word, kind, element, rounding)


@inlined_kernel
def finished(k, negative, element):
    """(code, mask of saturation) of a value ``k`` steps from 0."""
    greatest, least, above, below = element[2], element[3], element[4], element[5]
    sign, negative_zero, fixed = element[6], element[7], element[8]
    beyond = exceeds(k, choose(negative, least, greatest))
    signs = both(negative, both(sign, either(negative_zero, exceeds(k, ZERO))))
    code = choose(fixed, subtract(differ(k, negative), negative), add(k, signs))
    return choose(beyond, choose(negative, below, above), code), beyond


@inlined_kernel
def wrapped(k, over, negative, element):
    """(code, mask of a change) of ``k 2^over`` steps modulo the range of an integer."""
    greatest, least, unused, extends = element[2], element[3], element[9], element[10]
    beyond = either(exceeds(k, choose(negative, least, greatest)), exceeds(over, ZERO))
    k = left(k, lesser(over, LONGEST_SHIFT))
    code = left(subtract(differ(k, negative), negative), unused)
    return choose(extends, arithmetic_right(code, unused), right(code, unused)), beyond


@inlined_kernel
def usual_code(word, low, draw, kind, element, rounding):
    """(code, mask of saturation, mask of underflow) of a float32; one rounding.

    Of the ways of rounding DETERMINISTIC and ALIGNED, which are those of whole tiles.
    """
    negative, m, shift, over = take_apart(word, low, element[1])
    steps = usual_steps(m, shift, over, negative, draw, kind, element, rounding)
    k = add(steps, left(over, element[0]))
    code, beyond = finished(k, negative, element)
    return code, beyond, both(equals(k, ZERO), exceeds(m, ZERO))


@inlined_kernel
def any_code(word, low, draw, kind, element, rounding):
    """The same of all ways of rounding."""
    negative, m, shift, over = take_apart(word, low, element[1])
    steps = any_steps(m, shift, over, negative, draw, kind, element, rounding)
    k = add(steps, left(over, element[0]))
    code, beyond = finished(k, negative, element)
    if kind == WRAPPING:
        k = steps
        code, beyond = wrapped(steps, over, negative, element)
    return code, beyond, both(equals(k, ZERO), exceeds(m, ZERO))


@inlined_kernel
def shift_value(negative, steps, over, low, element, ends):
    """Bits of the float32 that is so many steps, or the end it lies beyond.

    ``ends`` is (2^-significand_bits, what lies above, what lies below, shift): the first three as
    float32 bits, two of them in units of ``2^shift`` least normal values.  Products are exact.
    """
    k = add(steps, left(over, element[0]))
    unit = left(add(low, ends[3]), EXPONENT_SHIFT)
    binade = left(add(low, over), EXPONENT_SHIFT)
    magnitude = float_product(float_product(float_of(steps), ends[0]), binade)
    sign = both(both(negative, SIGN), either(element[7], exceeds(k, ZERO)))
    beyond = exceeds(k, choose(negative, element[3], element[2]))
    end = float_product(choose(negative, ends[2], ends[1]), unit)
    return choose(beyond, end, either(magnitude, sign))


@inlined_kernel
def usual_value(word, low, draw, kind, element, rounding, ends):
    """The value of `usual_code`."""
    negative, m, shift, over = take_apart(word, low, element[1])
    steps = usual_steps(m, shift, over, negative, draw, kind, element, rounding)
    return shift_value(negative, steps, over, low, element, ends)


@inlined_kernel
def any_value(word, low, draw, kind, element, rounding, ends):
    """The value of `any_code` where that does not wrap."""
    negative, m, shift, over = take_apart(word, low, element[1])
    steps = any_steps(m, shift, over, negative, draw, kind, element, rounding)
    return shift_value(negative, steps, over, low, element, ends)
