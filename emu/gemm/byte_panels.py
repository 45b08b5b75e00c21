"""Panels straight from codes of one byte: a number for each code, a factor for each scale.

Values would be written and read again before they are packed; here they never are.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...formats import Block, Coded, Fixed, Minifloat, PowerOfTwo
from ..width import LIMITS, Span, element_span

Floats = NDArray[Any]


class Bytes(NamedTuple):
    """Codes in C order, contracted along their columns or their rows, and what they stand for.

    The value of a code is ``numbers[code] * factors[scale of its tile]``, exact in their type.
    """

    codes: NDArray[np.uint8]
    scales: NDArray[np.uint8]
    tile: tuple[int, int]
    numbers: Floats
    factors: Floats
    transposed: bool

    def pack(self, first: int, last: int, width: int, inner: int, out: NDArray[Any]) -> None:
        """Pack rows first..last of the operand into panels of ``width`` of them."""
        from .panel_kernels import pack_byte_columns, pack_byte_rows

        kernel = pack_byte_columns if self.transposed else pack_byte_rows
        tables = self.tile, self.numbers, self.factors
        kernel(self.codes, self.scales, *tables, first, last, (0,) * width, inner, out)


def bytes_of(x: Coded, span: Span, dtype: Any) -> Bytes | None:
    """How to pack an operand from its codes into floats; None where this is not the way.

    ``span`` is that of its values.  A number and a factor are such floats if the spans of the
    elements and of the scales say so; then every value whose span fits is their exact product.
    """
    element, of_elements = x.element, element_span(x.element)
    scale = x.format.scale if isinstance(x.format, Block) else PowerOfTwo()
    if element.bits > 8 or not isinstance(scale, PowerOfTwo):
        return None
    least, greatest = span.lsb - of_elements.lsb, span.top - of_elements.top
    _, lowest, beyond = LIMITS[dtype]
    inside = min(span.lsb, of_elements.lsb, least) >= lowest
    if not (inside and max(span.top, of_elements.top, greatest) < beyond):
        return None
    transposed = not x.codes.flags.c_contiguous
    codes = (x.codes.T if transposed else x.codes).view(np.uint8)
    if not codes.flags.c_contiguous:
        return None
    if x.scales is None or not isinstance(x.format, Block):
        one = _factors(None, dtype)
        return Bytes(codes, _ONE, codes.shape, _numbers(element, dtype), one, transposed)
    tile, scales = x.format.tile, x.scales
    if transposed:
        tile, scales = (tile[1], tile[0]), scales.T
    if not scales.flags.c_contiguous:
        return None
    factors = _factors(scale, dtype)
    return Bytes(codes, scales, tile, _numbers(element, dtype), factors, transposed)


@lru_cache(maxsize=64)
def _numbers(element: Fixed | Minifloat, dtype: Any) -> Floats:
    """The value of each code, as the byte that it is stored in; of other bytes NaN."""
    codes = np.array(element.codes(), element.code_dtype)
    numbers = np.full(256, np.nan, dtype)
    numbers[codes.view(np.uint8)] = Coded.unchecked(element, codes).values(dtype)
    return numbers


@lru_cache(maxsize=64)
def _factors(scale: PowerOfTwo | None, dtype: Any) -> Floats:
    """The value of each scale code; without scales 1."""
    if scale is None:
        return np.ones(1, dtype)
    with np.errstate(over="ignore", under="ignore"):
        factors = np.ldexp(dtype(1), np.arange(scale.nan_code + 1) - scale.bias)
    factors[scale.nan_code] = np.nan
    return np.asarray(factors, dtype)


_ONE = np.zeros((1, 1), np.uint8)
_ONE.setflags(write=False)
