"""What a cast must do to every float32, from the definitions: a list of breakpoints.

Rounding to a small format is a staircase.  Between two neighbouring values of the format there is
one real number at which the answer steps from the lesser magnitude to the greater, so the map
from float32 to codes is fixed by the *first float32 of each code*: a few hundred bit patterns.
They are found here in rational arithmetic, from the definition of each rounding and policy.
Nothing is shared with the code under test, neither kernels nor exact twins.

The order is that of the bit patterns as unsigned integers: +0 up to infinity, the NaNs, then -0
down to minus infinity and the NaNs again.  Along it every step of a side is one breakpoint.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import groupby, pairwise
from math import ceil, floor
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..formats import Cast, Fixed, FormatError, Minifloat, Overflow
from .lattice import Side, side_of
from .wrapping import wrapped_codes

#: All float32 bit patterns are below this.
PATTERNS: Final = 2**32
#: The pattern of infinity; those above it, up to the sign bit, are NaNs.
INFINITY: Final = 0x7F800000
_SIGN: Final = 2**31
#: Outcomes that are no code: the input is refused; the low bits of its integer are kept.
REFUSED: Final = 1 << 20
WRAPPED: Final = 1 << 21


class Piece(NamedTuple):
    """Patterns from ``start`` to ``stop``, excluded, that have one outcome."""

    start: int
    stop: int
    outcome: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Staircase:
    """The code that each float32 must get: constant from one breakpoint to the next.

    Parameters
    ----------
    cast
        The cast it belongs to.
    starts
        int64, increasing, from 0: the first bit pattern of each piece.
    outcomes
        int64, of the same length: a code, `REFUSED`, or `WRAPPED` (see `wrapped_codes`).

    Examples
    --------
    >>> from bitpde.formats import INT4
    >>> stairs = staircase(Cast(format=INT4))
    >>> first = [int(start) for start in stairs.starts[:4]]
    >>> np.array(first, np.uint32).view(np.float32).tolist()
    [0.0, 0.5000000596046448, 1.5, 2.500000238418579]
    """

    cast: Cast
    starts: NDArray[np.int64]
    outcomes: NDArray[np.int64]

    def at(self, bits: NDArray[np.uint32]) -> NDArray[np.int64]:
        """The outcome of each bit pattern: a code or `REFUSED`."""
        outcomes = self.outcomes[np.searchsorted(self.starts, bits, side="right") - 1]
        wrapped = outcomes == WRAPPED
        if wrapped.any():
            outcomes[wrapped] = self.wrapped(bits[wrapped])
        return outcomes

    def stretches(self, begin: int, end: int) -> Iterator[list["Piece"]]:
        """The pieces of the patterns from begin to end, in order: runs of refusal and of codes."""
        first = int(np.searchsorted(self.starts, begin, side="right")) - 1
        after = int(np.searchsorted(self.starts, end))
        cuts = [begin, *self.starts[first + 1 : after].tolist(), end]
        pieces = map(Piece, cuts[:-1], cuts[1:], self.outcomes[first:after].tolist())
        for _, stretch in groupby(pieces, key=lambda piece: piece.outcome == REFUSED):
            yield list(stretch)

    def neighbourhoods(self, reach: int) -> NDArray[np.uint32]:
        """Every pattern at most ``reach`` from a breakpoint, in increasing order.

        The breakpoints of the raising staircase are among them: they are every step of the range
        and its two ends, also where codes wrap or an end saturates.
        """
        raising = staircase(replace(self.cast, overflow=Overflow.RAISE))
        starts = np.union1d(self.starts, raising.starts)
        near = (starts[:, None] + np.arange(-reach, reach + 1)).ravel()
        return np.unique(near % PATTERNS).astype(np.uint32)

    def wrapped(self, bits: NDArray[np.uint32], *, consecutive: bool = False) -> NDArray[np.int32]:
        """The codes of patterns whose outcome is `WRAPPED`, in order without a gap or not."""
        format = self.cast.format
        if not isinstance(format, Fixed):
            msg = f"{format} does not wrap: give a Fixed"
            raise FormatError(msg)
        return wrapped_codes(
            bits, width=format.bits, fraction_bits=format.fraction_bits,
            signed=format.signed, mode=self.cast.rounding.value, consecutive=consecutive,
        )  # fmt: skip


def staircase(cast: Cast) -> Staircase:
    """What a deterministic cast to a scalar format of at most 16 bits must do; exact.

    Raises
    ------
    FormatError
        If the cast is stochastic, or its format is a block or has more than 16 bits.
    """
    format = cast.format
    if cast.rounding.is_stochastic or not isinstance(format, Fixed | Minifloat):
        msg = f"{cast} has no staircase: give a deterministic cast to a Fixed or a Minifloat"
        raise FormatError(msg)
    pieces: dict[int, int] = {}
    for negative in (False, True):
        base = _SIGN if negative else 0
        for start, outcome in _pieces(cast, side_of(format, negative=negative)):
            pieces[base + start] = outcome  # of two steps at one float32 the farther counts
    starts, outcomes = sorted(pieces), [pieces[start] for start in sorted(pieces)]
    keep = [k == 0 or outcomes[k] != outcomes[k - 1] for k in range(len(starts))]
    return Staircase(
        cast=cast,
        starts=np.array(starts, np.int64)[keep],
        outcomes=np.array(outcomes, np.int64)[keep],
    )


def _pieces(cast: Cast, side: Side) -> Iterator[tuple[int, int]]:
    """First magnitude pattern and outcome of every piece of one side, by increasing pattern."""
    steps = _first_patterns(cast.element, cast.rounding.value, side.negative)
    codes = list(side.codes)
    if cast.overflow is Overflow.SATURATE_SYMMETRIC and codes[-1] < 0:
        codes.pop()  # -2^(b-1), whose negation is no code
    if cast.overflow is Overflow.WRAP:
        yield from _wrapping_pieces(cast.element, codes[0], steps[0])
    else:
        yield from zip([0, *steps[: len(codes) - 1]], codes, strict=True)
        yield steps[len(codes) - 1], _beyond(cast, side, codes[-1])
    yield INFINITY, _infinite(cast, side, codes[-1])
    yield INFINITY + 1, REFUSED if side.nan is None else side.nan


def _wrapping_pieces(format: Fixed | Minifloat, zero: int, step: int) -> Iterator[tuple[int, int]]:
    """Zero, then the low bits of the rounded integer, then zeros again.

    A float32 of magnitude at least 2^23 2^b lsb is a multiple of 2^b lsb, so its low b bits are 0.
    """
    lsb = side_of(format, negative=False).magnitudes[1]
    yield 0, zero
    yield min(step, _first_at_least(lsb)), WRAPPED
    yield _first_at_least(lsb * 2 ** (23 + format.bits)), 0


def _beyond(cast: Cast, side: Side, last: int) -> int:
    """Outcome of a finite value whose rounding is beyond the last code of its side."""
    if cast.overflow is Overflow.RAISE:
        return REFUSED
    saturating = (Overflow.SATURATE, Overflow.SATURATE_FINITE, Overflow.SATURATE_SYMMETRIC)
    if cast.overflow in saturating or _is_inward(cast.rounding.value, side):
        return last
    return _unbounded(cast, side, last)


def _infinite(cast: Cast, side: Side, last: int) -> int:
    """Outcome of this side's infinity, which no rounding brings closer."""
    if isinstance(cast.element, Fixed) or cast.overflow is Overflow.RAISE:
        return REFUSED
    if cast.overflow in (Overflow.SATURATE, Overflow.SATURATE_SYMMETRIC):
        return last
    if cast.overflow is Overflow.SATURATE_FINITE:
        return last if side.infinity is None else side.infinity
    return _unbounded(cast, side, last)


