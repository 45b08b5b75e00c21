"""An exact accumulator in integers: a fixed-point register wide enough for every product.

The register is an array of 32-bit limbs held in int64, limb ``k`` worth ``2^(lowest + 32 k)``;
a product adds less than 2^35 to a limb and carries are settled only when the register is read, so
up to 2^28 products may be added.
"""

import numpy as np

from ...formats import kernel, scalar_kernels
from .kernels import bit_length

round_shift = scalar_kernels.round_shift
significand = scalar_kernels.significand
power_of_two = scalar_kernels.power_of_two
NEAREST_EVEN = scalar_kernels.NEAREST_EVEN

LIMB = 32
MASK = (1 << LIMB) - 1
WINDOW = 60  # bits kept above the sticky bit when the register is read


@kernel
def add_integer(register, lowest, m, exponent, negative):
    """register += +-m 2^exponent, 0 <= m < 2^62; exact."""
    position = exponent - lowest
    limb = position >> 5
    shift = position & 31
    low = (m & MASK) << shift
    high = (m >> LIMB) << shift
    sign = -1 if negative else 1
    register[limb] += sign * (low & MASK)
    register[limb + 1] += sign * ((low >> LIMB) + (high & MASK))
    register[limb + 2] += sign * (high >> LIMB)


@kernel
def add_product(register, lowest, a, b):
    """register += a b for finite float64 a and b; exact."""
    ma, ea = significand(a)
    mb, eb = significand(b)
    negative = (a < 0) != (b < 0)
    exponent = ea + eb
    while ma != 0 and ma & 1 == 0:
        ma >>= 1
        exponent += 1
    while mb != 0 and mb & 1 == 0:
        mb >>= 1
        exponent += 1
    half = (1 << 27) - 1
    if ma == 0 or mb == 0:
        return
    add_integer(register, lowest, (ma & half) * (mb & half), exponent, negative)
    add_integer(register, lowest, (ma >> 27) * (mb & half), exponent + 27, negative)
    add_integer(register, lowest, (ma & half) * (mb >> 27), exponent + 27, negative)
    add_integer(register, lowest, (ma >> 27) * (mb >> 27), exponent + 54, negative)


@kernel
def settle(register):
    """Propagate carries and make the register sign and magnitude; True if it was negative."""
    for attempt in range(2):
        carry = 0
        for k in range(register.shape[0] - 1):
            total = register[k] + carry
            register[k] = total & MASK
            carry = total >> LIMB
        register[-1] += carry
        if register[-1] >= 0:
            return attempt == 1
        for k in range(register.shape[0]):
            register[k] = -register[k]
    return True


@kernel
def leading_window(register):
    """``(m, position)``: the top WINDOW + 1 bits of a settled register with a sticky last bit."""
    top = register.shape[0] - 1
    while top >= 0 and register[top] == 0:
        top -= 1
    if top < 0:
        return 0, 0
    m = int(register[top])
    position = top * LIMB
    for k in range(top - 1, -1, -1):
        limb = int(register[k])
        taken = max(0, min(LIMB, WINDOW + 1 - bit_length(m)))
        m = m << taken | limb >> (LIMB - taken)
        position -= taken
        if taken < LIMB:
            rest = limb & ((1 << (LIMB - taken)) - 1)
            while rest == 0 and k > 0:
                k -= 1
                rest = int(register[k])
            return m | (1 if rest else 0), position
    return m, position


@kernel
def read_register(register, lowest, significand_bits, lsb_min, top_exponent):
    """The register rounded once to nearest even; destroys it.  +0 if it is zero.

    ``significand_bits``, ``lsb_min`` and ``top_exponent`` (the exponent of the first power of two
    that overflows) describe FP32 or FP64; overflow gives an infinity.
    """
    negative = settle(register)
    m, position = leading_window(register)
    if m == 0:
        return 0.0
    exponent = lowest + position
    length = 0
    while m >> length:
        length += 1
    lsb = max(exponent + length - 1 - significand_bits, lsb_min)
    k = round_shift(m, lsb - exponent, NEAREST_EVEN, negative, 0, 0, 0)
    if k >> (significand_bits + 1):
        k >>= 1
        lsb += 1
    overflows = lsb + significand_bits >= top_exponent
    magnitude = np.inf if overflows else float(k) * power_of_two(lsb)
    return -magnitude if negative else magnitude
