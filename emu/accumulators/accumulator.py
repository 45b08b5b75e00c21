"""Accumulators: how the products of a dot product become one number.

Operands meet tile by tile along k.  The elements of a pair of tiles share their scales, so a tile
product is an integer times a power of two and every machine here forms it exactly; what differs is
what happens between tiles:

* `ExactAccumulator`: one sum of everything, one rounding at the end (Kulisch);
* `SequentialAccumulator`: ``c <- round(c + tile product)`` for the tiles in order of k.

Scalar formats are tiles of depth one: then the sequential FP32 accumulator is a chain of fused
multiply-adds.  Trees, chunks, fused units, integers and PINTA's array have files of their own;
`emu/dots/dot.py` computes with all of them, `emu/gemm/gemm.py` with these two where they are FP32
or FP64.
"""

from dataclasses import dataclass

from ...formats import FP32, Cast, Fixed, FormatError, Minifloat, Overflow, Rounding
from ..errors import DatapathError


def accumulator_cast(
    format: Fixed | Minifloat, rounding: Rounding, overflow: Overflow, name: str
) -> Cast:
    """The one rounding of an accumulator, checked.

    Raises
    ------
    DatapathError
        If the three do not fit together, or if the rounding takes random bits.
    """
    if not isinstance(format, Fixed | Minifloat):
        msg = f"format of a {name} is {format!r}: give a Fixed or a Minifloat"
        raise DatapathError(msg)
    if isinstance(rounding, Rounding) and rounding.is_stochastic:
        msg = f"{name} rounds by {rounding}: no random unit is wired, choose a deterministic mode"
        raise DatapathError(msg)
    try:
        return Cast(format=format, rounding=rounding, overflow=overflow)
    except FormatError as error:
        msg = f"a {name} cannot round so: {error}"
        raise DatapathError(msg) from error


@dataclass(frozen=True, kw_only=True)
class ExactAccumulator:
    """Every product and sum exact, then **one rounding** to ``format``.

    The sum starts at +0, and an exact zero is +0.  The order of the products cannot matter.

    Parameters
    ----------
    format
        What the result is, any `Fixed` or `Minifloat`.
    rounding
        Of the sum; none that takes random bits.
    overflow
        What a sum beyond the format becomes; a `Fixed` needs ``SATURATE`` or another of its own.

    Notes
    -----
    A NaN, or infinities of both signs, give the format's NaN; a format without one refuses them.

    Examples
    --------
    >>> from bitpde.formats import BF16
    >>> ExactAccumulator(format=BF16, rounding=Rounding.TOWARD_ZERO).cast.format == BF16
    True
    """

    format: Fixed | Minifloat = FP32
    rounding: Rounding = Rounding.NEAREST_EVEN
    overflow: Overflow = Overflow.INFINITY_OR_NAN

    def __post_init__(self) -> None:
        _ = self.cast

    @property
    def cast(self) -> Cast:
        """The rounding of the sum."""
        return accumulator_cast(self.format, self.rounding, self.overflow, type(self).__name__)


@dataclass(frozen=True, kw_only=True)
class SequentialAccumulator:
    """``c <- round(c + tile product)`` in ``format``, tiles in order of k: **K / depth roundings**.

    ``c`` starts at +0.  Each tile product is exact and is not rounded before it is added.  NaN,
    infinities and the sign of an exact zero follow IEEE 754-2019, 6.1 to 6.3: +0, but -0 when
    rounding is ``DOWN``, unless all terms are zeros of one sign.

    Parameters
    ----------
    format
        Of the accumulator and of the result, any `Fixed` or `Minifloat`.
    rounding
        Of every addition; none that takes random bits.
    overflow
        What a sum beyond the format becomes; a `Fixed` needs ``SATURATE`` or another of its own.
    """

    format: Fixed | Minifloat = FP32
    rounding: Rounding = Rounding.NEAREST_EVEN
    overflow: Overflow = Overflow.INFINITY_OR_NAN

    def __post_init__(self) -> None:
        _ = self.cast

    @property
    def cast(self) -> Cast:
        """The rounding of every addition."""
        return accumulator_cast(self.format, self.rounding, self.overflow, type(self).__name__)


Accumulator = ExactAccumulator | SequentialAccumulator
