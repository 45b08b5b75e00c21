"""The lanes of the matrix product that run over panels: decoded, packed and multiplied in pieces.

A panel holds some rows of A, or some vectors of columns of B, k by k, as a micro-kernel reads them.
All panels of B are packed first; then each piece of work decodes, packs and multiplies some rows of
A, which in between stay in the second-level cache.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from math import gcd
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...formats import Coded, Minifloat, split_work, thread_count
from ..aligned import aligned_empty, scratch
from ..width import LIMITS, Span, tile_rows
from .byte_panels import bytes_of

Matrix = NDArray[Any]
Float = type[np.float32] | type[np.float64]

#: Elements of A that a piece of work packs at most, where that leaves it eight panels.
_PIECE = 1 << 18
#: Pieces of work for each thread, where they are not smaller still.
_PIECES = 3
#: Products that a piece has at least: to wake a thread takes as long as some millions.
_LEAST = 1 << 23
#: How many products take as long as packing a number.
_PACKING = 32


class Spanned(NamedTuple):
    """A matrix that is contracted along its columns, and the span of its values."""

    coded: Coded
    span: Span

    def fits(self, dtype: type[np.float16] | Float) -> bool:
        """Whether every finite value is a number of the float type.

        Examples
        --------
        >>> from bitpde.emu import value_span
        >>> from bitpde.formats import BF16, FP64
        >>> pairs = (BF16, np.uint16), (FP64, np.uint64)
        >>> arrays = [Coded(format=f, codes=np.zeros((1, 1), t)) for f, t in pairs]
        >>> [Spanned(x, value_span(x)).fits(np.float32) for x in arrays]
        [True, False]
        """
        significant, least, overflow = LIMITS[dtype]
        element = self.coded.element
        bits, top = element.bits, self.span.top + 1  # the least integer is a power of two
        if isinstance(element, Minifloat):
            bits, top = element.significand_bits + 1, self.span.top
        return bits <= significant and self.span.lsb >= least and top <= overflow

    @property
    def source(self) -> Float:
        """The narrower float type that holds the values."""
        return np.float32 if self.fits(np.float32) else np.float64


def chained(
    a: Spanned,
    b: Spanned,
    depth: int,
    dtype: Float,
    *,
    finite: bool = False,
    start: Matrix | None = None,
) -> Matrix | None:
    """``A B^T`` by FMA chains in ``dtype``, one tile product after the other added to the sum.

    ``start`` is what sums begin with; None: +0.

    The caller has shown that tile products are exact in ``dtype``, which holds both operands, or
    that tiles are of depth one.  None if ``finite`` is asked for and an operand is not.
    """
    from .microkernel import COLUMNS, rows_of
    from .panel_kernels import multiply_panels

    rows, columns = rows_of(depth), COLUMNS[np.dtype(dtype).itemsize]
    inner = -(-a.coded.shape[1] // depth) * depth

    def multiply(left: Matrix, right: Matrix, c: Matrix, row_length: int) -> None:
        multiply_panels(left, right, c, inner, row_length, rows, columns, (0,) * depth)

    left = _Panels(a, rows, inner, dtype, b.coded.shape[0], finite=finite)
    right = _Panels(b, columns, inner, dtype, finite=finite)
    return _over_panels(left, right, dtype, multiply, start)


def widened_sums(a: Spanned, b: Spanned, depth: int, whole: Span) -> Matrix | None:
    """FMA chains in float64, each from the sum so far where that rounds nothing either.

    ``whole`` is the span of the exact sums.  With T tiles a sum is rounded T times, each time by a
    factor of at most 1 + 2^-24: for T below 2^23 it is below twice what the exact one is bounded
    by.
    """
    few = -(-a.coded.shape[1] // depth) < 1 << 23
    exact = few and whole.bits <= 52 and whole.lsb >= -149 and whole.top < 127
    return widened(a, b, depth, to_odd=not exact)


def widened(a: Spanned, b: Spanned, depth: int, *, to_odd: bool) -> Matrix | None:
    """``A B^T`` in FP32 by FMA chains in float64, rounded after each tile; None if not finite.

    The caller has shown that tile products are exact in float64 and above 2^-900; without
    ``to_odd``, that `wide_microkernel.update_exact_tile` may run.
    """
    from .microkernel import ROWS
    from .wide_microkernel import WIDE_COLUMNS
    from .wide_panel_kernels import multiply_wide_panels

    inner = a.coded.shape[1]

    def multiply(left: Matrix, right: Matrix, c: Matrix, row_length: int) -> None:
        multiply_wide_panels(left, right, c, inner, row_length, depth, to_odd)

    left = _Panels(a, ROWS, inner, np.float64, b.coded.shape[0], finite=True)
    right = _Panels(b, WIDE_COLUMNS, inner, np.float64, finite=True)
    return _over_panels(left, right, np.float32, multiply)


class _Panels:
    """How one operand is decoded and packed; its panels are multiplied by ``columns`` then."""

    def __init__(
        self,
        operand: Spanned,
        width: int,
        inner: int,
        dtype: Float,
        columns: int = 0,
        *,
        finite: bool,
    ) -> None:
        x = self.x = operand.coded
        self.width, self.inner, self.dtype, self.finite = width, inner, dtype, finite
        self.count = -(-x.shape[0] // width)
        self._source = operand.source
        self._bytes = bytes_of(x, operand.span, dtype)
        self._high = tile_rows(x)
        step = self._high // gcd(self._high, width)
        numbers = max(1, width * inner)
        most = max(8, _PIECE // numbers)
        share = -(-self.count // (_PIECES * thread_count()))
        least = -(-_LEAST // (numbers * (_PACKING + columns)))
        #: How many panels to pack at a time: pieces end where tiles do.
        self.per_piece = max(1, -(-min(most, max(share, least)) // step)) * step

    def room(self, panels: int) -> AbstractContextManager[Matrix]:
        """Uninitialized panels."""
        return scratch(panels * self.width * self.inner, self.dtype)

    def pack(self, start: int, stop: int, out: Matrix) -> bool:
        """Pack panels start..stop; False if a value there is to be finite and is not."""
        first, last = start * self.width, min(stop * self.width, self.x.shape[0])
        used = out[: (stop - start) * self.width * self.inner]
        if self._bytes is None:
            self._pack_values(first, last, used)
        else:
            self._bytes.pack(first, last, self.width, self.inner, used)
        return not self.finite or bool(np.isfinite(used).all())

    def _pack_values(self, first: int, last: int, out: Matrix) -> None:
        from .panel_kernels import pack_columns, pack_rows

        with scratch((last - first) * self.x.shape[1], self._source) as room:
            values = self._values(first, last, room)
            shape = (0,) * self.width
            if values.flags.c_contiguous:
                pack_rows(values, shape, self.inner, out)
            else:
                pack_columns(values.T, shape, self.inner, out)

    def _values(self, first: int, last: int, room: Matrix) -> Matrix:
        """The values of some rows, in ``room``, in the order in which the codes are stored."""
        x, scales = self.x, self.x.scales
        if scales is not None:
            scales = scales[first // self._high : -(-last // self._high)]
        rows = Coded.unchecked(x.format, x.codes[first:last], scales, x.tensor_scale)
        if x.codes.flags.c_contiguous:
            return rows.values(out=room.reshape(rows.shape))
        return rows.T.values(out=room.reshape(rows.T.shape)).T


def _over_panels(
    left: _Panels,
    right: _Panels,
    dtype: Float,
    multiply: Callable[..., None],
    start: Matrix | None = None,
) -> Matrix | None:
    """``multiply`` run over the panels in pieces; None if a value is to be finite and is not."""
    rows, columns = left.x.shape[0], right.x.shape[0]
    c = aligned_empty((left.count * left.width, right.count * right.width), dtype)
    result = c[:rows, :columns]
    if c.size == 0 or left.inner == 0:
        result[:] = 0 if start is None else start
        return result
    lawful, size = [True], right.width * right.inner

    def pack_right(first: int, last: int) -> None:
        if not right.pack(first, last, packed[first * size : last * size]):
            lawful[0] = False

    def work(first: int, last: int) -> None:
        piece = slice(first * left.width, last * left.width)
        with left.room(last - first) as panels:
            if not (lawful[0] and left.pack(first, last, panels)):
                lawful[0] = False
                return
            c[piece] = 0
            if start is not None:
                result[piece] = start[piece]
            multiply(panels, packed, c[piece].reshape(-1), c.shape[1])

    with right.room(right.count) as packed:
        split_work(pack_right, right.count, right.per_piece)
        split_work(work, left.count, left.per_piece)
    return result if lawful[0] else None
