"""Compiled encoding of a matrix, a strip of tiles at a time.

`scale_strips` writes one scale per tile, `encode_strips` one code per element: any format, any
policy, in integers.  `vector_kernels.py` does both at once for float32, and the tests hold the two
to the same bits.  A scalar format is the case of one tile per row with every scale equal to 1.
"""

import numpy as np

from .jit import kernel
from .scalar_kernels import STOCHASTIC, element_code, significand


@kernel
def scale_code(top, scaling):
    """Scale code of a tile with largest magnitude ``top`` (float64).

    ``scaling`` is what `layout.scaling_integers` says: the exponent is that of ``top``, one more
    if its fraction bits exceed ``threshold``, less the element's.
    """
    element_emax, bias, threshold, zero_code, overflow_code, nan_code, _ = scaling
    if not np.isfinite(top):
        return nan_code
    if top == 0.0:
        return zero_code
    m, e = significand(top)
    code = e + 52 + (m - (1 << 52) > threshold) - element_emax + bias
    return overflow_code if code >= nan_code else max(code, 0)


@kernel
def tile_top(x, first_row, last_row, first_column, last_column, size, finite_only):
    """Largest magnitude of a tile of ``size`` elements, infinity if an element is not finite.

    With ``finite_only`` such elements are left out, as long as a finite one remains; the zeros
    that fill up a ragged tile are.
    """
    whole = (last_row - first_row) * (last_column - first_column) == size
    top, finite = -1.0 if whole else 0.0, True
    for i in range(first_row, last_row):
        for j in range(first_column, last_column):
            magnitude = abs(np.float64(x[i, j]))
            if not np.isfinite(magnitude):
                finite = False
            elif magnitude > top:
                top = magnitude
    if finite or (finite_only and top >= 0.0):
        return max(top, 0.0)
    return np.inf


@kernel
def scale_strips(x, tile_rows, tile_columns, scaling, scales, start, stop):
    """Scales of the tiles in strips start..stop of a 2-D float array."""
    rows, columns = x.shape
    finite_only = scaling[6] != 0
    for strip in range(start, stop):
        first_row = strip * tile_rows
        last_row = min(rows, first_row + tile_rows)
        for tile in range(scales.shape[1]):
            first = tile * tile_columns
            last = min(columns, first + tile_columns)
            size = tile_rows * tile_columns
            top = tile_top(x, first_row, last_row, first, last, size, finite_only)
            scales[strip, tile] = scale_code(top, scaling)


@kernel
def encode_strips(
    x, scales, tile_rows, tile_columns, bias, nan_code, element, mode, random, random_bits, codes,
    counts, start, stop,
):  # fmt: skip
    """Codes of strips start..stop under given scales; one rounding each.

    ``element`` is what `cast_integers.cast_integers` says of the element format and the policies.
    The scale enters as a shift of the element's least step, so no product is formed that could
    lose a bit.  Elements of a tile whose scale is NaN get code 0.
    """
    rows, columns = x.shape
    for i in range(start * tile_rows, min(rows, stop * tile_rows)):
        for tile in range(scales.shape[1]):
            scale = int(scales[i // tile_rows, tile])
            for j in range(tile * tile_columns, min(columns, (tile + 1) * tile_columns)):
                if scale == nan_code:
                    codes[i, j] = 0
                    continue
                draw = int(random[i, j]) if mode >= STOCHASTIC else 0
                codes[i, j] = element_code(
                    np.float64(x[i, j]), element, scale - bias, mode, draw, random_bits, counts
                )
