"""Linear feedback shift registers, of any width and taps, in both forms and both directions.

Stage 1 is where bits enter and stage ``width`` where they leave; the *taps* are the exponents of
the feedback polynomial ``1 + sum x^t``.  A register that shifts right has stage t in bit
``width - t``, one that shifts left in bit ``t - 1``: each is the other's mirror image.

* **Fibonacci** (external feedback): the stages at the taps are added (xor) and enter.
* **Galois** (internal feedback): the bit that leaves is added behind every tap on its way.

Both put out a sequence with ``b_n = sum over the taps of b_(n-t)``.  A state of zero stays zero and
is refused.  (A Fibonacci register with an xnor gate, as in XAPP052, holds the complement of one
with xor and an even number of taps: it is locked by all ones, and may start at zero.)
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..errors import DatapathError
from .gf2 import order
from .linear_jumps import Columns, columns_of, jump
from .source import BitGenerator, State, require_words


class Shift(Enum):
    """Where the bits of a register move; the value is the name used in JSON."""

    #: towards bit 0, which leaves
    RIGHT = "right"
    #: towards the highest bit, which leaves
    LEFT = "left"

    __repr__ = Enum.__str__  # so that the repr of a register evaluates back


class Readout(Enum):
    """Which N bits of a register are a draw; the value is the name used in JSON."""

    #: the N lowest bits of the state, at most the width
    LOW = "low"
    #: the N highest bits of the state, at most the width
    HIGH = "high"
    #: the next N bits that leave, the first one highest
    SERIAL = "serial"

    __repr__ = Enum.__str__  # so that the repr of a register evaluates back


@dataclass(frozen=True, kw_only=True)
class ShiftRegister(BitGenerator):
    """What both forms have in common; see `GaloisLFSR` and `FibonacciLFSR`.

    Parameters
    ----------
    width
        Bits of the register, 2 to 64.
    taps
        Exponents of the feedback polynomial, falling from ``width``.
    seed
        The state at reset, not zero, which the first draw reads.
    shift, readout
        Where the bits move, and which of them a draw reads.
    clocks
        Clocks from one draw of a lane to the next.  With fewer clocks than bits in a draw,
        consecutive draws share bits.
    """

    width: int
    taps: tuple[int, ...]
    seed: int = 1
    shift: Shift = Shift.RIGHT
    readout: Readout = Readout.LOW
    clocks: int = 1

    def __post_init__(self) -> None:
        if type(self.width) is not int or not 2 <= self.width <= 64:
            msg = f"width of a {type(self).__name__} is {self.width!r}: choose 2 to 64"
            raise DatapathError(msg)
        require_words(self, "taps", self.taps, 7)
        falling = tuple(sorted(set(self.taps), reverse=True))
        if self.taps != falling or not falling or falling[0] != self.width or falling[-1] < 1:
            msg = f"taps of a {type(self).__name__} are {self.taps}: give exponents that fall "
            raise DatapathError(msg + f"from the width, {self.width}, to 1 at the least")
        require_words(self, "seed", [self.seed], self.width)
        if self.seed == 0:
            msg = f"seed of a {type(self).__name__} is 0, and a state of zero stays zero: give "
            raise DatapathError(msg + "another")
        if not isinstance(self.shift, Shift) or not isinstance(self.readout, Readout):
            msg = f"shift is {self.shift!r} and readout {self.readout!r}: give a Shift, a Readout"
            raise DatapathError(msg)
        if type(self.clocks) is not int or self.clocks < 1:
            msg = f"clocks of a {type(self).__name__} are {self.clocks!r}: give at least 1"
            raise DatapathError(msg)

    @property
    def polynomial(self) -> int:
        """The feedback polynomial ``1 + sum x^t``, bit i the coefficient of x^i."""
        return 1 | sum(1 << tap for tap in self.taps)

    @property
    def period(self) -> int:
        """Clocks of the longest cycle of states, the order of x modulo the polynomial; exact.

        The length of every cycle divides it.  It is ``2^width - 1``, and every state but zero lies
        on the one cycle, just if the polynomial is primitive.
        """
        return order(self.polynomial)

    def check_count(self, count: int) -> None:
        """Require 0 to 32 bits, and from the state no more than it has."""
        super().check_count(count)
        if self.readout is not Readout.SERIAL and count > self.width:
            msg = f"a draw of {count} bits from a state of {self.width}: draw fewer, or choose "
            raise DatapathError(msg + "Readout.SERIAL")

    def state_after(self, draws: int) -> State:
        """The register after so many draws; exact."""
        if draws == 0:
            return (self.seed,)
        return (jump(_transition(replace(self, seed=1)), draws * self.clocks, self.seed),)

    def after(self, draws: int) -> Self:
        """The register so many draws later; exact."""
        return replace(self, seed=self.state_after(draws)[0])

    def seeded(self, words: Sequence[int]) -> Self:
        """The register in the state ``1 + n mod (2^width - 1)`` for the number n of two words."""
        number = words[0] | words[1] << 32
        return replace(self, seed=1 + number % (2**self.width - 1))

    def leaving(self, state: int) -> int:
        """The bit that leaves at the next clock."""
        return state & 1 if self.shift is Shift.RIGHT else state >> (self.width - 1)

    @abstractmethod
    def clock(self, state: int) -> int:
        """The state one clock later: the definition."""

    def advance(self, state: State) -> State:
        """The register one draw later."""
        value = state[0]
        for _ in range(self.clocks):
            value = self.clock(value)
        return (value,)

    def read(self, state: State, count: int) -> int:
        """The bits of the state, or those that leave it next."""
        value = state[0]
        if self.readout is Readout.LOW:
            return value & (1 << count) - 1
        if self.readout is Readout.HIGH:
            return value >> (self.width - count)
        bits = 0
        for _ in range(count):
            bits = bits << 1 | self.leaving(value)
            value = self.clock(value)
        return bits

    def _fill(
        self,
        states: NDArray[np.uint64],
        words: NDArray[np.uint32],
        count: int,
        mask: int,
        galois: bool,
    ) -> None:
        from .kernels import fill_lfsr

        serial, high = self.readout is Readout.SERIAL, self.readout is Readout.HIGH
        right = self.shift is Shift.RIGHT
        register = np.uint64(mask), np.uint64(self.width), galois, right
        fill_lfsr(states[0], register, self.clocks, serial, high, count, words)


@dataclass(frozen=True, kw_only=True)
class GaloisLFSR(ShiftRegister):
    """A register with internal feedback: one xor gate behind each tap.

    Examples
    --------
    >>> register = GaloisLFSR(width=16, taps=(16, 14, 13, 11), seed=0xACE1)
    >>> hex(register.mask), register.period
    ('0xb400', 65535)
    >>> [hex(bits) for bits in register.draw((3,), 16).tolist()]
    ['0xace1', '0xe270', '0x7138']
    """

    @property
    def mask(self) -> int:
        """What is added (xor) to the shifted state when a one leaves."""
        if self.shift is Shift.RIGHT:
            return sum(1 << tap - 1 for tap in self.taps)
        return sum(1 << self.width - tap for tap in self.taps)

    def clock(self, state: int) -> int:
        """Shift, and add the mask if a one leaves."""
        shifted = state >> 1 if self.shift is Shift.RIGHT else state << 1
        return (shifted ^ (self.mask if self.leaving(state) else 0)) & (1 << self.width) - 1

    def fill(self, states: NDArray[np.uint64], words: NDArray[np.uint32], count: int) -> None:
        """Compiled draws."""
        self._fill(states, words, count, self.mask, True)


@dataclass(frozen=True, kw_only=True)
class FibonacciLFSR(ShiftRegister):
    """A register with external feedback: one parity of the stages at the taps.

    Examples
    --------
    >>> register = FibonacciLFSR(width=16, taps=(16, 14, 13, 11), seed=0xACE1)
    >>> hex(register.mask), register.period
    ('0x2d', 65535)
    >>> [hex(bits) for bits in register.draw((3,), 16).tolist()]
    ['0xace1', '0x5670', '0xab38']
    """

    @property
    def mask(self) -> int:
        """The bits whose parity enters."""
        if self.shift is Shift.RIGHT:
            return sum(1 << self.width - tap for tap in self.taps)
        return sum(1 << tap - 1 for tap in self.taps)

    def clock(self, state: int) -> int:
        """Shift in the parity of the tapped bits."""
        parity = (state & self.mask).bit_count() & 1
        if self.shift is Shift.RIGHT:
            return state >> 1 | parity << self.width - 1
        return (state << 1 | parity) & (1 << self.width) - 1

    def fill(self, states: NDArray[np.uint64], words: NDArray[np.uint32], count: int) -> None:
        """Compiled draws."""
        self._fill(states, words, count, self.mask, False)


@lru_cache(maxsize=64)
def _transition(register: ShiftRegister) -> Columns:
    """The clock of a register as a matrix; seeds are taken out so that lanes share it."""
    return columns_of(register.clock, register.width)
