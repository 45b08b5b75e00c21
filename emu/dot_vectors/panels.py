"""Operands, sums and results of the vector lanes of dot products, as arrays of floats."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...formats import FP32, FP64, Coded, Fixed, FormatError, Minifloat, split_work
from ..aligned import aligned_zeros, scratch
from ..width import Span, element_span, value_span

Floats = NDArray[Any]
Mask = NDArray[np.bool_]

#: Rows of A in a panel and of C in a tile of registers; columns of B and of C.
ROWS, COLUMNS = 12, 16

#: (exponent bias, trailing significand bits) of the floats that lanes compute in.
CARRIERS: dict[Any, tuple[int, int]] = {np.float32: (127, 23), np.float64: (1023, 52)}

#: The formats whose codes are the bits of NumPy's floats.
_WORDS: dict[Minifloat, tuple[Any, Any]] = {
    FP32: (np.float32, np.uint32), FP64: (np.float64, np.int64),
}  # fmt: skip

#: Numbers of a float32, and of a float64, whatever is summed of them.
_FLOAT32, _FLOAT64 = Span(-149, 127), Span(-1000, 1000)


class Values(NamedTuple):
    """The rows of a coded matrix as floats; a NaN or an infinity is 0 and its row is marked."""

    floats: Floats
    special: Mask
    #: of the finite numbers that are there
    span: Span


def significant_bits(x: Coded) -> int:
    """Bits of the significand of a number of the array, scales that are powers of two left out.

    Examples
    --------
    >>> from bitpde.formats import INT8, OFP8_E4M3, Cast
    >>> [significant_bits(Cast(format=f).encode([1.0])) for f in (INT8, OFP8_E4M3)]
    [7, 4]
    """
    element = x.element
    if isinstance(element, Fixed):
        return element.bits - element.signed
    return element.significand_bits + 1


def tile_bits(a: Coded, b: Coded, depth: int) -> int:
    """Bits of an exact sum of ``depth`` products of elements that share their scales."""
    if depth == 1:
        return significant_bits(a) + significant_bits(b)
    return element_span(a.element).times(element_span(b.element)).summed(depth).bits


def values_of(x: Coded, dtype: Any) -> Values | None:
    """The numbers as floats; None if one of them is no such float."""
    limits = _FLOAT32 if dtype is np.float32 else _FLOAT64
    span = value_span(x)
    narrow = significant_bits(x) <= np.finfo(dtype).nmant + 1
    if not narrow or span.lsb < limits.lsb or span.top > limits.top + 1:
        return None
    try:
        floats = x.values(dtype)
    except FormatError:
        return None
    special = np.zeros(x.shape[0], np.bool_)
    finite = np.isfinite(floats)
    if not finite.all():
        special = np.asarray(~finite.all(axis=1))
        floats = np.where(finite, floats, 0).astype(dtype)
    return Values(floats, special, span)


def measured(x: Values, bits: int) -> Values:
    """The same with the span that its numbers have, where formats promise too little.

    ``bits`` is how many a significand has.
    """
    bias, trailing = CARRIERS[x.floats.dtype.type]
    words: Any = np.uint32 if x.floats.dtype == np.float32 else np.uint64
    sizes: Any = x.floats.view(words) & ~words(1 << (8 * x.floats.itemsize - 1))
    # Zeros come last when 1 is taken away.
    least, greatest = int((sizes - words(1)).min(initial=~words(0))) + 1, int(sizes.max(initial=0))
    if greatest == 0:
        return x._replace(span=Span(0, 0))
    top = (greatest >> trailing) - bias + 1
    lowest = (least >> trailing) - bias + 1 - bits
    if least >> trailing == 0:
        lowest = 1 - bias - trailing
    return x._replace(span=Span(lowest, top))


@contextmanager
def panels_of(matrix: Floats, width: int) -> Iterator[Floats]:
    """Lend panels of ``width`` rows, k-major, filled up with zeros."""
    from ..gemm.panel_kernels import pack_columns, pack_rows

    inner, shape = matrix.shape[1], (0,) * width
    count = -(-matrix.shape[0] // width)

    def work(start: int, stop: int) -> None:
        rows = matrix[start * width : stop * width]
        its = panels[start * width * inner : stop * width * inner]
        if matrix.flags.c_contiguous:
            pack_rows(rows, shape, inner, its)
        else:
            pack_columns(np.ascontiguousarray(rows.T), shape, inner, its)

    with scratch(count * width * inner, matrix.dtype) as panels:
        split_work(work, count, max(1, (1 << 17) // max(1, width * inner)))
        yield panels


class Grid(NamedTuple):
    """C in whole tiles: flat floats in rows of ``row_length``, and words that kernels set."""

    c: Floats
    seen: NDArray[Any]
    panels: int
    row_length: int

    def rows(self, shape: tuple[int, int]) -> Floats:
        """The numbers of C."""
        return self.c.reshape(-1, self.row_length)[: shape[0], : shape[1]]

    def seen_by_all(self, shape: tuple[int, int]) -> NDArray[Any]:
        """For each number what its tile's column has seen."""
        words = self.seen.reshape(self.panels, self.row_length)
        return np.repeat(words, ROWS, axis=0)[: shape[0], : shape[1]]


