"""What the kernels of dot products share: numbers as sign, integer and exponent, rounded once.

A number is ``(kind, negative, m, e)``: FINITE is ``m 2^e`` with 0 <= m < 2^62, where m = 0 has a
sign too; NAN and INFINITE are themselves.
"""

from ...formats import cast_integers, kernel, scalar_kernels

round_shift = scalar_kernels.round_shift
float64_bits = scalar_kernels.float64_bits
NO_CODE = cast_integers.NO_CODE
DOWN = scalar_kernels.DOWN
TOWARD_ZERO = scalar_kernels.TOWARD_ZERO

FINITE, NAN, INFINITE = range(3)

#: No such exponent: in the place of one that a unit does not have.
NO_LIMIT = -(1 << 40)

# Bits of a result's flags; see `dot`.
OVERFLOWED, INVALID, REFUSED = 1, 2, 4


@kernel
def bit_length(m):
    """How many bits a non-negative integer below 2^62 has; the exponent field says it."""
    if m == 0:
        return 0
    if m >> 52:
        return (float64_bits(float(m >> 20)) >> 52) - 1002
    return (float64_bits(float(m)) >> 52) - 1022


@kernel
def decode_number(code, target):
    """The number of a code of the format that ``target`` describes (see `cast_integers`)."""
    (
        fixed, significand_bits, lsb_min, greatest, _least, infinity, nan, sign, _zero,
        _modulus, _above, _below, _at_infinity, _at_minus_infinity,
    ) = target  # fmt: skip
    if fixed:
        return FINITE, code < 0, abs(code), lsb_min
    negative = sign != 0 and code & sign != 0
    magnitude = code ^ sign if negative else code
    if code == nan or magnitude > greatest:
        if magnitude == infinity:
            return INFINITE, negative, 0, 0
        return NAN, False, 0, 0
    field = magnitude >> significand_bits
    m = magnitude & ((1 << significand_bits) - 1)
    if field > 0:
        m |= 1 << significand_bits
        field -= 1
    return FINITE, negative, m, lsb_min + field


@kernel
def code_of(kind, negative, m, e, target):
    """The code of a number that the format holds."""
    (
        fixed, significand_bits, lsb_min, _greatest, _least, infinity, nan, sign, negative_zero,
        _modulus, _above, _below, _at_infinity, _at_minus_infinity,
    ) = target  # fmt: skip
    if kind == NAN:
        return nan
    if kind == INFINITE:
        return infinity + sign if negative else infinity
    if fixed:
        return -m if negative else m
    signed = negative and (m != 0 or negative_zero != 0)
    k = m if m == 0 else ((e - lsb_min) << significand_bits) + m
    return k + sign if signed else k


@kernel
def of_code(code, negative, target):
    """The number of a code that policies chose, and the flags of a code that they refuse."""
    if code == NO_CODE:
        return FINITE, negative, 0, 0, REFUSED
    kind, sign, m, e = decode_number(code, target)
    return kind, sign, m, e, 0


@kernel
def round_number(negative, m, e, target, mode):
    """``m 2^e`` rounded once to the format; ``(kind, negative, m, e, flags)``.

    Preconditions: 0 <= m < 2^62.  The last bit of m may stand for a nonzero rest below it if it is
    at least 3 places below the last bit of the result.
    """
    (
        fixed, significand_bits, lsb_min, greatest, least, _infinity, _nan, _sign, negative_zero,
        modulus, above, below, _at_infinity, _at_minus_infinity,
    ) = target  # fmt: skip
    if m == 0:
        return FINITE, negative and negative_zero != 0, 0, lsb_min, 0
    length = bit_length(m)
    lsb = lsb_min if fixed else max(e + length - 1 - significand_bits, lsb_min)
    limit = -least if negative else greatest
    shift = lsb - e
    far = not fixed and lsb - lsb_min > greatest >> significand_bits
    far = far or (fixed and shift < 0 and length - shift > 62)
    k = 0
    if not far:
        parity = (lsb - lsb_min) & 1 if significand_bits == 0 else 0
        k = m << -shift if shift <= 0 else round_shift(m, shift, mode, negative, parity, 0, 0)
        far = (k if fixed else ((lsb - lsb_min) << significand_bits) + k) > limit
    if not far:
        if not fixed and k >> (significand_bits + 1):
            k >>= 1
            lsb += 1
        return FINITE, negative and (k != 0 or negative_zero != 0), k, lsb, 0
    if modulus:
        k = (modulus - k % modulus) % modulus if negative else k % modulus
        k = k - modulus if k >= modulus + least else k
        return FINITE, k < 0, abs(k), lsb_min, OVERFLOWED
    kind, negative, m, e, flags = of_code(below if negative else above, negative, target)
    return kind, negative, m, e, flags | OVERFLOWED


@kernel
def infinite_number(kind, negative, target):
    """What a sum that is NaN or infinite becomes in the format."""
    nan, at_infinity, at_minus_infinity = target[6], target[12], target[13]
    code = nan if kind == NAN else at_minus_infinity if negative else at_infinity
    return of_code(code, negative, target)


@kernel
def add_numbers(first_negative, first_m, first_e, second_negative, second_m, second_e):
    """``(negative, m, e)`` of the sum of two finite numbers, one of them not zero.

    Exact, or the last bit of m, 60 bits below the first, stands for a nonzero rest.
    Preconditions: both integers below 2^60.
    """
    if first_m == 0:
        return second_negative, second_m, second_e
    if second_m == 0:
        return first_negative, first_m, first_e
    if first_e < second_e:
        first_negative, second_negative = second_negative, first_negative
        first_m, second_m = second_m, first_m
        first_e, second_e = second_e, first_e
    left = min(first_e - second_e, 61 - bit_length(first_m))
    first_m <<= left
    first_e -= left
    rest = first_e - second_e
    if rest > 0:
        dropped = min(rest, 62)
        second_m = (second_m >> dropped) | (1 if second_m & ((1 << dropped) - 1) else 0)
    total = (-first_m if first_negative else first_m) + (-second_m if second_negative else second_m)
    return total < 0, abs(total), first_e


@kernel
def shifted(m, places, mode):
    """The integer next to ``m 2^-places`` (m with its sign), as the mode rounds; |m| < 2^62."""
    if places <= 0:
        return m << -places
    if mode == DOWN:
        return m >> min(places, 63)
    negative = m < 0
    magnitude = -m if negative else m
    if mode == TOWARD_ZERO:
        q = magnitude >> min(places, 63)
    else:
        q = round_shift(magnitude, places, mode, negative, 0, 0, 0)
    return -q if negative else q
