"""Encoding an array: the choice between the compiled lanes, which all give the same bits."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .block import Block, element_of
from .carrier import Carrier
from .coded import Coded, Format
from .fixed import Fixed
from .layout import Tiling, element_integers, matrices, native_dtype
from .minifloat import Minifloat
from .overflow import Overflow
from .rounding import Rounding
from .threads import split_work
from .vector_tables import has_vector_lane, minifloat_constants, scale_tables

_NO_RANDOM = np.zeros((1, 1), np.uint32)


class Counts(NamedTuple):
    """What an encoding did to the elements of an array."""

    #: elements encoded
    elements: int
    #: elements whose rounded value lay beyond the largest one
    saturated: int
    #: nonzero elements that became zero
    underflowed: int


class Encoding(NamedTuple):
    """The codes, the counts, and how many elements the policies refuse."""

    coded: Coded
    counts: Counts
    refused: int


class _Job(NamedTuple):
    """One matrix to encode and everything that says how."""

    tiling: Tiling
    x: NDArray[Any]
    scales: NDArray[np.uint8]
    codes: NDArray[Any]
    random: NDArray[np.uint32]
    element: Fixed | Minifloat
    rounding: Rounding
    overflow: Overflow
    random_bits: int
    blocked: bool


def encode_array(
    x: Carrier,
    random: NDArray[np.uint32] | None,
    *,
    format: Format,
    rounding: Rounding,
    overflow: Overflow,
    random_bits: int,
) -> Encoding:
    """The codes of a contiguous float array; one rounding per element.

    Preconditions: ``x`` from `to_carrier`; ``random`` of its shape, below ``2^random_bits``,
    exactly if ``rounding`` is stochastic; the policies are lawful for the format.
    """
    plain = rounding is Rounding.NEAREST_EVEN and overflow is Overflow.INFINITY_OR_NAN
    native = native_dtype(format)
    if plain and native is not None:
        return _encode_native(x, format, native)
    element = element_of(format)
    codes = np.empty(x.shape, element.code_dtype)
    scales = np.zeros(format.grid(x.shape), np.uint8) if isinstance(format, Block) else None
    lane = _encode_strips
    if x.dtype == np.float32 and has_vector_lane(element, rounding, overflow):
        lane = _encode_vector_strips
    counts: list[NDArray[np.int64]] = [np.zeros(3, np.int64)]
    bits = () if random is None else (random,)
    for tiling, its_scales, parts in matrices(format, scales, x, codes, *bits):
        job = _Job(
            tiling, parts[0], its_scales, parts[1], parts[2] if len(parts) > 2 else _NO_RANDOM,
            element, rounding, overflow, random_bits, scales is not None,
        )  # fmt: skip
        work = partial(_count, lane, job, counts)
        split_work(work, its_scales.shape[0], tiling.strips_per_chunk(job.x.shape[1]))
    saturated, underflowed, refused = (int(n) for n in np.sum(counts, axis=0))
    coded = Coded(format=format, codes=codes, scales=scales)
    return Encoding(coded, Counts(x.size, saturated, underflowed), refused)


def _count(
    lane: Callable[[_Job, NDArray[np.int64], int, int], None],
    job: _Job,
    counts: list[NDArray[np.int64]],
    start: int,
    stop: int,
) -> None:
    """Run a lane on some strips with counters of its own: a sum of integers has no order."""
    mine = np.zeros(3, np.int64)
    lane(job, mine, start, stop)
    counts.append(mine)


def _encode_strips(job: _Job, counts: NDArray[np.int64], start: int, stop: int) -> None:
    """Scales and codes of strips start..stop by the general lane."""
    from .encode_kernels import encode_strips, scale_strips

    tile, scale = job.tiling.tile, job.tiling.scale
    if job.blocked:
        scale_strips(
            job.x, *tile, job.element.emax, scale.bias, scale.nan_code, job.scales, start, stop
        )
    encode_strips(
        job.x, job.scales, *tile, scale.bias, scale.nan_code, element_integers(job.element),
        job.rounding.code, job.overflow.code, job.random, job.random_bits, job.codes, counts,
        start, stop,
    )  # fmt: skip


def _encode_vector_strips(job: _Job, counts: NDArray[np.int64], start: int, stop: int) -> None:
    """The same by the vector lane, and the strips it refuses by the general one."""
    from .vector_kernels import encode_fixed_strips, encode_minifloat_strips

    refused = np.zeros(job.scales.shape[0], np.bool_)
    tables = (*job.tiling.tile, *scale_tables(job.element, job.tiling.scale, blocked=job.blocked))
    outputs = (job.scales, job.codes, counts, refused, start, stop)
    with np.errstate(over="ignore"):  # what overflows saturates; uncompiled code would warn of it
        if isinstance(job.element, Fixed):
            high = job.element.max_ordinal
            low = -high if job.overflow is Overflow.SATURATE_SYMMETRIC else -high - 1
            encode_fixed_strips(job.x, *tables, np.float32(low), np.float32(high), *outputs)
        else:
            encode_minifloat_strips(job.x, *tables, *minifloat_constants(job.element), *outputs)
    for strip in np.flatnonzero(refused):
        _encode_strips(job, counts, int(strip), int(strip) + 1)


def _encode_native(x: Carrier, format: Format, dtype: type[np.floating[Any]]) -> Encoding:
    """A format NumPy has: its conversion is the same single rounding to nearest even."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        values = x.astype(dtype)
    nan = np.isnan(values)
    if nan.any():
        values[nan] = np.nan
    saturated = underflowed = 0
    if values.dtype != x.dtype:
        saturated = int(np.count_nonzero(np.isinf(values) & np.isfinite(x)))
        underflowed = int(np.count_nonzero((values == 0) & (x != 0)))
    codes = values.view(np.uint32 if values.itemsize == 4 else np.uint64)
    coded = Coded(format=format, codes=codes)
    return Encoding(coded, Counts(x.size, saturated, underflowed), 0)
