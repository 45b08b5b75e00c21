"""Constant integers of products, and the scale of each."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .grids import Grid
from .moving_steps import mover
from .program import Program

Integers = NDArray[Any]
#: Of a scale: the tensor and the channel it belongs to, and what they are multiplied by.
Key = tuple[int, int, Fraction]


class Weights(NamedTuple):
    """Constant integers, minus their zero points, and which scale each has.

    Attributes
    ----------
    integers
        int64.
    sources
        Numbers of scales; those of two quantizers are never one.
    """

    integers: Integers
    sources: Integers

    def moved(self, move: Callable[[Integers], Integers]) -> "Weights":
        """Return them in other places."""
        return Weights(move(self.integers), move(self.sources))

    def by_scale(self) -> list["Weights"]:
        """Return summands in each of which all weights of a column (..., K, N) have one scale.

        Columns of fewer scales than others have zeros in the last summands.
        """
        rest, parts = np.ones(self.integers.shape, bool), []
        none = np.iinfo(np.int64).max
        while rest.any():
            least = np.where(rest, self.sources, none).min(axis=-2, keepdims=True)
            own = rest & (self.sources == least)
            sources = np.where(least == none, self.sources[..., :1, :], least)
            parts.append(Weights(np.where(own, self.integers, 0), sources))
            rest &= ~own
        return parts


class ConstantWeights:
    """The constants of a program as integers.

    Parameters
    ----------
    program
        Whose leaves and quantizers they come from.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._makers = program.makers
        self._scales: list[tuple[Key, Fraction]] = []
        self._numbers: dict[Key, int] = {}

    def scale(self, number: int) -> Fraction:
        """Return a scale by its number."""
        return self._scales[number][1]

    def of(self, tensor: int, grid: Grid | None) -> Weights:
        """Return a constant, in integers of a grid if it is a leaf."""
        if grid is not None:
            return self._encoded(tensor, self.program.leaves[tensor], grid)
        maker = self._makers[tensor]
        match maker.name:
            case "learned_quantize":
                return self._encoded(tensor, self.program.leaves[maker.operands[0]], maker.about)
            case "scale":
                return self._times(self.of(maker.operands[0], None), Fraction(maker.about))
            case "join":
                parts = zip(*(self.of(each, None) for each in maker.operands), strict=True)
                return Weights(*(np.concatenate(part, maker.about) for part in parts))
        return self.of(maker.operands[0], None).moved(mover(maker))

    def _encoded(self, tensor: int, values: Integers, grid: Grid) -> Weights:
        """Constant numbers as integers minus their zero points."""
        zeros = grid.along(np.array(grid.zeros), values.ndim)
        integers = grid.encode(values).astype(np.int64) - zeros
        one = Fraction(1)
        numbers = [self._number((tensor, k, one), s) for k, s in enumerate(grid.exact_steps)]
        sources = grid.along(np.array(numbers), values.ndim)
        return Weights(integers, np.broadcast_to(sources, values.shape))

    def _times(self, weights: Weights, factor: Fraction) -> Weights:
        """Constant integers times a number: other scales, unless it is 1 or -1."""
        numbers, places = np.unique(weights.sources, return_inverse=True)
        moved = []
        for number in numbers.tolist():
            (tensor, k, before), scale = self._scales[number]
            moved.append(self._number((tensor, k, before * abs(factor)), scale * abs(factor)))
        sources = np.array(moved)[places].reshape(weights.sources.shape)
        return Weights(-weights.integers if factor < 0 else weights.integers, sources)

    def _number(self, key: Key, scale: Fraction) -> int:
        """The number of a scale, which it gets when it is first asked for."""
        if key not in self._numbers:
            self._numbers[key] = len(self._scales)
            self._scales.append((key, scale))
        return self._numbers[key]


def narrowed(integers: Integers) -> Integers:
    """Return integers in the narrowest signed type that has them.

    Examples
    --------
    >>> narrowed(np.array([-127, 200])).dtype.name
    'int16'
    """
    most = int(np.abs(integers).max(initial=0))
    return integers.astype(np.int8 if most < 2**7 else np.int16 if most < 2**15 else np.int32)
