"""Compiled affine integers in vectors: encoding and quantizing float32, ties to even, and decoding.

Arrays are flat, and in rows as `affine_rows.AffineRows` says: the words of the columns of row i, or
their scales in decoding, are in row ``i mod len`` of tables, one for each column if ``step`` is 1,
and sixteen that are equal if it is 0.  The last sixteen columns of a row may overlap those before
them, which changes no output; lanes that come again are not counted again.
"""

import numpy as np

from .affine_plan import MAGIC
from .affine_vectors import load_codes_16, store_products_16
from .affine_words import rounded_quotient
from .float32_bits import INFINITY, MAGNITUDE, ONE, ZERO
from .float_words import float_difference, float_product
from .jit import inlined_kernel, kernel
from .vector_words import (
    greatest_of_16,
    load_16,
    places_of_16,
    spread_16,
    store_16,
    sum_of_16,
)
from .words import add, both, equals, exceeds, greater, lesser, subtract


@inlined_kernel
def affine_code(word, factor, reciprocal, minus_scale, least, greatest, offset):
    """(code, mask of saturation, mask of underflow) of a float32; one rounding.

    Sums of MAGIC and integers are positive floats, so that their bits have their order.
    """
    n = rounded_quotient(word, factor, reciprocal, minus_scale)
    kept = lesser(greater(n, least), greatest)
    underflowed = both(equals(n, MAGIC), exceeds(both(word, MAGNITUDE), ZERO))
    return add(kept, offset), equals(equals(n, kept), ZERO), underflowed


@inlined_kernel
def affine_value(word, factor, reciprocal, minus_scale, least, greatest, scale):
    """The value of that code, which has to be a float32; zeros are positive."""
    n = rounded_quotient(word, factor, reciprocal, minus_scale)
    kept = lesser(greater(n, least), greatest)
    return float_product(float_difference(kept, MAGIC), scale)


@kernel
def encode_affine_rows(words, columns, step, tables, codes, counts, start, stop):
    """Codes of rows start..stop; whether all elements are finite.

    To ``counts`` it adds how many elements saturated and underflowed.
    """
    saturated, underflowed, peaks = spread_16(ZERO), spread_16(ZERO), spread_16(ZERO)
    ranks = add(places_of_16(), ONE)
    width = tables.shape[2]
    for i in range(start, stop):
        k = i % tables.shape[0]
        first, last = i * columns, min(words.shape[0], (i + 1) * columns)
        if last - first < 16:
            for j in range(first, last):
                t = tables[k, :, step * (j - first)]
                code, beyond, below = affine_code(words[j], t[0], t[1], t[2], t[3], t[4], t[5])
                codes[j] = code
                counts[0] += beyond != ZERO
                counts[1] += below != ZERO
                peaks = greater(peaks, both(words[j], MAGNITUDE))
            continue
        for here in range(first, last, 16):
            j = min(here, last - 16)
            at = 7 * k * width + step * (j - first)
            word = load_16(words, j)
            code, beyond, below = affine_code(
                word, load_16(tables, at), load_16(tables, at + width),
                load_16(tables, at + 2 * width), load_16(tables, at + 3 * width),
                load_16(tables, at + 4 * width), load_16(tables, at + 5 * width),
            )  # fmt: skip
            store_16(codes, j, code)
            fresh = exceeds(ranks, np.uint32(here - j))
            saturated = subtract(saturated, both(beyond, fresh))
            underflowed = subtract(underflowed, both(below, fresh))
            peaks = greater(peaks, both(word, MAGNITUDE))
    counts[0] += sum_of_16(saturated)
    counts[1] += sum_of_16(underflowed)
    return greatest_of_16(peaks) < INFINITY


@kernel
def quantize_affine_rows(words, columns, step, tables, values, start, stop):
    """Values of the codes of rows start..stop, float32 as words; whether all inputs are finite."""
    peaks = spread_16(ZERO)
    width = tables.shape[2]
    for i in range(start, stop):
        k = i % tables.shape[0]
        first, last = i * columns, min(words.shape[0], (i + 1) * columns)
        if last - first < 16:
            for j in range(first, last):
                t = tables[k, :, step * (j - first)]
                values[j] = affine_value(words[j], t[0], t[1], t[2], t[3], t[4], t[6])
                peaks = greater(peaks, both(words[j], MAGNITUDE))
            continue
        for here in range(first, last, 16):
            j = min(here, last - 16)
            at = 7 * k * width + step * (j - first)
            word = load_16(words, j)
            value = affine_value(
                word, load_16(tables, at), load_16(tables, at + width),
                load_16(tables, at + 2 * width), load_16(tables, at + 3 * width),
                load_16(tables, at + 4 * width), load_16(tables, at + 6 * width),
            )  # fmt: skip
            store_16(values, j, value)
            peaks = greater(peaks, both(word, MAGNITUDE))
    return greatest_of_16(peaks) < INFINITY


@kernel
def decode_affine_rows(codes, columns, step, zero_points, scales, values, start, stop):
    """Values of rows start..stop, in the float type of the scales, in which they are exact.

    Zero points are words, modulo 2^32.
    """
    width = scales.shape[1]
    for i in range(start, stop):
        k = i % scales.shape[0]
        first, last = i * columns, min(codes.shape[0], (i + 1) * columns)
        if last - first < 16:
            for j in range(first, last):
                at = step * (j - first)
                q = np.int32(subtract(np.uint32(codes[j]), zero_points[k, at]))
                values[j] = np.float32(q) * scales[k, at]
            continue
        for here in range(first, last, 16):
            j = min(here, last - 16)
            at = k * width + step * (j - first)
            q = subtract(load_codes_16(codes, j), load_16(zero_points, at))
            store_products_16(values, j, q, scales, at)
