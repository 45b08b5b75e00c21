"""The one place where bits are lost: rounding a binary64 to the codes of a scalar format.

Integers only, in the manner of a hardware unit: take the float apart, add the rounding increment,
shift.  Everything here is plain Python that numba compiles; with compilation disabled the same
lines give the same bits.
"""

import numpy as np

from .cast_integers import NO_CODE
from .jit import kernel

# Positions in the enum Rounding; tests/test_kernel_codes.py holds them together.
(
    NEAREST_EVEN, NEAREST_ODD, NEAREST_AWAY, NEAREST_ZERO, NEAREST_UP, NEAREST_DOWN, TOWARD_ZERO,
    AWAY_FROM_ZERO, DOWN, UP, TO_ODD, STOCHASTIC, STOCHASTIC_B, STOCHASTIC_C,
) = range(14)  # fmt: skip

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
def stochastic_increment(m, shift, mode, random, random_bits):
    """What variant A, B or C adds to ``m`` before the low ``shift`` bits are dropped."""
    if mode == STOCHASTIC_B:
        random, random_bits = 2 * random + 1, random_bits + 1
    below = shift - random_bits  # bits of the fraction beyond those compared with the random ones
    if below <= 0:
        return random >> -below
    increment = random << below
    if mode == STOCHASTIC_C:
        odd = (m >> below) & 1 if random_bits > 0 else 0
        increment += (1 << (below - 1)) - 1 + odd
    return increment


@kernel
def rounding_increment(m, shift, mode, odd, negative, random, random_bits):
    """What is added to ``m`` before its low ``shift`` bits are dropped, so that it is rounded.

    ``odd`` says of what code, without the increment, the last bit is.
    """
    half = 1 << (shift - 1)
    if mode == NEAREST_EVEN:
        return half - 1 + odd
    if mode == NEAREST_ODD:
        return half - odd
    if mode == NEAREST_AWAY:
        return half
    if mode == NEAREST_ZERO:
        return half - 1
    if mode == NEAREST_UP:
        return half - 1 if negative else half
    if mode == NEAREST_DOWN:
        return half if negative else half - 1
    if mode >= STOCHASTIC:
        return stochastic_increment(m, shift, mode, random, random_bits)
    away = (
        mode == AWAY_FROM_ZERO
        or (mode == UP and not negative)
        or (mode == DOWN and negative)
        or (mode == TO_ODD and odd == 0)
    )
    return (1 << shift) - 1 if away else 0


@kernel
def round_shift(m, shift, mode, negative, parity, random, random_bits):
    """The integer next to ``m 2^-shift`` that the rounding mode picks; the library's one rounding.

    ``parity`` is added to the integer where the mode asks whether the code is odd.
    Preconditions: 0 <= m < 2^53, shift >= -9, 0 <= random < 2^random_bits, random_bits <= 32.
    """
    if shift <= 0:
        return m << -shift
    if shift > 62:
        # Only the position of the remainder below 1/2 matters here: keep it as a sticky bit.
        excess = min(shift - 62, 53)
        m = (m >> excess) | (1 if m & ((1 << excess) - 1) else 0)
        shift = 62
    odd = ((m >> shift) + parity) & 1
    return (m + rounding_increment(m, shift, mode, odd, negative, random, random_bits)) >> shift


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
    below = (lsb - lsb_min) << significand_bits
    return below + round_shift(m, lsb - e, mode, negative, below & 1, random, random_bits)


@kernel
def wrapped(m, e, lsb_min, k, mask):
    """The low bits of the rounded integer, also where it is too large for `ordinal`."""
    if k != INFINITE_ORDINAL:
        return k & mask
    shift = e - lsb_min
    return (m << shift) & mask if shift < 63 else 0


@kernel
def wrapped_code(m, e, negative, lsb_min, k, modulus, least):
    """The code that is the rounded integer modulo ``modulus``, a power of two, from ``least``."""
    k = wrapped(m, e, lsb_min, k, modulus - 1)
    k = (modulus - k) % modulus if negative else k
    return k - modulus if k >= modulus + least else k


@kernel
def element_code(x, element, shift, mode, random, random_bits, counts):
    """Code of a float64 in a scalar format whose values are scaled by ``2^shift``; one rounding.

    ``element`` is what `cast_integers.cast_integers` says of format and policies.  A value that is
    left no code is counted as refused and gives 0, or 1 below zero: not what saturation gives.
    """
    (
        fixed, significand_bits, lsb_min, greatest, least, infinity, nan, sign, negative_zero,
        modulus, above, below, at_infinity, at_minus_infinity,
    ) = element  # fmt: skip
    negative = float64_bits(x) < 0
    if not np.isfinite(x):
        code = nan if np.isnan(x) else at_minus_infinity if negative else at_infinity
        if code == NO_CODE:
            counts[REFUSED] += 1
            return int(negative)
        kept = code == infinity or code == infinity + sign
        counts[SATURATED] += not (np.isnan(x) or (infinity != NO_CODE and kept))
        return code
    m, e = significand(x)
    lsb_min += shift
    k = ordinal(m, e, negative, significand_bits, lsb_min, mode, random, random_bits)
    if k > (-least if negative else greatest):
        if modulus:
            counts[SATURATED] += 1
            return wrapped_code(m, e, negative, lsb_min, k, modulus, least)
        code = below if negative else above
        counts[REFUSED if code == NO_CODE else SATURATED] += 1
        return int(negative) if code == NO_CODE else code
    counts[UNDERFLOWED] += k == 0 and m != 0
    if not negative or (k == 0 and not negative_zero):
        return k
    return -k if fixed else k + sign


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
