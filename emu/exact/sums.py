"""Exact, sequential, tree and chunked sums in rational arithmetic, by their definitions."""

from ..accumulators.accumulator import ExactAccumulator, SequentialAccumulator
from ..accumulators.chunked import ChunkedAccumulator
from ..accumulators.fused import FusedAccumulator
from ..accumulators.tree import Order, TreeAccumulator
from .fused import fused_sum
from .operands import Number, Product, add, makes_nan
from .rounding import Flags, flushed, rounded, rounded_sum


def numbers_of(products: list[Product], flags: Flags, flush: bool = False) -> list[Number]:
    """The exact products; an invalid one is noted."""
    values = []
    for product in products:
        value = product.value(flush)
        parts = [product.left.element, product.left.scale]
        flags.see_product([*parts, product.right.element, product.right.scale], value)
        values.append(value)
    return values


def exact_sum(unit: ExactAccumulator, terms: list[Number], c: Number, flags: Flags) -> Number:
    """Everything summed, rounded once; an exact zero is +0."""
    flags.invalid |= makes_nan([c, *terms])
    total = add([c, *terms])
    return rounded(unit.cast, total if total else 0.0, flags)


def sequential_sum(
    unit: SequentialAccumulator, terms: list[Number], depth: int, c: Number, flags: Flags
) -> Number:
    """``c <- round(c + the next depth terms)``."""
    for first in range(0, len(terms), depth):
        c = rounded_sum(unit.cast, [c, *terms[first : first + depth]], flags)
    return c


def tree_sum(unit: TreeAccumulator, terms: list[Number], c: Number, flags: Flags) -> Number:
    """``c <- round(c + root of the tree of the next terms)``."""

    def step(operands: list[Number]) -> Number:
        result = rounded_sum(unit.cast, operands, flags)
        return flushed(unit.format, result) if unit.flush_results else result

    if unit.flush_inputs and not flushed(unit.format, c):
        c = 0.0
    size = unit.terms or max(1, len(terms))
    for first in range(0, len(terms), size):
        level = [step([0.0, term]) for term in terms[first : first + size]]
        while len(level) > 1:
            adders = -(-len(level) // unit.arity)
            if unit.order is Order.STRIDED:
                groups = [level[i::adders] for i in range(adders)]
            else:
                groups = [level[unit.arity * i : unit.arity * (i + 1)] for i in range(adders)]
            level = [group[0] if len(group) == 1 else step(group) for group in groups]
        c = step([c, level[0]])
    return c


def chunked_sum(
    unit: ChunkedAccumulator, products: list[Product], depth: int, c: Number, flags: Flags
) -> Number:
    """Chunks by the inner accumulator, each from +0, and their results by the outer one."""
    starts = range(0, len(products), unit.length)
    chunks = [
        sum_of(unit.inner, products[first : first + unit.length], depth, 0.0, flags)
        for first in starts
    ]
    if isinstance(unit.outer, ExactAccumulator):
        return exact_sum(unit.outer, chunks, c, flags)
    if isinstance(unit.outer, SequentialAccumulator):
        return sequential_sum(unit.outer, chunks, 1, c, flags)
    return tree_sum(unit.outer, chunks, c, flags)


def sum_of(
    unit: ExactAccumulator
    | SequentialAccumulator
    | TreeAccumulator
    | ChunkedAccumulator
    | FusedAccumulator,
    products: list[Product],
    depth: int,
    c: Number,
    flags: Flags,
) -> Number:
    """The sum of the products and ``c`` as an accumulator in a scalar format forms it.

    ``depth`` is how many products a tile has, for those that add tile by tile.

    Examples
    --------
    >>> from fractions import Fraction
    >>> sum_of(ExactAccumulator(), [], 1, Fraction(3, 2), Flags())
    Fraction(3, 2)
    """
    if isinstance(unit, ChunkedAccumulator):
        return chunked_sum(unit, products, depth, c, flags)
    if isinstance(unit, FusedAccumulator):
        return fused_sum(unit, products, c, flags)
    flush = isinstance(unit, TreeAccumulator) and unit.flush_inputs
    terms = numbers_of(products, flags, flush)
    if isinstance(unit, ExactAccumulator):
        return exact_sum(unit, terms, c, flags)
    if isinstance(unit, SequentialAccumulator):
        return sequential_sum(unit, terms, depth, c, flags)
    return tree_sum(unit, terms, c, flags)