def grid_of(start: Floats | None, shape: tuple[int, int], dtype: Any) -> Grid:
    """C as it starts, +0 or the floats."""
    panels, row_length = -(-shape[0] // ROWS), -(-shape[1] // COLUMNS) * COLUMNS
    c = aligned_zeros((panels * ROWS, row_length), dtype)
    if start is not None:
        c[: shape[0], : shape[1]] = start
    words = np.uint32 if np.dtype(dtype).itemsize == 4 else np.uint64
    return Grid(c.ravel(), np.zeros(panels * row_length, words), panels, row_length)


def start_of(format: Minifloat, codes: NDArray[np.int64]) -> tuple[Floats, Mask]:
    """The numbers of codes to start from, and where they are none; there they are 0."""
    floats = values_of_codes(format, codes)
    finite = np.isfinite(floats)
    return np.where(finite, floats, 0.0), ~finite


def values_of_codes(format: Minifloat, codes: NDArray[np.int64]) -> Floats:
    """The numbers of codes."""
    dtype: Any = np.dtype(format.code_dtype)
    held = codes.view(np.uint64) if dtype == np.uint64 else codes.astype(dtype)
    return Coded(format=format, codes=held).values()


def codes_of(format: Minifloat, floats: Floats, codes: NDArray[np.int64]) -> None:
    """Set the codes of a matrix of numbers that the format holds; exact."""
    if format in _WORDS:
        dtype, words = _WORDS[format]
        codes[:] = floats.astype(dtype, copy=False).view(words)
        return
    from .float_codes import encode_rows

    work = partial(
        encode_rows, np.ascontiguousarray(floats), format.significand_bits, format.emin,
        2.0**-format.lsb_min, format.sign_code, format.has_negative_zero, codes,
    )  # fmt: skip
    split_work(work, floats.shape[0], max(1, (1 << 16) // max(1, floats.shape[1])))


def has_negative_zero(start: Floats | None) -> bool:
    """Whether a C that sums start from is -0."""
    return start is not None and bool(np.signbit(start[start == 0]).any())


def lift_of(format: Minifloat, dtype: Any) -> int:
    """The exponent of what makes a rounding in the format's greatest binade overflow the carrier.

    It is a rounding by numbers 2^d times as large as what is rounded, where d is how many bits the
    carrier has more: see `product_lane`.
    """
    bias, trailing = CARRIERS[dtype]
    return max(0, bias + 1 - (trailing - format.significand_bits) - format.emax)


def summed_grid(kernel: Any, x: Floats, y: Floats, start: Floats | None, *numbers: Any) -> Grid:
    """C after a kernel of sums, which takes ``numbers`` last, has run over all panels."""
    shape, inner = (x.shape[0], y.shape[0]), x.shape[1]
    grid = grid_of(start, shape, x.dtype)
    with panels_of(x, ROWS) as a, panels_of(y, COLUMNS) as b:
        run_tiles(kernel, grid, inner, a, b, grid.c, grid.seen, inner, grid.row_length, *numbers)
    return grid


def run_tiles(kernel: Any, grid: Grid, inner: int, *arguments: Any) -> None:
    """Run a kernel over the row panels of C."""
    products = grid.row_length * inner
    chunk = max(1, min(-(-grid.panels // 8), 32), (1 << 14) // max(1, products))
    split_work(partial(kernel, *arguments), grid.panels, chunk)
