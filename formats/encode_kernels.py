"""Compiled encoding of a matrix, a strip of tiles at a time.

`scale_strips` writes one scale per tile, `encode_strips` one code per element: any format, any
rounding, in integers.  `vector_kernels.py` does both at once for the common case, and the tests
hold the two to the same bits.  A scalar format is the case of one tile per row with every scale
equal to 1.
"""

import numpy as np

from .jit import kernel
from .scalar_kernels import (
    STOCHASTIC,
    fixed_code,
    floor_log2,
    minifloat_code,
)


@kernel
def scale_code(top, element_emax, bias, nan_code):
    """Scale of a tile with largest magnitude ``top`` (float64): OCP MX v1.0, 6.3, clamped."""
    if not np.isfinite(top):
        return nan_code
    if top == 0.0:
        return 0
    return min(max(floor_log2(top) - element_emax + bias, 0), nan_code - 1)


@kernel
def scale_strips(x, tile_rows, tile_columns, element_emax, bias, nan_code, scales, start, stop):
    """Scales of the tiles in strips start..stop of a 2-D float array."""
    rows, columns = x.shape
    for strip in range(start, stop):
        top_row = strip * tile_rows
        for tile in range(scales.shape[1]):
            top = 0.0
            for i in range(top_row, min(rows, top_row + tile_rows)):
                for j in range(tile * tile_columns, min(columns, (tile + 1) * tile_columns)):
                    magnitude = abs(np.float64(x[i, j]))
                    if not magnitude <= top:  # also when it is NaN, which then stays
                        top = magnitude
                    if np.isnan(top):
                        break
                if np.isnan(top):
                    break
            scales[strip, tile] = scale_code(top, element_emax, bias, nan_code)


@kernel
def encode_strips(
    x, scales, tile_rows, tile_columns, bias, nan_code, element, mode, overflow,
    random, random_bits, codes, counts, start, stop,
):  # fmt: skip
    """Codes of strips start..stop under given scales; one rounding each.

    ``element`` holds the integers that describe the element format (`layout.element_integers`):
    (fixed?, significand_bits, lsb_min, max_ordinal, infinity, nan, sign, negative_zero).
    The scale enters as a shift of ``lsb_min``, so no product is formed that could lose a bit.
    Elements of a tile whose scale is NaN get code 0.
    """
    fixed, significand_bits, lsb_min, max_ordinal, infinity, nan, sign, negative_zero = element
    rows, columns = x.shape
    for i in range(start * tile_rows, min(rows, stop * tile_rows)):
        for tile in range(scales.shape[1]):
            scale = int(scales[i // tile_rows, tile])
            shift = scale - bias
            for j in range(tile * tile_columns, min(columns, (tile + 1) * tile_columns)):
                if scale == nan_code:
                    codes[i, j] = 0
                    continue
                value = np.float64(x[i, j])
                draw = int(random[i, j]) if mode == STOCHASTIC else 0
                if fixed:
                    codes[i, j] = fixed_code(
                        value, lsb_min + shift, max_ordinal, mode, overflow, draw, random_bits,
                        counts,
                    )  # fmt: skip
                else:
                    codes[i, j] = minifloat_code(
                        value, significand_bits, lsb_min + shift, max_ordinal, infinity, nan, sign,
                        negative_zero, mode, overflow, draw, random_bits, counts,
                    )  # fmt: skip
