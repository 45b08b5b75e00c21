"""Compiled rounding to nearest even of float32 by the float adder itself, in vectors of words.

Let ``c`` be the power of two whose last bit is the step of the element in the binade of ``x``.
Then ``|x| + c`` lies in [c, 2c), where the floats are the multiples of that step: the one rounding
of the addition is the rounding asked for, and as ``c`` is an even number of steps, ties go to even
ones.  The difference to ``c`` is exact.  Beyond the largest binade of the element the sum may be
any float of at least twice ``c``, which the end of the range replaces.

For the casts and the lows that `vector_tables.even_words` says; `vector_kernels` has the others.
"""

import numpy as np

from .float_words import float_difference, float_greater, float_lesser, float_product, float_sum
from .jit import inlined_kernel, kernel
from .words import (
    add,
    arithmetic_right,
    both,
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

ZERO, ONE = np.uint32(0), np.uint32(1)
MAGNITUDE, SIGN, EXPONENT = np.uint32(0x7FFFFFFF), np.uint32(0x80000000), np.uint32(0x7F800000)
EXPONENT_SHIFT, SIGN_SHIFT = np.uint32(23), np.uint32(31)


@inlined_kernel
def even_code(word, low, element, even):
    """(code, mask of saturation, mask of underflow) of a float32; ``low`` is in its place."""
    drop, greatest, least = element[1], element[2], element[3]
    cap, lift, flip, sign, always = even[1], even[2], even[3], even[4], even[5]
    magnitude = both(word, MAGNITUDE)
    negative = arithmetic_right(word, SIGN_SHIFT)
    binade = greater(lesser(both(magnitude, EXPONENT), cap), low)
    c = add(binade, lift)
    k = add(subtract(float_sum(magnitude, c), c), right(subtract(binade, low), drop))
    end = add(greatest, both(negative, subtract(least, greatest)))
    saturated = exceeds(k, end)
    underflowed = both(equals(k, ZERO), exceeds(magnitude, ZERO))
    k = lesser(k, end)
    signs = both(both(negative, sign), either(always, exceeds(k, ZERO)))
    return add(differ(k, both(negative, flip)), signs), saturated, underflowed


@inlined_kernel
def even_value(word, low, element, even, above, below):
    """The value of the code of a float32; ``above`` and ``below`` are the ends of the range."""
    cap, lift = even[1], even[2]
    binade = greater(lesser(both(word, EXPONENT), cap), low)
    c = either(add(binade, lift), both(word, SIGN))
    value = float_difference(float_sum(word, c), c)
    value = float_greater(float_lesser(value, above), below)
    return either(value, both(word, both(element[7], SIGN)))


@inlined_kernel
def is_strange(peak):
    """1 if the largest of magnitude bits are those of an infinity or a NaN, else 0."""
    return right(exceeds(add(peak, ONE), EXPONENT), SIGN_SHIFT)


@kernel
def encode_even_row(words, lows, element, even, codes, counts):
    """Codes of one row and the counts of `vector_kernels.encode_row`; one rounding each."""
    prefer_wide_vectors()
    saturated, underflowed, peak = ZERO, ZERO, ZERO
    for j in range(words.shape[0]):
        low = left(lows[j], EXPONENT_SHIFT)
        codes[j], beyond, below = even_code(words[j], low, element, even)
        saturated = subtract(saturated, beyond)
        underflowed = subtract(underflowed, below)
        peak = greater(peak, both(words[j], MAGNITUDE))
    counts[0] = saturated
    counts[1] = underflowed
    counts[2] = is_strange(peak)


@kernel
def quantize_even_row(words, lows, element, even, ends, values):
    """Values of one row, one rounding each; 1 if an input is infinite or NaN, else 0."""
    prefer_wide_vectors()
    peak, shift = ZERO, left(ends[3], EXPONENT_SHIFT)
    for j in range(words.shape[0]):
        low = left(lows[j], EXPONENT_SHIFT)
        unit = add(low, shift)
        above, below = float_product(ends[1], unit), float_product(ends[2], unit)
        values[j] = even_value(words[j], low, element, even, above, below)
        peak = greater(peak, both(words[j], MAGNITUDE))
    return is_strange(peak)
