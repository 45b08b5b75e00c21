"""Piecewise polynomials in fixed point, by Horner's rule in registers of declared widths."""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...formats import Cast, Coded, Fixed, FormatError
from ..errors import DatapathError
from ..requantization.fixed_point import Integers
from ..spec_checks import require_range, require_types
from .piecewise_fit import fitted
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

#: Integers of fewer bits than this are float64 numbers, which is how they are rounded.
_CARRIED = 53


class Spacing(Enum):
    """How the range is divided."""

    #: into ``2^segment_bits`` segments of one width, which the high bits of an offset number
    UNIFORM = "uniform"
    #: every binade of the offsets into that many; below, every offset is a segment of its own
    BINADES = "binades"

    __repr__ = Enum.__str__  # so that the repr of a spec evaluates back


class Places(NamedTuple):
    """Where offsets lie among the segments."""

    segment: Integers
    #: how many low bits of the offset are within the segment
    bits: Integers
    #: these bits
    rest: Integers


@dataclass(frozen=True, kw_only=True)
class PiecewisePolynomial:
    """``c0 + c1 t + ... + cn t^n`` on each segment, n from 1 to 3, ``0 <= t < 1`` across it.

    Horner's rule: ``r <- c_n``, then ``r <- round_k(r t + c_k)`` for k from n - 1 to 0, where each
    product and sum is exact and ``steps`` says how each is rounded; the last one is the output.

    Parameters
    ----------
    function
        One of `FUNCTIONS`.
    input
        Cast to the `Fixed` that the unit reads; an operand of another format passes through it.
    segment_bits
        0 to 12.
    coefficients
        Formats of ``c0`` to ``cn``, two to four.  The values are those of `fitted`.
    steps
        Casts to `Fixed`, in the order of the steps; as many as the degree.
    fraction_bits
        Of t, 1 to 31; bits of the operand below them are dropped.
    spacing, symmetry
        How offsets are divided, and whether they are magnitudes.

    Examples
    --------
    >>> q = Fixed(bits=18, fraction_bits=15)
    >>> unit = PiecewisePolynomial(
    ...     function="exp", input=Cast(format=Fixed(bits=16, fraction_bits=14)), segment_bits=3,
    ...     coefficients=(Fixed(bits=20, fraction_bits=15),) * 3,
    ...     steps=(Cast(format=q), Cast(format=Fixed(bits=20, fraction_bits=15))))
    >>> unit.apply(np.float32([0.0, 1.0, -1.5])).values().tolist()
    [1.00079345703125, 2.720428466796875, 0.223297119140625]
    """

    function: str
    input: Cast
    segment_bits: int
    coefficients: tuple[Fixed, ...]
    steps: tuple[Cast, ...]
    fraction_bits: int = 16
    spacing: Spacing = Spacing.UNIFORM
    symmetry: Symmetry = Symmetry.NONE

    def __post_init__(self) -> None:
        require_types(self)
        require_function(self.function)
        source = require_fixed("input", self.input)
        require_range(self, "segment_bits", 0, min(12, offset_bits(self.symmetry, source) - 1))
        require_range(self, "fraction_bits", 1, 31)
        if not all(isinstance(f, Fixed) for f in self.coefficients) or not (
            2 <= len(self.coefficients) <= 4
        ):
            msg = f"coefficients are {self.coefficients!r}: give two to four formats, all Fixed"
            raise DatapathError(msg)
        if len(self.steps) != len(self.coefficients) - 1:
            msg = f"{len(self.steps)} steps for a degree of {len(self.coefficients) - 1}: give one "
            raise DatapathError(msg + "cast for each power")
        require_symmetry(self.symmetry, source, require_fixed("the last step", self.output))
        self._check_widths()

    @property
    def output(self) -> Cast:
        """The last rounding."""
        return self.steps[-1]

    @property
    def segments(self) -> int:
        """How many there are."""
        size = 1 << self.segment_bits
        if self.spacing is Spacing.UNIFORM:
            return size
        width = offset_bits(self.symmetry, require_fixed("input", self.input))
        return size * (width - self.segment_bits + 1)

    @property
    def table_bits(self) -> int:
        """The storage of the coefficients."""
        return self.segments * sum(f.bits for f in self.coefficients)

    def _check_widths(self) -> None:
        """Require that every sum, before it is rounded, is an integer that float64 carries."""
        register = self.coefficients[-1]
        for step, c in zip(self.steps, self.coefficients[-2::-1], strict=True):
            unit = max(register.fraction_bits + self.fraction_bits, c.fraction_bits)
            product = _largest(register) << unit - register.fraction_bits
            sum_bits = (product + (_largest(c) << unit - c.fraction_bits)).bit_length()
            if sum_bits > _CARRIED:
                msg = f"a step of {self.function} needs {sum_bits} bits: choose narrower formats, "
                raise DatapathError(msg + f"for at most {_CARRIED}")
            register = require_fixed("a step", step)

    def apply(self, x: Coded | NDArray[Any]) -> Coded:
        """The unit's result for every element.

        Raises
        ------
        DatapathError
            For an operand that ``input`` leaves no code or whose segment has a pole, and for a step
            whose cast refuses its sum.

        Notes
        -----
        *Exactness*: bit for bit as the class says.  A sum is an int64 below 2^53 in magnitude, by
        the analysis of widths at construction, and is rounded by `Cast.encode`.
        """
        folded = fold(self.symmetry, self.input, x)
        places = self._places(folded.offsets)
        table, lawful = self.table
        require_lawful(self.function, "polynomial", lawful[places.segment])
        more = self.fraction_bits - places.bits
        t = np.where(
            more >= 0, places.rest << np.maximum(more, 0), places.rest >> -np.minimum(more, 0)
        )
        register, result = self.coefficients[-1], None
        codes = table[-1][places.segment]
        for step, c, row in zip(self.steps, self.coefficients[-2::-1], table[-2::-1], strict=True):
            unit = max(register.fraction_bits + self.fraction_bits, c.fraction_bits)
            product = codes * t << unit - register.fraction_bits - self.fraction_bits
            total = product + (row[places.segment] << unit - c.fraction_bits)
            result = self._rounded(step, np.ldexp(total.astype(np.float64), -unit))
            register, codes = require_fixed("a step", step), result.codes.astype(np.int64)
        if result is None:
            msg = f"{self!r} has no steps"
            raise DatapathError(msg)
        return unfold(self.symmetry, result, folded.negative)

    def _rounded(self, step: Cast, values: NDArray[np.float64]) -> Coded:
        try:
            return step.encode(values)
        except FormatError as error:
            msg = f"a step of {self.function}: {error}"
            raise DatapathError(msg) from error

    def _places(self, offsets: Integers) -> Places:
        """The segment of each offset and what is left of it."""
        if self.spacing is Spacing.UNIFORM:
            width = offset_bits(self.symmetry, require_fixed("input", self.input))
            bits = np.full_like(offsets, width - self.segment_bits)
            return Places(offsets >> bits, bits, offsets & ((1 << bits) - 1))
        _, exponents = np.frexp(offsets.astype(np.float64))
        bits = np.maximum(exponents.astype(np.int64) - 1 - self.segment_bits, 0)
        below = offsets >> bits
        return Places((bits << self.segment_bits) + below, bits, offsets & ((1 << bits) - 1))

    @cached_property
    def table(self) -> tuple[list[Integers], NDArray[np.bool_]]:
        """The codes of ``c0``, ``c1``, ... of every segment, and which segments have them."""
        source = require_fixed("input", self.input)
        rows = [np.zeros(self.segments, np.int64) for _ in self.coefficients]
        lawful = np.ones(self.segments, np.bool_)
        for s in range(self.segments):
            offset, size = self._segment(s)
            start = (origin(self.symmetry, source) + offset) * source.lsb
            width = size * source.lsb if size > 1 else Fraction(0)
            try:
                codes = fitted(self.function, start, width, self.coefficients)
            except FormatError:
                lawful[s] = False
                continue
            for row, code in zip(rows, codes, strict=True):
                row[s] = code
        return rows, lawful

    def _segment(self, s: int) -> tuple[int, int]:
        """The first offset of a segment, and how many there are."""
        if self.spacing is Spacing.UNIFORM:
            width = offset_bits(self.symmetry, require_fixed("input", self.input))
            return s << width - self.segment_bits, 1 << width - self.segment_bits
        bits = max((s >> self.segment_bits) - 1, 0)
        return (s - (bits << self.segment_bits)) << bits, 1 << bits


def _largest(format: Fixed) -> int:
    """The greatest magnitude of a code."""
    return max(-format.codes()[0], format.codes()[-1])
