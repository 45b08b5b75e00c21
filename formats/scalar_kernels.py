"""The one place where bits are lost: rounding a binary64 to the codes of a scalar format.

Integers only, in the manner of a hardware unit: take the float apart, shift with the dropped bits
kept, round once.  Everything here is plain Python that numba compiles; with compilation disabled
the same lines give the same bits.
"""

import numpy as np

from .jit import kernel

# Positions in the enums Rounding and Overflow; tests/test_kernel_codes.py holds them together.
NEAREST_EVEN, NEAREST_AWAY, TOWARD_ZERO, DOWN, UP, TO_ODD, STOCHASTIC = range(7)
SATURATE, SATURATE_SYMMETRIC, WRAP, INFINITY_OR_NAN, RAISE = range(5)

# What encoding one element did, added up in a count of each.
SATURATED, UNDERFLOWED, REFUSED = range(3)

INFINITE_ORDINAL = 1 << 62
_FRACTION_MASK = (1 << 52) - 1
_ABS_MASK = (1 << 63) - 1


@kernel
def float64_bits(x):
    """The 64 bits of a float64, as a signed integer."""
    return int(np.float64(x).view(np.int64))


@kernel
def floor_log2(x):
    """floor(log2 |x|) of a finite nonzero float64, from its bits; exact."""
    bits = float64_bits(x) & _ABS_MASK
    exponent = (bits >> 52) - 1023
    if exponent == -1023:
        exponent = -1075
        while bits:
            bits >>= 1
            exponent += 1
    return exponent


@kernel
def round_shift(m, shift, mode, negative, random, random_bits):
    """The integer next to ``m 2^-shift`` that the rounding mode picks; the library's one rounding.

    Preconditions: 0 <= m < 2^53, shift >= -9, 0 <= random < 2^random_bits, random_bits <= 32.
    """
    if shift <= 0:
        return m << -shift
    if shift > 62:
        # Only the position of the remainder below 1/2 matters here: keep it as a sticky bit.
        excess = min(shift - 62, 53)
        m = (m >> excess) | (1 if m & ((1 << excess) - 1) else 0)
        shift = 62
    q = m >> shift
    remainder = m & ((1 << shift) - 1)
    if remainder == 0:
        return q
    half = 1 << (shift - 1)
    if mode == NEAREST_EVEN:
        up = remainder > half or (remainder == half and q & 1 == 1)
    elif mode == NEAREST_AWAY:
        up = remainder >= half
    elif mode == DOWN:
        up = negative
    elif mode == UP:
        up = not negative
    elif mode == TO_ODD:
        up = q & 1 == 0
    elif mode == STOCHASTIC:
        drop = shift - random_bits
        kept = remainder >> drop if drop >= 0 else remainder << -drop
        up = kept + random >= 1 << random_bits
    else:
        up = False
    return q + 1 if up else q


@kernel
def significand(x):
    """``(m, e)`` with |x| = m 2^e and 2^52 <= m < 2^53 (m = 0 for zero), of a finite float64."""
    bits = float64_bits(x) & _ABS_MASK
    field = bits >> 52
    m = bits & _FRACTION_MASK
    if field > 0:
        return m | (1 << 52), field - 1075
    e = -1074
    while m != 0 and m < 1 << 52:
        m <<= 1
        e -= 1
    return m, e


@kernel
def ordinal(m, e, negative, significand_bits, lsb_min, mode, random, random_bits):
    """How many values of the format lie between 0 and the rounding of ``m 2^e``; one rounding.

    The format is taken to have no largest value, so an ordinal above its largest one says
    overflow.  A fixed-point format is the case of a single binade, ``significand_bits = 62``.
    """
    if m == 0:
        return 0
    lsb = max(e + 52 - significand_bits, lsb_min)
    if significand_bits == 62 and lsb > lsb_min:
        return INFINITE_ORDINAL
    k = round_shift(m, lsb - e, mode, negative, random, random_bits)
    return k + ((lsb - lsb_min) << significand_bits)


