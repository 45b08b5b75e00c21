"""Compiled rounding to nearest even of float32 by the float adder, for words or vectors of words.

Let ``c`` be the power of two whose last bit is the step of the element in the binade of ``x``.
Then ``|x| + c`` lies in [c, 2c), where the floats are the multiples of that step: the one rounding
of the addition is the rounding asked for, and as ``c`` is an even number of steps, ties go to even
ones.  The difference to ``c`` is exact.  Beyond the largest binade of the element the sum may be
any float of at least twice ``c``, which the end of the range replaces.

For the casts and the lows that `vector_tables.even_words` says; `shift_kernels` has the others.
"""

from .float32_bits import EXPONENT, EXPONENT_SHIFT, MAGNITUDE, SIGN, SIGN_SHIFT, ZERO
from .float_words import float_difference, float_greater, float_lesser, float_product, float_sum
from .jit import inlined_kernel
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
    right,
    subtract,
)


@inlined_kernel
def even_code(word, low, element, even):
    """(code, mask of saturation, mask of underflow) of a float32; one rounding."""
    drop, greatest, least = element[1], element[2], element[3]
    cap, lift, flip, sign, always = even[1], even[2], even[3], even[4], even[5]
    magnitude = both(word, MAGNITUDE)
    negative = arithmetic_right(word, SIGN_SHIFT)
    low = left(low, EXPONENT_SHIFT)
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
def even_value(word, low, element, even, ends):
    """The value of that code; ``ends`` is that of `shift_kernels.shift_value`."""
    cap, lift = even[1], even[2]
    unit = left(add(low, ends[3]), EXPONENT_SHIFT)
    low = left(low, EXPONENT_SHIFT)
    binade = greater(lesser(both(word, EXPONENT), cap), low)
    c = either(add(binade, lift), both(word, SIGN))
    value = float_difference(float_sum(word, c), c)
    value = float_lesser(value, float_product(unit, ends[1]))
    value = float_greater(value, float_product(unit, ends[2]))
    return either(value, both(word, both(element[7], SIGN)))
