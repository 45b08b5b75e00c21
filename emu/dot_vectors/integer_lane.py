"""Integer registers by floats that hold them: BLAS where none can overflow, else vectors."""

from typing import Any

import numpy as np

from ...formats import Coded, Overflow
from ..accumulators.integer import IntegerAccumulator
from ..dots.sums import Sums
from ..exact.integers import integer_step
from .panels import COLUMNS, ROWS, grid_of, panels_of, run_tiles

#: Integers of at most this magnitude are numbers of the type.
_HELD: dict[Any, int] = {np.float32: 2**24, np.float64: 2**53}


def fill_registers(a: Coded, b: Coded, unit: IntegerAccumulator, sums: Sums) -> bool:
    """Compute all registers in floats, or return False."""
    integer_step(a, b)
    inner = a.shape[1]
    if not inner or max(_bits(a), _bits(b)) > 24:
        return False
    start = int(np.abs(sums.codes).max(initial=0))
    product = largest_code(a) * largest_code(b)
    whole = start + inner * product
    if start > 2**53:
        return False
    if whole <= unit.limits[1]:
        return False  # which BLAS has done, or the operands are none of its kind
    terms = min(unit.terms or inner, inner)
    dtype = _type_for(max(start, 2 ** (unit.bits - 1)) + terms * product)
    if dtype is None or unit.overflow is Overflow.WRAP:
        return False
    _saturate(a, b, unit, sums, dtype, terms)
    sums.exponents[:] = a.element.lsb_min + b.element.lsb_min
    return True


def _bits(x: Coded) -> int:
    return x.element.bits


def largest_code(x: Coded) -> int:
    """The greatest magnitude of the codes.

    Examples
    --------
    >>> from bitpde.formats import INT8, Cast
    >>> largest_code(Cast(format=INT8).encode([3.0, -128.0]))
    128
    """
    return max(abs(int(x.codes.min(initial=0))), int(x.codes.max(initial=0)))


def _type_for(largest: int) -> Any:
    return next((dtype for dtype, held in _HELD.items() if largest <= held), None)


def _integers(x: Coded, dtype: Any) -> Any:
    """The codes as floats; BLAS and panels want them without strides of their own."""
    return x.codes.astype(dtype)


def _saturate(
    a: Coded, b: Coded, unit: IntegerAccumulator, sums: Sums, dtype: Any, terms: int
) -> None:
    from .tile_kernels import saturated_tiles

    shape, inner = sums.codes.shape, a.shape[1]
    start = sums.codes if sums.codes.any() else None
    grid = grid_of(start, shape, dtype)
    changed = np.zeros(grid.c.shape, grid.seen.dtype)
    least, greatest = (dtype(limit) for limit in unit.limits)
    left, right = _integers(a, dtype), _integers(b, dtype)
    with panels_of(left, ROWS) as its_a, panels_of(right, COLUMNS) as its_b:
        run_tiles(
            saturated_tiles, grid, inner, its_a, its_b, grid.c, changed, inner, grid.row_length,
            terms, least, greatest,
        )  # fmt: skip
    sums.codes[:] = grid.rows(shape)
    moved = changed.reshape(-1, grid.row_length)[: shape[0], : shape[1]]
    sums.flags[:] |= (moved != 0).astype(np.uint8)
