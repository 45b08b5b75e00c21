"""Every float32 through one cast, against its staircase: the check itself.

The patterns are walked in consecutive chunks, on as many threads as `thread_count` says.  What a
chunk must give is a few pieces of one code each, so that checking it costs a fraction of encoding
it.  Where the staircase says *refused*, every single input must be refused.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..formats import Cast, Encoding, FormatError, split_work
from .breakpoints import PATTERNS, REFUSED, WRAPPED, Piece, Staircase, staircase

#: Patterns encoded at a time: few enough to stay in the cache.
CHUNK: Final = 1 << 19
#: Patterns that a thread takes at a time.
SHARE: Final = 1 << 24
#: Mismatches that a tally names; it counts all.
NAMED: Final = 5
#: How far around a breakpoint a spot check looks, in bit patterns.
REACH: Final = 2


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """An input that got another answer than the reference gives; None says refused.

    Examples
    --------
    >>> str(Mismatch(bits=0x3F000000, expected=0, found=1))
    '0x3f000000 (0.5): expected 0, found 1'
    """

    bits: int
    expected: int | None
    found: int | None

    def __str__(self) -> str:
        value = np.array(self.bits, np.uint32).view(np.float32)
        expected, found = ("refused" if c is None else c for c in (self.expected, self.found))
        return f"0x{self.bits:08x} ({value}): expected {expected}, found {found}"


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many inputs were checked, how many came out wrong, and the first of those by pattern."""

    inputs: int
    mismatches: int
    first: tuple[Mismatch, ...] = ()


def check_every(
    cast: Cast,
    *,
    reference: Staircase | None = None,
    start: int = 0,
    stop: int = PATTERNS,
    progress: Callable[[int], object] = int,
) -> Tally:
    """Hold ``cast`` to a staircase, by default its own, on all patterns from start to stop.

    Parameters
    ----------
    cast
        A deterministic cast to a scalar format of at most 16 bits.
    reference
        What it must do.
    start, stop
        A range of bit patterns of float32.
    progress
        Called with a number of inputs whenever so many more are done, on any thread.

    Raises
    ------
    FormatError
        If the cast has no staircase.

    Examples
    --------
    >>> from bitpde.formats import INT4
    >>> one = 0x3F800000
    >>> check_every(Cast(format=INT4), start=one, stop=one + 1000)
    Tally(inputs=1000, mismatches=0, first=())
    """
    stairs = reference or staircase(cast)
    tallies: list[Tally] = []
    work = partial(_walk, cast, stairs, start, tallies, progress)
    split_work(work, stop - start, SHARE)
    return _with_ends(_total(tallies), cast, stairs, start, stop)


