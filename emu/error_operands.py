"""The dot products of two coded matrices one by one, as rational arithmetic takes them."""

from collections.abc import Iterator
from fractions import Fraction
from math import isfinite, prod
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..formats import Coded
from .dot_accumulators import DotAccumulator
from .dot_exact import result_format
from .errors import DatapathError
from .exact_integers import check_pinta, integer_step
from .exact_operands import Number, Product, factors_of
from .exact_rounding import number_of
from .integer_accumulator import IntegerAccumulator
from .paired_operands import as_row, row_of
from .pinta_accumulator import PintaAccumulator
from .tile_depth import depth_for


class Case(NamedTuple):
    """One dot product: its products, C, and how the accumulator reads them."""

    products: list[Product]
    start: Number
    #: what one unit of an integer register is worth; 1 elsewhere
    step: Fraction
    depth: int

    def exact(self) -> Fraction | None:
        """C plus the products; None if one of them is NaN or infinite."""
        numbers = [self.start, *(product.value() for product in self.products)]
        if any(isinstance(x, float) and not isfinite(x) for x in numbers):
            return None
        return sum((Fraction(x) for x in numbers), Fraction(0))


def cases_of(
    a: Coded, b: Coded, accumulator: DotAccumulator, c: ArrayLike | None
) -> tuple[tuple[int, ...], Iterator[Case]]:
    """The shape of the result and its elements in C order.

    Raises
    ------
    DatapathError
        If the operands do not fit each other or the accumulator.
    """
    if not isinstance(accumulator, DotAccumulator):
        msg = f"{accumulator!r} is no accumulator: give one such as FusedAccumulator()"
        raise DatapathError(msg)
    if isinstance(accumulator, PintaAccumulator):
        check_pinta(a, b)
    left, right, shape = _rows(a, b)
    is_integer = isinstance(accumulator, IntegerAccumulator)
    step = integer_step(a, b) if is_integer else Fraction(1)
    starts = _starts(accumulator, c, shape, step)
    depth = depth_for(accumulator, left, right)
    rows, columns = ([factors_of(row_of(x, i)) for i in range(x.shape[0])] for x in (left, right))

    def cases() -> Iterator[Case]:
        for n, start in enumerate(starts):
            pairs = zip(rows[n // len(columns)], columns[n % len(columns)], strict=True)
            products = [Product(left=x, right=y) for x, y in pairs]
            yield Case(products, start, step, depth)

    return shape, cases()


def _rows(a: Coded, b: Coded) -> tuple[Coded, Coded, tuple[int, ...]]:
    """Both operands as matrices contracted along their columns, and the shape of the result."""
    if a.ndim == b.ndim == 1 and a.shape == b.shape:
        return as_row(a), as_row(b), ()
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0]:
        msg = f"shapes {a.shape} and {b.shape} do not multiply: give (M, K) and (K, N), or vectors"
        raise DatapathError(msg)
    return a, b.T, (a.shape[0], b.shape[1])


def _starts(
    accumulator: DotAccumulator, c: ArrayLike | None, shape: tuple[int, ...], step: Fraction
) -> list[Number]:
    """What C stands for, element by element."""
    if c is None:
        return [0.0] * prod(shape)
    if isinstance(accumulator, PintaAccumulator):
        msg = "PINTA's register starts empty: leave c out"
        raise DatapathError(msg)
    given: NDArray[np.int64] = np.asarray(c)
    if given.dtype.kind not in "iu":
        msg = f"c is {given.dtype}: give codes, that is integers"
        raise DatapathError(msg)
    codes = [int(code) for code in np.broadcast_to(given, shape).ravel()]
    format = result_format(accumulator)
    least, greatest = 0, 0
    if isinstance(accumulator, IntegerAccumulator):
        least, greatest = accumulator.limits
    elif format is not None:
        least, greatest = format.codes()[0], format.codes()[-1]
    if codes and not least <= min(codes) <= max(codes) <= greatest:
        msg = f"c holds {min(codes)} to {max(codes)}: its codes run from {least} to {greatest}"
        raise DatapathError(msg)
    if isinstance(accumulator, IntegerAccumulator):
        return [code * step for code in codes]
    return [number_of(format, code) for code in codes]
