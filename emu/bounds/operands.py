"""The dot products of two coded matrices one by one, as rational arithmetic takes them."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import isfinite, prod
from typing import NamedTuple

from numpy.typing import ArrayLike

from ...formats import Coded
from ..accumulators.integer import IntegerAccumulator
from ..accumulators.kinds import DotAccumulator
from ..accumulators.pinta import PintaAccumulator
from ..dots.paired_operands import paired, row_of
from ..dots.start_codes import start_codes
from ..dots.tile_depth import depth_for
from ..errors import DatapathError
from ..exact.dot import result_format
from ..exact.integers import check_pinta, integer_step
from ..exact.operands import Number, Product, factors_of
from ..exact.rounding import number_of


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
    pairs = paired(a, b)
    is_integer = isinstance(accumulator, IntegerAccumulator)
    step = integer_step(a, b) if is_integer else Fraction(1)
    starts = _starts(accumulator, c, pairs.shape, step)
    depth = depth_for(accumulator, pairs.left, pairs.right)

    def cases() -> Iterator[Case]:
        given = iter(starts)
        for _, *sides in pairs.matrices():
            rows, columns = ([factors_of(row_of(x, i)) for i in range(len(x))] for x in sides)
            for row, column in product(rows, columns):
                products = [Product(left=x, right=y) for x, y in zip(row, column, strict=True)]
                yield Case(products, next(given), step, depth)

    return pairs.shape, cases()


def _starts(
    accumulator: DotAccumulator, c: ArrayLike | None, shape: tuple[int, ...], step: Fraction
) -> list[Number]:
    """What C stands for, element by element."""
    if c is None:
        return [0.0] * prod(shape)
    codes = start_codes(accumulator, c, shape).ravel().tolist()
    if isinstance(accumulator, IntegerAccumulator):
        return [code * step for code in codes]
    format = result_format(accumulator)
    return [number_of(format, code) for code in codes]
