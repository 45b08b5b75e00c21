"""Compiled decoding: codes and scales to values, exact."""

import numpy as np

from .jit import kernel
from .scalar_kernels import minifloat_value, power_of_two


@kernel
def decode_strips(
    codes, scales, tile_rows, tile_columns, bias, nan_code, element, values, start, stop
):
    """Float64 values of strips start..stop; no rounding: every value is a float64."""
    fixed, significand_bits, lsb_min, max_ordinal, infinity, nan, sign = element
    rows, columns = codes.shape
    for i in range(start * tile_rows, min(rows, stop * tile_rows)):
        for tile in range(scales.shape[1]):
            scale = int(scales[i // tile_rows, tile])
            factor = power_of_two(scale - bias)
            if scale == nan_code:
                factor = np.nan
            for j in range(tile * tile_columns, min(columns, (tile + 1) * tile_columns)):
                code = int(codes[i, j])
                if fixed:
                    values[i, j] = float(code) * power_of_two(lsb_min) * factor
                else:
                    value = minifloat_value(
                        code, significand_bits, lsb_min, max_ordinal, infinity, nan, sign
                    )
                    values[i, j] = value * factor


@kernel
def spread_factors(scales, tile_columns, factors, multipliers):
    """The factor of each column's tile."""
    for tile in range(scales.shape[0]):
        factor = factors[scales[tile]]
        for j in range(tile * tile_columns, min(multipliers.shape[0], (tile + 1) * tile_columns)):
            multipliers[j] = factor


@kernel
def decode_fixed_strips(codes, scales, tile_rows, tile_columns, factors, values, start, stop):
    """Values of strips start..stop of integer elements, in the float type of ``factors``.

    ``factors[scale code]`` is the value of a code of 1 under that scale; each product is exact by
    the caller's choice of type.
    """
    multipliers = np.empty(codes.shape[1], factors.dtype)
    for strip in range(start, stop):
        spread_factors(scales[strip], tile_columns, factors, multipliers)
        for i in range(strip * tile_rows, min(codes.shape[0], (strip + 1) * tile_rows)):
            for j in range(codes.shape[1]):
                values[i, j] = codes[i, j] * multipliers[j]


@kernel
def decode_table_strips(
    table, codes, scales, tile_rows, tile_columns, factors, values, start, stop
):
    """The same with ``table[code]`` in place of the integer."""
    multipliers = np.empty(codes.shape[1], factors.dtype)
    for strip in range(start, stop):
        spread_factors(scales[strip], tile_columns, factors, multipliers)
        for i in range(strip * tile_rows, min(codes.shape[0], (strip + 1) * tile_rows)):
            for j in range(codes.shape[1]):
                values[i, j] = table[codes[i, j]] * multipliers[j]
