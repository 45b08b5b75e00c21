"""Elementwise arithmetic on coded arrays: each result is rounded once, from its exact value.

Operands are `Coded` arrays of any scalar formats (`Fixed`, `Minifloat`), which need not be the
same, broadcast as NumPy does; ``cast`` says into which format and how the result is rounded, and
for a stochastic rounding takes ``bits`` or ``rng`` as `Cast.encode` does.

Special operands follow IEEE 754-2019, clauses 6 and 7, with no flags: NaN out of NaN, inf - inf,
0 inf, 0 / 0, inf / inf and the root of a negative number; a signed infinity out of x / 0; zeros
with signs, where an exact zero sum of unlike signs is -0 under `Rounding.DOWN` and else +0.  A NaN
becomes the canonical one of the format.  What a format cannot say follows the policies of the cast:
an infinity follows `Overflow` (`SATURATE` makes 1 / 0 the largest number) and `NonFinite`, a NaN
without a code, and anything but numbers in fixed point, is a `DatapathError` naming operation and
index.  A format without -0 has 0 instead.

>>> from bitpde.formats import Cast, OFP8_E4M3
>>> cast = Cast(format=OFP8_E4M3)
>>> a, b = cast.encode([1.0, 208.0, 448.0]), cast.encode([1.125, 15.0, 448.0])
>>> add(a, b, cast).values().tolist(), multiply(a, b, cast).values().tolist()
([2.0, 224.0, 448.0], [1.125, 448.0, 448.0])
"""

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...formats import Cast, Coded, RandomBits
from .. import error_free
from ..error_free import Carried, Floats
from ..exact import operands as exact_operands
from ..exact.operands import Number
from . import exact as exact_elementwise
from .order import extreme
from .rounding import Operation, downward, round_once


def add(
    a: Coded,
    b: Coded,
    cast: Cast,
    bits: ArrayLike | None = None,
    *,
    rng: RandomBits | None = None,
) -> Coded:
    """``a + b``; one rounding.

    Raises
    ------
    DatapathError
        Here and below: for operands or a cast of another kind, shapes that do not broadcast, and a
        result the cast leaves no code.

    Examples
    --------
    >>> from bitpde.formats import FP16, INT8
    >>> a, b = Cast(format=INT8).encode([1, 2]), Cast(format=FP16).encode([0.5, -2.0])
    >>> add(a, b, Cast(format=INT8)).values().tolist()  # 1.5 is a tie
    [2.0, 0.0]
    """
    return _sum("add", operator.pos, (a, b), cast, bits, rng)


def subtract(
    a: Coded,
    b: Coded,
    cast: Cast,
    bits: ArrayLike | None = None,
    *,
    rng: RandomBits | None = None,
) -> Coded:
    """``a - b``; one rounding."""
    return _sum("subtract", operator.neg, (a, b), cast, bits, rng)


def multiply(
    a: Coded,
    b: Coded,
    cast: Cast,
    bits: ArrayLike | None = None,
    *,
    rng: RandomBits | None = None,
) -> Coded:
    """``a b``; one rounding."""
    operation = Operation("multiply", error_free.product_to_odd, exact_operands.multiply)
    return round_once(operation, (a, b), cast, bits, rng)


def divide(
    a: Coded,
    b: Coded,
    cast: Cast,
    bits: ArrayLike | None = None,
    *,
    rng: RandomBits | None = None,
) -> Coded:
    """``a / b``; one rounding.

    Examples
    --------
    >>> from bitpde.formats import OFP8_E5M2, Overflow
    >>> cast = Cast(format=OFP8_E5M2, overflow=Overflow.INFINITY_OR_NAN)
    >>> a, b = cast.encode([1.0, -1.0, 0.0]), cast.encode([3.0, 0.0, 0.0])
    >>> divide(a, b, cast).values().tolist()
    [0.3125, -inf, nan]
    """
    operation = Operation("divide", error_free.quotient_to_odd, exact_elementwise.divide)
    return round_once(operation, (a, b), cast, bits, rng)


def sqrt(
    a: Coded, cast: Cast, bits: ArrayLike | None = None, *, rng: RandomBits | None = None
) -> Coded:
    """The square root; one rounding.  That of -0 is -0 (IEEE 754-2019, 5.4.1)."""
    operation = Operation("sqrt", error_free.root_to_odd, exact_elementwise.square_root)
    return round_once(operation, (a,), cast, bits, rng)


