"""How arrays of any shape are laid before the kernels, which see contiguous matrices only."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .block import Block
from .fixed import Fixed
from .kinds import Format
from .minifloat import Minifloat, Specials
from .power_of_two import PowerOfTwo
from .threads import thread_count

#: Elements a thread takes at a time, or more: long against the hand-over.
CHUNK_ELEMENTS = 1 << 17
#: How often a thread comes for more: a slower one then holds up the others but little.
CHUNKS_PER_THREAD = 8

#: Elements of a row of a scalar format, whose rows may be cut anywhere.
ROW_ELEMENTS = 1 << 12

#: Scales of which scalar formats use but 1.
_ONE = PowerOfTwo()

_NATIVE: dict[tuple[int, int], type[np.floating[Any]]] = {(8, 23): np.float32, (11, 52): np.float64}


class Tiling(NamedTuple):
    """The tile, in the proportions of one matrix, and the scale format."""

    tile: tuple[int, int]
    scale: PowerOfTwo

    def strips_per_chunk(self, rows: int, columns: int) -> int:
        """How many strips of tiles of such a matrix make a chunk for a thread."""
        return per_chunk(rows * columns, self.tile[0] * columns)


def per_chunk(elements: int, piece: int) -> int:
    """How many pieces of so many elements make a chunk for a thread, at least one."""
    chunk = CHUNK_ELEMENTS
    if elements > chunk:
        chunk = max(chunk, elements // (CHUNKS_PER_THREAD * thread_count()))
    return max(1, chunk // max(1, piece))


def native_dtype(format: Format) -> type[np.floating[Any]] | None:
    """The NumPy float whose bits are this format's codes, where there is one."""
    if not isinstance(format, Minifloat):
        return None
    width = (format.exponent_bits, format.significand_bits)
    dtype = _NATIVE.get(width)
    usual = dtype is not None and format.bias == 2 ** (format.exponent_bits - 1) - 1
    return dtype if usual and format.specials is Specials.IEEE and format.signed else None


def power_of_two_scale(format: Block) -> PowerOfTwo:
    """The scale format of a block whose scales are exponents alone; others stay out of kernels."""
    if not isinstance(format.scale, PowerOfTwo):
        msg = f"{format.scale} is no power of two"
        raise TypeError(msg)
    return format.scale


@lru_cache(maxsize=256)
def element_integers(element: Fixed | Minifloat) -> tuple[int, ...]:
    """What decoding knows of an element format; the order is that of `decode_strips`.

    All fit int64: the sign bit of a 64-bit format, which codes hold as int64, is -2^63.
    """
    if isinstance(element, Fixed):
        return (1, element.significand_bits, element.lsb_min, element.max_ordinal, -1, -1, 0)
    infinity, nan = element.infinity_code, element.nan_code
    return (
        0,
        element.significand_bits,
        element.lsb_min,
        element.max_ordinal,
        -1 if infinity is None else infinity,
        -1 if nan is None else nan,
        sign_code(element),
    )


def sign_code(element: Minifloat) -> int:
    """The sign bit as the int64 in which codes are held."""
    return element.sign_code if element.bits < 64 else -element.sign_code


def _signed(array: NDArray[Any]) -> NDArray[Any]:
    wide = array.itemsize == 8  # quicker to ask than for the dtype
    return array.view(np.int64) if wide and array.dtype == np.uint64 else array


def matrices(
    format: Format,
    scales: NDArray[np.uint8] | None,
    *arrays: NDArray[Any],
) -> Iterator[tuple[Tiling, NDArray[np.uint8], list[NDArray[Any]]]]:
    """The matrices of a batch: how they are tiled, their scales, and each array's part.

    ``arrays`` are C-contiguous and of one shape; the parts are views, so that outputs are written
    through.  Kernels count in int64, so 64-bit codes come as that dtype.  A scalar format is one
    tile per row whose scales are all 1 (code = bias); consecutive parts are consecutive elements.
    """
    shape = arrays[0].shape
    if arrays[0].size == 0:
        return
    if scales is None or not isinstance(format, Block):
        yield from _rows([_signed(array) for array in arrays])
        return
    columns = shape[-1] if shape else 1
    whole = [_signed(a) if a.ndim == 2 else _signed(a).reshape(-1, columns) for a in arrays]
    tiling = Tiling(format.tile, power_of_two_scale(format))
    rows = shape[-2] if len(shape) > 1 else 1
    strips = -(-rows // format.tile[0])
    all_scales = scales
    if scales.ndim != 2:
        all_scales = scales.reshape(-1, -(-columns // format.tile[1]))
    if rows % format.tile[0] == 0:
        yield tiling, all_scales, whole
        return
    for k in range(whole[0].shape[0] // rows):
        parts = [array[k * rows : (k + 1) * rows] for array in whole]
        yield tiling, all_scales[k * strips : (k + 1) * strips], parts


def _rows(
    arrays: list[NDArray[Any]],
) -> Iterator[tuple[Tiling, NDArray[np.uint8], list[NDArray[Any]]]]:
    """Arrays of a scalar format as rows that fit a cache, and what is left over as one row.

    Where few rows would come of it there is but one.
    """
    size = arrays[0].size
    if size <= 8 * ROW_ELEMENTS:
        yield _row_tiles([array.reshape(1, -1) for array in arrays])
        return
    whole = size // ROW_ELEMENTS * ROW_ELEMENTS
    flat = [array.reshape(-1) for array in arrays]
    yield _row_tiles([array[:whole].reshape(-1, ROW_ELEMENTS) for array in flat])
    if size > whole:
        yield _row_tiles([array[whole:].reshape(1, -1) for array in flat])


def _row_tiles(
    rows: list[NDArray[Any]],
) -> tuple[Tiling, NDArray[np.uint8], list[NDArray[Any]]]:
    """Matrices each of whose rows is a tile of scale 1."""
    count, columns = rows[0].shape
    return Tiling((1, columns), _ONE), _ones(count), rows


@lru_cache(maxsize=64)
def _ones(count: int) -> NDArray[np.uint8]:
    """Scale codes of so many rows, which nobody writes to."""
    return np.full((count, 1), _ONE.bias, np.uint8)
