"""Encoding into affine integers: the quotient by the scale, rounded once, plus the zero point."""

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .affine import Affine
from .carrier import Carrier
from .cast_integers import fixed_range
from .coded import Coded
from .encode import Counts, Encoding, Random, encode_array
from .fixed import Fixed
from .jit import kernels_are_compiled
from .layout import CHUNK_ELEMENTS, ROW_ELEMENTS
from .overflow import Overflow
from .plan import Policies, plan_for
from .quotient import quotient_to_odd
from .rounding import Rounding
from .threads import split_work

#: Wide enough that what saturates here is beyond every element format, zero point added.
_WIDE = Fixed(bits=32)
#: Elements of a channel that lie together from which it is worth a row of its own.
_LONG_ROW = 64


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
    least, greatest = (float(end) for end in fixed_range(format.element, overflow))
    counts: list[NDArray[np.int64]] = []
    strange: list[bool] = []
    for x_rows, code_rows, scales, zero_points in _rows(x, codes, format):

        def work(start: int, stop: int, arrays: Any) -> None:
            from .affine_kernels import encode_affine_rows

            mine = np.zeros(2, np.int64)
            x_rows, code_rows, *channels = arrays
            finite = encode_affine_rows(
                x_rows, *channels, least, greatest, code_rows, mine, start, stop
            )
            counts.append(mine)
            strange.append(not finite)

        arrays = (x_rows, code_rows, scales, zero_points)
        chunk = max(1, CHUNK_ELEMENTS // x_rows.shape[1])
        split_work(partial(work, arrays=arrays), x_rows.shape[0], chunk)
    if any(strange):
        return None
    saturated, underflowed = (sum(int(c[k]) for c in counts) for k in range(2))
    coded = Coded.unchecked(format, codes)
    return Encoding(coded, Counts(x.size, saturated, underflowed), 0)


def _rows(
    x: Carrier, codes: NDArray[Any], format: Affine
) -> Iterator[tuple[NDArray[Any], NDArray[Any], NDArray[np.float64], NDArray[np.float64]]]:
    """Rows of numbers and codes, with the scales and zero points of `encode_affine_rows`."""
    scales, zero_points = format.columns(x.shape)
    if format.axis is None:
        whole = x.size // ROW_ELEMENTS * ROW_ELEMENTS
        one = (np.full((1, 1), float(scales)), np.full((1, 1), float(zero_points)))
        for start, stop in ((0, whole), (whole, x.size)):
            if stop > start:
                shape = (-1, min(ROW_ELEMENTS, stop - start))
                parts = (a.reshape(-1)[start:stop].reshape(shape) for a in (x, codes))
                yield (*parts, *one)  # type: ignore[misc]
        return
    inner = math.prod(x.shape[format.axis :][1:])
    channels, both = len(format.scale), (scales.reshape(-1), zero_points.reshape(-1))
    if inner >= _LONG_ROW:
        shape, numbers = (-1, inner), [n.astype(np.float64).reshape(channels, 1) for n in both]
    else:
        shape = (-1, channels * inner)
        numbers = [np.repeat(n.astype(np.float64), inner)[None, :] for n in both]
    yield x.reshape(shape), codes.reshape(shape), numbers[0], numbers[1]


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
