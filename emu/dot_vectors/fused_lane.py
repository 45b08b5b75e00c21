"""Which vector kernel computes a fused sum, and what it is told."""

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...formats import FP16, FP32, Block, Coded, Fixed, Minifloat, Rounding, spread_tiles
from ..accumulators.fused import Addend, FusedAccumulator, LateAddend, Reference
from ..dots.operands import parts_of
from ..dots.unit_operands import require_unit_operand
from ..dots.widths import step_bits
from ..width import element_span, has_shifting_scales
from .lane import Found
from .lossless_lane import lossless_lane
from .panels import (
    CARRIERS,
    COLUMNS,
    ROWS,
    Floats,
    Values,
    grid_of,
    measured,
    panels_of,
    run_tiles,
    significant_bits,
    values_of,
)

#: An exponent below all: of a zero where zeros take no part.
_NONE = -(1 << 13)
#: That of float32, which the kernels add to exponents.
_BIAS = 127
#: An exponent above all.
_ANY = 1 << 14
#: Roundings of units that align by truncation.
_ROUNDINGS = (Rounding.NEAREST_EVEN, Rounding.TOWARD_ZERO)
#: Elements of at most this many bits have tables of their exponents.
_TABLE_BITS = 19


def fused_lane(a: Coded, b: Coded, unit: FusedAccumulator, start: Any) -> Found | None:
    """C by the vector kernel, if it knows the unit and is wide enough; else None."""
    for x in (a, b):
        require_unit_operand(x)
    if not a.shape[1]:
        return None
    if unit.fraction_bits is None:
        return lossless_lane(a, b, unit, start)
    if unit.exact_terms > 1:
        return _by_groups(a, b, unit, start)
    if not _knows(unit) or not all(_takes(x) for x in (a, b)):
        return None
    left, right = values_of(a, np.float32), values_of(b, np.float32)
    bits = [significant_bits(x) for x in (a, b)]
    if left is None or right is None or sum(bits) > 24:
        return None
    if not _holds(left, right, unit):
        left, right = (measured(v, p) for v, p in zip((left, right), bits, strict=True))
    if not _holds(left, right, unit):
        return None
    exponents = [_exponents(x, unit.zero_exponent) for x in (a, b)]
    if not _in_range(unit, (left, right), exponents):
        return None
    return _run(left, right, exponents, bits, unit, start)


def _by_groups(a: Coded, b: Coded, unit: FusedAccumulator, start: Any) -> Found | None:
    """The same for exact sums of neighbours, which are aligned by the scales that they share.

    Neighbours lie in one tile, so that all their products are integers of a few bits times one
    power of two: their sums have 24 bits at most.  Times the power of two of the alignment such a
    sum may underflow, but then nothing of it is kept.  Results are multiples of the last kept bit,
    which is 2^-126 or more (`numbers_of`): none is subnormal.
    """
    count = unit.exact_terms
    if not _knows_groups(unit) or step_bits(a, b, count) > 24 or not _sums_fit(a, b, unit):
        return None
    if any(isinstance(x.format, Block) and x.format.tile[1] % count for x in (a, b)):
        return None
    left, right = values_of(a, np.float32), values_of(b, np.float32)
    if left is None or right is None:
        return None
    span = left.span.times(right.span).summed(count)
    if span.lsb < -149 or span.top > 127:
        return None
    exponents = [_scale_exponents(x, unit.zero_exponent) for x in (a, b)]
    if not _in_range(unit, (left, right), exponents):
        return None
    return _run(left, right, exponents, [], unit, start)


def _knows_groups(unit: FusedAccumulator) -> bool:
    return _is_within_float32(unit) and (
        unit.addend is Addend.ALIGNED and unit.product_limit is None
        and unit.fraction_bits is not None and unit.fraction_bits >= 1
        and unit.alignment is unit.rounding is Rounding.TOWARD_ZERO
        and unit.zero_exponent is not None and unit.format.emin == -126
        and not unit.signed_underflow
    )  # fmt: skip


def _is_within_float32(unit: FusedAccumulator) -> bool:
    """Whether C and results are numbers of float32, and none is flushed to zero."""
    format = unit.format
    held = format.significand_bits <= 23 and format.emin >= -126 and format.emax <= 127
    return held and not unit.flush_inputs and not unit.flush_results


def _sums_fit(a: Coded, b: Coded, unit: FusedAccumulator) -> bool:
    """Whether sums of exact groups and C are below 2^53 in units of the last kept bit."""
    top = element_span(a.element).times(element_span(b.element)).summed(unit.exact_terms).top
    for x in (a, b):  # a scale is below twice the power of two of its exponent
        top += isinstance(x.format, Block) and isinstance(x.format.scale, Minifloat)
    groups = unit.terms // unit.exact_terms + 1
    return (unit.fraction_bits or 0) + max(top, 1) + groups.bit_length() <= 53


