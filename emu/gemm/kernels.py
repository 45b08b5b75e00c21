"""Matrix products by plain loops, the twins of the vectorized kernel: slow, obvious, general.

`multiply_general` follows the definition of both accumulators with an integer register and needs
nothing from its operands.  `multiply_wide` is the sequential FP32 accumulator where tile products
are exact in float64.  Both run interpreted with the same bits.
"""

import numpy as np

from ...formats import kernel
from ..dots.kulisch import add_product, read_register


@kernel
def negative_zero(x):
    """Whether x is -0."""
    return x == 0 and np.signbit(x)


@kernel
def tile_special(a, b, i, j, first, last):
    """Float sum of the products of a tile where it is not finite, or the sign of an all-zero one.

    NaN and infinities follow IEEE 754; for finite products the result is -0 if all of them are
    -0 and +0 otherwise, which is the sign an exact sum of zero has.
    """
    special = -0.0
    for k in range(first, last):
        x, y = a[i, k], b[k, j]
        if np.isfinite(x) and np.isfinite(y):
            special += -0.0 if (x == 0 or y == 0) and np.signbit(x) != np.signbit(y) else 0.0
        else:
            special += x * y
    return special


@kernel
def multiply_general(
    a, b, depth, exact, lowest, limbs, significand_bits, lsb_min, top_exponent, c, start, stop
):
    """Rows start..stop of the product of float64 values by the definition of the accumulators.

    ``lowest`` and ``limbs`` make a register that holds every product and every result;
    ``exact`` reads it once at the end, otherwise it is read after every ``depth`` products.
    """
    register = np.zeros(limbs, np.int64)
    inner = a.shape[1]
    step = max(inner, 1) if exact else depth
    for i in range(start, stop):
        for j in range(b.shape[1]):
            total = 0.0
            for first in range(0, inner, step):
                last = min(inner, first + step)
                special = tile_special(a, b, i, j, first, last)
                if not np.isfinite(special) or not np.isfinite(total):
                    total = total + special
                    continue
                register[:] = 0
                for k in range(first, last):
                    add_product(register, lowest, a[i, k], b[k, j])
                add_product(register, lowest, total, 1.0)
                sum_ = read_register(register, lowest, significand_bits, lsb_min, top_exponent)
                if sum_ == 0 and not register.any():
                    sum_ = total + special if total == 0 else 0.0
                total = sum_
            c[i, j] = total


@kernel
def add_to_odd(a, b):
    """a + b in float64 rounded to odd, a finite or not; correct for a later rounding to FP32."""
    total = a + b
    if not np.isfinite(total):
        return total
    part = total - a
    error = (a - (total - part)) + (b - part)
    bits = int(np.float64(total).view(np.int64))
    if error != 0 and bits & 1 == 0:
        bits += 1 if (error > 0) == (total > 0) else -1
    return np.int64(bits).view(np.float64)


@kernel
def multiply_wide(a, b, depth, c, start, stop):
    """Rows start..stop of the product under the sequential FP32 accumulator.

    Preconditions: float64 operands; every tile product is exact in float64 and either zero or
    above 2^-900 in magnitude (so that the error of a sum is exact too).
    """
    inner = a.shape[1]
    for i in range(start, stop):
        for j in range(b.shape[1]):
            total = np.float32(0.0)
            for first in range(0, inner, depth):
                product = a[i, first] * b[first, j]
                for k in range(first + 1, min(inner, first + depth)):
                    product += a[i, k] * b[k, j]
                total = np.float32(add_to_odd(np.float64(total), product))
            c[i, j] = total
