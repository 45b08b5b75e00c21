"""Binary trees of rounding adders, in 64-bit integers."""

import numpy as np

from ...formats import kernel
from .chain_kernels import special_sum
from .kernels import (
    FINITE,
    INFINITE,
    INVALID,
    NAN,
    NO_LIMIT,
    add_numbers,
    code_of,
    decode_number,
    infinite_number,
    round_number,
)

# The columns of a buffer of numbers.
KIND, SIGN, SIZE, EXPONENT = range(4)


@kernel
def put(buffer, at, kind, negative, m, e):
    """Store a number."""
    buffer[at, KIND], buffer[at, SIGN] = kind, 1 if negative else 0
    buffer[at, SIZE], buffer[at, EXPONENT] = m, e


@kernel
def add_special(buffer, first, second, at, target):
    """The same where one of the numbers is NaN or infinite."""
    x, y = int(buffer[first, KIND]), int(buffer[second, KIND])
    negative = buffer[second if x == FINITE else first, SIGN] != 0
    kind, flags = INFINITE, 0
    if x == NAN or y == NAN:
        kind = NAN
    elif x == y and buffer[first, SIGN] != buffer[second, SIGN]:
        kind, flags = NAN, INVALID
    kind, negative, m, e, more = infinite_number(kind, negative, target)
    put(buffer, at, kind, negative, m, e)
    return flags | more


@kernel
def add_rounded(buffer, first, second, at, target, mode, down, flush):
    """``buffer[at] <- round(buffer[first] + buffer[second])``; the flags."""
    if buffer[first, KIND] != FINITE or buffer[second, KIND] != FINITE:
        return add_special(buffer, first, second, at, target)
    negative, other = buffer[first, SIGN] != 0, buffer[second, SIGN] != 0
    m, e = int(buffer[first, SIZE]), int(buffer[first, EXPONENT])
    size, place = int(buffer[second, SIZE]), int(buffer[second, EXPONENT])
    if m == 0 and size == 0:
        negative = negative if negative == other else down
    else:
        negative, m, e = add_numbers(negative, m, e, other, size, place)
        negative = down if m == 0 else negative
    kind, negative, m, e, flags = round_number(negative, m, e, target, mode)
    if flush and kind == FINITE and e == target[2] and m >> target[1] == 0:
        m = 0
    put(buffer, at, kind, negative, m, e)
    return flags


@kernel
def tree_rows(
    am, ae, af, a_special, bm, be, bf, b_special, terms, strided, flush_c, flush, target, mode,
    down, c, flags, start, stop,
):  # fmt: skip
    """Rows start..stop of C, codes that are overwritten: ``c <- round(c + root of a tree)``."""
    inner = am.shape[1]
    level = np.zeros((terms + 2, 4), np.int64)  # and C, and +0, at its end
    total, zero = terms, terms + 1
    for i in range(start, stop):
        for j in range(bm.shape[0]):
            kind, negative, m, e = decode_number(int(c[i, j]), target)
            if flush_c and kind == FINITE and e == target[2] and m >> target[1] == 0:
                negative, m = False, 0
            put(level, total, kind, negative, m, e)
            seen = 0
            for first in range(0, inner, terms):
                count = min(inner - first, terms)
                for k in range(count):
                    x, y = int(am[i, first + k]), int(bm[j, first + k])
                    sign = (int(af[i, first + k]) ^ int(bf[j, first + k])) & 4 != 0
                    found, infinite_sign = FINITE, False
                    if a_special[i] or b_special[j]:
                        found, infinite_sign, extra = special_sum(
                            FINITE, False, am, ae, af, bm, be, bf, i, j, first + k, first + k + 1,
                            1, NO_LIMIT,
                        )  # fmt: skip
                        seen |= extra
                    at = int(ae[i, first + k]) + int(be[j, first + k])
                    if found != FINITE:
                        put(level, k, found, infinite_sign, 0, 0)
                    else:
                        put(level, k, FINITE, sign, abs(x * y), at)
                    seen |= add_rounded(level, zero, k, k, target, mode, down, flush)
                while count > 1:
                    adders = (count + 1) // 2
                    for n in range(count // 2):
                        x, y = (n, n + adders) if strided else (2 * n, 2 * n + 1)
                        seen |= add_rounded(level, x, y, n, target, mode, down, flush)
                    if count % 2 and not strided:
                        level[adders - 1] = level[count - 1]
                    count = adders
                seen |= add_rounded(level, total, 0, total, target, mode, down, flush)
            kind, sign = level[total, KIND], level[total, SIGN] != 0
            c[i, j] = code_of(kind, sign, level[total, SIZE], level[total, EXPONENT], target)
            flags[i, j] = seen
