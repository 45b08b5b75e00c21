"""Lanes: generators of one kind side by side, each with a seed of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ...formats import RandomBits
from ..errors import DatapathError
from .lfsr import FibonacciLFSR, GaloisLFSR
from .pcg import PCG32
from .source import BitGenerator, BitSource
from .xorwow import Xorwow


@dataclass(frozen=True, kw_only=True)
class Lanes(BitSource):
    """Generators that differ in their state alone; element i takes lane ``i mod L``.

    Parameters
    ----------
    lanes
        At least one generator.

    Examples
    --------
    >>> lanes = Lanes(lanes=tuple(PCG32(seed=42, sequence=k) for k in (54, 55)))
    >>> lanes.draw((2, 2), 8).tolist()
    [[161, 173], [123, 51]]
    >>> lanes.draw((2, 2), 8)[:, 0].tolist() == PCG32(seed=42, sequence=54).draw((2,), 8).tolist()
    True
    """

    lanes: tuple[BitGenerator, ...]

    def __post_init__(self) -> None:
        if not self.lanes or not all(isinstance(lane, BitGenerator) for lane in self.lanes):
            msg = f"lanes are {self.lanes!r}: give a tuple of at least one generator"
            raise DatapathError(msg)
        alike = [lane.seeded((1,) * 8) for lane in self.lanes]
        for place, lane in enumerate(alike):
            if type(lane) is not type(alike[0]) or lane != alike[0]:
                msg = f"lane {place} is {self.lanes[place]!r} and lane 0 {self.lanes[0]!r}: give "
                raise DatapathError(msg + "generators that differ in their state alone")

    def _lanes(self) -> Sequence[BitGenerator]:
        return self.lanes


def seeded_lanes(generator: BitGenerator, count: int, *, seed: int, stream: str = "lanes") -> Lanes:
    """``count`` lanes of one kind, their states drawn from ``RandomBits(seed, stream)``; exact.

    Lane l is ``generator.seeded(words)`` of the words 8 l to 8 l + 7 of that stream.

    Examples
    --------
    >>> lanes = seeded_lanes(GaloisLFSR(width=16, taps=(16, 14, 13, 11)), 3, seed=0)
    >>> [f"{lane.seed:04x}" for lane in lanes.lanes]
    ['bfe0', 'b33e', '742c']
    """
    words = RandomBits(seed=seed, stream=stream).draw((count, 8), 32).tolist()
    return Lanes(lanes=tuple(generator.seeded(row) for row in words))


def jumped_lanes(generator: BitGenerator, count: int, distance: int) -> Lanes:
    """Lane l is ``generator`` after ``l distance`` draws: disjoint pieces of one sequence; exact.

    cuRAND and rocRAND place the lanes of XORWOW 2^67 draws apart.  To *deal out* one sequence among
    lanes (leapfrogging) gives every position the draw that one generator gives it.

    Examples
    --------
    >>> two = jumped_lanes(PCG32(seed=42, sequence=54), 2, distance=3)
    >>> two.draw((6,), 8)[1::2].tolist() == PCG32(seed=42, sequence=54).draw((6,), 8)[3:].tolist()
    True
    """
    return Lanes(lanes=tuple(generator.after(lane * distance) for lane in range(count)))


#: For `spec_from_json`.
BIT_SOURCE_KINDS: Final[dict[str, type]] = {
    kind.__name__: kind for kind in (FibonacciLFSR, GaloisLFSR, Lanes, PCG32, Xorwow)
}
