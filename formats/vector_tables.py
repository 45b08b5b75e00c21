"""What the vector lane of encoding needs to know of elements and policies, as words."""

from functools import lru_cache

import numpy as np

from .cast_integers import cast_integers
from .fixed import Fixed
from .layout import sign_code
from .minifloat import Minifloat
from .overflow import Overflow
from .rounding import Rounding

Words = tuple[np.uint32, ...]

#: Integers of more bits would reach the ordinals of floats, by which large values are told.
_FIXED_BITS = 22
_SIGNIFICAND_BITS = 22
#: Random bits that a 31-bit shift leaves room for, variant B's one more and a sticky bit included.
_RANDOM_BITS = 24
_ONES = 2**32 - 1

#: The ways of rounding in the vector lane; those from RANDOM on take draws.
DETERMINISTIC, WRAPPING, EVEN, RANDOM, ALIGNED = range(5)

#: (only ties are in question, up, up if negative, up if odd); each of the last three flips the
#: answer.
_RULES = {
    Rounding.NEAREST_EVEN: (1, 0, 0, 1),
    Rounding.NEAREST_ODD: (1, 1, 0, 1),
    Rounding.NEAREST_AWAY: (1, 1, 0, 0),
    Rounding.NEAREST_ZERO: (1, 0, 0, 0),
    Rounding.NEAREST_UP: (1, 1, 1, 0),
    Rounding.NEAREST_DOWN: (1, 0, 1, 0),
    Rounding.TOWARD_ZERO: (0, 0, 0, 0),
    Rounding.AWAY_FROM_ZERO: (0, 1, 0, 0),
    Rounding.DOWN: (0, 0, 1, 0),
    Rounding.UP: (0, 1, 1, 0),
    Rounding.TO_ODD: (0, 1, 0, 1),
}


def has_vector_lane(
    element: Fixed | Minifloat, rounding: Rounding, overflow: Overflow, random_bits: int
) -> bool:
    """Whether float32 input into this element may be encoded by `vector_kernels`."""
    if rounding.is_stochastic and (random_bits > _RANDOM_BITS or overflow is Overflow.WRAP):
        return False
    if isinstance(element, Fixed):
        return element.bits <= _FIXED_BITS
    return element.significand_bits <= _SIGNIFICAND_BITS and element.bits <= 32


def loop_kind(
    element: Fixed | Minifloat, rounding: Rounding, overflow: Overflow, random_bits: int
) -> int:
    """Which way the vector lane rounds: by `even_kernels` where EVEN, else by `shift_kernels`.

    One-bit significands are even by their codes, of which the float adder knows nothing.
    """
    if rounding.is_stochastic:
        return ALIGNED if draws_align(element, rounding, random_bits) else RANDOM
    if overflow is Overflow.WRAP:
        return WRAPPING
    numbers = cast_integers(element, rounding, overflow)
    fixed, significand_bits, _, greatest, least, _, _, sign, _, _, above, below, _, _ = numbers
    clamps = above == greatest and below == (least if fixed else sign - least)
    nearest = rounding is Rounding.NEAREST_EVEN and significand_bits > 0
    return EVEN if nearest and clamps else DETERMINISTIC


def draws_align(element: Fixed | Minifloat, rounding: Rounding, random_bits: int) -> bool:
    """Whether a fraction of as many bits as a draw, and the integer above it, fit 31 bits.

    That of a number in range; one beyond it must still be recognized.
    """
    if rounding is Rounding.STOCHASTIC_C:
        return False
    compared = random_bits + (rounding is Rounding.STOCHASTIC_B)
    if isinstance(element, Fixed):
        return compared + element.bits < 30
    return compared <= 23 - element.significand_bits + 7


@lru_cache(maxsize=256)
def element_words(element: Fixed | Minifloat, rounding: Rounding, overflow: Overflow) -> Words:
    """What `shift_kernels.finished` knows of an element format and its overflow policy.

    An integer is the significand of a float of 24 bits below its least normal value.
    """
    numbers = cast_integers(element, rounding, overflow)
    fixed, _, _, greatest, least, _, _, sign, negative_zero, _, above, below, _, _ = numbers
    significand_bits = 23 if isinstance(element, Fixed) else element.significand_bits
    extends = isinstance(element, Fixed) and element.signed
    if overflow is Overflow.RAISE:
        above, below = 0, 1
    words = (
        significand_bits, 23 - significand_bits, greatest, -least, above, below, sign,
        _ONES * negative_zero, _ONES * fixed, 32 - element.bits, _ONES * extends,
    )  # fmt: skip
    return tuple(np.uint32(word % 2**32) for word in words)


@lru_cache(maxsize=256)
def even_words(element: Fixed | Minifloat) -> Words:
    """What `even_kernels` knows of an element besides.

    (Lows from this one on are not for it: the power of two it adds would be no float; the largest
    binade in which it adds one of its own; the exponent of that power less that of the binade;
    the negation of an integer as a mask and an addend, a sign bit in place of the latter; all ones
    if zeros have the sign of what they were.)
    """
    drop, binades, negation = 0, 0, (_ONES, 1, _ONES)
    if isinstance(element, Minifloat):
        drop, binades = 23 - element.significand_bits, element.emax - element.emin
        negation = (0, sign_code(element), _ONES * element.has_negative_zero)
    words = (max(0, 254 - drop - binades), (254 - drop) << 23, drop << 23, *negation)
    return tuple(np.uint32(word) for word in words)


@lru_cache(maxsize=64)
def rounding_words(rounding: Rounding) -> Words:
    """The masks of `shift_kernels.deterministic_increment`; zeros for a stochastic rounding."""
    near, always, if_negative, if_odd = _RULES.get(rounding, (0, 0, 0, 0))
    words = (_ONES * near, always, _ONES * if_negative, _ONES * if_odd)
    return tuple(np.uint32(word) for word in words)


@lru_cache(maxsize=64)
def variant_words(rounding: Rounding) -> Words:
    """What tells the stochastic variants apart in `shift_kernels.stochastic_steps`."""
    doubled = int(rounding is Rounding.STOCHASTIC_B)
    half_up = _ONES * (rounding is Rounding.STOCHASTIC_C)
    return np.uint32(doubled), np.uint32(half_up)
