"""Quantizing an array in parts, so that its size is bounded by the disk and not by float64 copies.

A part is whole tiles, so the codes do not depend on how the array was cut.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..formats import Affine, Block, Cast, Coded, Counts, Format, FormatError
from .quantization_error import ErrorSums, QuantizationReport

#: Elements of a part, unless one tile has more.
PART = 2**20

Array = NDArray[np.generic]


@dataclass(frozen=True, kw_only=True)
class Quantization:
    """An array's codes, the report on them, and some elements before and after."""

    coded: Coded
    report: QuantizationReport
    before: NDArray[np.float64]
    after: NDArray[np.float64]


def quantize_array(
    cast: Cast,
    x: Array,
    *,
    random: NDArray[np.uint32] | None = None,
    on_part: Callable[[int], None] | None = None,
    sample: int = 0,
    part: int = PART,
) -> Quantization:
    """Encode ``x`` part by part and measure what that did to it.

    Parameters
    ----------
    cast
        How reals become codes.
    x
        float16, float32, float64 or integers of any shape; a memory map is read once.
    random
        For stochastic rounding: one integer per element, as `Cast.encode` takes.
    on_part
        Called after every part with the number of its elements.
    sample
        How many elements, about, to keep in ``before`` and ``after``.
    part
        Elements of a part, about.  The codes do not depend on it.

    Raises
    ------
    FormatError
        As `Cast.encode`; a part is named by its slices.

    Notes
    -----
    Exact: codes and scales are those of ``cast.encode(x, random)``.

    Examples
    --------
    >>> from bitpde.formats import INT8
    >>> done = quantize_array(Cast(format=INT8), np.array([0.5, 3.0, 200.0]))
    >>> done.coded.codes.tolist(), done.report.counts
    ([0, 3, 127], Counts(elements=3, saturated=1, underflowed=1))
    >>> done.report.sqnr_text()
    '8.75 dB'
    """
    format = cast.format
    codes = np.empty(x.shape, cast.element.code_dtype)
    grid = format.grid(x.shape) if isinstance(format, Block) else None
    scales = None if grid is None else np.empty(grid, np.uint8)
    sums, kept = ErrorSums(), [(np.zeros(0), np.zeros(0))]
    every = max(1, -(-x.size // sample)) if sample else 0
    whole_only, last = _is_whole_only(format), None
    whole = (tuple(slice(0, length) for length in x.shape),)
    for where in whole if whole_only else parts(format, x.shape, part):
        piece = np.ascontiguousarray(x[where]).reshape(x[where].shape)
        coded, counts = _encode(cast, piece, None if random is None else random[where], where)
        values = coded.values()
        sums.add(piece, values, counts)
        codes[where] = coded.codes
        last = coded if whole_only else None
        if scales is not None and coded.scales is not None and isinstance(format, Block):
            scales[_of_scales(format, where)] = coded.scales
        if every:
            kept.append((piece.ravel()[::every].astype(np.float64), values.ravel()[::every]))
        if on_part is not None:
            on_part(piece.size)
    coded = Coded(format=format, codes=codes, scales=scales) if last is None else last
    before, after = (np.concatenate(column) for column in zip(*kept, strict=True))
    report = sums.report(x.nbytes, coded.nbytes)
    return Quantization(coded=coded, report=report, before=before, after=after)


def parts(format: Format, shape: tuple[int, ...], size: int) -> Iterator[tuple[slice, ...]]:
    """Slices that cut ``shape`` into parts of whole tiles and about ``size`` elements.

    Examples
    --------
    >>> from bitpde.formats import SMX_INT8
    >>> [[(s.start, s.stop) for s in cut] for cut in parts(SMX_INT8, (10, 6), 30)]
    [[(0, 4), (0, 6)], [(4, 8), (0, 6)], [(8, 10), (0, 6)]]
    """
    sides = [*[1] * len(shape), *(format.tile if isinstance(format, Block) else (1, 1))]
    cuts: list[list[slice]] = []
    budget = size
    for length, side in zip(reversed(shape), reversed(sides[-len(shape) :]), strict=False):
        step = min(max(side, budget // side * side), max(length, 1))
        budget = max(1, budget // step)
        cuts.append([slice(i, min(i + step, length)) for i in range(0, max(length, 1), step)])
    return itertools.product(*reversed(cuts))


def _is_whole_only(format: Format) -> bool:
    """Whether a part of an array, alone, is no array of the format.

    A scale of the whole tensor depends on every element, and channels are counted.
    """
    if isinstance(format, Affine):
        return format.axis is not None
    return isinstance(format, Block) and format.tensor_scale


def _encode(
    cast: Cast, piece: Array, random: NDArray[np.uint32] | None, where: tuple[slice, ...]
) -> tuple[Coded, Counts]:
    """Encode one part; an error says which part its index counts from."""
    try:
        return cast.encode_counted(piece, random)
    except FormatError as error:
        if not any(cut.start for cut in where):
            raise
        msg = f"in the part x[{', '.join(f'{cut.start}:{cut.stop}' for cut in where)}]: {error}"
        raise FormatError(msg) from error


def _of_scales(format: Block, where: tuple[slice, ...]) -> tuple[slice, ...]:
    """The slices of the scales of a part."""
    sides = [*[1] * len(where), *format.tile][-len(where) :] if where else []
    return tuple(
        slice(cut.start // side, -(-cut.stop // side))
        for cut, side in zip(where, sides, strict=True)
    )
