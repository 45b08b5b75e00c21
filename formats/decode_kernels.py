"""Compiled decoding: codes and scales to float64 values, exact."""

import numpy as np

from .jit import kernel
from .scalar_kernels import minifloat_value, power_of_two


@kernel
def decode_strips(
    codes, scales, tile_rows, tile_columns, bias, nan_code, element, values, start, stop
):
    """Values of strips start..stop; no rounding: every value of every format is a float64.

    ``values`` may be float32 where the caller has made sure that every value is one.
    """
    fixed, significand_bits, lsb_min, max_ordinal, infinity, nan, sign, _ = element
    rows, columns = codes.shape
    for i in range(start * tile_rows, min(rows, stop * tile_rows)):
        for tile in range(scales.shape[1]):
            scale = int(scales[i // tile_rows, tile])
            for j in range(tile * tile_columns, min(columns, (tile + 1) * tile_columns)):
                code = int(codes[i, j])
                if scale == nan_code:
                    values[i, j] = np.nan
                elif fixed:
                    values[i, j] = float(code) * power_of_two(lsb_min + scale - bias)
                else:
                    value = minifloat_value(
                        code, significand_bits, lsb_min, max_ordinal, infinity, nan, sign
                    )
                    values[i, j] = value * power_of_two(scale - bias)
