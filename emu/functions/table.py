"""A table of a function: some bits of the operand address it, others may interpolate."""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...formats import Cast, Coded, Fixed, FormatError
from ..errors import DatapathError
from ..exact.rounding import number_of
from ..requantization.fixed_point import Integers
from ..spec_checks import require_range, require_types
from .correct_rounding import rounded_function
from .units import (
    Symmetry,
    fold,
    offset_bits,
    origin,
    require_fixed,
    require_function,
    require_lawful,
    require_symmetry,
    unfold,
)

#: Of an integer that float64 carries.
_CARRIED = 53


class Addressing(Enum):
    """Which number an entry stands for, and how an operand finds it."""

    #: the least operand of its cell; the low bits are dropped
    FLOOR = "floor"
    #: the middle of its cell; the low bits are dropped
    MIDDLE = "middle"
    #: the least operand of its cell; the address is rounded, half way up
    NEAREST = "nearest"

    __repr__ = Enum.__str__  # so that the repr of a spec evaluates back


@dataclass(frozen=True, kw_only=True)
class FunctionTable:
    """``2^address_bits`` entries of a function, each correctly rounded, and what joins them.

    The range is that of ``input``, or its magnitudes.  Of the offset in it, a w-bit integer, the
    high bits address an entry: ``T[o >> d]``, ``d = w - address_bits``, with `Addressing.NEAREST`
    ``T[(o + 2^(d-1)) >> d]``, which needs one more entry.  With ``fraction_bits = k > 0`` the next
    k bits F interpolate, ``T[i] + (T[i+1] - T[i]) F / 2^k``, rounded once; bits below are dropped.

    Parameters
    ----------
    function
        One of `FUNCTIONS`.
    input
        Cast to the `Fixed` that the table reads; an operand of another format passes through it.
    address_bits
        1 to 20, at most the offset's width.
    entry
        Cast to the `Fixed` of the entries: width and rounding of the table.
    output
        Cast to the `Fixed` of the results, the rounding after interpolation.
    addressing
        FLOOR with interpolation.
    fraction_bits
        0 for none.
    symmetry
        Whether magnitudes address the table.

    Examples
    --------
    >>> from bitpde.formats import INT8
    >>> q7 = Cast(format=Fixed(bits=8, fraction_bits=7))
    >>> table = FunctionTable(
    ...     function="tanh", input=Cast(format=Fixed(bits=8, fraction_bits=5)), address_bits=7,
    ...     entry=q7, output=q7, symmetry=Symmetry.ODD)
    >>> table.apply(np.float32([-0.5, 0.0, 1.0])).values().tolist()
    [-0.4609375, 0.0, 0.7578125]
    """

    function: str
    input: Cast
    address_bits: int
    entry: Cast
    output: Cast
    addressing: Addressing = Addressing.FLOOR
    fraction_bits: int = 0
    symmetry: Symmetry = Symmetry.NONE

    def __post_init__(self) -> None:
        require_types(self)
        require_function(self.function)
        source, _, target = (
            require_fixed(name, getattr(self, name)) for name in ("input", "entry", "output")
        )
        require_symmetry(self.symmetry, source, target)
        require_range(self, "address_bits", 1, min(20, offset_bits(self.symmetry, source)))
        require_range(self, "fraction_bits", 0, self.dropped_bits)
        if self.fraction_bits and self.addressing is not Addressing.FLOOR:
            msg = f"a table interpolates with {self.addressing}: choose Addressing.FLOOR"
            raise DatapathError(msg)
        width = self.entry.element.bits + self.fraction_bits + 1
        if width > _CARRIED:
            msg = f"interpolation needs {width} bits: choose at most {_CARRIED}"
            raise DatapathError(msg)

    @property
    def dropped_bits(self) -> int:
        """How many low bits of an offset are not in the address."""
        return offset_bits(self.symmetry, require_fixed("input", self.input)) - self.address_bits

    @property
    def size(self) -> int:
        """How many entries there are."""
        more = bool(self.fraction_bits) or self.addressing is Addressing.NEAREST
        return (1 << self.address_bits) + more

    @property
    def table_bits(self) -> int:
        """The storage of the entries."""
        return self.size * self.entry.element.bits

    def apply(self, x: Coded | NDArray[Any]) -> Coded:
        """The unit's result for every element.

        Raises
        ------
        DatapathError
            For an operand that ``input`` leaves no code, and one whose entry would be infinite or
            NaN, such as the logarithm of 0.

        Notes
        -----
        *Exactness*: bit for bit as the class says, in integers: the entry's rounding, that of the
        output, and what is dropped of the operand.
        """
        folded = fold(self.symmetry, self.input, x)
        scaled = self._looked_up(folded.offsets)
        places = self.fraction_bits + require_fixed("entry", self.entry).fraction_bits
        result = self.output.encode(np.ldexp(scaled.astype(np.float64), -places))
        return unfold(self.symmetry, result, folded.negative)

    def _looked_up(self, offsets: Integers) -> Integers:
        """The results before their rounding, in units of ``2^-fraction_bits`` of an entry's."""
        dropped, kept = self.dropped_bits, self.fraction_bits
        if self.addressing is Addressing.NEAREST and dropped:
            offsets = offsets + (1 << dropped - 1)
        address = offsets >> dropped
        used = [address, address + 1] if kept else [address]
        entries, lawful = self.entries
        for index in used:
            require_lawful(self.function, "entry", lawful[index])
        if not kept:
            return np.asarray(entries[address], np.int64)
        fraction = (offsets & ((1 << dropped) - 1)) >> dropped - kept
        steps = (entries[address + 1] - entries[address]) * fraction
        return np.asarray((entries[address] << kept) + steps, np.int64)

    @cached_property
    def entries(self) -> tuple[Integers, NDArray[np.bool_]]:
        """The codes of the entries, and whether the function has a number there.

        Raises
        ------
        DatapathError
            If `Overflow.RAISE` of ``entry`` refuses one.
        """
        source = require_fixed("input", self.input)
        codes, lawful = np.zeros(self.size, np.int64), np.ones(self.size, np.bool_)
        finer = Fixed(bits=32, fraction_bits=source.fraction_bits + 1)
        middle = (1 << self.dropped_bits) if self.addressing is Addressing.MIDDLE else 0
        for k in range(self.size):
            offset = origin(self.symmetry, source) + (k << self.dropped_bits)
            x = number_of(finer, 2 * offset + middle)
            try:
                codes[k] = rounded_function(self.function, x, finer, self.entry)
            except FormatError:
                lawful[k] = False
        return codes, lawful
