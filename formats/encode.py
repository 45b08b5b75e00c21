"""Encoding an array: the choice between the compiled lanes, which all give the same bits."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .block import Block, element_of
from .carrier import Carrier
from .cast_integers import cast_integers
from .coded import Coded, Format
from .fixed import Fixed
from .jit import kernels_are_compiled
from .layout import Tiling, matrices, native_dtype
from .minifloat import Minifloat
from .overflow import NonFinite, Overflow
from .rounding import Rounding
from .scaling import Scaling, scaling_integers
from .threads import split_work
from .vector_tables import (
    element_words,
    has_vector_lane,
    loop_kind,
    rounding_words,
    scale_tables,
    variant_words,
)

_NO_RANDOM = np.zeros((1, 1), np.uint32)


class Policies(NamedTuple):
    """How a value becomes a code: a `Cast` without its format."""

    rounding: Rounding
    overflow: Overflow
    nonfinite: NonFinite
    random_bits: int
    scaling: Scaling


class Counts(NamedTuple):
    """What an encoding did to the elements of an array."""

    #: elements encoded
    elements: int
    #: elements whose rounded value lay beyond the format's range
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
    policies: Policies
    blocked: bool


def encode_array(
    x: Carrier, random: NDArray[np.uint32] | None, format: Format, policies: Policies
) -> Encoding:
    """The codes of a contiguous float array; one rounding per element.

    Preconditions: ``x`` from `to_carrier`; ``random`` of its shape, below ``2^random_bits``,
    exactly if the rounding is stochastic; the policies are lawful for the format, a scalar one or
    a block whose scales are powers of two.
    """
    rounding, overflow = policies.rounding, policies.overflow
    plain = rounding is Rounding.NEAREST_EVEN and overflow is Overflow.INFINITY_OR_NAN
    native = native_dtype(format)
    if plain and native is not None:
        return _encode_native(x, format, native)
    element = element_of(format)
    codes = np.empty(x.shape, element.code_dtype)
    scales = np.zeros(format.grid(x.shape), np.uint8) if isinstance(format, Block) else None
    lane = _encode_strips
    if x.dtype == np.float32 and has_vector_lane(element, rounding, overflow, policies.random_bits):
        lane = _encode_vector_strips if kernels_are_compiled() else lane
    counts: list[NDArray[np.int64]] = [np.zeros(3, np.int64)]
    bits = () if random is None else (random,)
    for tiling, its_scales, parts in matrices(format, scales, x, codes, *bits):
        job = _Job(
            tiling, parts[0], its_scales, parts[1], parts[2] if len(parts) > 2 else _NO_RANDOM,
            element, policies, scales is not None,
        )  # fmt: skip
        work = partial(_count, lane, job, counts)
        split_work(work, its_scales.shape[0], tiling.strips_per_chunk(job.x.shape[1]))
    saturated, underflowed, refused = (int(n) for n in np.sum(counts, axis=0))
    coded = Coded.unchecked(format, codes, scales)
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

    tile, scale, policies = job.tiling.tile, job.tiling.scale, job.policies
    if job.blocked:
        finite_only = policies.nonfinite is NonFinite.ELEMENT
        scaling = scaling_integers(job.element, scale, policies.scaling, finite_only=finite_only)
        scale_strips(job.x, *tile, scaling, job.scales, start, stop)
    element = cast_integers(job.element, policies.rounding, policies.overflow)
    encode_strips(
        job.x, job.scales, *tile, scale.bias, scale.nan_code, element, policies.rounding.code,
        job.random, policies.random_bits, job.codes, counts, start, stop,
    )  # fmt: skip


def _encode_vector_strips(job: _Job, counts: NDArray[np.int64], start: int, stop: int) -> None:
    """The same by the vector lane, and the strips it refuses by the general one."""
    from .vector_kernels import encode_vector_strips

    rounding, overflow = job.policies.rounding, job.policies.overflow
    scale, scaling = job.tiling.scale, job.policies.scaling
    refused_strips = np.zeros(job.scales.shape[0], np.bool_)
    mine = np.zeros(3, np.int64)
    encode_vector_strips(
        job.x.view(np.uint32), *job.tiling.tile,
        scale_tables(job.element, scale, scaling, blocked=job.blocked),
        element_words(job.element, rounding, overflow), loop_kind(rounding, overflow),
        rounding_words(rounding), job.random, np.uint32(job.policies.random_bits),
        variant_words(rounding), job.scales, job.codes, mine, refused_strips, start, stop,
    )  # fmt: skip
    if overflow is Overflow.RAISE:
        mine[:] = 0, mine[1], mine[0]
    counts += mine
    for strip in np.flatnonzero(refused_strips):
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
    coded = Coded.unchecked(format, codes)
    return Encoding(coded, Counts(x.size, saturated, underflowed), 0)
