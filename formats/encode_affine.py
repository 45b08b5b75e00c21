"""Encoding into affine integers: the quotient by the scale, rounded once, plus the zero point."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .affine_plan import AffinePlan, AffineTables, affine_tables
from .affine_rows import elements_together
from .carrier import Carrier
from .coded import Coded
from .encode import Counts, Encoding, Random, encode_array
from .fixed import Fixed
from .jit import kernels_are_compiled
from .kernel_views import kernel_views
from .layout import per_chunk
from .outputs import room
from .overflow import Overflow
from .plan import plan_for
from .quotient import quotient_to_odd
from .threads import split_work

#: Wide enough that what saturates here is beyond every element format, zero point added.
_WIDE = Fixed(bits=32)


def encode_affine(
    x: Carrier, random: Random, plan: AffinePlan, out: NDArray[Any] | None = None
) -> Encoding:
    """``clamp(round(x / scale) + zero_point)``, in ``out`` if that is free and a lane can.

    One rounding of the real quotient.

    Preconditions as `encode.encode_array`.
    """
    if x.dtype == np.float32 and x.size and plan.has_lane and kernels_are_compiled():
        encoding = _encode_rows(x, plan, out)
        if encoding is not None:
            return encoding
    return _encode_quotients(x, random, plan)


def _encode_rows(x: Carrier, plan: AffinePlan, out: NDArray[Any] | None) -> Encoding | None:
    """The compiled lane; None if an element is infinite or NaN, or refused."""
    tables = affine_tables(plan, elements_together(plan.format, x.shape))
    codes = room(out, x, None, plan.format.element.code_dtype)
    counts: list[tuple[int, int, bool]] = []
    words, stored = kernel_views(x.view(np.uint32).reshape(-1), codes.reshape(-1))
    work = partial(_count, words, tables, stored, counts)
    split_work(work, tables.row_count(x.size), per_chunk(x.size, tables.columns))
    saturated, underflowed, finite = map(sum, zip(*counts, strict=True))
    if finite < len(counts) or (saturated and plan.policies.overflow is Overflow.RAISE):
        return None
    return Encoding(Coded.unchecked(plan.format, codes), Counts(x.size, saturated, underflowed), 0)


def _count(
    words: NDArray[np.uint32],
    tables: AffineTables,
    codes: NDArray[Any],
    counts: list[tuple[int, int, bool]],
    start: int,
    stop: int,
) -> None:
    """Write the codes of rows start..stop.

    Add how many elements saturated and underflowed, and whether all are finite.
    """
    from .affine_kernels import encode_affine_rows

    mine = np.zeros(2, np.int64)
    finite = encode_affine_rows(words, *tables, codes, mine, start, stop)
    counts.append((int(mine[0]), int(mine[1]), finite))


def _encode_quotients(x: Carrier, random: Random, plan: AffinePlan) -> Encoding:
    """Any rounding, any overflow, by quotients that are rounded to odd first."""
    format, overflow = plan.format, plan.policies.overflow
    scale, zero_point = format.columns(x.shape)
    quotients = quotient_to_odd(x, scale)
    wide = plan.policies._replace(overflow=Overflow.SATURATE)
    rounded = encode_array(quotients, random, plan_for(_WIDE, wide))
    q = rounded.coded.codes.astype(np.int64) + zero_point
    least, greatest = plan.ends
    beyond = (q < least) | (q > greatest)
    refused = rounded.refused
    if overflow is Overflow.RAISE:
        codes = np.where(beyond, least + (q < least), q)
        refused += int(np.count_nonzero(beyond))
    else:
        codes = np.clip(q, least, greatest)
    coded = Coded.unchecked(format, codes.astype(format.element.code_dtype))
    saturated = int(np.count_nonzero(beyond))
    return Encoding(coded, Counts(x.size, saturated, rounded.counts.underflowed), refused)