def _scale_exponents(x: Coded, zero_exponent: int | None) -> NDArray[np.int16]:
    """What exact groups are aligned by, for each element; 0 without scales."""
    if x.scales is None or not isinstance(x.format, Block):
        return np.zeros(x.shape, np.int16)
    scale = x.format.scale
    own = parts_of(scale, x.scales, zero_exponent).e
    if isinstance(scale, Minifloat):
        own = own + scale.significand_bits
    return spread_tiles(own.astype(np.int16), x.shape, x.format)


def _knows(unit: FusedAccumulator) -> bool:
    late = unit.late
    if late is not None and not (
        late.rounding is Rounding.DOWN and unit.zero_exponent is not None and unit.lanes <= 2
        and (unit.lanes == 1 or unit.lane_rounding is Rounding.DOWN) and late.sum_bits <= 40
        and late.addend_bits <= 40 and unit.rounding is Rounding.NEAREST_EVEN
        and unit.result == FP32
    ):  # fmt: skip
        return False
    if unit.addend is Addend.ROUNDED:
        if not (unit.alignment is unit.rounding is Rounding.TO_ODD and unit.result == FP32):
            return False
    elif unit.alignment is not Rounding.TOWARD_ZERO or unit.rounding not in _ROUNDINGS:
        return False
    return (
        unit.fraction_bits is not None and 1 <= unit.fraction_bits <= 28
        and unit.stride == unit.exact_terms == 1 and (late is not None or unit.lanes == 1)
        and unit.reference is Reference.OPERANDS and _is_within_float32(unit)
    )  # fmt: skip


def _takes(x: Coded) -> bool:
    """Floats are below twice the power of two of their exponent, which -128 of 8 bits is not."""
    return has_shifting_scales(x) and isinstance(x.element, Minifloat)


def _holds(left: Values, right: Values, unit: FusedAccumulator) -> bool:
    """Whether products are float32 numbers, and none counts as infinite."""
    span = left.span.times(right.span)
    limit = 127 if unit.product_limit is None else min(unit.product_limit, 127)
    return span.lsb >= -149 and span.top < limit


def _exponents(x: Coded, zero_exponent: int | None) -> NDArray[np.int16]:
    """What the unit aligns the operand by."""
    zero = _NONE if zero_exponent is None else zero_exponent
    own = _of_elements(x.element, x.codes, zero)
    if x.scales is None or not isinstance(x.format, Block):
        return own
    scales = x.scales.astype(np.int16) - np.int16(x.format.scale.bias)
    total: NDArray[np.int16] = own + spread_tiles(scales, x.shape, x.format)
    return total


def _of_elements(element: Fixed | Minifloat, codes: NDArray[Any], zero: int) -> NDArray[np.int16]:
    if isinstance(element, Minifloat) and element.bits <= _TABLE_BITS:
        return _table(element, zero).take(codes)
    parts = parts_of(element, codes, zero)
    return (parts.e + element.emax - element.lsb_min).astype(np.int16)


@lru_cache(maxsize=16)
def _table(element: Minifloat, zero: int) -> NDArray[np.int16]:
    """The exponent of every code."""
    codes = np.arange(2**element.bits, dtype=element.code_dtype)
    return (parts_of(element, codes, zero).e + element.significand_bits).astype(np.int16)


def _in_range(unit: FusedAccumulator, values: Any, exponents: Any) -> bool:
    """Whether the powers of two that align products, unless all are zero, are float32 numbers."""
    bits = unit.fraction_bits or 0
    floor = _NONE if unit.exponent_floor is None else unit.exponent_floor
    largest = max(sum(int(e.max()) for e in exponents), floor, 127)
    least = 0
    for x, e in zip(values, exponents, strict=True):
        own = int(e.min(where=x.floats != 0, initial=_ANY))
        least += 0 if own == _ANY else own
    if unit.addend is Addend.ROUNDED:
        # Halves of aligned terms are normal, so that what is lost of them is seen.
        lsb = sum(x.span.lsb for x in values)
        if lsb + bits - max(sum(int(e.max()) for e in exponents), floor, bits - 126) < -125:
            return False
        largest += 1  # their scale is half that of the last kept bit
    return bits - 126 <= least and largest <= 126 + bits and _zero_fits(unit)


