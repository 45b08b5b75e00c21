"""Compiled decoding: codes and scales to values, exact.

A value is the product of a number made of the code and a factor made of the scale.  Values of
float32 are made in words, the bits of the numbers, so that loops along rows become vector
instructions; kernels of that kind can run compiled only.
"""

import numpy as np

from .float32_bits import INFINITY
from .float_words import float_difference, float_of, float_product
from .jit import kernel
from .scalar_kernels import minifloat_value, power_of_two
from .vector_words import spread_16, store_16
from .words import (
    add,
    both,
    choose,
    differ,
    either,
    equals,
    exceeds,
    left,
    lesser,
    prefer_wide_vectors,
)

HIDDEN_BIT = np.uint32(1 << 23)
ROW = 1 << 12  # elements of a flat array that are decoded at a time
NAN = np.uint32(0x7FC00000)


@kernel
def decode_strips(
    codes, scales, tile_rows, tile_columns, bias, nan_code, element, values, start, stop
):
    """Float64 values of strips start..stop; no rounding: every value is a float64."""
    fixed, significand_bits, lsb_min, max_ordinal, infinity, nan, sign = element
    rows, columns = codes.shape
    for i in range(start * tile_rows, min(rows, stop * tile_rows)):
        for tile in range(scales.shape[1]):
            scale = int(scales[i // tile_rows, tile])
            factor = power_of_two(scale - bias)
            if scale == nan_code:
                factor = np.nan
            for j in range(tile * tile_columns, min(columns, (tile + 1) * tile_columns)):
                code = int(codes[i, j])
                if fixed:
                    values[i, j] = float(code) * power_of_two(lsb_min) * factor
                else:
                    value = minifloat_value(
                        code, significand_bits, lsb_min, max_ordinal, infinity, nan, sign
                    )
                    values[i, j] = value * factor


@kernel
def spread_factors(scales, tile_columns, factors, multipliers):
    """The factor of each column's tile; False if one is 0."""
    fit = True
    for tile in range(scales.shape[0]):
        factor = factors[scales[tile]]
        fit &= factor != 0.0
        for j in range(tile * tile_columns, min(multipliers.shape[0], (tile + 1) * tile_columns)):
            multipliers[j] = factor
    return fit


@kernel
def decode_fixed_strips(codes, scales, tile_rows, tile_columns, factors, values, start, stop):
    """Values of strips start..stop of integer elements, in the float type of ``factors``.

    ``factors[scale code]`` is the value of a code of 1 under that scale, or 0 where not all values
    are numbers of that type: False then, and values are left out.  Else each product is exact.
    """
    multipliers = np.empty(codes.shape[1], factors.dtype)
    for strip in range(start, stop):
        if not spread_factors(scales[strip], tile_columns, factors, multipliers):
            return False
        for i in range(strip * tile_rows, min(codes.shape[0], (strip + 1) * tile_rows)):
            for j in range(codes.shape[1]):
                values[i, j] = codes[i, j] * multipliers[j]
    return True


@kernel
def decode_table_strips(
    table, codes, scales, tile_rows, tile_columns, factors, values, start, stop
):
    """The same with ``table[code]`` in place of the integer."""
    multipliers = np.empty(codes.shape[1], factors.dtype)
    for strip in range(start, stop):
        if not spread_factors(scales[strip], tile_columns, factors, multipliers):
            return False
        for i in range(strip * tile_rows, min(codes.shape[0], (strip + 1) * tile_rows)):
            for j in range(codes.shape[1]):
                values[i, j] = table[codes[i, j]] * multipliers[j]
    return True


@kernel
def spread_words(scales, tile_columns, factors, multipliers):
    """The factor of each column's tile, sixteen columns at a time; False if one is 0.

    What is written beyond the end of a tile the next one overwrites; ``multipliers`` has room for
    fifteen words after the last.
    """
    least = NAN
    for tile in range(scales.shape[0]):
        word = factors[scales[tile]]
        least = lesser(least, word)
        for j in range(tile * tile_columns, (tile + 1) * tile_columns, 16):
            store_16(multipliers, j, spread_16(word))
    return least > 0


@kernel
def fixed_row(codes, multipliers, words):
    """Values of a row of integers below 2^24 in magnitude."""
    prefer_wide_vectors()
    for j in range(codes.shape[0]):
        words[j] = float_product(float_of(codes[j]), multipliers[j])


@kernel
def minifloat_row(codes, multipliers, element, words):
    """Values of a row of minifloats that ``element`` describes (`decode_tables`).

    Moved to where binary32 has its significand, and with the offset added to the exponent field, a
    normal code is a binary32 number.  A subnormal one gets exponent field 1 and so a hidden bit,
    2^(offset + 1 - 127), which is subtracted again: the difference has no more bits than its code.
    """
    prefer_wide_vectors()
    sign_code, sign_shift, shift, offset = element[0], element[1], element[2], element[3]
    greatest, infinity, nan = element[4], element[5], element[6]
    hidden = add(offset, HIDDEN_BIT)
    for j in range(codes.shape[0]):
        code = np.uint32(codes[j])
        negative = both(code, sign_code)
        ordinal = differ(code, negative)
        sign = left(negative, sign_shift)
        trailing = left(ordinal, shift)
        subnormal = exceeds(HIDDEN_BIT, trailing)
        field = add(trailing, choose(subnormal, hidden, offset))
        number = either(float_difference(field, both(subnormal, hidden)), sign)
        beyond = choose(equals(ordinal, infinity), either(INFINITY, sign), NAN)
        special = either(exceeds(ordinal, greatest), equals(code, nan))
        words[j] = float_product(choose(special, beyond, number), multipliers[j])


@kernel
def decode_fixed_words(codes, scales, tile_rows, tile_columns, factors, words, start, stop):
    """`decode_fixed_strips` for float32; factors and values are words.

    *Exactness*: the integers are below 2^24 and so binary32 numbers.  Where a factor is not 0 every
    product is one too, a subnormal one perhaps: rounding it to nearest, once, leaves it alone.
    """
    width = min(tile_columns, codes.shape[1])
    multipliers = np.empty(scales.shape[1] * width + 15, np.uint32)
    for strip in range(start, stop):
        if not spread_words(scales[strip], width, factors, multipliers):
            return False
        for i in range(strip * tile_rows, min(codes.shape[0], (strip + 1) * tile_rows)):
            fixed_row(codes[i], multipliers, words[i])
    return True


@kernel
def decode_minifloat_words(
    element, codes, scales, tile_rows, tile_columns, factors, words, start, stop
):
    """The same for minifloats.

    *Exactness*: numbers are exact (`minifloat_row`), and products as there.  Every NaN that goes
    into a product, a code's or a scale's, has the same bits, which come out.
    """
    width = min(tile_columns, codes.shape[1])
    multipliers = np.empty(scales.shape[1] * width + 15, np.uint32)
    for strip in range(start, stop):
        if not spread_words(scales[strip], width, factors, multipliers):
            return False
        for i in range(strip * tile_rows, min(codes.shape[0], (strip + 1) * tile_rows)):
            minifloat_row(codes[i], multipliers, element, words[i])
    return True


@kernel
def decode_fixed_flat(codes, factor, words, start, stop):
    """`decode_fixed_words` for elements start..stop of a flat array under one factor."""
    multipliers = np.full(min(ROW, stop - start), factor, np.uint32)
    for first in range(start, stop, ROW):
        last = min(first + ROW, stop)
        fixed_row(codes[first:last], multipliers, words[first:last])


@kernel
def decode_minifloat_flat(element, codes, factor, words, start, stop):
    """The same for minifloats."""
    multipliers = np.full(min(ROW, stop - start), factor, np.uint32)
    for first in range(start, stop, ROW):
        last = min(first + ROW, stop)
        minifloat_row(codes[first:last], multipliers, element, words[first:last])
