"""Encoding into affine integers: the quotient by the scale, rounded once, plus the zero point."""

import math
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .affine import Affine
from .carrier import Carrier
from .cast_integers import fixed_range
from .coded import Coded
from .encode import Counts, Encoding, Random, encode_array
from .fixed import Fixed
from .jit import kernels_are_compiled
from .layout import Tiling, matrices
from .overflow import Overflow
from .plan import Policies, plan_for
from .power_of_two import PowerOfTwo
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


class _Rows(NamedTuple):
    """Rows of numbers and codes, with the channels of `affine_kernels.encode_affine_rows`."""

    x: NDArray[Any]
    codes: NDArray[Any]
    scales: NDArray[np.float64]
    zero_points: NDArray[np.float64]

    def encode(
        self, ends: tuple[int, int], counts: list[NDArray[np.int64]], start: int, stop: int
    ) -> None:
        """Write the codes of rows start..stop; add saturated, underflowed and strange ones."""
        from .affine_kernels import encode_affine_rows

        least, greatest = (float(end) for end in ends)
        mine = np.zeros(3, np.int64)
        channels = (self.scales, self.zero_points)
        finite = encode_affine_rows(
            self.x, *channels, least, greatest, self.codes, mine, start, stop
        )
        mine[2] = not finite
        counts.append(mine)


def _encode_rows(x: Carrier, format: Affine, overflow: Overflow) -> Encoding | None:
    """The compiled lane; None if an element is infinite or NaN."""
    codes = np.empty(x.shape, format.element.code_dtype)
    ends = fixed_range(format.element, overflow)
    counts: list[NDArray[np.int64]] = []
    for rows in _rows(x, codes, format):
        chunk = Tiling((1, 1), PowerOfTwo()).strips_per_chunk(*rows.x.shape)
        split_work(partial(rows.encode, ends, counts), rows.x.shape[0], chunk)
    saturated, underflowed, strange = (sum(int(c[k]) for c in counts) for k in range(3))
    if strange:
        return None
    coded = Coded.unchecked(format, codes)
    return Encoding(coded, Counts(x.size, saturated, underflowed), 0)


def _rows(x: Carrier, codes: NDArray[Any], format: Affine) -> Iterator[_Rows]:
    """All elements; a scale for the tensor lets rows be cut anywhere."""
    scales, zero_points = (n.astype(np.float64).reshape(-1, 1) for n in format.columns(x.shape))
    if format.axis is None:
        for _, _, (x_rows, code_rows) in matrices(format, None, x, codes):
            yield _Rows(x_rows, code_rows, scales, zero_points)
        return
    inner = math.prod(x.shape[format.axis :][1:])
    columns = inner
    if inner < _LONG_ROW:
        columns = inner * len(format.scale)
        scales, zero_points = (np.repeat(n, inner).reshape(1, -1) for n in (scales, zero_points))
    yield _Rows(x.reshape(-1, columns), codes.reshape(-1, columns), scales, zero_points)


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