@kernel
def wrapped(m, e, lsb_min, k, mask):
    """The low bits of the rounded integer, also where it is too large for `ordinal`."""
    if k != INFINITE_ORDINAL:
        return k & mask
    shift = e - lsb_min
    return (m << shift) & mask if shift < 63 else 0


@kernel
def fixed_code(x, lsb_min, max_ordinal, mode, overflow, random, random_bits, counts):
    """Two's complement code of a float64 in a fixed-point format; one rounding.

    NaN and the infinities, which have no code, are counted as refused and give 0.
    """
    if not np.isfinite(x):
        counts[REFUSED] += 1
        return 0
    m, e = significand(x)
    negative = x < 0
    k = ordinal(m, e, negative, 62, lsb_min, mode, random, random_bits)
    if k == 0 and m != 0:
        counts[UNDERFLOWED] += 1
    limit = max_ordinal
    if negative and overflow != SATURATE_SYMMETRIC:
        limit = max_ordinal + 1
    if k > limit:
        if overflow == RAISE:
            counts[REFUSED] += 1
            return 0
        counts[SATURATED] += 1
        if overflow == WRAP:
            modulus = 2 * (max_ordinal + 1)
            k = wrapped(m, e, lsb_min, k, modulus - 1)
            k = (modulus - k) % modulus if negative else k
            return k - modulus if k > max_ordinal else k
        k = limit
    return -k if negative else k


@kernel
def overflowed_ordinal(negative, max_ordinal, infinity, nan, mode, overflow):
    """Magnitude code of a finite value beyond the largest one; -1 where the policy refuses."""
    if overflow == RAISE:
        return -1
    inward = mode in (TOWARD_ZERO, TO_ODD) or mode == (UP if negative else DOWN)
    if overflow != INFINITY_OR_NAN or inward:
        return max_ordinal
    return infinity if infinity >= 0 else nan


@kernel
def minifloat_code(
    x, significand_bits, lsb_min, max_ordinal, infinity, nan, sign, negative_zero,
    mode, overflow, random, random_bits, counts,
):  # fmt: skip
    """Code of a float64 in a minifloat; one rounding.

    ``infinity`` and ``nan`` are codes or -1 where there is none; a NaN without a code is counted
    as refused and gives 0.  An infinity without a code follows the overflow policy.
    """
    if np.isnan(x):
        counts[REFUSED] += nan < 0
        return max(nan, 0)
    negative = float64_bits(x) < 0
    m, e = 0, 0
    if np.isinf(x):
        k = infinity
        if overflow != INFINITY_OR_NAN or infinity < 0:
            k = overflowed_ordinal(negative, max_ordinal, infinity, nan, NEAREST_EVEN, overflow)
            counts[SATURATED] += 1
    else:
        m, e = significand(x)
        k = ordinal(m, e, negative, significand_bits, lsb_min, mode, random, random_bits)
        if k == 0 and m != 0:
            counts[UNDERFLOWED] += 1
        if k > max_ordinal:
            k = overflowed_ordinal(negative, max_ordinal, infinity, nan, mode, overflow)
            counts[SATURATED] += 1
    if k < 0:
        counts[REFUSED] += 1
        return 0
    if k == nan or (k == 0 and not negative_zero):
        return k
    return k + sign if negative else k


@kernel
def power_of_two(exponent):
    """2^exponent as a float64, -1074 <= exponent <= 1023; exact."""
    bits = (exponent + 1023) << 52 if exponent >= -1022 else 1 << (exponent + 1074)
    return np.int64(bits).view(np.float64)


@kernel
def minifloat_value(code, significand_bits, lsb_min, max_ordinal, infinity, nan, sign):
    """Value of a minifloat's code as a float64; exact."""
    negative = code & sign != 0
    magnitude = code ^ sign if negative else code
    if code == nan or magnitude > max_ordinal:
        if magnitude != infinity:
            return np.nan
        return -np.inf if negative else np.inf
    field = magnitude >> significand_bits
    k = magnitude & ((1 << significand_bits) - 1)
    if field > 0:
        k |= 1 << significand_bits
        field -= 1
    value = float(k) * power_of_two(lsb_min + field)
    return -value if negative else value
