"""Random bits as hardware makes them: generators that are clocked, side by side in lanes.

The element at position ``i`` of an array in C order takes its bits from lane ``i mod L`` at that
lane's draw ``i div L``.  Every element has its draw, whether its value is exact or not, and a draw
is a function of the position: a generator is *jumped* to the first one that is asked for, so that
threads, chunks and order leave no trace.

A source is what `RandomBits` is, the counter-based generator that is the default: give
``bits=source.draw(x.shape, n)`` to a `Cast`.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ...formats import kernels_are_compiled
from ..errors import DatapathError

State = tuple[int, ...]


def require_words(owner: Any, field: str, values: Sequence[Any], bits: int) -> None:
    """Require plain integers from 0 to ``2^bits - 1``."""
    for value in values:
        if type(value) is not int or not 0 <= value < 2**bits:
            msg = f"{field} of a {type(owner).__name__} is {value!r}: give an integer of {bits} "
            raise DatapathError(msg + "bits, not negative")


class BitSource(ABC):
    """Anything that gives each position of an array its random bits."""

    def draw(self, shape: tuple[int, ...], count: int) -> NDArray[np.uint32]:
        """``count`` random bits for each element of an array of ``shape``, as integers; exact.

        Raises
        ------
        DatapathError
            If the generator has not so many bits to give.
        """
        return self.draw_from(0, math.prod(shape), count).reshape(shape)

    def draw_from(self, first: int, size: int, count: int) -> NDArray[np.uint32]:
        """The draws of the elements at positions ``first`` to ``first + size``; exact."""
        lanes = self._lanes()
        lanes[0].check_count(count)
        if min(first, size) < 0:
            msg = f"{size} draws from position {first}: give none below 0"
            raise DatapathError(msg)
        if count == 0 or size == 0:
            return np.zeros(size, np.uint32)
        row, skipped = divmod(first, len(lanes))
        words = np.empty((-(-(skipped + size) // len(lanes)), len(lanes)), np.uint32)
        states = [lane.state_after(row) for lane in lanes]
        if kernels_are_compiled():
            lanes[0].fill(np.array(states, np.uint64).T.copy(), words, count)
        else:
            fill_plainly(lanes, states, words, count)
        return words.reshape(-1)[skipped : skipped + size]

    @abstractmethod
    def _lanes(self) -> Sequence["BitGenerator"]:
        """The generators side by side, of one kind."""


class BitGenerator(BitSource):
    """One lane: a state, how a draw moves it on, and the bits a draw reads."""

    def _lanes(self) -> Sequence["BitGenerator"]:
        return (self,)

    def check_count(self, count: int) -> None:
        """Require that a draw can have ``count`` bits: 0 to 32."""
        if type(count) is not int or not 0 <= count <= 32:
            msg = f"a draw of {count!r} bits: choose 0 to 32"
            raise DatapathError(msg)

    @abstractmethod
    def state_after(self, draws: int) -> State:
        """The state after so many draws, in time O(log draws); exact."""

    @abstractmethod
    def after(self, draws: int) -> Self:
        """The generator whose first draw is this one's draw number ``draws`` (from 0); exact."""

    @abstractmethod
    def seeded(self, words: Sequence[int]) -> Self:
        """The same generator in the state that eight random 32-bit words choose."""

    @abstractmethod
    def advance(self, state: State) -> State:
        """The state one draw later: the definition."""

    @abstractmethod
    def read(self, state: State, count: int) -> int:
        """The ``count`` bits a draw reads, 1 to 32: the definition."""

    @abstractmethod
    def fill(self, states: NDArray[np.uint64], words: NDArray[np.uint32], count: int) -> None:
        """The draws (draw, lane) of lanes in the given states (part of the state, lane), compiled.

        The states are used up.
        """


def fill_plainly(
    lanes: Sequence[BitGenerator], states: list[State], words: NDArray[np.uint32], count: int
) -> None:
    """What `BitGenerator.fill` computes, as it is defined."""
    for place, (lane, state) in enumerate(zip(lanes, states, strict=True)):
        for draw in range(words.shape[0]):
            words[draw, place] = lane.read(state, count)
            state = lane.advance(state)
