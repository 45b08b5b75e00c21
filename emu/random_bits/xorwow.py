"""XORWOW: a xorshift generator of five words plus a counter, the default of cuRAND and rocRAND.

    t = x ^ (x >> 2);  x, y, z, w = y, z, w, v;  v = (v ^ (v << 4)) ^ (t ^ (t << 1))
    d = d + 362437;  word = d + v                                     (words of 32 bits)

Marsaglia, *Xorshift RNGs*, Journal of Statistical Software 8(14), 2003, section 3.1.  The five
words move linearly over GF(2), the counter by addition, so that each is jumped on its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..errors import DatapathError
from .linear_jumps import Columns, columns_of, jump
from .source import BitGenerator, State, require_words

_STRIDE = 362437
_MASK = 0xFFFFFFFF


@dataclass(frozen=True, kw_only=True)
class Xorwow(BitGenerator):
    """Marsaglia's XORWOW; a draw of N bits is the N highest of its word.

    Parameters
    ----------
    words
        x, y, z, w, v: five words of 32 bits, not all zero.
    counter
        d, 32 bits.

    Examples
    --------
    >>> Xorwow().draw((3,), 32).tolist()
    [246875399, 3690007200, 1264581005]
    """

    words: tuple[int, ...] = (123456789, 362436069, 521288629, 88675123, 5783321)
    counter: int = 6615241

    def __post_init__(self) -> None:
        require_words(self, "words", self.words, 32)
        require_words(self, "counter", [self.counter], 32)
        if len(self.words) != 5 or not any(self.words):
            msg = f"words of a Xorwow are {self.words}: give five that are not all zero"
            raise DatapathError(msg)

    @property
    def period(self) -> int:
        """Draws until they repeat: 2^160 - 1 states of the five words, 2^32 of the counter."""
        return (2**160 - 1) * 2**32

    def state_after(self, draws: int) -> State:
        """The five words and the counter after so many draws; exact."""
        joined = sum(word << 32 * place for place, word in enumerate(self.words))
        joined = jump(_transition(), draws, joined)
        words = (joined >> 32 * place & _MASK for place in range(5))
        return (*words, (self.counter + _STRIDE * draws) & _MASK)

    def after(self, draws: int) -> "Xorwow":
        """The generator so many draws later; exact."""
        *words, counter = self.state_after(draws)
        return replace(self, words=tuple(words), counter=counter)

    def seeded(self, words: Sequence[int]) -> "Xorwow":
        """The five words and the counter are the first six words."""
        return Xorwow(words=tuple(words[:5]), counter=words[5])

    def advance(self, state: State) -> State:
        """One step."""
        x, y, z, w, v, d = state
        t = x ^ x >> 2
        last = (v ^ v << 4 ^ t ^ t << 1) & _MASK
        return y, z, w, v, last, (d + _STRIDE) & _MASK

    def read(self, state: State, count: int) -> int:
        """The highest bits of the word that the step from ``state`` makes."""
        *_, last, counter = self.advance(state)
        return ((last + counter) & _MASK) >> (32 - count)

    def fill(self, states: NDArray[np.uint64], words: NDArray[np.uint32], count: int) -> None:
        """Compiled draws."""
        from .kernels import fill_xorwow

        fill_xorwow(states.astype(np.uint32), count, words)


@lru_cache(maxsize=1)
def _transition() -> Columns:
    """The step of the five words, x lowest, over GF(2)."""

    def step(joined: int) -> int:
        state = [joined >> 32 * place & _MASK for place in range(5)]
        *moved, _ = Xorwow().advance((*state, 0))
        return sum(word << 32 * place for place, word in enumerate(moved))

    return columns_of(step, 160)
