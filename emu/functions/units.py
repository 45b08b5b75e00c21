"""What units for functions share: their operands as offsets of a range, and symmetry.

A unit in fixed point sees an integer.  Without symmetry that is the distance of the code from the
least one; with it the magnitude, and the sign is put back, or not, at the end.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...formats import Cast, Coded, Fixed, Minifloat
from ..elementwise.operations import convert
from ..errors import DatapathError
from ..requantization.fixed_point import Integers
from ..spec_checks import require_types
from .correct_rounding import FUNCTIONS, coded_operand, correctly_rounded


class Symmetry(Enum):
    """How the function of a negative number comes from that of its magnitude."""

    #: it does not: the unit covers the whole range
    NONE = "none"
    #: ``f(-x) = -f(x)``: tanh, sin
    ODD = "odd"
    #: ``f(-x) = f(x)``: cos
    EVEN = "even"
    #: ``f(-x) = 1 - f(x)``: sigmoid
    COMPLEMENT = "complement"

    __repr__ = Enum.__str__  # so that the repr of a spec evaluates back


class Folded(NamedTuple):
    """Operands as a unit addresses them."""

    #: distance from the least code, or the magnitude
    offsets: Integers
    #: where the symmetry has to be undone
    negative: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class RoundedFunction:
    """The unit that cannot be better: the function of each element, rounded once by ``cast``.

    Examples
    --------
    >>> from bitpde.formats import FP16
    >>> unit = RoundedFunction(function="exp", cast=Cast(format=FP16))
    >>> unit.apply(np.float16([1.0])).values().tolist()
    [2.71875]
    """

    function: str
    cast: Cast

    def __post_init__(self) -> None:
        require_types(self)
        require_function(self.function)
        if not isinstance(self.cast.format, Fixed | Minifloat):
            msg = f"a RoundedFunction writes {self.cast.format}: choose a scalar format"
            raise DatapathError(msg)
        if self.cast.rounding.is_stochastic:
            msg = f"a RoundedFunction rounds by {self.cast.rounding}: no random unit is wired, "
            raise DatapathError(msg + "choose a deterministic mode, or call correctly_rounded")

    @property
    def output(self) -> Cast:
        """The one rounding."""
        return self.cast

    def apply(self, x: Coded | NDArray[Any]) -> Coded:
        """The function of every element; one rounding."""
        return correctly_rounded(self.function, x, self.cast)


def require_function(name: str) -> None:
    """Require the name of a function.

    Raises
    ------
    DatapathError
        Listing them.
    """
    if name not in FUNCTIONS:
        msg = f"there is no function {name!r}: choose one of {', '.join(FUNCTIONS)}"
        raise DatapathError(msg)


def require_fixed(what: str, cast: Cast) -> Fixed:
    """The format of a cast to fixed point that takes no random bits.

    Raises
    ------
    DatapathError
        Naming the field, its format or its rounding.
    """
    if not isinstance(cast.format, Fixed):
        msg = f"{what} is in {cast.format}: a unit of integers needs a Fixed"
        raise DatapathError(msg)
    if cast.rounding.is_stochastic:
        msg = f"{what} rounds by {cast.rounding}: no random unit is wired, choose another mode"
        raise DatapathError(msg)
    return cast.format


def require_symmetry(symmetry: Symmetry, source: Fixed, target: Fixed) -> None:
    """Require that magnitudes and what is made of them have codes.

    Raises
    ------
    DatapathError
        If a symmetric unit reads an unsigned format, an odd one writes one, or 1 has no code.
    """
    if symmetry is not Symmetry.NONE and not source.signed:
        msg = f"{symmetry} of an unsigned input {source}: choose Symmetry.NONE"
        raise DatapathError(msg)
    if symmetry is Symmetry.ODD and not target.signed:
        msg = f"{symmetry} with an unsigned output {target}: choose a signed one"
        raise DatapathError(msg)
    if symmetry is Symmetry.COMPLEMENT and (target.max < 1 or target.fraction_bits < 0):
        msg = f"{symmetry} subtracts from 1, which {target} does not hold: give it another bit"
        raise DatapathError(msg)


def require_lawful(function: str, what: str, lawful: NDArray[np.bool_]) -> None:
    """Require that the unit has what it looks up for every operand.

    Raises
    ------
    DatapathError
        Naming the first that it has none for.
    """
    if not lawful.all():
        first = ", ".join(map(str, np.argwhere(~lawful)[0].tolist()))
        msg = f"{function} has no {what} for x[{first}]: keep operands away from the pole"
        raise DatapathError(msg)


def offset_bits(symmetry: Symmetry, format: Fixed) -> int:
    """Width of the offsets of a format's codes."""
    return format.bits - (symmetry is not Symmetry.NONE)


def origin(symmetry: Symmetry, format: Fixed) -> int:
    """The code whose offset is 0."""
    return format.codes()[0] if symmetry is Symmetry.NONE else 0


def fold(symmetry: Symmetry, cast: Cast, x: Coded | NDArray[Any]) -> Folded:
    """Operands as offsets, in the cast's format: rounded to it if they are in another.

    The magnitude of the least code of two's complement, which has no code, is the next smaller one.
    """
    coded = coded_operand(x)
    codes = (coded if coded.format == cast.format else convert(coded, cast)).codes.astype(np.int64)
    if symmetry is Symmetry.NONE:
        return Folded(
            codes - codes.dtype.type(cast.element.codes()[0]), np.zeros(codes.shape, bool)
        )
    return Folded(np.minimum(np.abs(codes), cast.element.max_ordinal), codes < 0)


def unfold(symmetry: Symmetry, result: Coded, negative: NDArray[np.bool_]) -> Coded:
    """The results with the symmetry undone; exact, saturated at the least code."""
    format = result.format
    if symmetry in (Symmetry.NONE, Symmetry.EVEN) or not isinstance(format, Fixed):
        return result
    codes = result.codes.astype(np.int64)
    one = 1 << format.fraction_bits if symmetry is Symmetry.COMPLEMENT else 0
    codes = np.where(negative, np.clip(one - codes, format.codes()[0], format.codes()[-1]), codes)
    return Coded(format=format, codes=codes.astype(format.code_dtype))
