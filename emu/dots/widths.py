"""Which kernel of a dot product is wide enough: bounds from formats and from the operands."""

from typing import Any

from ...formats import Block, Coded, Fixed, Minifloat, Overflow, cast_integers
from ..accumulators.fused import Addend, FusedAccumulator, Reference
from .kernels import NO_LIMIT
from .operands import Lanes

#: A product or a sum of a tile in 64-bit integers; one bit of 62 is left to the alignment.
PRODUCT_BITS = 60
#: An aligned sum.
SUM_BITS = 61


def step_bits(a: Coded, b: Coded, count: int) -> int:
    """Bits of a sum of ``count`` products in units of the least steps, scales' integers included.

    Examples
    --------
    >>> from bitpde.formats import MXFP8_E4M3, Cast
    >>> a = Cast(format=MXFP8_E4M3).encode([[1.0] * 32])
    >>> step_bits(a, a, 32)
    43
    """
    bits = sum(_step_bits(x) for x in (a, b))
    return bits + max(count - 1, 0).bit_length()


def _step_bits(x: Coded) -> int:
    element = x.element
    own = element.bits if isinstance(element, Fixed) else element.emax + 2 - element.lsb_min
    scale = x.format.scale if isinstance(x.format, Block) else None
    return own + (scale.significand_bits + 1 if isinstance(scale, Minifloat) else 0)


def span_of(a: Lanes, b: Lanes) -> tuple[int, int]:
    """``(lowest, top)``: every product is a multiple of 2^lowest and below 2^top in magnitude."""
    ends = []
    for lanes in (a, b):
        e = lanes.e[lanes.m != 0]
        ends.append((int(e.min()), int(e.max()) + lanes.bits) if e.size else (0, 0))
    return ends[0][0] + ends[1][0], ends[0][1] + ends[1][1]


def register_size(span: tuple[int, int], count: int, target: Any) -> tuple[int, int]:
    """``(lowest, limbs)`` of a register for ``count`` products and numbers of the target.

    ``span`` is (lowest, top) of the products, as in `span_of`; ``target`` is `target_integers`.
    """
    low, top = span
    lowest = min(low, target[2]) - 1
    held = target[2] + 62 if target[0] else target[2] + (target[3] >> target[1]) + 64
    return lowest, (max(top + max(1, count).bit_length(), held) - lowest) // 32 + 5


def wraps_too_far(target: Fixed | Minifloat, overflow: Overflow, a: Lanes, b: Lanes) -> bool:
    """Whether low bits that wrapping keeps could be lost in a number of 61 bits."""
    if overflow is not Overflow.WRAP or not isinstance(target, Fixed):
        return False
    length = int(a.m.shape[1])
    top = max(span_of(a, b)[1], target.emax + 2) + length.bit_length() + 1
    return top - target.lsb_min > SUM_BITS


def fused_fits(unit: FusedAccumulator, a: Coded, b: Coded, lanes: tuple[Lanes, Lanes]) -> bool:
    """Whether aligned sums of a fused unit stay below 2^62."""
    if unit.fraction_bits is None:
        return False
    left, right = lanes
    if unit.exact_terms > 1:
        bits = step_bits(a, b, unit.exact_terms)
        head = sum(x.element.emax + 2 for x in (a, b)) + unit.exact_terms.bit_length()
    else:
        bits, head = left.bits + right.bits, 3
    kept = [unit.fraction_bits]
    if unit.late is not None:
        kept += [unit.late.sum_bits, unit.late.addend_bits]
    # One more when lanes or the late addend are aligned anew: each rounding may carry.
    total = max(kept) + max(head, 3) + unit.terms.bit_length() + 1
    return bits <= PRODUCT_BITS and total <= SUM_BITS


def unit_integers(unit: FusedAccumulator) -> tuple[int, ...]:
    """A fused unit as its kernels take it."""
    late = unit.late
    return (
        unit.terms, unit.stride, unit.lanes, unit.exact_terms, unit.fraction_bits or 0,
        unit.alignment.code, unit.lane_rounding.code, list(Reference).index(unit.reference),
        list(Addend).index(unit.addend), late.sum_bits if late else 0,
        late.addend_bits if late else 0, late.rounding.code if late else 0,
        _or_none(late.cutoff if late else None), _or_none(unit.exponent_floor),
        _or_none(unit.zero_exponent), _or_none(unit.product_limit), int(unit.flush_inputs),
        int(unit.flush_results), unit.rounding.code, int(unit.overflow_to_infinity),
        int(unit.signed_underflow),
    )  # fmt: skip


def _or_none(value: int | None) -> int:
    return NO_LIMIT if value is None else value


def target_integers(format: Fixed | Minifloat, rounding: Any, overflow: Overflow) -> Any:
    """A format and its policies as the kernels take them."""
    return cast_integers.cast_integers(format, rounding, overflow)
