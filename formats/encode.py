"""Encoding an array: the choice between the compiled lanes, which all give the same bits."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .block import Block
from .carrier import Carrier
from .coded import Coded
from .jit import kernels_are_compiled
from .kernel_views import kernel_views
from .kinds import Format
from .layout import Tiling, matrices
from .outputs import room
from .overflow import Overflow
from .plan import Plan
from .random_bits import RandomBits
from .threads import split_work

Random = NDArray[np.uint32] | RandomBits | None

_NO_RANDOM = np.zeros((0, 0), np.uint32)
_NO_DRAWS = np.zeros(0, np.uint32)
_NO_KEY = np.zeros(4, np.uint32)


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
    random: Random
    position: int
    plan: Plan


#: A lane encodes strips start..stop and counts what it did: saturated, underflowed, refused.
_Lane = Callable[[_Job, int, int], list[int]]


def encode_array(
    x: Carrier, random: Random, plan: Plan, out: NDArray[Any] | None = None
) -> Encoding:
    """The codes of a contiguous float array, in ``out`` if that is free; one rounding per element.

    Preconditions: ``x`` from `to_carrier`; ``random``, exactly if the rounding is stochastic, an
    array of its shape, below ``2^random_bits``, or the stream to draw from; the policies are lawful
    for the format, a scalar one or a block whose scales are powers of two.
    """
    format = plan.format
    if plan.native is not None:
        return _encode_native(x, format, plan.native)
    codes = room(out, x, random, plan.code_dtype)
    scales = np.zeros(format.grid(x.shape), np.uint8) if isinstance(format, Block) else None
    x, stored = kernel_views(x, codes)
    lane = _encode_strips
    if x.dtype == np.float32 and plan.has_vector_lane and kernels_are_compiled():
        lane = _encode_vector_strips
    counts: list[list[int]] = []
    bits = (random,) if isinstance(random, np.ndarray) else ()
    position = 0
    for tiling, its_scales, parts in matrices(format, scales, x, stored, *bits):
        draws = parts[2] if bits else random
        job = _Job(tiling, parts[0], its_scales, parts[1], draws, position, plan)
        position += job.x.size
        strips, chunk = its_scales.shape[0], tiling.strips_per_chunk(*job.x.shape)
        if strips <= chunk:
            counts.append(lane(job, 0, strips))
        else:
            split_work(partial(_count, lane, job, counts), strips, chunk)
    saturated, underflowed, refused = _added(counts)
    coded = Coded.unchecked(format, codes, scales)
    return Encoding(coded, Counts(x.size, saturated, underflowed), refused)


def _added(counts: list[list[int]]) -> list[int]:
    """The sums of the counts of all parts."""
    if len(counts) == 1:
        return counts[0]
    return [sum(part[k] for part in counts) for k in range(3)]


def _count(lane: _Lane, job: _Job, counts: list[list[int]], start: int, stop: int) -> None:
    """Run a lane on some strips and add its counts to all: a sum of integers has no order."""
    counts.append(lane(job, start, stop))


def _encode_strips(job: _Job, start: int, stop: int) -> list[int]:
    """Scales and codes of strips start..stop by the general lane."""
    from .encode_kernels import encode_strips, scale_strips

    plan, tile, scale = job.plan, job.tiling.tile, job.tiling.scale
    rows = slice(start * tile[0], stop * tile[0])
    x, scales, codes = job.x[rows], job.scales[start:stop], job.codes[rows]
    random: NDArray[np.uint32] = _NO_RANDOM
    counts = np.zeros(3, np.int64)
    if isinstance(job.random, RandomBits):
        first = job.position + rows.start * x.shape[1]
        random = job.random.draw_from(first, x.size, plan.policies.random_bits).reshape(x.shape)
    elif job.random is not None:
        random = job.random[rows]
    if plan.blocked:
        scale_strips(x, *tile, plan.scaling_integers, scales, 0, stop - start)
    encode_strips(
        x, scales, *tile, scale.bias, scale.nan_code, plan.element_integers,
        plan.policies.rounding.code, random, plan.policies.random_bits, codes, counts,
        0, stop - start,
    )  # fmt: skip
    return counts.tolist()


def _encode_vector_strips(job: _Job, start: int, stop: int) -> list[int]:
    """The same by the vector lane, and the strips it refuses by the general one."""
    tiling, x, scales, codes, random, position, plan = job
    refused_strips = np.zeros(scales.shape[0], np.bool_)
    counts = np.zeros(3, np.int64)
    easy = cast_in_vectors(
        plan, x.view(np.uint32), *tiling.tile, *plan.low_words, *plan.vector_words,
        *rounding_arguments(random, plan), position, None, scales, codes, counts, refused_strips,
        start, stop,
    )  # fmt: skip
    beyond, underflowed, _ = counts.tolist()
    raising = plan.policies.overflow is Overflow.RAISE
    found = [0, underflowed, beyond] if raising else [beyond, underflowed, 0]
    if not easy:
        for strip in np.flatnonzero(refused_strips).tolist():
            found = [
                a + b for a, b in zip(found, _encode_strips(job, strip, strip + 1), strict=True)
            ]
    return found


def cast_in_vectors(plan: Plan, *arguments: Any) -> bool:
    """Cast strips by the kernels of the vector lanes; whether none is refused.

    Where one pass takes them, two are for those that it leaves.  A first call thus compiles but one
    of the kernels, which takes most of its time.
    """
    if not plan.takes_one_pass:
        return strip_kernel()(*arguments)
    if one_pass_kernel()(*arguments):
        return True
    *shared, refused_strips, start, stop = arguments
    left = np.flatnonzero(np.diff(refused_strips[start:stop], prepend=False, append=False))
    refused_strips[start:stop] = False
    done = [
        strip_kernel()(*shared, refused_strips, start + first, start + last)
        for first, last in left.reshape(-1, 2).tolist()
    ]
    return all(done)


@cache
def one_pass_kernel() -> Callable[..., bool]:
    """The kernel of one pass, which takes numba to import."""
    from .vector_kernels import cast_strips_at_once

    compiled: Callable[..., bool] = cast_strips_at_once
    return compiled


@cache
def strip_kernel() -> Callable[..., bool]:
    """The kernel of two passes."""
    from .vector_kernels import cast_strips

    compiled: Callable[..., bool] = cast_strips
    return compiled


def rounding_arguments(
    random: Random, plan: Plan
) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]]:
    """What the vector lanes know of the rounding: its words, the draws, and the key to make them.

    Draws out of a stream are the high bits of words that the lane makes as it goes.
    """
    rounding = plan.rounding_words
    if isinstance(random, RandomBits):
        drawn = np.array([*rounding[:3], 32 - plan.policies.random_bits], np.uint32)
        return drawn, _NO_DRAWS, random.words
    return rounding, _NO_DRAWS if random is None else random.reshape(-1), _NO_KEY


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
