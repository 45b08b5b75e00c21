"""Sequential sums by FMA and one more rounding, and the proofs that two roundings are one.

Let c have p bits, the product x be an integer of at most P times a power of two, s be c + x rounded
to the T bits of the carrier, which is then rounded to p bits, and d = T - p.  Only if s is a
midpoint m of the p-bit numbers, and not the sum itself, can the two differ from one rounding.  Let
2^e be the binade of m; m is an odd multiple of 2^(e-p), so that every number of p bits within
2^(e-p) of it is a multiple of 2^(e-p+1) and at least 2^(e-p) away, and the sum is within 2^(e-T) of
it.  Below the format's normal numbers this holds the more, as its steps are wider there.  One of
the two terms is no multiple of 2^(e-T+1), else s were the sum.

*If it is the product*, this is at most P 2^(e-T) in size, so that c is within (P + 1) 2^(e-T) of m:
that cannot be where P + 1 < 2^d.

*If it is c*, its last bit is at most 2^(e-T) and c itself below 2^(e-d), so that the product is
above 2^(e-1).  Three facts exclude it (`_Sums.c_is_never_too_small`), each of them alone:

* The product has at most p bits, and 2 p < T.  It is within (1 + 2^p) 2^(e-T) of m, and numbers of
  p bits are not.
* c is a multiple of 2^step, so that e is T + step or more, and no sum is as large as 2^e.
* No product is above 2^(e-1) for such an e.

Otherwise `guarded_tiles` looks at the exponents: that of c is by more than d below that of s.

A sum that leaves the format overflows the carrier, and stays there.  For that the left operand is
multiplied by a power of two, so that what rounds a number in the format's greatest binade, or
beyond it, is beyond the carrier's.  A number by less than a factor of 1 + 2^-d above the least of
that binade, which rounds to it and is near no midpoint, may still pass.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ...formats import Coded, Minifloat
from ..width import Span
from .group_spans import last_bits
from .lane import Found
from .panels import (
    CARRIERS,
    Floats,
    Mask,
    Values,
    has_negative_zero,
    lift_of,
    measured,
    significant_bits,
    summed_grid,
    values_of,
)


class _Sums(NamedTuple):
    """Sums of p bits in a carrier of T, and what is known of them."""

    format: Minifloat
    dtype: Any
    #: significant bits of a product
    bits: int
    #: span of the left operand, and of products
    left: Span
    products: Span
    #: every c is a multiple of 2^step
    step: int

    @property
    def bias(self) -> int:
        """The exponent bias of the carrier."""
        return CARRIERS[self.dtype][0]

    @property
    def p(self) -> int:
        """Bits of a sum."""
        return self.format.significand_bits + 1

    @property
    def d(self) -> int:
        """How many bits the carrier has more."""
        return CARRIERS[self.dtype][1] + 1 - self.p

    @property
    def lift(self) -> int:
        """The exponent of what the left operand is multiplied by."""
        return lift_of(self.format, self.dtype)

    @property
    def never_underflow(self) -> bool:
        """Whether every sum is a multiple of the format's least step."""
        return self.products.lsb >= self.format.lsb_min

    @property
    def c_is_never_too_small(self) -> bool:
        """Whether the sum has the last bit of c, or the product is far from ties."""
        if self.bits <= self.p and self.p < self.d:
            return True
        largest = self.bias - self.d - self.lift  # no sum is in a greater binade
        return min(largest, self.products.top) < self.step + self.p + self.d

    @property
    def are_held(self) -> bool:
        """Whether no product or lifted number underflows, or overflows, in the carrier."""
        least = 1 - self.bias - CARRIERS[self.dtype][1]
        lifted = self.lift <= self.bias and self.left.top + self.lift <= self.bias
        return lifted and self.products.lsb >= least


#: A kernel and its numbers.
_Choice = tuple[Any, tuple[int, ...]]


