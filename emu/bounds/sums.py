"""Error bounds of exact, sequential, tree, chunked, integer and PINTA sums, step by step.

Every function follows the definition of its accumulator in `emu.exact` with
balls in the place of numbers.
"""

from fractions import Fraction

from ...formats import Rounding
from ..accumulators.accumulator import ExactAccumulator, SequentialAccumulator
from ..accumulators.chunked import ChunkedAccumulator
from ..accumulators.fused import FusedAccumulator
from ..accumulators.integer import IntegerAccumulator
from ..accumulators.pinta import PintaAccumulator
from ..accumulators.tree import Order, TreeAccumulator
from ..exact.operands import Product, leading_exponent
from .balls import Ball, exactly, flushed_ball, limited_ball, loss, rounded_ball, total
from .fused import fused_ball

ScalarUnit = (
    ExactAccumulator
    | SequentialAccumulator
    | TreeAccumulator
    | ChunkedAccumulator
    | FusedAccumulator
)


def product_ball(product: Product, flush: bool = False) -> Ball:
    """An exact product, as the machine sees it if it takes subnormal elements for zeros."""
    exact = Fraction(product.value())
    return exactly(Fraction(product.value(flush))).around(exact) if flush else exactly(exact)


def exact_ball(unit: ExactAccumulator, terms: list[Ball], c: Ball) -> Ball:
    """One rounding of the sum: half a unit in the last place of it, or one."""
    return rounded_ball(unit.cast, total([c, *terms]))


def sequential_ball(unit: SequentialAccumulator, terms: list[Ball], depth: int, c: Ball) -> Ball:
    """One rounding a step, each of at most |exact partial sum| + the error so far."""
    cast = unit.cast
    for first in range(0, len(terms), depth):
        c = rounded_ball(cast, total([c, *terms[first : first + depth]]))
    return c


def tree_ball(unit: TreeAccumulator, terms: list[Ball], c: Ball) -> Ball:
    """One rounding a leaf, an adder and a group, each of what lies below it."""
    cast = unit.cast

    def step(operands: list[Ball]) -> Ball:
        result = rounded_ball(cast, total(operands))
        return flushed_ball(unit.format, result) if unit.flush_results else result

    if unit.flush_inputs:
        c = flushed_ball(unit.format, c)
    size = unit.terms or max(1, len(terms))
    for first in range(0, len(terms), size):
        level = [step([term]) for term in terms[first : first + size]]
        while len(level) > 1:
            adders = -(-len(level) // unit.arity)
            strided = [level[i::adders] for i in range(adders)]
            near = [level[unit.arity * i : unit.arity * (i + 1)] for i in range(adders)]
            groups = strided if unit.order is Order.STRIDED else near
            level = [group[0] if len(group) == 1 else step(group) for group in groups]
        c = step([c, level[0]])
    return c


def chunked_ball(unit: ChunkedAccumulator, products: list[Product], depth: int, c: Ball) -> Ball:
    """Chunks by the inner accumulator, whose balls are the terms of the outer one."""
    zero = exactly(Fraction(0))
    chunks = [
        ball_of(unit.inner, products[first : first + unit.length], depth, zero)
        for first in range(0, len(products), unit.length)
    ]
    if isinstance(unit.outer, ExactAccumulator):
        return exact_ball(unit.outer, chunks, c)
    if isinstance(unit.outer, SequentialAccumulator):
        return sequential_ball(unit.outer, chunks, 1, c)
    return tree_ball(unit.outer, chunks, c)


def ball_of(unit: ScalarUnit, products: list[Product], depth: int, c: Ball) -> Ball:
    """What an accumulator in a scalar format can hold after the products.

    Raises
    ------
    Unbounded
        If that may be infinite or NaN.
    """
    if isinstance(unit, ChunkedAccumulator):
        return chunked_ball(unit, products, depth, c)
    if isinstance(unit, FusedAccumulator):
        return fused_ball(unit, products, c)
    flush = isinstance(unit, TreeAccumulator) and unit.flush_inputs
    terms = [product_ball(product, flush) for product in products]
    if isinstance(unit, ExactAccumulator):
        return exact_ball(unit, terms, c)
    if isinstance(unit, SequentialAccumulator):
        return sequential_ball(unit, terms, depth, c)
    return tree_ball(unit, terms, c)


def integer_ball(
    unit: IntegerAccumulator, products: list[Product], step: Fraction, c: Ball
) -> Ball:
    """Exact where no partial sum leaves the register.

    One that saturates is off by at most the farthest that an exact partial sum lies outside.  One
    that wraps is off by a whole number of ``2^bits``: by nothing if the whole sum is inside.
    """
    least, greatest = (limit * step for limit in unit.limits)
    size = unit.terms or max(1, len(products))
    terms = [product_ball(product) for product in products]
    if unit.overflow.name == "WRAP":
        s = total([c, *terms])
        return limited_ball(s, s, least, greatest, unit.overflow)
    for first in range(0, len(terms), size):
        s = total([c, *terms[first : first + size]])
        c = limited_ball(s, s, least, greatest, unit.overflow)
    return c


def pinta_ball(unit: PintaAccumulator, products: list[Product], depth: int) -> Ball:
    """Two shifts a pair of tiles, whose exponents the scales give: each loses below its guard."""
    c, exponent = exactly(Fraction(0)), None
    for first in range(0, len(products), depth):
        tile = products[first : first + depth]
        factors = tile[0].left, tile[0].right
        own = sum(leading_exponent(Fraction(x.scale) * x.step) for x in factors)
        exponent = own if exponent is None else max(exponent, own)
        place = exponent - unit.guard_bits
        added = total(product_ball(product) for product in tile)
        x = total(_shifted(unit.rounding, place, ball) for ball in (c, added))
        least, greatest = (limit * Fraction(2) ** place for limit in unit.limits)
        c = limited_ball(x, x, least, greatest, unit.overflow)
    return c


def _shifted(rounding: Rounding, place: int, x: Ball) -> Ball:
    return x.moved(loss(rounding, place, x))
