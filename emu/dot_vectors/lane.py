"""Dot products sixteen columns at a time, where floats in vectors have the bits of the definition.

| accumulator | kernel | when |
|---|---|---|
| sequential FP32 or FP64, nearest even | `multiply_panels` | scalar operands: chains of FMA |
| | `multiply_wide_panels` | all is finite, tile products exact in float64, C from +0 |
| sequential FP16, nearest even | `half_tiles` | scalar operands, processors with FMA of FP16 |
| sequential, nearest even | `product_tiles` | two roundings are one (`product_lane`) |
| | `guarded_tiles` | unless C is far below its sum |
| | `gradual_tiles` | two are one, and sums may underflow |
| | `nearest_tiles` | products exact in floats |
| sequential, toward zero | `masked_tiles` | sums exact in float64 before they are truncated |
| | `truncated_tiles` | products exact in floats, and no sum underflows |
| sequential, nearest even or toward zero | `sum_tiles` | tile products exact in floats |
| fused without loss | those of sequential sums | sums of a step exact in float64 |
| fused, truncating, C aligned | `narrow_tiles`, `half_tiles` | sums of 31 bits, in FP32 or FP16 |
| | `cut_tiles`, `wide_half_tiles` | the same with more bits |
| | `fused_tiles` | no strides |
| | `group_tiles` | exact groups of 24 bits, sums of 53 |
| fused, truncating, C late | `late_tiles`, `paired_tiles` | the same, result FP32 |
| fused, to odd, C rounded | `odd_tiles` | the same |
| the last two | the same, `narrow_` | sums of 31 bits |
| binary tree in FP32 | `neighbour_tiles`, `strided_tiles` | of at most 16 products |
| binary tree in less | the same, `narrow_` or `odd_` | no sums or inputs are flushed |
| exact | BLAS, in slices (`slices`) | numbers that are not too far apart |
| PINTA's, rounding down | `pinta_tiles` | registers and products below 2^30 |
| integer | BLAS, or `saturated_tiles` | no register overflows, or it saturates |

Each lane names the outputs that it is not sure of, because something overflowed or was no number;
these are computed again from the start by the lanes of integers.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...formats import Coded, Minifloat, kernels_are_compiled
from ..accumulators.accumulator import ExactAccumulator, SequentialAccumulator
from ..accumulators.fused import FusedAccumulator
from ..accumulators.integer import IntegerAccumulator
from ..accumulators.kinds import DotAccumulator
from ..accumulators.pinta import PintaAccumulator
from ..accumulators.tree import TreeAccumulator
from ..dots.sums import Sums
from ..dots.unit_operands import require_unit_operand
from ..gemm.slices import fill_slices
from ..width import tile_rows
from .integer_lane import fill_registers
from .panels import Floats, Mask, codes_of, start_of, values_of_codes
from .pinta_lane import pinta_registers

Indices = NDArray[np.intp]

#: Products below which the lanes of integers are as fast, because they need no preparation.
LEAST_WORK = 1 << 18


class Found(NamedTuple):
    """The values of C that a lane found, and where they are not certain."""

    values: Floats
    doubtful: Mask


def fill_vectors(
    a: Coded, b: Coded, unit: DotAccumulator, sums: Sums, general: Any, *, started: bool
) -> bool:
    """Compute all sums by vectors, or return False.

    ``sums`` holds the codes of C, all +0 unless ``started``; ``general`` fills such sums by
    integers.
    """
    if a.shape[0] * b.shape[0] * a.shape[1] < LEAST_WORK or not kernels_are_compiled():
        return False
    return fill_anyway(a, b, unit, sums, general, started=started)


def fill_anyway(
    a: Coded, b: Coded, unit: DotAccumulator, sums: Sums, general: Any, *, started: bool
) -> bool:
    """The same for any number of products."""
    if isinstance(unit, IntegerAccumulator):
        return fill_registers(a, b, unit, sums)
    if isinstance(unit, PintaAccumulator):
        return _fill_pinta(a, b, unit, sums, general)
    if isinstance(unit, ExactAccumulator):
        return _fill_exact(a, b, unit, sums, general, started=started)
    lane = _lanes().get(type(unit))
    format = getattr(unit, "format", None)
    if lane is None or not isinstance(format, Minifloat) or not format.signed:
        return False
    if not format.fits_binary64:
        return False
    start, odd = None, np.zeros((), np.bool_)
    if started and sums.codes.any():
        start, odd = start_of(format, sums.codes)
    found = lane(a, b, unit, start)
    if found is None:
        return False
    doubtful = found.doubtful | odd
    if not doubtful.any():
        codes_of(format, found.values, sums.codes)
        return True
    again = _again(a, b, unit, sums, general, doubtful)
    codes_of(format, np.where(doubtful, 0, found.values), sums.codes)
    _put(again, sums)
    return True


def _fill_exact(
    a: Coded, b: Coded, unit: ExactAccumulator, sums: Sums, general: Any, *, started: bool
) -> bool:
    """Exact sums by slices, but for those that meet what is no number."""
    for x in (a, b):
        require_unit_operand(x)
    start, doubtful = sums.codes.copy(), np.zeros((), np.bool_)
    if started and isinstance(unit.format, Minifloat):
        doubtful = ~np.isfinite(values_of_codes(unit.format, start))
        sums.codes[doubtful] = 0
    special = fill_slices(a, b, unit, sums)
    if special is None:
        sums.codes[:] = start
        return False
    doubtful = doubtful | special
    if doubtful.any():
        before = Sums(start, sums.flags, sums.exponents)
        _put(_again(a, b, unit, before, general, np.asarray(doubtful)), sums)
    return True


def _fill_pinta(a: Coded, b: Coded, unit: PintaAccumulator, sums: Sums, general: Any) -> bool:
    """Registers with exponents, but for those that leave 31 bits or meet what is no number."""
    found = pinta_registers(a, b, unit)
    if found is None:
        return False
    again = _again(a, b, unit, sums, general, found.doubtful) if found.doubtful.any() else []
    sums.codes[:], sums.exponents[:] = found.codes, found.exponents
    sums.flags[:] |= found.limited.astype(np.uint8)
    _put(again, sums)
    return True


class _Part(NamedTuple):
    """Sums that were computed again, and where they are."""

    where: Any
    sums: Sums


def _again(
    a: Coded, b: Coded, unit: DotAccumulator, sums: Sums, general: Any, doubtful: Mask
) -> list[_Part]:
    """What is doubtful by integers; ``sums`` holds where they start."""
    return [
        _Part(
            np.ix_(*(_whole(x, chosen) for x, chosen in ((a, rows), (b, columns)))),
            _part(a, b, unit, sums, general, rows, columns),
        )
        for rows, columns in rectangles(doubtful)
    ]


def _put(parts: list[_Part], sums: Sums) -> None:
    for where, part in parts:
        sums.codes[where], sums.flags[where] = part.codes, part.flags
        sums.exponents[where] = part.exponents


def _lanes() -> dict[type, Callable[..., Found | None]]:
    from .chain_lane import chain_lane
    from .fused_lane import fused_lane
    from .tree_lane import tree_lane

    return {
        SequentialAccumulator: chain_lane,
        FusedAccumulator: fused_lane,
        TreeAccumulator: tree_lane,
    }


def rectangles(mask: Mask) -> Iterator[tuple[Indices, Indices]]:
    """Rows and columns that together hold all that is marked, and not much else.

    Examples
    --------
    >>> mask = np.zeros((3, 4), bool)
    >>> mask[1], mask[2, 3] = True, True
    >>> [(rows.tolist(), columns.tolist()) for rows, columns in rectangles(mask)]
    [([1], [0, 1, 2, 3]), ([2], [3])]
    """
    left = mask.copy()
    every = tuple(np.arange(n) for n in mask.shape)
    rows = np.flatnonzero(2 * left.sum(axis=1) > mask.shape[1])
    if rows.size:
        yield rows, every[1]
        left[rows] = False
    columns = np.flatnonzero(2 * left.sum(axis=0) > mask.shape[0])
    if columns.size:
        yield every[0], columns
        left[:, columns] = False
    for i in np.flatnonzero(left.any(axis=1)):
        yield np.array([i]), np.flatnonzero(left[i])


def _part(
    a: Coded, b: Coded, unit: DotAccumulator, sums: Sums, general: Any, rows: Indices, cols: Indices
) -> Sums:
    """The sums of some rows and columns, by integers."""
    rows, cols = _whole(a, rows), _whole(b, cols)
    codes = sums.codes[np.ix_(rows, cols)]
    part = Sums(codes, np.zeros(codes.shape, np.uint8), np.zeros(codes.shape, np.int64))
    general(_chosen(a, rows), _chosen(b, cols), unit, part)
    return part


def _whole(x: Coded, rows: Indices) -> Indices:
    """The rows and what shares a tile with them."""
    height = tile_rows(x)
    if height == 1:
        return rows
    tiles = np.unique(rows // height)
    whole = (tiles[:, None] * height + np.arange(height)).ravel()
    return whole[whole < x.shape[0]]


def _chosen(x: Coded, rows: Indices) -> Coded:
    """Rows of a matrix, with every tile whole."""
    scales = None if x.scales is None else x.scales[np.unique(rows // tile_rows(x))]
    return Coded.unchecked(x.format, x.codes[rows], scales, x.tensor_scale)
