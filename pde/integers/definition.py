r"""The slow twin of integer networks: a program, one number after the other, in Python's integers.

It is written from the definition and shares nothing with the integer network but the program: no
accumulator has a width, no scale is folded into another, and every number carries its own.

Numbers are of three kinds: a sum of integers times rational scales; a function of an integer times
a scale; a real constant.  A number x becomes an integer of a grid of step s and zero z, from n to p,
by

* sums of one term ``a t``: ``clamp(z + rule(a, t / s))``;
* sums of several: ``clamp(z + R(sum_k clip(rule(a_k, 2^g t_k / s))))``, with R the rounding by
  ``2^-g`` of the rule, clip to ``+-2^30``, and g = 8 or, for integers of more than 20 bits, as much
  less; what was added has terms of its own, and so have products with weights of two quantizers,
  such as the real and the imaginary parts;
* functions of integers of at most 16 bits, and constants: ``clamp(z + round(x / s))``, ties to
  even;
* functions f of integers u of more bits B and the step t: with ``d = B - 12`` and
  ``u + 2^(B - 1) = k 2^d + F``, ``0 <= F < 2^d``, and ``T_j = round(2^8 f((j 2^d - 2^(B-1)) t) / s)``,
  ties to even, ``clamp(z + floor((T_k 2^d + (T_{k+1} - T_k) F) 2^-(d + 8) + 1/2))``.

``rule(a, m)`` is one of the two public rules of integer machines, with m first rounded to binary64,
then to ``M 2^(shift - 31)``, ``2^30 <= M < 2^31``, ties up, or to 0 if the
shift were below -62:

* DOUBLE: ``h = floor(a 2^max(shift, 0) M 2^-31 + 1/2)``, then ``h 2^min(shift, 0)`` to the nearest
  integer, ties away from zero;
* SINGLE: ``floor(a M 2^(shift - 31) + 1/2)``.

A bias b is added to a sum of one term ``a t`` as ``(2^f a + round(2^f b / t)) 2^-f t``, ties to
even, with f of `Program.finer`.

A normalization of n integers u with the step s, with ``F = 4`` more bits: ``m`` is the integer
nearest to ``2^F sum u / n``, ``d = 2^F u - m``, v the integer nearest to ``sum d^2 / n`` (ties up,
both), plus that nearest to ``eps (2^F / s)^2``, at least 1 together; e is even and brings
``v 2^e`` (rounded down) to from ``2^60`` to ``2^62``; with ``r = floor(2^61 / isqrt(v 2^e))``, at
most ``2^31 - 1``, the result is ``rule(d, r 2^(e/2 + 20 - 61))`` times ``2^-20``, times the integer
of the gain, plus that of the bias.

A softmax of integers u with the step s: with ``max u - u = 2^12 k + F``, ``0 <= F < 2^12``, and
``E_j = round(2^30 exp(-j s))``, ties to even, ``x = floor(E_{2^12 k} E_F 2^-30 + 1/2)``; of their sum S, of b bits, ``r = floor(2^61 / floor(S 2^(31 - b)))``, at most ``2^31 - 1``; the
result is ``rule(x, r 2^-b)`` times ``2^-30``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import floor, frexp, isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...emu import RequantizationRule, rounded_quotient
from ..errors import RunError
from .grids import Grid
from .program import FUNCTIONS, Operation, Program, sized

Numbers = NDArray[Any]
Rule = RequantizationRule
#: Bits more than the result has, in sums of several terms and in tables with lines between entries;
#: the bits that address these; F of normalizations; bits of their results behind the point.
GUARD, ADDRESS, FINER, NORMAL = 8, 12, 4, 20


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


def simulate(
    program: Program, rule: RequantizationRule, codes: NDArray[Any]
) -> dict[str, NDArray[np.int64]]:
    """Return the codes of every quantizer, by place, and of the ``"output"``.

    Parameters
    ----------
    program
        What is computed.
    rule
        DOUBLE or SINGLE.
    codes
        Integers of the input's grid, (B, *space, C).

    Raises
    ------
    RunError
        If the rule is another.
    """
    if rule not in (Rule.DOUBLE, Rule.SINGLE):
        msg = f"rule is {rule}: choose {Rule.DOUBLE} or {Rule.SINGLE}"
        raise RunError(msg)
    return _Simulation(program, rule, len(codes)).run(codes)


class _Simulation:
    """One evaluation: numbers of all tensors so far."""

    def __init__(self, program: Program, rule: Rule, batch: int) -> None:
        self.program, self.rule, self.batch = program, rule, batch
        self.found: dict[str, NDArray[np.int64]] = {}
        self.constants = program.constants
        self.numbers = {
            tensor: _each(_real, self._spread(value, program.shapes[tensor]))
            for tensor, value in program.leaves.items()
        }

    def run(self, codes: NDArray[Any]) -> dict[str, NDArray[np.int64]]:
        program = self.program
        grid = program.grids[program.input, -1]
        self.numbers[program.input] = _meant(codes.astype(object), grid)
        for each in program.operations:
            result = self._result(each)
            grid_of_result = program.grids.get((each.result, -1))
            if grid_of_result is not None and each.result != program.output:
                result = _meant(self._integers(result, grid_of_result), grid_of_result)
            self.numbers[each.result] = result
        last = self._integers(self.numbers[program.output], program.grids[program.output, -1])
        return {**self.found, "output": last.astype(np.int64)}

    def _result(self, each: Operation) -> Numbers:
        operands = [self._operand(each, k) for k in range(len(each.operands))]
        x, about = operands[0], each.about
        match each.name:
            case "learned_quantize":
                integers = self._integers(x, about)
                if each.result not in self.constants:
                    self.found[each.place] = integers.astype(np.int64)
                return _meant(integers, about)
            case "matmul" | "batched_matmul":
                return _product(x, operands[1])
            case "add":
                finer = self.program.finer.get(each.result, 0)
                arrays = np.broadcast_arrays(*operands)
                return _each(lambda a, b: _added(a, b, finer), *arrays)
            case "scale":
                scaled = cache(lambda scale: scale * abs(Fraction(about)))
                return _each(lambda number: _scaled(number, Fraction(about), scaled), x)
            case "layer_norm" | "group_norm":
                return self._normalized(each, *operands)
            case "softmax":
                return self._softmax(x)
            case "max_pool":
                return _pooled(x, about)
            case name if name in FUNCTIONS:
                bits = self.program.grids[each.result, 0].bits
                return _each(lambda number: Function(name, *number.terms[0], bits), x)
        return _moved(each, operands, self.batch)

    def _operand(self, each: Operation, position: int) -> Numbers:
        """An operand, rounded if it has a grid; constants of products to theirs."""
        tensor = each.operands[position]
        grid = self.program.grids.get((each.result, position))
        if grid is None:
            return self.numbers[tensor]
        return _meant(self._integers(self.numbers[tensor], grid), grid)

    def _integers(self, numbers: Numbers, grid: Grid) -> Numbers:
        """The integers of numbers, position by position."""
        found = np.empty(numbers.shape, object)
        for index in np.ndindex(numbers.shape):
            found[index] = self._integer(numbers[index], grid, _channel(grid, index))
        return found

    def _integer(self, number: Any, grid: Grid, channel: int) -> int:
        step, zero = grid.exact_steps[channel], grid.zeros[channel]
        match number:
            case Largest(candidates):
                return max(self._integer(each, grid, channel) for each in candidates)
            case Function(name, u, unit, bits):
                code = _function(name, u, unit, bits, step)
            case Sum(()):
                code = 0
            case Sum(((a, scale),)):
                code = self.scaled(a, _multiplier(scale, step))
            case Sum(terms):
                g = min(GUARD, 28 - grid.bits)
                parts = (self.scaled(a, _multiplier(2**g * t, step)) for a, t in terms)
                code = self.shifted(sum(max(-(2**30), min(2**30, part)) for part in parts), g)
            case _:
                code = round(Fraction(number) / step)
        return max(grid.lowest, min(grid.highest, zero + code))

    def scaled(self, a: int, fixed: tuple[int, int]) -> int:
        """``rule(a, m)``."""
        multiplier, shift = fixed
        if self.rule is Rule.SINGLE:
            return floor(a * multiplier * Fraction(2) ** (shift - 31) + Fraction(1, 2))
        high = floor(Fraction((a << max(shift, 0)) * multiplier, 2**31) + Fraction(1, 2))
        return self.shifted(high, max(-shift, 0))

    def shifted(self, a: int, places: int) -> int:
        """``a 2^-places`` to the nearest integer; ties as the rule has them."""
        if self.rule is Rule.DOUBLE and a < 0:
            return -floor(Fraction(-a, 2**places) + Fraction(1, 2))
        return floor(Fraction(a, 2**places) + Fraction(1, 2))

    def _normalized(self, each: Operation, x: Numbers, gain: Numbers, bias: Numbers) -> Numbers:
        groups, eps = each.about
        step = self.program.grids[each.result, 0].exact_steps[0]
        size, channels = x.shape[-1] // groups, x.shape[-1]
        samples = self.batch if each.name == "group_norm" else x.size // channels
        parts = x.reshape(samples, -1, channels)
        found = np.empty(parts.shape, object)
        gains = [number.terms[0][0] for number in gain]
        scale = self.program.grids[each.result, 1].exact_steps[0] / 2**NORMAL
        offsets = [round(number / scale) for number in bias]
        for sample in range(len(parts)):
            for group in range(groups):
                own = slice(group * size, (group + 1) * size)
                u = [_value(number) / step for number in parts[sample, :, own].flat]
                normal = self._normal(u, eps, step)
                for k, index in enumerate(np.ndindex(parts.shape[1], size)):
                    c = group * size + index[1]
                    number = normal[k] * gains[c] + offsets[c]
                    found[sample, index[0], c] = Sum(((number, scale),))
        return found.reshape(x.shape)

    def _normal(self, u: list[Any], eps: float, step: Fraction) -> list[int]:
        """The integers minus their mean, over their deviation, in units of 2^-NORMAL."""
        n, half = len(u), Fraction(1, 2)
        mean = floor(Fraction(2**FINER * sum(u), n) + half)
        d = [int(2**FINER * each) - mean for each in u]
        v = floor(Fraction(sum(each * each for each in d), n) + half)
        v = max(1, v + round(Fraction(eps) * (2**FINER / step) ** 2))
        e = 62 - v.bit_length()
        e -= e % 2
        r = min(2**61 // isqrt(floor(v * Fraction(2) ** e)), 2**31 - 1)
        return [self.scaled(each, (r, NORMAL + e // 2 - 30)) for each in d]

    def _softmax(self, x: Numbers) -> Numbers:
        found = np.empty(x.shape, object)
        for index in np.ndindex(x.shape[:-1]):
            row = [number.terms[0] for number in x[index]]
            most = max(u for u, _ in row)
            powers = [_power(most - u, step) for u, step in row]
            b = sum(powers).bit_length()
            r = min(2**61 // floor(sum(powers) * Fraction(2) ** (31 - b)), 2**31 - 1)
            shares = [self.scaled(each, (r, 31 - b)) for each in powers]
            found[index] = [Sum(((share, Fraction(1, 2**30)),)) for share in shares]
        return found

    def _spread(self, value: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        return np.broadcast_to(value, sized(shape, self.batch))


def _each(function: Callable[..., Any], *arrays: Numbers) -> Numbers:
    """A function of every element, as an array of objects."""
    found = np.empty(arrays[0].shape, object)
    for index in np.ndindex(found.shape):
        found[index] = function(*(array[index] for array in arrays))
    return found


def _channel(grid: Grid, index: tuple[int, ...]) -> int:
    return 0 if grid.axis is None else index[grid.axis]


def _meant(integers: Numbers, grid: Grid) -> Numbers:
    """What integers stand for."""
    found = np.empty(integers.shape, object)
    for index in np.ndindex(found.shape):
        c = _channel(grid, index)
        found[index] = Sum(((int(integers[index]) - grid.zeros[c], grid.exact_steps[c]),))
    return found


def _value(number: Sum) -> Fraction:
    return sum((a * scale for a, scale in number.terms), Fraction(0))


def _scaled(number: Any, factor: Fraction, scaled: Callable[[Fraction], Fraction]) -> Any:
    """A factor times a number; equal scales stay one object, by which products know them."""
    if isinstance(number, Sum):
        sign = -1 if factor < 0 else 1
        return Sum(tuple((sign * a, scaled(scale)) for a, scale in number.terms))
    if isinstance(number, Fraction):
        return factor * number
    msg = f"a {type(number).__name__} times a number has no integer form: quantize it first"
    raise RunError(msg)


def _added(a: Any, b: Any, finer: int) -> Any:
    if isinstance(a, Sum) and isinstance(b, Sum):
        return Sum(a.terms + b.terms)
    if isinstance(a, Sum) and isinstance(b, Fraction) and len(a.terms) == 1:
        ((count, scale),) = a.terms
        return Sum(((2**finer * count + round(2**finer * b / scale), scale / 2**finer),))
    msg = f"a {type(a).__name__} plus a {type(b).__name__} has no integer form: quantize them first"
    raise RunError(msg)


def _product(x: Numbers, w: Numbers) -> Numbers:
    """Products and sums; a term for every two quantizers whose integers meet."""
    if x.ndim == 3:
        return np.stack([_product(*pair) for pair in zip(x, w, strict=True)])
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


def _pooled(x: Numbers, size: int) -> Numbers:
    batch, *space, channels = x.shape
    found = np.empty((batch, *(n // size for n in space), channels), object)
    for index in np.ndindex(found.shape):
        b, *cell, c = index
        where = tuple(slice(size * k, size * (k + 1)) for k in cell)
        found[index] = Largest(tuple(x[(b, *where, c)].flat))
    return found


def _moved(each: Operation, operands: list[Numbers], batch: int) -> Numbers:
    """What only moves numbers; a border of zeros has no terms."""
    x, about = operands[0], each.about
    match each.name:
        case "reshape":
            return x.reshape(sized(each.shape, batch))
        case "transpose":
            return x.transpose(about)
        case "join":
            return np.concatenate(operands, about)
        case "take":
            axis, start, stop = about
            return x.take(range(start, stop), axis)
        case "pad":
            return _padded(x, *about)
    size, stride = about
    spans = [range(0, n - size + 1, stride) for n in x.shape[1:-1]]
    rows = [
        x[(b, *(slice(k, k + size) for k in corner))].reshape(-1)
        for b in range(batch)
        for corner in np.array(np.meshgrid(*spans, indexing="ij")).reshape(len(spans), -1).T
    ]
    return np.stack(rows)


def _padded(x: Numbers, pairs: tuple[tuple[int, int], ...], boundary: str) -> Numbers:
    for axis, (before, after) in enumerate(pairs, 1):
        n = x.shape[axis]
        if boundary == "periodic":
            x = x.take([k % n for k in range(-before, n + after)], axis)
            continue
        parts = []
        for width in (before, after):
            zeros = np.empty((*x.shape[:axis], width, *x.shape[axis + 1 :]), object)
            zeros.fill(Sum(()))
            parts.append(zeros)
        x = np.concatenate([parts[0], x, parts[1]], axis)
    return x


@cache
def _multiplier(scale: Fraction, step: Fraction) -> tuple[int, int]:
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
def _function(name: str, u: int, unit: Fraction, bits: int, step: Fraction) -> int:
    """A function of an integer, in integers of a step."""
    if bits <= 16:
        return _quotient(name, u * unit, step)
    d = bits - ADDRESS
    k, rest = divmod(u + 2 ** (bits - 1), 2**d)
    here, there = (
        _quotient(name, (j * 2**d - 2 ** (bits - 1)) * unit, step / 2**GUARD) for j in (k, k + 1)
    )
    return floor(Fraction(here * 2**d + (there - here) * rest, 2 ** (d + GUARD)) + Fraction(1, 2))


@cache
def _power(distance: int, step: Fraction) -> int:
    """``2^30 exp(-distance step)``, by two powers."""
    unit, low = Fraction(1, 2**30), distance % 2**ADDRESS
    first, second = (_quotient("exp", -part * step, unit) for part in (distance - low, low))
    return floor(first * second * unit + Fraction(1, 2))


@cache
def _quotient(name: str, x: Fraction, unit: Fraction) -> int:
    return rounded_quotient(name, x, unit)


def _real(value: np.floating[Any]) -> Fraction:
    return Fraction(float(value))
