"""Accumulators: how the products of a dot product become one number.

Operands meet tile by tile along k.  The elements of a pair of tiles share their scales, so a tile
product is an integer times a power of two and every machine here forms it exactly; what differs is
what happens between tiles:

* `ExactAccumulator`: one sum of everything, one rounding at the end (Kulisch);
* `SequentialAccumulator`: ``c <- round(c + tile product)`` for the tiles in order of k.

Scalar formats are tiles of depth one: then the sequential FP32 accumulator is a chain of fused
multiply-adds.
"""

from dataclasses import dataclass

from ..formats import FP32, FP64, Minifloat
from .errors import DatapathError


def _check(format: Minifloat) -> None:
    if format not in (FP32, FP64):
        msg = f"an accumulator in {format} is not available: choose FP32 or FP64"
        raise DatapathError(msg)


@dataclass(frozen=True, kw_only=True)
class ExactAccumulator:
    """Every product and sum exact, then **one rounding** (nearest even) to ``format``.

    The sum starts at +0, so that an exact zero is +0.  The order of the products cannot matter.
    """

    format: Minifloat = FP32

    def __post_init__(self) -> None:
        _check(self.format)


@dataclass(frozen=True, kw_only=True)
class SequentialAccumulator:
    """``c <- round(c + tile product)`` in ``format``, tiles in order of k: **K / depth roundings**.

    ``c`` starts at +0.  Each tile product is exact and is not rounded before it is added (nearest
    even).
    """

    format: Minifloat = FP32

    def __post_init__(self) -> None:
        _check(self.format)


Accumulator = ExactAccumulator | SequentialAccumulator