def _zero_fits(unit: FusedAccumulator) -> bool:
    """Whether the exponent of a C of zero is at most the least that is aligned to."""
    zero, bits = unit.zero_exponent, unit.fraction_bits or 0
    return zero is None or -1000 <= zero <= bits - 126


def numbers_of(unit: FusedAccumulator) -> tuple[int, ...]:
    """A unit as the vector kernels take it; the order is that of `fused_steps.Unit`."""
    bits, late = unit.fraction_bits or 0, unit.late
    chunk = unit.exact_terms if unit.exact_terms > 1 else 1 << (29 - bits)
    floor, least = _NONE if unit.exponent_floor is None else unit.exponent_floor, bits - 126
    t = unit.result.significand_bits
    cutoff = 1 << 16 if late is None or late.cutoff is None else late.cutoff
    bias, trailing = CARRIERS[np.float64]
    rounding = ((bias + unit.format.emin) << trailing, (trailing - t) << trailing, t << trailing)
    return (
        unit.terms, chunk, bits, _BIAS + unit.format.emin, _BIAS + max(floor, least),
        _BIAS + least, -(1 << (23 - t)), late.sum_bits if late else 0,
        late.addend_bits if late else 0, cutoff, *rounding,
        -1 if unit.rounding is Rounding.TOWARD_ZERO else 0,
        -(1 << 63) if unit.signed_underflow else 0,
    )  # fmt: skip


def _kernel_of(unit: FusedAccumulator, operand_bits: list[int]) -> Any:
    """The cheapest kernel for the unit."""
    from . import fused_tile_kernels as kernels

    bits = unit.fraction_bits or 0
    if unit.exact_terms > 1:
        return kernels.group_tiles
    if unit.addend is Addend.ROUNDED:
        # Terms are below 2^(bits + 2) (1 - 2^-12): no sum is rounded to 2^31.
        narrow = unit.terms << (bits + 2) <= 1 << 31
        return kernels.narrow_odd_tiles if narrow else kernels.odd_tiles
    if unit.late is not None:
        if _is_narrow(unit, unit.late, operand_bits):
            alone = unit.lanes == 1
            return kernels.narrow_late_tiles if alone else kernels.narrow_paired_tiles
        return kernels.late_tiles if unit.lanes == 1 else kernels.paired_tiles
    # Terms are below 2^(bits + 2), and C below 2^(bits + 1).
    narrow = (2 * unit.terms + 1) << (bits + 1) < 1 << 31
    if unit.rounding is Rounding.TOWARD_ZERO and unit.format.emin == -126:
        return kernels.narrow_tiles if narrow else kernels.cut_tiles
    nearest = unit.rounding is Rounding.NEAREST_EVEN and not unit.signed_underflow
    if nearest and unit.result == FP16:
        return kernels.half_tiles if narrow else kernels.wide_half_tiles
    return kernels.fused_tiles


def _is_narrow(unit: FusedAccumulator, late: LateAddend, operand_bits: list[int]) -> bool:
    """Whether a sum with C is below 2^30 in units of its last kept bit: see `late_steps`."""
    bits, apart = unit.fraction_bits or 0, late.sum_bits - late.addend_bits
    spare = bits + 2 - sum(operand_bits)
    if not (bits == late.addend_bits >= 23 and 0 <= apart <= 7 and spare >= 0):
        return False
    product = math.prod(2**p - 1 for p in operand_bits) << spare
    floor = _NONE if unit.exponent_floor is None else unit.exponent_floor
    return unit.terms * product + (1 << (bits + 1)) < 1 << 30 and floor <= 127


def _run(
    left: Values, right: Values, exponents: Any, operand_bits: list[int], unit: FusedAccumulator,
    start: Floats | None,
) -> Found:  # fmt: skip
    shape = (left.floats.shape[0], right.floats.shape[0])
    inner = left.floats.shape[1]
    grid = grid_of(start, shape, np.float32)
    twice = ((_BIAS + exponents[0].astype(np.int32)) & 0xFFFF) * 0x10001
    with (
        panels_of(left.floats, ROWS) as a, panels_of(right.floats, COLUMNS) as b,
        panels_of(twice, ROWS) as ae, panels_of(exponents[1], COLUMNS) as be,
    ):  # fmt: skip
        run_tiles(
            _kernel_of(unit, operand_bits), grid, inner, a, b, grid.c, grid.seen, ae, be, inner,
            grid.row_length, numbers_of(unit),
        )  # fmt: skip
    special = left.special[:, None] | right.special
    limit = (127 + unit.format.emax) << 23
    if (grid.seen >= limit).any():
        special = special | (grid.seen_by_all(shape) >= limit)
    return Found(grid.rows(shape), np.broadcast_to(special, shape))