def fma(
    a: Coded,
    b: Coded,
    c: Coded,
    cast: Cast,
    bits: ArrayLike | None = None,
    *,
    rng: RandomBits | None = None,
) -> Coded:
    """``a b + c``, the product not rounded; one rounding (IEEE 754-2019, 5.4.1).

    Examples
    --------
    >>> from bitpde.formats import FP16
    >>> cast = Cast(format=FP16)
    >>> a, c = cast.encode([1 + 2.0**-10]), cast.encode([-1 - 2.0**-9])
    >>> fma(a, a, c, cast).values().tolist()  # what is left is the square of 2^-10
    [9.5367431640625e-07]
    >>> add(multiply(a, a, cast), c, cast).values().tolist()
    [0.0]
    """
    down = downward(cast)

    def carried(x: Floats, y: Floats, z: Floats) -> Carried:
        return _with_signed_zeros(error_free.fma_to_odd(x, y, z), x * y, z, down)

    def exact(x: Number, y: Number, z: Number) -> Number:
        return exact_operands.add([exact_operands.multiply(x, y), z], down)

    return round_once(Operation("fma", carried, exact), (a, b, c), cast, bits, rng)


def convert(
    a: Coded, cast: Cast, bits: ArrayLike | None = None, *, rng: RandomBits | None = None
) -> Coded:
    """The same numbers in another format; one rounding.

    Examples
    --------
    >>> from bitpde.formats import INT8, OFP8_E4M3
    >>> convert(Cast(format=OFP8_E4M3).encode([2.5, -448.0]), Cast(format=INT8)).codes.tolist()
    [2, -128]
    """
    return round_once(Operation("convert", _selected, _itself), (a,), cast, bits, rng)


def minimum(
    a: Coded,
    b: Coded,
    cast: Cast,
    bits: ArrayLike | None = None,
    *,
    rng: RandomBits | None = None,
) -> Coded:
    """The lesser, -0 below +0, NaN if either is; one rounding, exact in the operands' format.

    IEEE 754-2019, 9.6: ``minimum``.
    """
    return _extreme("minimum", (a, b), cast, bits, rng)


def maximum(
    a: Coded,
    b: Coded,
    cast: Cast,
    bits: ArrayLike | None = None,
    *,
    rng: RandomBits | None = None,
) -> Coded:
    """The larger, -0 below +0, NaN if either is; see `minimum`."""
    return _extreme("maximum", (a, b), cast, bits, rng)


def minimum_number(
    a: Coded,
    b: Coded,
    cast: Cast,
    bits: ArrayLike | None = None,
    *,
    rng: RandomBits | None = None,
) -> Coded:
    """The lesser, the number if one is NaN; IEEE 754-2019, 9.6: ``minimumNumber``."""
    return _extreme("minimum_number", (a, b), cast, bits, rng)


def maximum_number(
    a: Coded,
    b: Coded,
    cast: Cast,
    bits: ArrayLike | None = None,
    *,
    rng: RandomBits | None = None,
) -> Coded:
    """The larger, the number if one is NaN; IEEE 754-2019, 9.6: ``maximumNumber``."""
    return _extreme("maximum_number", (a, b), cast, bits, rng)


def _sum(
    name: str,
    signed: Callable[[Any], Any],
    operands: tuple[Coded, Coded],
    cast: Cast,
    bits: ArrayLike | None,
    rng: RandomBits | None,
) -> Coded:
    """The first operand plus what ``signed`` makes of the second; one rounding."""
    down = downward(cast)

    def carried(x: Floats, y: Floats) -> Carried:
        return _with_signed_zeros(error_free.sum_to_odd(x, signed(y)), x, signed(y), down)

    def exact(x: Number, y: Number) -> Number:
        return exact_operands.add([x, signed(y)], down)

    return round_once(Operation(name, carried, exact), operands, cast, bits, rng)


def _extreme(
    name: str,
    operands: tuple[Coded, Coded],
    cast: Cast,
    bits: ArrayLike | None,
    rng: RandomBits | None,
) -> Coded:
    kind = {"largest": name.startswith("max"), "number": name.endswith("number")}

    def carried(x: Floats, y: Floats) -> Carried:
        return _selected(extreme(x, y, **kind))

    exact = partial(exact_elementwise.extreme, **kind)
    return round_once(Operation(name, carried, exact), operands, cast, bits, rng)


def _selected(x: Floats) -> Carried:
    """Operands as results: always exact."""
    true = np.ones(x.shape, np.bool_)
    return Carried(x, true, true)


def _itself(x: Number) -> Number:
    return x


def _with_signed_zeros(carried: Carried, x: Floats, y: Floats, down: bool) -> Carried:
    """The sum of ``x`` and ``y`` with -0 for a zero sum of unlike signs, if ``down``."""
    if not down:
        return carried
    unlike = (carried.values == 0) & (np.signbit(x) != np.signbit(y))
    return carried._replace(values=np.where(unlike, -0.0, carried.values))
