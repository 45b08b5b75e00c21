"""Fused multi-term adders in rational arithmetic, step by step as `FusedAccumulator` says."""

from collections.abc import Sequence
from fractions import Fraction
from math import inf
from typing import NamedTuple

from ...formats import Rounding, round_exact
from ..accumulators.fused import Addend, FusedAccumulator, LateAddend, Reference
from ..errors import DatapathError
from .operands import (
    Number,
    Product,
    add,
    exponent_of,
    leading_exponent,
    makes_nan,
)
from .rounding import Flags, flushed, rounded_fused


class Term(NamedTuple):
    """A finite number and the exponent it is aligned by; None: it takes no part."""

    value: Fraction
    exponent: int | None


def steps_of(unit: FusedAccumulator, products: Sequence[Product]) -> list[list[Product]]:
    """The products of each step, in the order of the steps.

    Examples
    --------
    >>> [*map(list, steps_of(FusedAccumulator(terms=2, stride=2), "abcdef"))]
    [['a', 'c'], ['b', 'd'], ['e'], ['f']]
    """
    run = unit.terms * unit.stride
    runs = [products[first : first + run] for first in range(0, len(products), run)]
    steps = [list(part[i :: unit.stride]) for part in runs for i in range(unit.stride)]
    return [step for step in steps if step]


def fused_sum(unit: FusedAccumulator, products: list[Product], c: Number, flags: Flags) -> Number:
    """``c`` after every step; a NaN is a float."""
    for step in steps_of(unit, products):
        c = _step(unit, step, c, flags)
    return c


def _step(unit: FusedAccumulator, products: list[Product], c: Number, flags: Flags) -> Number:
    if unit.flush_inputs and not flushed(unit.format, c):
        c = 0.0
    values = [_limited(unit, product, flags) for product in products]
    addends = [*values, c]
    if any(isinstance(x, float) and not abs(x) < inf for x in addends):
        flags.invalid |= makes_nan(addends)
        return add(addends)
    joined = Term(_finite(c), exponent_of(c, unit.format.emin, unit.zero_exponent))
    lanes = [terms_of(unit, products[i :: unit.lanes]) for i in range(unit.lanes)]
    if unit.addend is Addend.ALIGNED:
        total, _ = _aligned(unit, [*lanes[0], joined])
        return rounded_fused(unit, total, flags)
    sums = [_aligned(unit, lane) for lane in lanes]
    product_sum = sums[0] if unit.lanes == 1 else _joined_lanes(unit, sums)
    if unit.late is not None:
        return rounded_fused(unit, _late(unit.late, product_sum, joined), flags)
    first = rounded_fused(unit, product_sum.value, flags)
    both = add([first, c])
    if isinstance(both, Fraction):
        return rounded_fused(unit, both, flags)
    return 0.0 if both == 0 else both


def _limited(unit: FusedAccumulator, product: Product, flags: Flags) -> Number:
    """The product; an infinity if the unit's products overflow there."""
    value = product.value(unit.flush_inputs)
    left, right = product.left, product.right
    flags.see_product([left.element, left.scale, right.element, right.scale], value)
    limit = unit.product_limit
    if limit is not None and isinstance(value, Fraction) and abs(value) >= Fraction(2) ** limit:
        flags.overflowed = True
        return inf if value > 0 else -inf
    return value


def terms_of(unit: FusedAccumulator, products: list[Product]) -> list[Term]:
    """What is aligned: products, or exact sums of neighbours that share their scales."""
    if unit.exact_terms == 1:
        return [_term(unit, product) for product in products]
    size = unit.exact_terms
    return [_group(unit, products[i : i + size]) for i in range(0, len(products), size)]


def _term(unit: FusedAccumulator, product: Product) -> Term:
    value = _finite(product.value(unit.flush_inputs))
    exponents = [
        factor.exponent(unit.zero_exponent, unit.flush_inputs)
        for factor in (product.left, product.right)
    ]
    if exponents[0] is None or exponents[1] is None:
        return Term(value, None)
    exponent = exponents[0] + exponents[1]
    if value and unit.reference is Reference.CARRY:
        exponent += abs(value) >= Fraction(2) ** (exponent + 1)
    if value and unit.reference is Reference.LEADING_BIT:
        exponent = leading_exponent(value)
    return Term(value, exponent)


def _group(unit: FusedAccumulator, products: list[Product]) -> Term:
    """The exact sum of neighbours; its exponent is that of the scales they share."""
    if len({(product.left.tile, product.right.tile) for product in products}) > 1:
        msg = f"an exact group of {unit.exact_terms} reaches over the edge of a tile: give operands"
        raise DatapathError(msg + " whose tiles hold whole groups")
    value = sum((_finite(product.value(unit.flush_inputs)) for product in products), Fraction(0))
    first = products[0]
    exponents = [
        exponent_of(factor.scale, factor.scale_emin, unit.zero_exponent)
        for factor in (first.left, first.right)
    ]
    if exponents[0] is None or exponents[1] is None or (not value and unit.zero_exponent is None):
        return Term(value, None)
    return Term(value, exponents[0] + exponents[1])


def _aligned(unit: FusedAccumulator, terms: list[Term]) -> Term:
    """Sum of the terms, each rounded to the window below the largest exponent."""
    exponents = [term.exponent for term in terms if term.exponent is not None]
    if not exponents:
        return Term(Fraction(0), None)
    largest = max(exponents)
    if unit.exponent_floor is not None:
        largest = max(largest, unit.exponent_floor)
    kept = [_to_window(t.value, largest, unit.fraction_bits, unit.alignment) for t in terms]
    return Term(sum(kept, Fraction(0)), largest)


def _joined_lanes(unit: FusedAccumulator, sums: list[Term]) -> Term:
    """The lanes' sums, aligned to the largest of their exponents."""
    exponents = [lane.exponent for lane in sums if lane.exponent is not None]
    if not exponents:
        return Term(Fraction(0), None)
    largest = max(exponents)
    bits, mode = unit.fraction_bits, unit.lane_rounding
    return Term(sum((_to_window(s.value, largest, bits, mode) for s in sums), Fraction(0)), largest)


def _late(late: LateAddend, products: Term, c: Term) -> Fraction:
    """Sum of products and C, aligned to the larger of their exponents."""
    exponents = [term.exponent for term in (products, c) if term.exponent is not None]
    if not exponents:
        return Fraction(0)
    largest = max(exponents)
    if late.cutoff is not None and c.exponent is not None and c.exponent < largest - late.cutoff:
        c = Term(Fraction(0), c.exponent)
    first = _to_window(products.value, largest, late.sum_bits, late.rounding)
    return first + _to_window(c.value, largest, late.addend_bits, late.rounding)


def _to_window(x: Fraction, exponent: int, bits: int | None, rounding: Rounding) -> Fraction:
    """``x`` as a multiple of ``2^(exponent - bits)``."""
    if bits is None:
        return x
    lsb = Fraction(2) ** (exponent - bits)
    return round_exact(x, lsb, rounding) * lsb


def _finite(x: Number) -> Fraction:
    return x if isinstance(x, Fraction) else Fraction(0)