def product_sums(a: Coded, b: Coded, start: Floats | None, format: Minifloat) -> Found | None:
    """C by products, each sum rounded to nearest even twice; None without a proof that it may be.

    Preconditions: scales are powers of two; ``start`` holds finite numbers.
    """
    if has_negative_zero(start):
        return None
    bits = significant_bits(a), significant_bits(b)
    for dtype in (np.float32, np.float64):
        if _two_roundings_are_one(*bits, format, dtype):
            left, right = values_of(a, dtype), values_of(b, dtype)
            if left is None or right is None:
                continue
            found = _sums_of(left, right, bits, format, start)
            if found is not None:
                special = left.special[:, None] | right.special
                return Found(found.values, found.doubtful | special)
    return None


def _two_roundings_are_one(m: int, n: int, format: Minifloat, dtype: Any) -> bool:
    """Whether they are for products of numbers of m and n bits, if c is not too small."""
    bias, trailing = CARRIERS[dtype]
    d = trailing - format.significand_bits
    innocuous = d >= 2 and (2**m - 1) * (2**n - 1) + 1 < 2**d
    return innocuous and format.emin >= 1 - bias and format.emax <= bias


def _sums_of(
    left: Values, right: Values, bits: tuple[int, int], format: Minifloat, start: Floats | None
) -> Found | None:
    """C in one carrier; ``bits`` are those of significands of the left and the right."""
    choice, sums = None, None
    for x, products in _spans(left, right, bits):
        step = max(format.lsb_min, products.lsb) if start is None else format.lsb_min
        sums = _Sums(format, left.floats.dtype.type, sum(bits), x, products, step)
        choice = _kernel_of(sums)
        if choice is not None and sums.c_is_never_too_small:
            break
    return None if choice is None or sums is None else _run(choice, left, right, start, sums)


def _spans(left: Values, right: Values, bits: tuple[int, int]) -> Iterator[tuple[Span, Span]]:
    """Spans of the left and of products: those of their formats, then those that are there."""
    yield left.span, left.span.times(right.span)
    x, y = (measured(values, n).span for values, n in zip((left, right), bits, strict=True))
    lsb = max(left.span.lsb, x.lsb) + max(right.span.lsb, y.lsb)
    (m, e), (n, f) = (np.frexp(np.abs(values.floats).max(initial=0)) for values in (left, right))
    yield x, Span(lsb, int(e) + int(f) - bool(m * n < 0.5))


def _kernel_of(sums: _Sums) -> _Choice | None:
    """The cheapest kernel that is proved."""
    from .tile_kernels import gradual_tiles, guarded_tiles, product_tiles

    if not sums.are_held:
        return None
    d = sums.d
    factor = _word(2.0**d + 1, sums.dtype)
    if sums.never_underflow and sums.c_is_never_too_small:
        return product_tiles, (factor,)
    if sums.never_underflow and sums.dtype is np.float32:
        return guarded_tiles, (factor, d << 23)
    least = sums.format.emin + sums.lift
    if not sums.c_is_never_too_small or least + d > sums.bias:
        return None
    return gradual_tiles, tuple(_word(x, sums.dtype) for x in (1.5 * 2.0**d, 2.0**least))


def _word(x: float, dtype: Any) -> int:
    """The bits of a float."""
    return int(np.array(x, dtype).view(f"u{np.dtype(dtype).itemsize}"))


def _run(choice: _Choice, left: Values, right: Values, start: Floats | None, sums: _Sums) -> Found:
    """C by a kernel, on sums that are multiplied by a power of two."""
    kernel, numbers = choice
    lift = sums.dtype(2.0**sums.lift)
    begin = None if start is None else start * lift
    grid = summed_grid(kernel, left.floats * lift, right.floats, begin, numbers)
    values = grid.rows((left.floats.shape[0], right.floats.shape[0])) / lift
    doubtful = ~np.isfinite(values)
    if not sums.never_underflow:
        doubtful |= _may_be_minus_zero(left, right, values, sums.format)
    return Found(values, doubtful)


def _may_be_minus_zero(left: Values, right: Values, values: Floats, format: Minifloat) -> Mask:
    """Which zeros may come of sums that underflowed: those of products below the least step."""
    zero: Mask = values == 0
    if not zero.any():
        return zero
    lsb = last_bits(left.floats)[:, None] + last_bits(right.floats)
    return np.asarray(zero & (lsb < format.lsb_min))