def check_some(cast: Cast, inputs: int, *, reference: Staircase | None = None) -> Tally:
    """`check_every` at about ``inputs`` evenly spaced patterns and around every breakpoint.

    Examples
    --------
    >>> from bitpde.formats import OCP_E2M1, Rounding
    >>> even, away = (Cast(format=OCP_E2M1, rounding=r) for r in list(Rounding)[:2])
    >>> check_some(even, 1000).mismatches
    0
    >>> str(check_some(even, 1000, reference=staircase(away)).first[0])
    '0x3e800000 (0.25): expected 1, found 0'
    """
    stairs = reference or staircase(cast)
    spaced = np.arange(0, PATTERNS, (PATTERNS // max(inputs, 1)) | 1)
    bits = np.union1d(spaced.astype(np.uint32), stairs.neighbourhoods(REACH))
    expected = stairs.at(bits)
    refused = expected == REFUSED
    codes = expected[~refused].astype(cast.element.code_dtype)
    taken = bits[~refused]
    finite = np.isfinite(taken.view(np.float32))  # beside others these would take another lane
    parts = [_accepted(cast, taken[part], codes[part]) for part in (finite, ~finite)]
    counted = _total([_refused(cast, bits[refused]), *parts])
    return _with_ends(counted, cast, stairs, 0, PATTERNS)


def _walk(
    cast: Cast,
    stairs: Staircase,
    origin: int,
    tallies: list[Tally],
    progress: Callable[[int], object],
    start: int,
    stop: int,
) -> None:
    """Check patterns origin + start to origin + stop, in one buffer of inputs."""
    bits = np.arange(origin + start, origin + min(start + CHUNK, stop)).astype(np.uint32)
    for begin in range(origin + start, origin + stop, CHUNK):
        end = min(begin + CHUNK, origin + stop)
        for pieces in stairs.stretches(begin, end):
            part = bits[pieces[0].start - begin : pieces[-1].stop - begin]
            tallies.append(_stretch(cast, stairs, part, pieces))
        progress(end - begin)
        bits += np.uint32(CHUNK)


def _stretch(cast: Cast, stairs: Staircase, bits: NDArray[np.uint32], pieces: list[Piece]) -> Tally:
    """Check consecutive patterns, which are refused or are not."""
    if pieces[0].outcome == REFUSED:
        return _refused(cast, bits)
    try:
        codes = cast.encode(bits.view(np.float32)).codes
    except FormatError:
        return _wrongly_refused(cast, bits, stairs.at(bits))
    for piece in pieces:
        part = slice(piece.start - pieces[0].start, piece.stop - pieces[0].start)
        if piece.outcome == WRAPPED:
            right = np.array_equal(codes[part], stairs.wrapped(bits[part], consecutive=True))
        else:
            right = codes[part].min() == piece.outcome == codes[part].max()
        if not right:
            return _compared(bits, codes, stairs.at(bits))
    return Tally(inputs=bits.size, mismatches=0)


def _accepted(cast: Cast, bits: NDArray[np.uint32], expected: NDArray[Any]) -> Tally:
    """Check that each input gets its code."""
    try:
        codes = cast.encode(bits.view(np.float32)).codes
    except FormatError:
        return _wrongly_refused(cast, bits, expected)
    return _compared(bits, codes, expected)


def _compared(bits: NDArray[np.uint32], codes: NDArray[Any], expected: NDArray[Any]) -> Tally:
    """Count and name the inputs that got another code."""
    wrong = codes != expected
    if not wrong.any():
        return Tally(inputs=bits.size, mismatches=0)
    first = tuple(
        Mismatch(bits=int(bits[k]), expected=int(expected[k]), found=int(codes[k]))
        for k in np.flatnonzero(wrong)[:NAMED]
    )
    return Tally(inputs=bits.size, mismatches=int(np.count_nonzero(wrong)), first=first)


def _wrongly_refused(cast: Cast, bits: NDArray[np.uint32], expected: NDArray[Any]) -> Tally:
    """Count and name what is refused among inputs that have codes; the codes are not looked at."""
    first = _first(bits, lambda part: _encoding(cast, part).refused > 0)
    named = Mismatch(bits=int(bits[first]), expected=int(expected[first]), found=None)
    wrong = _encoding(cast, bits).refused
    return Tally(inputs=bits.size, mismatches=wrong, first=(named,))


def _refused(cast: Cast, bits: NDArray[np.uint32]) -> Tally:
    """Check that each input is refused, by counting."""
    wrong = bits.size - _encoding(cast, bits).refused
    if not wrong:
        return Tally(inputs=bits.size, mismatches=0)
    first = _first(bits, lambda part: _encoding(cast, part).refused < part.size)
    named = Mismatch(bits=int(bits[first]), expected=None, found=_found(cast, bits, first))
    return Tally(inputs=bits.size, mismatches=wrong, first=(named,))


def _with_ends(counted: Tally, cast: Cast, stairs: Staircase, start: int, stop: int) -> Tally:
    """Add to a faultless tally that `Cast.encode` raises at both ends of every refused piece."""
    if counted.mismatches:
        return counted
    pieces = zip(stairs.starts.tolist(), [*stairs.starts.tolist()[1:], PATTERNS], strict=True)
    ends = [
        end
        for outcome, (first, after) in zip(stairs.outcomes.tolist(), pieces, strict=True)
        for end in (first, after - 1)
        if outcome == REFUSED and start <= end < stop
    ]
    bits = np.array(ends, np.uint32)
    taken = [k for k in range(bits.size) if _is_taken(cast, bits[k : k + 1])]
    first_taken = (
        Mismatch(bits=int(bits[k]), expected=None, found=_found(cast, bits, k)) for k in taken
    )
    return Tally(inputs=counted.inputs, mismatches=len(taken), first=tuple(first_taken))


def _is_taken(cast: Cast, bits: NDArray[np.uint32]) -> bool:
    try:
        cast.encode(bits.view(np.float32))
    except FormatError:
        return False
    return True


def _encoding(cast: Cast, bits: NDArray[np.uint32]) -> Encoding:
    """The codes and how many inputs are refused, where `Cast.encode` would name the first one."""
    return cast.attempt(bits.view(np.float32))


def _found(cast: Cast, bits: NDArray[np.uint32], index: int) -> int:
    return int(_encoding(cast, bits[index : index + 1]).coded.codes[0])


def _first(bits: NDArray[np.uint32], holds: Callable[[NDArray[np.uint32]], bool]) -> int:
    """The index of the first element of which ``holds``, which of some it does, by halving."""
    start, stop = 0, bits.size
    while stop - start > 1:
        middle = (start + stop) // 2
        start, stop = (start, middle) if holds(bits[start:middle]) else (middle, stop)
    return start


def _total(tallies: Iterable[Tally]) -> Tally:
    """The sum of the tallies, in whatever order threads have finished them."""
    parts = list(tallies)
    first = sorted((m for part in parts for m in part.first), key=lambda m: m.bits)
    return Tally(
        inputs=sum(part.inputs for part in parts),
        mismatches=sum(part.mismatches for part in parts),
        first=tuple(first[:NAMED]),
    )
