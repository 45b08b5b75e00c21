r"""The slow twin of integer networks: a program, one number after the other, in Python's integers.

It is written from the definition and shares nothing with the integer network but the program: no
accumulator has a width, no scale is folded into another, and every number carries its own.

Numbers are of three kinds: a sum of integers times rational scales; a function of an integer times
a scale; a real constant.  A number x becomes an integer of a grid of step s and zero z, from n to
p, by

* sums of one term ``a t``: ``clamp(z + rule(a, t / s))``;
* sums of several: ``clamp(z + R(sum_k clip(rule(a_k, 2^g t_k / s))))``, with R the rounding by
  ``2^-g`` of the rule, clip to ``+-2^30``, and g = 8 or, for integers of more than 20 bits, as much
  less; what was added has terms of its own, and so have products with weights of two quantizers,
  such as the real and the imaginary parts;
* functions of integers of at most 16 bits, and constants: ``clamp(z + round(x / s))``, ties to
  even;
* functions f of integers u of more bits B and the step t: with ``d = B - 12``,
  ``u + 2^(B - 1) = k 2^d + F``, ``0 <= F < 2^d``, and
  ``T_j = round(2^8 f((j 2^d - 2^(B - 1)) t) / s)``, ties to even,
  ``clamp(z + floor((T_k 2^d + (T_{k+1} - T_k) F) 2^-(d + 8) + 1/2))``.

``rule(a, m)`` is one of the two public rules of integer machines, with m first rounded to binary64,
then to ``M 2^(shift - 31)``, ``2^30 <= M < 2^31``, ties up, or to 0 if the shift
were below -62:

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
``E_j = round(2^30 exp(-j s))``, ties to even, ``x = floor(E_{2^12 k} E_F 2^-30 + 1/2)``; of their
sum S, of b bits, ``r = floor(2^61 / floor(S 2^(31 - b)))``, at most ``2^31 - 1``; the result is
``rule(x, r 2^-b)`` times ``2^-30``.
"""

from fractions import Fraction
from functools import cache
from math import floor, isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...emu import RequantizationRule
from ..errors import RunError
from .definition_moves import moved, pooled
from .definition_numbers import (
    GUARD,
    Function,
    Largest,
    Sum,
    added,
    channel_at,
    fixed_point,
    function_code,
    mapped,
    meant,
    power_of,
    product_of,
    real,
    times,
    value_of,
)
from .grids import Grid
from .program import FUNCTIONS, Operation, Program, sized

Numbers = NDArray[Any]
Rule = RequantizationRule
#: F of normalizations; bits of their results behind the point.
FINER, NORMAL = 4, 20


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
            tensor: mapped(real, self._spread(value, program.shapes[tensor]))
            for tensor, value in program.leaves.items()
        }

    def run(self, codes: NDArray[Any]) -> dict[str, NDArray[np.int64]]:
        program = self.program
        grid = program.grids[program.input, -1]
        self.numbers[program.input] = meant(codes.astype(object), grid)
        for each in program.operations:
            result = self._result(each)
            grid_of_result = program.grids.get((each.result, -1))
            if grid_of_result is not None and each.result != program.output:
                result = meant(self._integers(result, grid_of_result), grid_of_result)
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
                return meant(integers, about)
            case "matmul" | "batched_matmul":
                return product_of(x, operands[1])
            case "add":
                finer = self.program.finer.get(each.result, 0)
                arrays = np.broadcast_arrays(*operands)
                return mapped(lambda a, b: added(a, b, finer), *arrays)
            case "scale":
                scaled = cache(lambda scale: scale * abs(Fraction(about)))
                return mapped(lambda number: times(number, Fraction(about), scaled), x)
            case "layer_norm" | "group_norm":
                return self._normalized(each, *operands)
            case "softmax":
                return self._softmax(x)
            case "max_pool":
                return pooled(x, about)
            case name if name in FUNCTIONS:
                bits = self.program.grids[each.result, 0].bits
                return mapped(lambda number: Function(name, *_single(number), bits), x)
        return moved(each, operands, self.batch)

    def _operand(self, each: Operation, position: int) -> Numbers:
        """An operand, rounded if it has a grid; constants of products to theirs."""
        tensor = each.operands[position]
        grid = self.program.grids.get((each.result, position))
        if grid is None:
            return self.numbers[tensor]
        return meant(self._integers(self.numbers[tensor], grid), grid)

    def _integers(self, numbers: Numbers, grid: Grid) -> Numbers:
        """The integers of numbers, position by position."""
        found = np.empty(numbers.shape, object)
        for index in np.ndindex(numbers.shape):
            found[index] = self._integer(numbers[index], grid, channel_at(grid, index))
        return found

    def _integer(self, number: Any, grid: Grid, channel: int) -> int:
        step, zero = grid.exact_steps[channel], grid.zeros[channel]
        match number:
            case Largest(candidates):
                return max(self._integer(each, grid, channel) for each in candidates)
            case Function(name, u, unit, bits):
                code = function_code(name, u, unit, bits, step)
            case Sum(()):
                code = 0
            case Sum(((a, scale),)):
                code = self.scaled(a, fixed_point(scale, step))
            case Sum(terms):
                g = min(GUARD, 28 - grid.bits)
                parts = (self.scaled(a, fixed_point(2**g * t, step)) for a, t in terms)
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
        gains = [_single(number)[0] for number in gain]
        scale = self.program.grids[each.result, 1].exact_steps[0] / 2**NORMAL
        offsets = [round(number / scale) for number in bias]
        for sample in range(len(parts)):
            for group in range(groups):
                own = slice(group * size, (group + 1) * size)
                u = [value_of(number) / step for number in parts[sample, :, own].flat]
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
            row = [_single(number) for number in x[index]]
            most = max(u for u, _ in row)
            powers = [power_of(most - u, step) for u, step in row]
            b = sum(powers).bit_length()
            r = min(2**61 // floor(sum(powers) * Fraction(2) ** (31 - b)), 2**31 - 1)
            shares = [self.scaled(each, (r, 31 - b)) for each in powers]
            found[index] = [Sum(((share, Fraction(1, 2**30)),)) for share in shares]
        return found

    def _spread(self, value: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
        return np.broadcast_to(value, sized(shape, self.batch))


def _single(number: Sum) -> tuple[int, Fraction]:
    """The only term of a sum."""
    ((a, scale),) = number.terms
    return a, scale
