"""Sums in a register wide enough for everything: exact, or read and rounded after every step."""

import numpy as np

from ...formats import kernel
from .chain_kernels import special_sum, zero_sum_sign
from .fused_kernels import fused_result
from .kernels import (
    FINITE,
    NAN,
    NO_LIMIT,
    code_of,
    decode_number,
    infinite_number,
    round_number,
)
from .kulisch import add_integer, leading_window, settle

# What the sum of a step obeys.
EXACT, SEQUENTIAL, FUSED = range(3)

_HALF = (1 << 27) - 1


@kernel
def add_wide(register, lowest, x, y, exponent):
    """register += x y 2^exponent for integers with signs, below 2^54; exact."""
    if x == 0 or y == 0:
        return
    negative = (x < 0) != (y < 0)
    x, y = abs(x), abs(y)
    add_integer(register, lowest, (x & _HALF) * (y & _HALF), exponent, negative)
    if x >> 27:
        add_integer(register, lowest, (x >> 27) * (y & _HALF), exponent + 27, negative)
    if y >> 27:
        add_integer(register, lowest, (x & _HALF) * (y >> 27), exponent + 27, negative)
    if x >> 27 and y >> 27:
        add_integer(register, lowest, (x >> 27) * (y >> 27), exponent + 54, negative)


@kernel
def register_rows(
    am, ae, af, a_special, bm, be, bf, b_special, depth, what, lowest, limbs, unit, target, result,
    mode, nan_code, c, flags, start, stop,
):  # fmt: skip
    """Rows start..stop of C, codes that are overwritten: every ``depth`` products one rounding.

    ``lowest`` and ``limbs`` make a register that holds every product and every C.
    """
    register = np.zeros(limbs, np.int64)
    inner = am.shape[1]
    limit, flush = unit[15], unit[16]
    spare = target[1] - result[1]
    for i in range(start, stop):
        for j in range(bm.shape[0]):
            kind, negative, m, e = decode_number(int(c[i, j]), target)
            watch = a_special[i] or b_special[j] or limit != NO_LIMIT
            seen = 0
            first = 0
            while first < inner or (what == EXACT and first == 0):
                last = min(inner, first + depth)
                if flush and kind == FINITE and e == target[2] and m >> target[1] == 0:
                    negative, m = False, 0
                if watch or kind != FINITE:
                    found, sign, extra = special_sum(
                        kind, negative, am, ae, af, bm, be, bf, i, j, first, last, 1, limit
                    )
                    seen |= extra
                    if found != FINITE:
                        kind, negative, m, e = found, sign, 0, 0
                        if what != FUSED:
                            kind, negative, m, e, extra = infinite_number(found, sign, target)
                            seen |= extra
                        first += max(depth, 1)
                        continue
                register[:] = 0
                if m != 0:
                    add_integer(register, lowest, m, e, negative)
                for k in range(first, last):
                    at = int(ae[i, k]) + int(be[j, k])
                    add_wide(register, lowest, int(am[i, k]), int(bm[j, k]), at)
                below = settle(register)
                size, place = leading_window(register)
                if size == 0 and what == SEQUENTIAL:
                    below = zero_sum_sign(am, af, bm, bf, i, j, first, last, negative, m, mode)
                elif size == 0:
                    below = False
                if what == FUSED:
                    kind, negative, m, e, extra = fused_result(
                        -size if below else size, lowest + place, result, unit
                    )
                    if kind == FINITE:
                        m <<= spare
                        e -= spare
                else:
                    kind, negative, m, e, extra = round_number(
                        below, size, lowest + place, target, mode
                    )
                seen |= extra
                first += max(depth, 1)
            if what == FUSED and kind == NAN:
                c[i, j] = nan_code
            else:
                c[i, j] = code_of(kind, negative, m, e, target)
            flags[i, j] = seen
