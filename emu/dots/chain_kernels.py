"""Sequential sums in any scalar format: one rounding per tile product, in 64-bit integers."""

from ...formats import kernel, scalar_kernels
from .kernels import (
    FINITE,
    INFINITE,
    INVALID,
    NAN,
    NO_LIMIT,
    OVERFLOWED,
    add_numbers,
    bit_length,
    code_of,
    decode_number,
    infinite_number,
    round_number,
)

DOWN = scalar_kernels.DOWN

# Bits of the operands' flags; see `operands.py`.
_NAN, _INFINITE, _NEGATIVE, _MADE = 1, 2, 4, 8


@kernel
def special_sum(kind, negative, am, ae, af, bm, be, bf, i, j, first, last, step, limit):
    """Kind, sign and flags of c plus the products first, first + step, ..; FINITE if they are.

    Finite products of ``2^limit`` or more count as infinite.
    """
    plus = kind == INFINITE and not negative
    minus = kind == INFINITE and negative
    quiet = kind == NAN
    flags = 0
    for k in range(first, last, step):
        x, y = int(af[i, k]), int(bf[j, k])
        if (x | y) & _NAN:
            quiet = True
            if (x & _NAN == 0 or x & _MADE) and (y & _NAN == 0 or y & _MADE):
                flags |= INVALID
        elif (x | y) & _INFINITE:
            if (x & _INFINITE == 0 and am[i, k] == 0) or (y & _INFINITE == 0 and bm[j, k] == 0):
                flags |= INVALID
                quiet = True
            elif (x ^ y) & _NEGATIVE:
                minus = True
            else:
                plus = True
        elif limit != NO_LIMIT:
            p = int(am[i, k]) * int(bm[j, k])
            if p != 0 and bit_length(abs(p)) + int(ae[i, k]) + int(be[j, k]) > limit:
                flags |= OVERFLOWED
                minus = minus or p < 0
                plus = plus or p > 0
    if quiet:
        return NAN, False, flags
    if plus and minus:
        return NAN, False, flags | INVALID
    if plus or minus:
        return INFINITE, minus, flags
    return FINITE, False, flags


@kernel
def zero_sum_sign(am, af, bm, bf, i, j, first, last, negative, m, mode):
    """The sign of an exact sum of zero (IEEE 754-2019, 6.3): of c, if m = 0, and the products."""
    some_minus = m == 0 and negative
    some_plus = m == 0 and not negative
    cancelled = m != 0
    for k in range(first, last):
        if am[i, k] != 0 and bm[j, k] != 0:
            cancelled = True
        elif (int(af[i, k]) ^ int(bf[j, k])) & _NEGATIVE:
            some_minus = True
        else:
            some_plus = True
    if cancelled or (some_plus and some_minus):
        return mode == DOWN
    return some_minus


@kernel
def chain_rows(
    am, ae, af, a_special, bm, be, bf, b_special, depth, target, mode, c, flags, start, stop
):
    """Rows start..stop of C, codes that are overwritten: ``c <- round(c + tile product)``.

    Preconditions: the elements of a tile have one exponent; a tile product is below 2^60.
    ``a_special`` and ``b_special`` say which rows hold NaN or infinities.
    """
    inner = am.shape[1]
    for i in range(start, stop):
        for j in range(bm.shape[0]):
            kind, negative, m, e = decode_number(int(c[i, j]), target)
            seen = 0
            watch = a_special[i] or b_special[j]
            for first in range(0, inner, depth):
                last = min(inner, first + depth)
                if watch or kind != FINITE:
                    found, sign, extra = special_sum(
                        kind, negative, am, ae, af, bm, be, bf, i, j, first, last, 1, NO_LIMIT
                    )
                    seen |= extra
                    if found != FINITE:
                        kind, negative, m, e, extra = infinite_number(found, sign, target)
                        seen |= extra
                        continue
                product = 0
                for k in range(first, last):
                    product += int(am[i, k]) * int(bm[j, k])
                if product != 0:
                    at = int(ae[i, first]) + int(be[j, first])
                    negative_product = product < 0
                    size = -product if negative_product else product
                    if m == 0:
                        negative, m, e = negative_product, size, at
                    else:
                        negative, m, e = add_numbers(negative, m, e, negative_product, size, at)
                        if m == 0:
                            negative = mode == DOWN
                elif m == 0:
                    negative = zero_sum_sign(am, af, bm, bf, i, j, first, last, negative, m, mode)
                elif first > 0:
                    continue  # a sum rounds to itself; a C may be beyond a symmetric range
                kind, negative, m, e, extra = round_number(negative, m, e, target, mode)
                seen |= extra
            c[i, j] = code_of(kind, negative, m, e, target)
            flags[i, j] = seen
