"""PINTA's registers in vectors, where integers of 32 bits hold them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...formats import Coded, Overflow, Rounding
from ..accumulators.pinta import PintaAccumulator
from ..aligned import aligned_zeros
from ..dots.tile_depth import depth_for
from ..exact.integers import check_pinta
from .integer_lane import largest_code
from .panels import COLUMNS, ROWS, Mask, grid_of, panels_of, run_tiles

#: What registers and products with guard bits stay below.
_HELD = 1 << 30


class Registers(NamedTuple):
    """Registers, their exponents, whether each was limited, and where all that is not certain."""

    codes: NDArray[Any]
    exponents: NDArray[Any]
    limited: Mask
    doubtful: Mask


def pinta_registers(a: Coded, b: Coded, unit: PintaAccumulator) -> Registers | None:
    """All registers; None if the unit does not round down, or its integers are too large."""
    check_pinta(a, b)
    depth, inner = depth_for(unit, a, b), a.shape[1]
    product = min(depth, inner) * largest_code(a) * largest_code(b)
    if not inner or unit.rounding is not Rounding.DOWN:
        return None
    if product > 1 << 24 or product << unit.guard_bits >= _HELD:
        return None
    least, greatest = unit.limits
    found = _run(a, b, depth, (unit.guard_bits, max(least, -_HELD), min(greatest, _HELD - 1)))
    codes, exponents, limited = found
    special = _specials(a)[:, None] | _specials(b)
    sure = unit.overflow is not Overflow.WRAP and least >= -_HELD and greatest < _HELD
    doubtful = special if sure else special | limited
    return Registers(codes, exponents - unit.guard_bits, limited, np.asarray(doubtful))


def _run(
    a: Coded, b: Coded, depth: int, numbers: tuple[int, ...]
) -> tuple[NDArray[Any], NDArray[Any], Mask]:
    from .tile_kernels import pinta_tiles

    shape, inner = (a.shape[0], b.shape[0]), a.shape[1]
    floats = [x.codes.astype(np.float32) for x in (a, b)]
    exponents = [_exponents(x) for x in (a, b)]
    tiles = exponents[0].shape[1]
    grid = grid_of(None, shape, np.float32)
    results = [aligned_zeros(grid.c.size, np.int32) for _ in range(3)]
    codes, changed, largest = results
    with (
        panels_of(floats[0], ROWS) as left, panels_of(floats[1], COLUMNS) as right,
        panels_of(exponents[0], ROWS) as ae, panels_of(exponents[1], COLUMNS) as be,
    ):  # fmt: skip
        run_tiles(
            pinta_tiles, grid, inner, left, right, codes, changed, ae, be, largest, inner, tiles,
            grid.row_length, (depth, *numbers),
        )  # fmt: skip
    rows = (x.reshape(-1, grid.row_length)[: shape[0], : shape[1]] for x in results)
    found, limits, tops = rows
    return found, tops, limits != 0


def _exponents(x: Coded) -> NDArray[np.int32]:
    """Exponents of the least steps of the tiles of every row, (M, tiles)."""
    format, scales = _tiles(x)
    steps = scales.astype(np.int32) + np.int32(format.element.lsb_min - format.scale.bias)
    return np.repeat(steps, format.tile[0], axis=0)[: x.shape[0]]


def _specials(x: Coded) -> Mask:
    """Which rows have a scale that is NaN."""
    format, scales = _tiles(x)
    special = (scales == format.scale.nan_code).any(axis=1)
    return np.asarray(np.repeat(special, format.tile[0])[: x.shape[0]])


def _tiles(x: Coded) -> tuple[Any, NDArray[np.uint8]]:
    """The format and the scales of a matrix of tiles, which `check_pinta` has found it to be."""
    return x.format, np.asarray(x.scales)
