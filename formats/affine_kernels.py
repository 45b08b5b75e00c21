"""Compiled affine integers: encoding of float32, ties to even and saturating, and decoding.

*Exactness of encoding*: let q = x / scale be the quotient of two binary32 numbers.  If it is no
tie, that is no integer and a half, it differs from every tie up to 2^17 by at least 2^-25.  The
product of x and the binary64 nearest 1 / scale differs from q by less than 2^-34 there, and so does
the nearest multiple of 2^-30 from that product: on a tie it is q itself, else it lies on the same
side of every tie.  So rounding it to an integer is the one rounding of the real quotient.
"""

import numpy as np

from .jit import kernel
from .words import prefer_wide_vectors

#: Adding and subtracting them rounds a binary64 to a multiple of 2^-30, below 2^20, and to an
#: integer, ties to even.
GRID = 1.5 * 2.0**22
MAGIC = 1.5 * 2.0**52
#: Beyond it every element saturates, which has at most 16 bits, whatever the zero point.
LARGEST = 2.0**18


@kernel
def encode_affine_row(x, reciprocals, zero_points, least, greatest, codes, counts):
    """Codes of one row; False if an element is infinite or NaN.

    ``reciprocals`` of scales and ``zero_points`` are binary64, one of each for every column.  The
    counts are of saturated and underflowed elements.
    """
    prefer_wide_vectors()
    finite = True
    saturated = np.int32(0)
    underflowed = np.int32(0)
    for j in range(x.shape[0]):
        finite &= abs(x[j]) < np.float32(np.inf)
        quotient = np.float64(x[j]) * reciprocals[j]
        bounded = min(max(quotient, -LARGEST), LARGEST)
        exact = (bounded + GRID) - GRID
        rounded = (exact + MAGIC) - MAGIC
        q = rounded + zero_points[j]
        saturated = np.int32(saturated + ((q > greatest) | (q < least)))
        underflowed = np.int32(underflowed + ((rounded == 0.0) & (x[j] != np.float32(0.0))))
        codes[j] = np.int32(min(max(q, least), greatest))
    counts[0] += saturated
    counts[1] += underflowed
    return finite


@kernel
def encode_affine_rows(x, reciprocals, zero_points, least, greatest, codes, counts, start, stop):
    """Codes of rows start..stop; False if an element is infinite or NaN.

    Row i has row ``i mod len`` of ``reciprocals`` and ``zero_points``, which hold one number for
    all columns or one for each.
    """
    finite = True
    columns = x.shape[1]
    reciprocal = np.empty(columns)
    zero_point = np.empty(columns)
    for i in range(start, stop):
        k = i % reciprocals.shape[0]
        reciprocal[:] = reciprocals[k]
        zero_point[:] = zero_points[k]
        finite &= encode_affine_row(x[i], reciprocal, zero_point, least, greatest, codes[i], counts)
    return finite


@kernel
def decode_affine_row(codes, scales, zero_points, values):
    """Values of one row in the float type of ``scales``, in which all of them are exact."""
    prefer_wide_vectors()
    for j in range(codes.shape[0]):
        values[j] = (np.int32(codes[j]) - zero_points[j]) * scales[j]


@kernel
def decode_affine_rows(codes, scales, zero_points, values, start, stop):
    """Values of rows start..stop; scales, and zero points (int32), as those of encoding."""
    columns = codes.shape[1]
    scale = np.empty(columns, scales.dtype)
    zero_point = np.empty(columns, np.int32)
    for i in range(start, stop):
        k = i % scales.shape[0]
        scale[:] = scales[k]
        zero_point[:] = zero_points[k]
        decode_affine_row(codes[i], scale, zero_point, values[i])
