"""Compiled sine and cosine of the vector unit: plain IEEE operations in a fixed order."""

import numpy as np

from ...formats import kernel

#: pi/2 in three parts; the products of the first two, of 33 bits, with an integer of 20 are exact.
HALF_PI_HIGH = float.fromhex("0x1.921fb54400000p+0")
HALF_PI_MIDDLE = float.fromhex("0x1.0b4611a600000p-34")
HALF_PI_LOW = float.fromhex("0x1.3198a2e037073p-69")
INVERSE_HALF_PI = float.fromhex("0x1.45f306dc9c883p-1")
MAGIC = 1.5 * 2.0**52
#: The last bits of a float64 that a normal float32 lacks, and those of a middle between two.
BELOW_FLOAT32 = 2**29 - 1
MIDDLE = 2**28
#: Arguments of at least this magnitude are not for these kernels.
FARTHEST = 2.0**20


@kernel
def sine_reduced(r):
    """sin r for |r| <= 0.79 by its Taylor polynomial of degree 17: truncation below 2^-62."""
    s = r * r
    p = 1.0 / 355687428096000.0
    p = p * s - 1.0 / 1307674368000.0
    p = p * s + 1.0 / 6227020800.0
    p = p * s - 1.0 / 39916800.0
    p = p * s + 1.0 / 362880.0
    p = p * s - 1.0 / 5040.0
    p = p * s + 1.0 / 120.0
    p = p * s - 1.0 / 6.0
    return r + r * (s * p) if r != 0.0 else r  # the sign of zero


@kernel
def cosine_reduced(r):
    """cos r for |r| <= 0.79 by its Taylor polynomial of degree 18: truncation below 2^-68."""
    s = r * r
    p = -1.0 / 6402373705728000.0
    p = p * s + 1.0 / 20922789888000.0
    p = p * s - 1.0 / 87178291200.0
    p = p * s + 1.0 / 479001600.0
    p = p * s - 1.0 / 3628800.0
    p = p * s + 1.0 / 40320.0
    p = p * s - 1.0 / 720.0
    p = p * s + 1.0 / 24.0
    half = 0.5 * s
    whole = 1.0 - half
    return whole + (((1.0 - whole) - half) + (s * s) * p)


@kernel
def sine_elements(x, quarters, margin, out, start, stop):
    """``sin(x + quarters pi/2)`` of elements start..stop; NaN where it is not found.

    That is from `FARTHEST` on, and where the result is within ``margin`` ulp, less than 2^28, of
    the middle between two float32.  Both polynomials are evaluated and one is chosen, so that the
    loop is vectorized.
    """
    for i in range(start, stop):
        value = np.float64(x[i])
        near = value if abs(value) < FARTHEST else 0.0
        shifted = np.float64(near * INVERSE_HALF_PI + MAGIC)
        n = shifted - MAGIC
        r = ((near - n * HALF_PI_HIGH) - n * HALF_PI_MIDDLE) - n * HALF_PI_LOW
        quadrant = shifted.view(np.int64) + quarters  # the last bits of the sum are n's
        sine, cosine = sine_reduced(r), cosine_reduced(r)
        result = cosine if quadrant & 1 else sine
        result = np.float64(-result if quadrant & 2 else result)
        beyond = (result.view(np.int64) & BELOW_FLOAT32) - MIDDLE
        found = near == value and abs(beyond) >= margin
        out[i] = result if found else np.nan
