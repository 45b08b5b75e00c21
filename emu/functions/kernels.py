"""Compiled vector-unit functions: plain IEEE operations in a fixed order."""

import numpy as np

from ...formats import kernel

LN2_HIGH = float.fromhex("0x1.62e42fefa0000p-1")  # 40 bits: n LN2_HIGH is exact for |n| < 2^13
LN2_LOW = float.fromhex("0x1.cf79abc9e3b3ap-40")
INVERSE_LN2 = float.fromhex("0x1.71547652b82fep+0")
MAGIC = 1.5 * 2.0**52
SATURATION = 22.0  # tanh(x) rounds to 1 in float64 from 19.06 on


@kernel
def expm1_reduced(r):
    """exp(r) - 1 for |r| <= 0.35 by its Taylor polynomial of degree 14: truncation below 2^-58."""
    p = 1.0 / 87178291200.0
    p = p * r + 1.0 / 6227020800.0
    p = p * r + 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    return r + (r * r) * p


@kernel
def tanh_elements(x, out, start, stop):
    """tanh of elements start..stop: t / (t + 2) with t = exp(2|x|) - 1."""
    for i in range(start, stop):
        value = np.float64(x[i])
        magnitude = abs(value) if abs(value) < SATURATION else SATURATION  # NaN too
        y = 2.0 * magnitude
        n = (y * INVERSE_LN2 + MAGIC) - MAGIC
        r = (y - n * LN2_HIGH) - n * LN2_LOW
        scale = np.int64((np.int64(n) + 1023) << 52).view(np.float64)
        t = scale * expm1_reduced(r) + (scale - 1.0)
        result = t / (t + 2.0)
        result = result if value == value else value
        out[i] = np.copysign(result, value)


@kernel
def add_rows(terms, total):
    """total += each row of terms in order, one rounding per addition in their own type."""
    for i in range(terms.shape[0]):
        for j in range(terms.shape[1]):
            total[j] += terms[i, j]