def _unbounded(cast: Cast, side: Side, last: int) -> int:
    """The side's infinity; where it has none, NaN or, if the policy says so, the largest value.

    The negative side of an unsigned format has no values, so no largest one: it gives NaN.
    """
    if side.infinity is not None:
        return side.infinity
    has_values = len(side.codes) > 1
    if cast.overflow is Overflow.INFINITY_OR_MAX and has_values:
        return last
    return REFUSED if side.nan is None else side.nan


def _is_inward(mode: str, side: Side) -> bool:
    """Whether the mode stops at the end of the range (IEEE 754-2019, 7.4).

    Of the last code and infinity's, to odd takes the odd one; it stops where there is no infinity,
    except on the side of an unsigned format that has no values.
    """
    if mode == "to_odd":
        return len(side.codes) > 1 if side.infinity is None else side.infinity % 2 == 0
    return mode in ("toward_zero", "up" if side.negative else "down")


@lru_cache(maxsize=4096)
def _first_patterns(format: Fixed | Minifloat, mode: str, negative: bool) -> tuple[int, ...]:
    """First magnitude pattern that rounds to at least 1, 2, ... steps from zero."""
    steps = pairwise(side_of(format, negative=negative).magnitudes)
    return tuple(_step(*pair, k, mode, negative) for k, pair in enumerate(steps))


def _step(lower: Fraction, upper: Fraction, k: int, mode: str, negative: bool) -> int:
    """First pattern that does not become ``lower``, which is ``k`` steps from zero, but ``upper``.

    The three shapes of a step: anything above ``lower`` goes up; only ``upper`` itself does; or
    whatever is above the midpoint, and the midpoint itself if the tie goes up.
    """
    even = k % 2 == 0
    match mode:
        case "up" | "down":
            mode = "away_from_zero" if (mode == "down") == negative else "toward_zero"
        case "to_odd":
            mode = "away_from_zero" if even else "toward_zero"
    if mode == "away_from_zero":
        return _first_above(lower)
    if mode == "toward_zero":
        return _first_at_least(upper)
    tie_goes_up = {
        "nearest_even": not even, "nearest_odd": even,
        "nearest_away": True, "nearest_zero": False,
        "nearest_up": not negative, "nearest_down": negative,
    }  # fmt: skip
    if mode not in tie_goes_up:
        msg = f"rounding is {mode!r}: the reference does not know its definition"
        raise FormatError(msg)
    middle = (lower + upper) / 2
    return _first_at_least(middle) if tie_goes_up[mode] else _first_above(middle)


@lru_cache(maxsize=1 << 16)
def _first_at_least(bound: Fraction) -> int:
    """First pattern whose value is at least ``bound``; that of infinity if no float32 is."""
    return bisect_left(range(INFINITY), ceil(bound * 2**149), key=_multiple)


@lru_cache(maxsize=1 << 16)
def _first_above(bound: Fraction) -> int:
    """First pattern whose value is more than ``bound``; that of infinity if no float32 is."""
    return bisect_right(range(INFINITY), floor(bound * 2**149), key=_multiple)


def _multiple(pattern: int) -> int:
    """The integer ``n`` for which a finite float32 pattern stands for ``n 2^-149``."""
    field, trailing = divmod(pattern, 2**23)
    return (trailing + 2**23) << (field - 1) if field else trailing
