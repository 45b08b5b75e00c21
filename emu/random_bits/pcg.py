"""PCG32: a linear congruential generator of 64 bits whose words are permuted to 32 bits.

    word = rotate_right_32(low 32 bits of ((s >> 18) ^ s) >> 27, s >> 59)
    s' = 6364136223846793005 s + 2 sequence + 1   (mod 2^64)

This is ``pcg32``, PCG-XSH-RR 64/32, of O'Neill, *PCG: a family of simple fast space-efficient
statistically good algorithms for random number generation*, HMC-CS-2014-0905 (2014), section 6.3.1,
seeded as ``pcg32_srandom_r`` of her minimal C library does.  Many steps at once are one step with
another multiplier and increment (Brown, *Random number generation with arbitrary strides*, 1994).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .source import BitGenerator, State, require_words

MULTIPLIER: Final = 6364136223846793005
_MASK = 2**64 - 1


@dataclass(frozen=True, kw_only=True)
class PCG32(BitGenerator):
    """PCG-XSH-RR 64/32; a draw of N bits is the N highest of its word.

    Parameters
    ----------
    seed
        64 bits: where in the sequence it begins (``initstate``).
    sequence
        63 bits: which sequence (``initseq``); no two of them coincide.

    Examples
    --------
    >>> [f"{word:08x}" for word in PCG32(seed=42, sequence=54).draw((3,), 32).tolist()]
    ['a15c02b7', '7b47f409', 'ba1d3330']
    """

    seed: int
    sequence: int

    def __post_init__(self) -> None:
        require_words(self, "seed", [self.seed], 64)
        require_words(self, "sequence", [self.sequence], 63)

    @property
    def increment(self) -> int:
        """What is added in each step: odd."""
        return 2 * self.sequence + 1

    @property
    def period(self) -> int:
        """Draws until they repeat: every increment is odd, and the multiplier 1 modulo 4."""
        return 2**64

    def state_after(self, draws: int) -> State:
        """State and increment after so many draws; exact."""
        factor, summand = 1, 0
        step_factor, step_summand = MULTIPLIER, self.increment
        while draws:
            if draws & 1:
                factor = factor * step_factor & _MASK
                summand = (summand * step_factor + step_summand) & _MASK
            step_summand = (step_factor + 1) * step_summand & _MASK
            step_factor = step_factor * step_factor & _MASK
            draws >>= 1
        first = ((self.increment + self.seed) * MULTIPLIER + self.increment) & _MASK
        return (factor * first + summand) & _MASK, self.increment

    def after(self, draws: int) -> "PCG32":
        """The generator so many draws later; exact."""
        state, increment = self.state_after(draws)
        seed = (state - increment) * pow(MULTIPLIER, -1, 2**64) - increment
        return replace(self, seed=seed & _MASK)

    def seeded(self, words: Sequence[int]) -> "PCG32":
        """Seed and sequence from four words, low word first: 64 bits and the upper 63."""
        return PCG32(seed=words[0] | words[1] << 32, sequence=(words[2] | words[3] << 32) >> 1)

    def advance(self, state: State) -> State:
        """One step of the linear congruential generator."""
        return (state[0] * MULTIPLIER + state[1]) & _MASK, state[1]

    def read(self, state: State, count: int) -> int:
        """The highest bits of the permuted state."""
        shifted = ((state[0] >> 18) ^ state[0]) >> 27 & 0xFFFFFFFF
        rotation = state[0] >> 59
        return ((shifted | shifted << 32) >> rotation & 0xFFFFFFFF) >> (32 - count)

    def fill(self, states: NDArray[np.uint64], words: NDArray[np.uint32], count: int) -> None:
        """Compiled draws."""
        from .kernels import fill_pcg32

        fill_pcg32(states[0], states[1], count, words)
