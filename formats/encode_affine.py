"""Encoding into affine integers: the quotient by the scale, rounded once, plus the zero point."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from .affine import Affine
from .affine_rows import AffineRows, affine_rows
from .carrier import Carrier
from .cast_integers import fixed_range
from .coded import Coded
from .encode import Counts, Encoding, Random, encode_array
from .fixed import Fixed
from .jit import kernels_are_compiled
from .overflow import Overflow
from .plan import Policies, plan_for
from .quotient import quotient_to_odd
from .rounding import Rounding
from .threads import split_work

#: Wide enough that what saturates here is beyond every element format, zero point added.
_WIDE = Fixed(bits=32)


def encode_affine(x: Carrier, random: Random, format: Affine, policies: Policies) -> Encoding:
    """``clamp(round(x / scale) + zero_point)``; one rounding of the real quotient.

    Preconditions as `encode.encode_array`.
    """
    saturating = policies.overflow in (Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC)
    usual = policies.rounding is Rounding.NEAREST_EVEN and saturating
    if usual and x.dtype == np.float32 and x.size and kernels_are_compiled():
        encoding = _encode_rows(x, format, policies.overflow)
        if encoding is not None:
            return encoding
    return _encode_quotients(x, random, format, policies)


def _encode_rows(x: Carrier, format: Affine, overflow: Overflow) -> Encoding | None:
    """The compiled lane; None if an element is infinite or NaN."""
    codes = np.empty(x.shape, format.element.code_dtype)
    counts: list[NDArray[np.int64]] = []
    for rows in affine_rows(format, x, codes):
        work = partial(_count, rows, fixed_range(format.element, overflow), counts)
        split_work(work, rows.first.shape[0], rows.chunk)
    saturated, underflowed, strange = (sum(int(c[k]) for c in counts) for k in range(3))
    if strange:
        return None
    coded = Coded.unchecked(format, codes)
    return Encoding(coded, Counts(x.size, saturated, underflowed), 0)


def _count(
    rows: AffineRows,
    ends: tuple[int, int],
    counts: list[NDArray[np.int64]],
    start: int,
    stop: int,
) -> None:
    """Write the codes of rows start..stop; add saturated, underflowed and strange ones."""
    from .affine_kernels import encode_affine_rows

    least, greatest = (float(end) for end in ends)
    mine = np.zeros(3, np.int64)
    channels = (1 / rows.scales, rows.zero_points.astype(np.float64))
    finite = encode_affine_rows(
        rows.first, *channels, least, greatest, rows.second, mine, start, stop
    )
    mine[2] = not finite
    counts.append(mine)


def _encode_quotients(x: Carrier, random: Random, format: Affine, policies: Policies) -> Encoding:
    """Any rounding, any overflow, by quotients that are rounded to odd first."""
    scale, zero_point = format.columns(x.shape)
    quotients = quotient_to_odd(x, scale)
    wide = policies._replace(overflow=Overflow.SATURATE)
    rounded = encode_array(quotients, random, plan_for(_WIDE, wide))
    q = rounded.coded.codes.astype(np.int64) + zero_point
    least, greatest = fixed_range(format.element, policies.overflow)
    beyond = (q < least) | (q > greatest)
    refused = rounded.refused
    if policies.overflow is Overflow.RAISE:
        codes = np.where(beyond, least + (q < least), q)
        refused += int(np.count_nonzero(beyond))
    else:
        codes = np.clip(q, least, greatest)
    coded = Coded.unchecked(format, codes.astype(format.element.code_dtype))
    saturated = int(np.count_nonzero(beyond))
    return Encoding(coded, Counts(x.size, saturated, rounded.counts.underflowed), refused)
