"""Encoding an array: the choice between the compiled lanes, which all give the same bits."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .block import Block
from .carrier import Carrier
from .coded import Coded, Format
from .fixed import Fixed
from .layout import Tiling, element_integers, matrices, native_dtype
from .overflow import Overflow
from .rounding import Rounding
from .threads import split_work

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


def encode_array(
    x: Carrier,
    random: NDArray[np.uint32] | None,
    *,
    format: Format,  # noqa: A002
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
    element = format.element if isinstance(format, Block) else format
    codes = np.empty(x.shape, element.code_dtype)
    scales = np.zeros(format.grid(x.shape), np.uint8) if isinstance(format, Block) else None
    vector = _is_vectorized(x, format, rounding, overflow)
    counts = [np.zeros(3, np.int64)]
    bits = () if random is None else (random,)
    for tiling, its_scales, (part, out, *drawn) in matrices(format, scales, x, codes, *bits):

        def work(
            start: int,
            stop: int,
            arguments: tuple[Any, ...] = (tiling, part, its_scales, out, *(drawn or [_NO_RANDOM])),
        ) -> None:
            mine = np.zeros(3, np.int64)
            lane = partial(_encode_strips, *arguments, element, rounding, overflow, random_bits)
            lane(vector, scales is not None, mine, start, stop)
            counts.append(mine)

        split_work(work, its_scales.shape[0], tiling.strips_per_chunk(part.shape[1]))
    saturated, underflowed, refused = (int(n) for n in np.sum(counts, axis=0))
    coded = Coded(format=format, codes=codes, scales=scales)
    return Encoding(coded, Counts(x.size, saturated, underflowed), refused)


def _is_vectorized(x: Carrier, format: Format, rounding: Rounding, overflow: Overflow) -> bool:  # noqa: A002
    """Whether `encode_fixed_strips` may run: its preconditions."""
    return (
        isinstance(format, Block)
        and isinstance(format.element, Fixed)
        and x.dtype == np.float32
        and rounding is Rounding.NEAREST_EVEN
        and overflow in (Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC)
    )


def _encode_strips(
    tiling: Tiling,
    x: NDArray[Any],
    scales: NDArray[np.uint8],
    codes: NDArray[Any],
    random: NDArray[np.uint32],
    element: Any,
    rounding: Rounding,
    overflow: Overflow,
    random_bits: int,
    vector: bool,
    blocked: bool,
    counts: NDArray[np.int64],
    start: int,
    stop: int,
) -> None:
    from .encode_kernels import encode_fixed_strips, encode_strips, scale_strips

    integers = element_integers(element)
    scale = (tiling.scale.bias, tiling.scale.nan_code)
    if vector:
        symmetric = overflow is Overflow.SATURATE_SYMMETRIC
        low = np.float32(-element.max_ordinal - (0 if symmetric else 1))
        encode_fixed_strips(
            x, *tiling.tile, element.emax, *scale, integers, rounding.code, overflow.code, low,
            random, scales, codes, counts, start, stop,
        )  # fmt: skip
        return
    if blocked:
        scale_strips(x, *tiling.tile, element.emax, *scale, scales, start, stop)
    encode_strips(
        x, scales, *tiling.tile, *scale, integers, rounding.code, overflow.code,
        random, random_bits, codes, counts, start, stop,
    )  # fmt: skip


def _encode_native(x: Carrier, format: Format, dtype: type[np.floating[Any]]) -> Encoding:  # noqa: A002
    """A format NumPy has: its conversion is the same single rounding to nearest even."""
    with np.errstate(over="ignore", under="ignore"):
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
