"""Sums of a few exact products, in a register, rounded once."""

import numpy as np

from ...formats import kernel
from ..dots.kernels import code_of, decode_number, round_number
from ..dots.kulisch import add_integer, leading_window, settle

#: Bits of a shifted product; six less than a sum of 62 has, for at most 36 of them.
_NARROW = 56


@kernel
def narrow_sum(products, places, base, i, j):
    """The sum of the products at (i, j) in units of 2^base, and whether it fits 62 bits."""
    total = 0
    for n in range(places.shape[0]):
        count = int(products[n, i, j])
        shift = int(places[n]) - base
        if count != 0:
            if shift > _NARROW or abs(count) >> (_NARROW - shift) != 0:
                return 0, False
            total += count << shift
    return total, True


@kernel
def rounded_slices(products, places, lowest, limbs, target, mode, c, flags, start, stop):
    """Rows start..stop of C, codes that are overwritten, plus the products, rounded once.

    ``products`` are arrays of integers below 2^62 in float64, one after the other, each in units of
    2^place.  No C is an infinity or NaN.
    """
    register = np.zeros(limbs, np.int64)
    base = int(places.min())
    for i in range(start, stop):
        for j in range(c.shape[1]):
            _, negative, m, e = decode_number(int(c[i, j]), target)
            total, narrow = narrow_sum(products, places, base, i, j)
            if narrow and m == 0:
                kind, negative, m, e, seen = round_number(total < 0, abs(total), base, target, mode)
                c[i, j] = code_of(kind, negative, m, e, target)
                flags[i, j] = seen
                continue
            register[:] = 0
            if m != 0:
                add_integer(register, lowest, m, e, negative)
            for n in range(places.shape[0]):
                count = int(products[n, i, j])
                if count != 0:
                    add_integer(register, lowest, abs(count), int(places[n]), count < 0)
            below = settle(register)
            size, place = leading_window(register)
            kind, negative, m, e, seen = round_number(
                below and size != 0, size, lowest + place, target, mode
            )
            c[i, j] = code_of(kind, negative, m, e, target)
            flags[i, j] = seen
