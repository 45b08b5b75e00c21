"""Integer accumulators and PINTA's array in Python's integers, by their definitions."""

from fractions import Fraction
from math import isnan
from typing import NamedTuple

from ...formats import Block, Coded, Fixed, Overflow, PowerOfTwo, round_exact
from ..accumulators.integer import IntegerAccumulator
from ..accumulators.pinta import PintaAccumulator
from ..errors import DatapathError
from .operands import Product
from .rounding import Flags


def limited(unit: IntegerAccumulator | PintaAccumulator, x: int, flags: Flags) -> int:
    """The register after an exact sum ``x`` was put into it.

    Examples
    --------
    >>> flags = Flags()
    >>> limited(IntegerAccumulator(bits=8), 130, flags), flags.overflowed
    (127, True)
    >>> limited(IntegerAccumulator(bits=8, overflow=Overflow.WRAP), 130, flags)
    -126
    """
    least, greatest = unit.limits
    if least <= x <= greatest:
        return x
    flags.overflowed = True
    if unit.overflow is Overflow.WRAP:
        return (x - least) % (greatest - least + 1) + least
    return least if x < least else greatest


def integer_step(a: Coded, b: Coded) -> Fraction:
    """What one unit of an integer register is worth.

    Raises
    ------
    DatapathError
        If an operand is not `Fixed`.
    """
    for operand in (a, b):
        if not isinstance(operand.format, Fixed):
            msg = f"an IntegerAccumulator adds codes, and {operand} is not Fixed: choose another "
            raise DatapathError(msg + "accumulator, or encode in a Fixed")
    return a.element.lsb * b.element.lsb


def integer_sum(
    unit: IntegerAccumulator, products: list[Product], step: Fraction, c: int, flags: Flags
) -> int:
    """``c <- overflow(c + exact sum of the next terms products)``."""
    least, greatest = unit.limits
    if not least <= c <= greatest:
        msg = f"c is {c}: the register holds {least} to {greatest}"
        raise DatapathError(msg)
    size = unit.terms or max(1, len(products))
    for first in range(0, len(products), size):
        group = products[first : first + size]
        c = limited(unit, c + sum(int(Fraction(p.value()) / step) for p in group), flags)
    return c


class Register(NamedTuple):
    """PINTA's: worth ``code 2^exponent`` steps; exponent None: empty, code None: NaN."""

    code: int | None
    exponent: int | None


def check_pinta(a: Coded, b: Coded) -> None:
    """Require integer elements under scales that are powers of two.

    Raises
    ------
    DatapathError
        Naming the operand.
    """
    for operand in (a, b):
        block = operand.format
        if (
            not isinstance(block, Block)
            or not isinstance(block.element, Fixed)
            or not isinstance(block.scale, PowerOfTwo)
        ):
            msg = f"PINTA's array multiplies tiles of integers, and {operand} holds none: encode "
            raise DatapathError(msg + "in a square Block of Fixed, such as SMX_INT8")


def pinta_sum(
    unit: PintaAccumulator, products: list[Product], depth: int, flags: Flags
) -> Register:
    """The register after every pair of tiles; its exponent is the scales', less guard bits."""
    code, exponent = 0, None
    for first in range(0, len(products), depth):
        tile = products[first : first + depth]
        scale = tile[0].left.scale, tile[0].right.scale
        if any(isinstance(s, float) and isnan(s) for s in scale):
            return Register(None, None)
        own = sum(_exponent(Fraction(s)) for s in scale)
        total = sum(Fraction(p.left.element) * Fraction(p.right.element) for p in tile)
        step = _step(tile[0])
        largest = own if exponent is None else max(exponent, own)
        kept = code if exponent is None else _shifted(unit, Fraction(code), exponent - largest)
        added = _shifted(unit, total / step, unit.guard_bits + own - largest)
        code, exponent = limited(unit, kept + added, flags), largest
    return Register(code, None if exponent is None else exponent - unit.guard_bits)


def _shifted(unit: PintaAccumulator, x: Fraction, places: int) -> int:
    return round_exact(x * Fraction(2) ** places, Fraction(1), unit.rounding)


def _exponent(scale: Fraction) -> int:
    return scale.numerator.bit_length() - scale.denominator.bit_length()


def _step(product: Product) -> Fraction:
    """What the integer 1 is worth among the products of elements."""
    return product.left.step * product.right.step
