"""Compiled vector-unit functions: IEEE operations, FMA among them, in a fixed order."""

import numpy as np

from ...formats import kernel
from .fma import fma

LN2_HIGH = float.fromhex("0x1.62e42fefa0000p-1")  # 40 bits: n LN2_HIGH is exact for |n| < 2^13
LN2_LOW = float.fromhex("0x1.cf79abc9e3b3ap-40")
INVERSE_LN2 = float.fromhex("0x1.71547652b82fep+0")
MAGIC = 1.5 * 2.0**52
MAGIC_BITS = 0x4338000000000000  # as it is stored
SATURATION = 22.0  # tanh(x) rounds to 1 in float64 from 19.06 on


@kernel
def expm1_reduced(r):
    """exp(r) - 1 for |r| <= 0.35 by its Taylor polynomial of degree 14: truncation below 2^-58.

    The terms from r^3 on are summed by halves (Estrin 1960), which a processor does side by side.
    """
    s = r * r
    q = s * s
    first = fma(fma(1.0 / 720.0, r, 1.0 / 120.0), s, fma(1.0 / 24.0, r, 1.0 / 6.0))
    second = fma(fma(1.0 / 3628800.0, r, 1.0 / 362880.0), s, fma(1.0 / 40320.0, r, 1.0 / 5040.0))
    third = fma(
        fma(1.0 / 87178291200.0, r, 1.0 / 6227020800.0),
        s,
        fma(1.0 / 479001600.0, r, 1.0 / 39916800.0),
    )
    p = fma(fma(fma(third, q, second), q, first), r, 0.5)
    return fma(s, p, r)


@kernel
def tanh_elements(x, out, start, stop):
    """tanh of elements start..stop: t / (t + 2) with t = exp(2|x|) - 1."""
    for i in range(start, stop):
        value = np.float64(x[i])
        magnitude = abs(value) if abs(value) < SATURATION else SATURATION  # NaN too
        y = 2.0 * magnitude
        shifted = np.float64(fma(y, INVERSE_LN2, MAGIC))
        n = shifted - MAGIC
        r = fma(-n, LN2_LOW, fma(-n, LN2_HIGH, y))
        whole = shifted.view(np.int64) - np.int64(MAGIC_BITS)  # the last bits of the sum are n's
        scale = np.int64((whole + 1023) << 52).view(np.float64)
        t = fma(scale, expm1_reduced(r), scale - 1.0)
        result = t / (t + 2.0)
        result = result if value == value else value
        out[i] = np.copysign(result, value)


@kernel
def add_rows(terms, total):
    """total += each row of terms in order, one rounding per addition in their own type."""
    for i in range(terms.shape[0]):
        for j in range(terms.shape[1]):
            total[j] += terms[i, j]
