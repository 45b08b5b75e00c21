"""Compiled encoding of float32 into affine integers: ties to even, saturating.

*Exactness*: the quotient of two binary32 numbers is formed in binary64.  If it is no tie, that is
no integer and a half, it differs from every tie up to 2^17 by at least 2^-25, which the rounding of
the quotient, at most 2^-37 there, cannot bridge; if it is one, it is exact.  So rounding it to an
integer is the one rounding of the real quotient.
"""

import numpy as np

from .jit import kernel
from .words import prefer_wide_vectors

#: Adding and subtracting it rounds a binary64 below 2^51 to an integer, ties to even.
MAGIC = 1.5 * 2.0**52
LARGEST = 2.0**31


@kernel
def encode_affine_row(x, scales, zero_points, least, greatest, codes, counts):
    """Codes of one row; False if an element is infinite or NaN.

    ``scales`` and ``zero_points`` are binary64, one of each for every column.  The counts are of
    saturated and underflowed elements.
    """
    prefer_wide_vectors()
    finite = True
    saturated = np.int32(0)
    underflowed = np.int32(0)
    for j in range(x.shape[0]):
        quotient = np.float64(x[j]) / scales[j]
        finite &= abs(quotient) < np.inf
        bounded = min(max(quotient, -LARGEST), LARGEST)
        rounded = (bounded + MAGIC) - MAGIC
        q = rounded + zero_points[j]
        saturated = np.int32(saturated + ((q > greatest) | (q < least)))
        underflowed = np.int32(underflowed + ((rounded == 0.0) & (x[j] != 0.0)))
        codes[j] = np.int32(min(max(q, least), greatest))
    counts[0] += saturated
    counts[1] += underflowed
    return finite


@kernel
def encode_affine_rows(x, scales, zero_points, least, greatest, codes, counts, start, stop):
    """Codes of rows start..stop; False if an element is infinite or NaN.

    Row i has row ``i mod len`` of ``scales`` and ``zero_points``, which hold one number for all
    columns or one for each.
    """
    finite = True
    columns = x.shape[1]
    scale = np.empty(columns)
    zero_point = np.empty(columns)
    for i in range(start, stop):
        k = i % scales.shape[0]
        scale[:] = scales[k]
        zero_point[:] = zero_points[k]
        finite &= encode_affine_row(x[i], scale, zero_point, least, greatest, codes[i], counts)
    return finite
