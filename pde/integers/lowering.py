"""A program becomes steps: what each tensor is rounded to is asked for by who takes it.

`Lowering.codes` gives a tensor as integers of a grid.  A grid of one step goes up through moves,
pooling and functions to the sums behind them, so that nothing is rounded twice: the table of a
function has the integers of whoever takes them.  A grid with a step for each mode stays where it
is, and the registers are moved instead.
"""

from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...emu import function_codes, wide_multiplier
from ..errors import RunError
from .grids import Grid
from .moving_steps import Constant, Pool, move_of, mover
from .normalizing_steps import NORMAL, Normalize, Softmax
from .pieces import Channel, Registers
from .placing import FINER
from .product_steps import Gain, Pairing, Product
from .program import FUNCTIONS, MOVES, Operation, Program
from .registers import largest_sum, register_bits
from .rounding_steps import ADDRESS, GUARD, Interpolate, LookUp, Rescale, Term, guard_bits
from .step import Step
from .weights import ConstantWeights, Weights, narrowed

Integers = NDArray[Any]


class Lowering:
    """Steps and arrays of a program, as they are asked for.

    Parameters
    ----------
    program
        What is computed.

    Attributes
    ----------
    steps, arrays
        What was made so far.
    places
        The tensor that each quantizer of the plan makes, by its place.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.steps: list[Step] = []
        self.arrays: dict[str, Integers] = {}
        self.places: dict[str, str] = {}
        self._makers, self._constants = program.makers, program.constants
        self._codes: dict[tuple[int, Grid], str] = {}
        self._registers: dict[int, list[Registers]] = {}
        self._names: dict[str, int] = {}
        self._weights = ConstantWeights(program)

    def codes(self, tensor: int, grid: Grid) -> str:
        """Return the name of a tensor's integers in a grid."""
        key = tensor, grid
        if key not in self._codes:
            self._codes[key] = self._made(tensor, grid)
        return self._codes[key]

    def _made(self, tensor: int, grid: Grid) -> str:
        own = self._own(tensor)
        if own is None or (own == grid and tensor != self.program.input):
            return self._computed(tensor, grid)
        return "input" if own == grid else self._rescaled(self._kept(tensor, own), grid, "codes")

    def _own(self, tensor: int) -> Grid | None:
        """The integers that a tensor is kept in, if it is."""
        return self.program.grids.get((tensor, -1)) if tensor != self.program.output else None

    def _computed(self, tensor: int, grid: Grid) -> str:
        """The integers of a tensor, from whatever it is computed of."""
        maker = self._makers.get(tensor)
        if maker is None:
            return self._constant(tensor, grid)
        if maker.name == "learned_quantize" and maker.about == grid:
            self.places[maker.place] = self.codes(maker.operands[0], grid)
            return self.places[maker.place]
        if grid.axis is None:
            if maker.name in FUNCTIONS:
                return self._looked_up(maker, grid)
            if maker.name in MOVES:
                sources = tuple(self.codes(each, grid) for each in maker.operands)
                return self._moved(maker, sources, grid.zeros[0])
            if maker.name == "max_pool":
                source = self.codes(maker.operands[0], grid)
                return self._add(Pool, "pooled", (source,), size=maker.about)
        return self._rescaled(self._summed(tensor), grid, "codes")

    def registers(self, tensor: int) -> list[Registers]:
        """Return the sums that a tensor is, unrounded."""
        if tensor not in self._registers:
            own = self._own(tensor)
            found = self._summed(tensor) if own is None else self._kept(tensor, own)
            self._registers[tensor] = found
        return self._registers[tensor]

    def _summed(self, tensor: int) -> list[Registers]:
        maker = self._makers.get(tensor)
        if maker is None or maker.name in FUNCTIONS:
            msg = f"tensor {tensor} is added or moved before it is quantized: it has no integers"
            raise RunError(msg)
        match maker.name:
            case "learned_quantize":
                name = self.codes(tensor, maker.about)
                return [self._as_registers(name, tensor, maker.about)]
            case "matmul" | "batched_matmul":
                return self._product(maker)
            case "add":
                return self._sum(maker)
            case "scale":
                factor = Fraction(maker.about)
                return [each.scaled(factor) for each in self.registers(maker.operands[0])]
            case "layer_norm" | "group_norm":
                return [self._normalized(maker)]
            case "softmax":
                return [self._softmax(maker)]
            case "reshape" | "transpose" | "take":
                return [
                    self._moved_registers(maker, each) for each in self.registers(maker.operands[0])
                ]
        msg = f"{maker.name} of sums that nothing quantizes has no integer form: quantize them"
        raise RunError(msg)

    def _kept(self, tensor: int, grid: Grid) -> list[Registers]:
        """A tensor that is rounded to integers of its own, as registers."""
        return [self._as_registers(self.codes(tensor, grid), tensor, grid)]

    def _as_registers(self, name: str, tensor: int, grid: Grid) -> Registers:
        shape = self.program.sized(tensor, 1)
        places = np.zeros(shape, np.int64)
        if grid.axis is not None:
            places = places + grid.along(np.arange(len(grid.steps)), len(shape))
        channels = tuple(
            Channel(step, -zero) for step, zero in zip(grid.exact_steps, grid.zeros, strict=True)
        )
        return Registers(name, channels, places, 2 * _largest(grid))

    def _sum(self, maker: Operation) -> list[Registers]:
        left, right = maker.operands
        if right in self._constants and right in self.program.leaves:
            (registers,) = self.registers(left)
            finer = self.program.finer.get(maker.result, 0)
            return [self._checked(registers.biased(self.program.leaves[right], finer))]
        return [*self.registers(left), *self.registers(right)]

    def _product(self, maker: Operation) -> list[Registers]:
        left, right = maker.operands
        name, grid = self._operand(maker, 0)
        if right in self._constants:
            grid_of_right = self.program.grids.get((maker.result, 1))
            parts = self._weights.of(right, grid_of_right).by_scale()
            return [self._weighed(maker, name, grid, part) for part in parts]
        other, its = self._operand(maker, 1)
        depth = self.program.sized(left, 1)[-1]
        bound = depth * grid.farthest * its.farthest
        target = self._add(
            Pairing, "pairs", (name, other), zeros=(grid.zeros[0], its.zeros[0]), bound=bound
        )
        channel = Channel(grid.exact_steps[0] * its.exact_steps[0], 0)
        places = np.zeros(self.program.sized(maker.result, 1), np.int64)
        return [self._checked(Registers(target, (channel,), places, bound))]

    def _weighed(self, maker: Operation, name: str, grid: Grid, weights: Weights) -> Registers:
        """Codes times weights of one scale in each column.

        What zero points add is a number for each column.  It is added when the registers are
        rounded, or, if they are moved before that or come in batches, where the sums begin.
        """
        shape = self.program.sized(maker.result, 1)
        one = (*shape[:-2], 1, shape[-1])
        modes = np.zeros(one, np.int64)
        if grid.axis is not None:
            if grid.axis != 0 or len(shape) != 3:
                msg = f"the scales of {name} vary along axis {grid.axis}: give one, or one a batch"
                raise RunError(msg)
            modes = modes + np.arange(len(grid.steps))[:, None, None]
        offsets = -np.array(grid.zeros)[modes] * weights.integers.sum(axis=-2, keepdims=True)
        most = int(np.abs(offsets).max(initial=0))
        bound = largest_sum(weights.integers, _largest(grid)) + most
        target = self._add(Product, "sums", (name,), bound=bound)
        self.arrays[f"{target}:weights"] = narrowed(weights.integers)
        if len(shape) == 3 or self._is_transposed(maker.result):
            self.arrays[f"{target}:offsets"] = offsets
            offsets = np.zeros_like(offsets)
        columns = np.broadcast_to(weights.sources, one)
        channels = tuple(
            Channel(grid.exact_steps[k] * self._weights.scale(s), o)
            for k, s, o in zip(modes.flat, columns.flat, offsets.reshape(-1).tolist(), strict=True)
        )
        places = np.broadcast_to(np.arange(columns.size).reshape(one), shape)
        return self._checked(Registers(target, channels, places, bound).merged())

    def _is_transposed(self, tensor: int) -> bool:
        """Whether a tensor is moved by more than a reshape before anything else happens to it."""
        for result, _ in self.program.consumers(tensor):
            name = self._makers[result].name
            if name == "transpose" or (
                name in ("reshape", "scale") and self._is_transposed(result)
            ):
                return True
        return False

    def _operand(self, maker: Operation, position: int) -> tuple[str, Grid]:
        """Codes of an operand of a product, and what they mean."""
        tensor = maker.operands[position]
        grid = self.program.grids.get((maker.result, position))
        source = tensor
        while grid is None:
            found = self._makers[source]
            grid = found.about if found.name == "learned_quantize" else None
            source = found.operands[0]
        return self.codes(tensor, grid), grid

    def _normalized(self, maker: Operation) -> Registers:
        source, gain, bias = maker.operands
        groups, eps = maker.about
        grid = self.program.grids[maker.result, 0]
        shape = self.program.sized(source, 1)
        whole = maker.name == "group_norm"
        count = (prod(shape[1:]) if whole else shape[-1]) // groups
        register_bits(2 * count * (_largest(grid) << FINER) ** 2 + count, "a variance")
        smallest = round(Fraction(eps) * (2**FINER / grid.exact_steps[0]) ** 2)
        register_bits(smallest, "the smallest variance")
        normal = self._add(
            Normalize, "normalized", (self.codes(source, grid),), groups=groups, whole=whole,
            smallest=smallest,
        )  # fmt: skip
        its = self.program.grids[maker.result, 1]
        gains = its.encode(self.program.leaves[gain])
        target = self._add(Gain, "gained", (normal,))
        self.arrays[f"{target}:gains"] = gains
        channel = Channel(its.exact_steps[0] / 2**NORMAL, 0)
        bound = (int(np.sqrt(count)) + 1 << (NORMAL + 1)) * _largest(its)
        registers = Registers(target, (channel,), np.zeros(shape, np.int64), bound)
        return self._checked(registers.biased(self.program.leaves[bias], 0))

    def _softmax(self, maker: Operation) -> Registers:
        grid = self.program.grids[maker.result, 0]
        target = self._add(Softmax, "shares", (self.codes(maker.operands[0], grid),))
        unit = Fraction(1, 2**30)
        high = np.arange(((grid.highest - grid.lowest) >> ADDRESS) + 1) << ADDRESS
        for name, powers in (("high", high), ("low", np.arange(2**ADDRESS))):
            entries = function_codes("exp", -powers, grid.steps[0], float(unit))
            self.arrays[f"{target}:{name}"] = entries.astype(np.int32)
        places = np.zeros(self.program.sized(maker.result, 1), np.int64)
        return Registers(target, (Channel(unit, 0),), places, 2**31 - 1)

    def _looked_up(self, maker: Operation, grid: Grid) -> str:
        """A function of integers, by a table with an entry for each of them."""
        its = self.program.grids[maker.result, 0]
        source = self.codes(maker.operands[0], its)
        about = {"first": its.lowest, "function": maker.name, "grid": grid}
        if its.bits > 16:
            return self._interpolated(maker.name, source, its, about)
        target = self._add(LookUp, maker.name, (source,), **about)
        operands = np.arange(its.lowest, its.highest + 1)
        entries = function_codes(maker.name, operands, its.steps[0], grid.steps[0])
        inside = np.clip(entries + grid.zeros[0], grid.lowest, grid.highest)
        self.arrays[f"{target}:table"] = inside.astype(grid.dtype)
        return target

    def _interpolated(self, name: str, source: str, its: Grid, about: dict[str, Any]) -> str:
        """A function by a table of 2^ADDRESS entries, and one more."""
        places, first = its.bits - ADDRESS, -(2 ** (its.bits - 1))
        target = self._add(
            Interpolate, name, (source,), **{**about, "first": first, "places": places}
        )
        operands = first + (np.arange(2**ADDRESS + 1) << places)
        unit = about["grid"].steps[0] / 2**GUARD
        entries = function_codes(name, operands, its.steps[0], unit)
        self.arrays[f"{target}:table"] = narrowed(entries)
        return target

    def _constant(self, tensor: int, grid: Grid) -> str:
        target = self._add(Constant, "constant", ())
        self.arrays[f"{target}:codes"] = grid.encode(self.program.leaves[tensor])
        return target

    def _rescaled(self, registers: list[Registers], grid: Grid, what: str) -> str:
        """Registers as integers of a grid."""
        terms, parts = [], []
        guard = 2 ** guard_bits(grid) if len(registers) > 1 else 1
        for each in registers:
            axis, channels = each.along_axis()
            if grid.axis is not None and (len(channels) > 1 or len(grid.steps) > 1):
                axis, channels = _met(axis, channels, grid, each.places.shape)
            steps = grid.exact_steps if grid.axis is not None else grid.exact_steps * len(channels)
            fixed = [
                wide_multiplier(float(guard * channel.scale / step))
                for channel, step in zip(channels, steps, strict=True)
            ]
            terms.append(Term(axis=axis, left=each.left, bound=each.bound))
            offsets = [channel.offset for channel in channels]
            parts.append((offsets, *zip(*fixed, strict=True)))
        sources = tuple(each.name for each in registers)
        target = self._add(Rescale, what, sources, terms=tuple(terms), grid=grid)
        for k, part in enumerate(parts):
            for name, numbers in zip(("offsets", "multipliers", "shifts"), part, strict=True):
                self.arrays[f"{target}:{name} {k}"] = np.array(numbers, np.int64)
        return target

    def _moved_registers(self, maker: Operation, registers: Registers) -> Registers:
        name = self._moved(maker, (registers.name,), 0)
        return registers.moved(name, mover(maker))

    def _moved(self, maker: Operation, sources: tuple[str, ...], zero: int) -> str:
        return self._appended(move_of(maker, self._named("moved"), sources, zero))

    def _add(self, kind: type[Step], what: str, sources: tuple[str, ...], **fields: Any) -> str:
        return self._appended(kind(target=self._named(what), sources=sources, **fields))

    def _appended(self, step: Step) -> str:
        self.steps.append(step)
        return step.target

    def _named(self, what: str) -> str:
        self._names[what] = self._names.get(what, 0) + 1
        return f"{what} {self._names[what]}"

    def _checked(self, registers: Registers) -> Registers:
        register_bits(registers.bound, registers.name)
        return registers


def _met(
    axis: int, channels: tuple[Channel, ...], grid: Grid, shape: tuple[int, ...]
) -> tuple[int, tuple[Channel, ...]]:
    """Channels for each position along the axis of a grid."""
    own = grid.axis or 0
    if len(channels) == 1:
        return own, channels * len(grid.steps)
    if axis != own % len(shape):
        msg = f"channels along axis {axis} become integers with steps along axis {grid.axis}: give "
        raise RunError(msg + "one step")
    return axis, channels


def _largest(grid: Grid) -> int:
    """The largest magnitude of a code."""
    return max(abs(grid.lowest), abs(grid.highest))
