"""Chunks with promotion: short sums in a narrow unit, joined in a wider one."""

from dataclasses import dataclass

from ..errors import DatapathError
from ..spec_checks import require_range
from .accumulator import ExactAccumulator, SequentialAccumulator
from .fused import FusedAccumulator
from .tree import TreeAccumulator

Inner = ExactAccumulator | SequentialAccumulator | TreeAccumulator | FusedAccumulator
Outer = ExactAccumulator | SequentialAccumulator | TreeAccumulator


@dataclass(frozen=True, kw_only=True)
class ChunkedAccumulator:
    """Each ``length`` products are summed by ``inner`` from +0; ``outer`` sums those results.

    The results of the chunks are values of ``inner``'s format; ``outer`` takes them, in order, as
    it would take products, and C joins there.

    Parameters
    ----------
    inner
        How a chunk is summed.
    length
        Products of a chunk, 1 to 2^20; the last one may be shorter.  Where operands have tiles it
        is a multiple of their depth.
    outer
        How the chunks are.

    Notes
    -----
    *Exactness*: the roundings of ``inner`` in every chunk and those of ``outer`` over the chunks.

    Examples
    --------
    >>> ChunkedAccumulator(inner=FusedAccumulator(terms=32, fraction_bits=13), length=128).length
    128
    """

    inner: Inner
    length: int
    outer: Outer = SequentialAccumulator()  # noqa: RUF009  (frozen)

    def __post_init__(self) -> None:
        require_range(self, "length", 1, 2**20)
        for name, kinds in (("inner", Inner), ("outer", Outer)):
            if not isinstance(getattr(self, name), kinds):
                msg = (
                    f"{name} of ChunkedAccumulator is {getattr(self, name)!r}: give one of {kinds}"
                )
                raise DatapathError(msg)
