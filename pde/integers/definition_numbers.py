"""Numbers of the slow twin: what they are, and how they are added, multiplied and scaled."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import floor, frexp
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...emu import rounded_quotient
from ..errors import RunError
from .grids import Grid

Numbers = NDArray[Any]
#: Bits more than the result has, in sums of several terms and in tables with lines between entries;
#: the bits that address these.
GUARD: Final = 8
ADDRESS: Final = 12


@dataclass(frozen=True)
class Sum:
    """``sum of a t`` over pairs of integers and scales."""

    terms: tuple[tuple[int, Fraction], ...]


@dataclass(frozen=True)
class Function:
    """A function of an integer u of so many bits, times a step."""

    name: str
    u: int
    step: Fraction
    bits: int


@dataclass(frozen=True)
class Largest:
    """The largest of several numbers."""

    candidates: tuple[Any, ...]


def mapped(function: Callable[..., Any], *arrays: Numbers) -> Numbers:
    """A function of every element, as an array of objects."""
    found = np.empty(arrays[0].shape, object)
    for index in np.ndindex(found.shape):
        found[index] = function(*(array[index] for array in arrays))
    return found


def channel_at(grid: Grid, index: tuple[int, ...]) -> int:
    """Return which step and zero of a grid the element at an index has."""
    return 0 if grid.axis is None else index[grid.axis]


def meant(integers: Numbers, grid: Grid) -> Numbers:
    """What integers stand for."""
    found = np.empty(integers.shape, object)
    for index in np.ndindex(found.shape):
        c = channel_at(grid, index)
        found[index] = Sum(((int(integers[index]) - grid.zeros[c], grid.exact_steps[c]),))
    return found


def value_of(number: Sum) -> Fraction:
    """Return a sum as one rational number."""
    return sum((a * scale for a, scale in number.terms), Fraction(0))


def times(number: Any, factor: Fraction, scaled: Callable[[Fraction], Fraction]) -> Any:
    """A factor times a number; equal scales stay one object, by which products know them."""
    if isinstance(number, Sum):
        sign = -1 if factor < 0 else 1
        return Sum(tuple((sign * a, scaled(scale)) for a, scale in number.terms))
    if isinstance(number, Fraction):
        return factor * number
    msg = f"a {type(number).__name__} times a number has no integer form: quantize it first"
    raise RunError(msg)


def added(a: Any, b: Any, finer: int) -> Any:
    """Return the sum of two sums, or of one term and a constant, in so many more bits."""
    if isinstance(a, Sum) and isinstance(b, Sum):
        return Sum(a.terms + b.terms)
    if isinstance(a, Sum) and isinstance(b, Fraction) and len(a.terms) == 1:
        ((count, scale),) = a.terms
        return Sum(((2**finer * count + round(2**finer * b / scale), scale / 2**finer),))
    msg = f"a {type(a).__name__} plus a {type(b).__name__} has no integer form: quantize them first"
    raise RunError(msg)


def product_of(x: Numbers, w: Numbers) -> Numbers:
    """Products and sums; a term for every two quantizers whose integers meet."""
    if x.ndim == 3:
        return np.stack([product_of(*pair) for pair in zip(x, w, strict=True)])
    scales: dict[tuple[int, int], Fraction] = {}
    rows = [[number.terms[0] if number.terms else None for number in row] for row in x]
    columns = [[number.terms[0] if number.terms else None for number in column] for column in w.T]
    found = np.empty((len(rows), len(columns)), object)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            sums: dict[tuple[int, int], int] = {}
            for left, right in zip(row, column, strict=True):
                if left is not None and right is not None:
                    key = id(left[1]), id(right[1])
                    sums[key] = sums.get(key, 0) + left[0] * right[0]
                    scales.setdefault(key, left[1] * right[1])
            found[i, j] = Sum(tuple((a, scales[key]) for key, a in sums.items()))
    return found


@cache
def fixed_point(scale: Fraction, step: Fraction) -> tuple[int, int]:
    """``M`` and the shift of ``scale / step``."""
    fraction, shift = frexp(float(scale / step))
    multiplier = floor(Fraction(fraction) * 2**31 + Fraction(1, 2))
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    if shift > 30:
        msg = f"integers of step {float(step)} from sums of step {float(scale)}: too coarse a sum"
        raise RunError(msg)
    return (multiplier, shift) if shift >= -62 else (0, 0)


@cache
def function_code(name: str, u: int, unit: Fraction, bits: int, step: Fraction) -> int:
    """A function of an integer, in integers of a step."""
    if bits <= 16:
        return quotient_code(name, u * unit, step)
    d = bits - ADDRESS
    k, rest = divmod(u + 2 ** (bits - 1), 2**d)
    here, there = (
        quotient_code(name, (j * 2**d - 2 ** (bits - 1)) * unit, step / 2**GUARD)
        for j in (k, k + 1)
    )
    return floor(Fraction(here * 2**d + (there - here) * rest, 2 ** (d + GUARD)) + Fraction(1, 2))


@cache
def power_of(distance: int, step: Fraction) -> int:
    """``2^30 exp(-distance step)``, by two powers."""
    unit, low = Fraction(1, 2**30), distance % 2**ADDRESS
    first, second = (quotient_code("exp", -part * step, unit) for part in (distance - low, low))
    return floor(first * second * unit + Fraction(1, 2))


@cache
def quotient_code(name: str, x: Fraction, unit: Fraction) -> int:
    """Return the integer nearest to ``f(x) / unit``."""
    return rounded_quotient(name, x, unit)


def real(value: np.floating[Any]) -> Fraction:
    """Return a float as the rational number it is."""
    return Fraction(float(value))
