"""Elementwise operations by their definition: rationals, and IEEE 754's rules where there are none.

Nothing of `bitpde.emu` is used.  `by_breakpoints` rounds a whole table of results at once, by
searching them among the format's values as integers; `by_definition` computes one number.
"""

import operator
from collections.abc import Callable
from fractions import Fraction
from math import copysign, isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bitpde.formats import Cast, Coded, Fixed, Minifloat, Overflow, Rounding, decode_exact

Number = Fraction | float
Integers = NDArray[np.object_]

_NAME = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
}


def by_definition(name: str, numbers: list[Number], down: bool) -> Number:
    """Return the exact result; a root is within 2^-400 of it and on its side of shorter numbers."""
    if name == "sqrt":
        return _root(numbers[0])
    if name == "fma":
        product = by_definition("multiply", numbers[:2], down)
        return by_definition("add", [product, numbers[2]], down)
    x, y = numbers
    if name == "subtract":
        return by_definition("add", [x, -y], down)
    if x and y and all(isinstance(n, Fraction) for n in numbers):
        exact: Fraction = _NAME[name](x, y)
        return exact or (-0.0 if down else 0.0)
    if name == "add" and (not x or not y) and (isinstance(x or y, Fraction)):
        return x or y
    # A sum with an infinity or of zeros, a product or quotient with a zero or infinity: the float
    # arithmetic of the machine, in which only the sign of what is ordinary matters.
    with np.errstate(all="ignore"):
        special = float(_NAME[name](_special(x), _special(y)))
    zeros_of_both_signs = {copysign(1, _special(x)), copysign(1, _special(y))} == {1, -1}
    return -0.0 if name == "add" and special == 0 and down and zeros_of_both_signs else special


def _special(x: Number) -> np.float64:
    return np.float64((1 if x > 0 else -1) if isinstance(x, Fraction) else x)


def _root(x: Number) -> Number:
    if isinstance(x, float):
        return float("nan") if x < 0 else x
    if x < 0:
        return float("nan")
    scaled = x * 2**4000
    root = isqrt(int(scaled))
    return Fraction(2 * root + (root * root != scaled), 2**2001)


def numbers_of(coded: Coded) -> list[Number]:
    """Return what the codes stand for; zeros as floats."""
    format = coded.format
    assert isinstance(format, Fixed | Minifloat)
    found = [decode_exact(format, code) for code in coded.codes.reshape(-1).tolist()]
    return [x if x else float(x) for x in found]


#: Values are integers of 2^-_UNIT; every 8-bit format of the tests has its least above that.
_UNIT = 40
#: A quotient is an integer of 2^-_FINE, odd if it is not exact.
_FINE = 161


def by_breakpoints(
    name: str, format: Minifloat, casts: list[tuple[Cast, NDArray[np.uint32] | None]]
) -> list[NDArray[Any]]:
    """Return, for each cast to that format, the codes of all pairs of its codes: a table."""
    exact = [decode_exact(format, code) for code in range(2**format.bits)]
    floats = np.array([float(x) for x in exact])
    finite = np.isfinite(floats)
    integers = np.array(
        [int(x * 2**_UNIT) if ok else 0 for x, ok in zip(exact, finite, strict=True)], object
    )
    a, b = integers[:, None], integers[None, :]
    with np.errstate(all="ignore"):
        rough = _NAME[name](floats[:, None], floats[None, :])  # exact where 0, infinite or NaN
    results, unit = _results(name, a, b)
    grid = _grid(format, unit)
    sizes = np.where(rough == 0, 0, np.abs(results))  # over an infinity, as integers do not say
    floor = np.searchsorted(grid, sizes.reshape(-1), side="right").reshape(sizes.shape) - 1
    floor = np.minimum(floor, len(grid) - 2)
    below, above = grid[floor], grid[floor + 1]
    negative = np.signbit(rough)
    tables = []
    for cast, bits in casts:
        up = _steps_up(cast, sizes, below, above, floor, negative, bits)
        minus = negative
        if cast.rounding is Rounding.DOWN and name in ("add", "subtract"):
            other = floats[None, :] * (1 if name == "add" else -1)
            minus = negative | ((rough == 0) & (np.signbit(floats[:, None]) != np.signbit(other)))
        ordinals = floor + np.where(below == sizes, 0, up)
        tables.append(_codes(cast, format, ordinals, minus, rough, below))
    return tables


def _results(name: str, a: Integers, b: Integers) -> tuple[Integers, int]:
    """Return exact results as integers of 2^-unit; quotients with a sticky last bit."""
    if name in ("add", "subtract"):
        return _NAME[name](a, b), _UNIT
    if name == "multiply":
        return a * b, 2 * _UNIT
    divisor = np.where(b == 0, 1, np.abs(b)) + 0 * a
    wide = np.abs(a) * 2 ** (_FINE - 1) + 0 * b
    return 2 * (wide // divisor) + (wide % divisor != 0), _FINE


def _grid(format: Minifloat, unit: int) -> Integers:
    """Return the values from 0 up, and the one that would follow the last."""
    values = [format.decode(ordinal) for ordinal in range(format.max_ordinal + 1)]
    values.append(2 * values[-1] - values[-2])
    return np.array([int(x * 2**unit) for x in values], object)


def _steps_up(
    cast: Cast,
    sizes: Integers,
    below: Integers,
    above: Integers,
    floor: NDArray[np.intp],
    negative: NDArray[np.bool_],
    bits: NDArray[np.uint32] | None,
) -> NDArray[np.bool_]:
    side = np.where(2 * sizes > below + above, 1, np.where(2 * sizes < below + above, -1, 0))
    rules: dict[Rounding, Callable[[], Any]] = {
        Rounding.NEAREST_EVEN: lambda: (side > 0) | ((side == 0) & (floor % 2 == 1)),
        Rounding.NEAREST_AWAY: lambda: side >= 0,
        Rounding.TOWARD_ZERO: lambda: np.zeros(floor.shape, np.bool_),
        Rounding.DOWN: lambda: negative,
        Rounding.UP: lambda: ~negative,
        Rounding.STOCHASTIC: lambda: (
            (sizes - below) * 2**cast.random_bits // (above - below) + np.asarray(bits)
            >= 2**cast.random_bits
        ),
    }
    return np.asarray(rules[cast.rounding](), np.bool_) | (sizes >= above)


def _codes(
    cast: Cast,
    format: Minifloat,
    ordinals: NDArray[np.intp],
    negative: NDArray[np.bool_],
    rough: NDArray[np.float64],
    below: Integers,
) -> NDArray[Any]:
    last = format.max_ordinal
    beyond = (ordinals > last) | np.isinf(rough)
    size = np.where(beyond, last, ordinals)
    nan = np.isnan(rough)
    if cast.overflow is Overflow.INFINITY_OR_NAN:
        stops = {
            Rounding.TOWARD_ZERO: np.ones(negative.shape, np.bool_),
            Rounding.DOWN: ~negative,
            Rounding.UP: negative,
        }.get(cast.rounding, np.zeros(negative.shape, np.bool_))
        leaves = beyond & (~stops | np.isinf(rough))
        if format.infinity_code is not None:
            size = np.where(leaves, format.infinity_code, size)
        else:
            nan = nan | leaves
    sign = negative & (format.has_negative_zero | (size > 0))
    codes = size + np.where(sign, format.sign_code, 0)
    return np.where(nan, format.nan_code or 0, codes)
