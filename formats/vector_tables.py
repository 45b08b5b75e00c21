"""What the vector lane of encoding needs to know of formats and policies, as tables and words."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .cast_integers import cast_integers
from .fixed import Fixed
from .minifloat import Minifloat
from .overflow import Overflow
from .power_of_two import PowerOfTwo
from .rounding import Rounding
from .scaling import Scaling, scaling_integers

Words = tuple[np.uint32, ...]

#: Integers of more bits would reach the ordinals of floats, by which large values are told.
_FIXED_BITS = 22
_SIGNIFICAND_BITS = 22
#: Random bits that a 31-bit shift leaves room for, variant B's one more and a sticky bit included.
_RANDOM_BITS = 24
_ONES = 2**32 - 1

#: The loops over a row.
DETERMINISTIC, RANDOM, WRAPPING = range(3)

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


def loop_kind(rounding: Rounding, overflow: Overflow) -> int:
    """Which loop of `vector_kernels` runs: DETERMINISTIC, RANDOM or WRAPPING."""
    if rounding.is_stochastic:
        return RANDOM
    return WRAPPING if overflow is Overflow.WRAP else DETERMINISTIC


@lru_cache(maxsize=256)
def scale_tables(
    element: Fixed | Minifloat, scale: PowerOfTwo, scaling: Scaling, *, blocked: bool
) -> tuple[np.uint32, NDArray[np.uint8], NDArray[np.uint32]]:
    """(threshold, scale codes, lows), the last two by float32 exponent field of a tile's peak.

    A low is the biased exponent of the element's least normal value under that scale, or of its
    step if it is an integer; 0 where float32 cannot hold it as a normal number, so that the vector
    lane must not run.  Field 0 stands for the zero tile alone.
    """
    unit = _low(element)
    if not blocked:
        low = unit if 1 <= unit < 2**30 else 0
        return np.uint32(0), np.empty(0, np.uint8), np.array([low], np.uint32)
    numbers = scaling_integers(element, scale, scaling, finite_only=False)
    emax, bias, threshold, zero_code, overflow_code, nan_code, _ = numbers
    fields = np.arange(256)
    codes = np.maximum(fields - 127 - emax + bias, 0)
    codes = np.where(codes >= nan_code, overflow_code, codes)
    codes[0] = zero_code
    lows = unit + codes - bias
    lows = np.where((lows >= 1) & (codes < nan_code), lows, 0)
    lows[0] = max(lows[0], 1)  # zeros are zeros under any scale
    never = 2**23 if threshold >= 2**52 else threshold >> 29
    return np.uint32(never), codes.astype(np.uint8), lows.astype(np.uint32)


def _low(element: Fixed | Minifloat) -> int:
    """Biased float32 exponent of the least normal value, or of an integer 2^23 steps large."""
    if isinstance(element, Fixed):
        return element.lsb_min + 23 + 127
    return element.emin + 127


@lru_cache(maxsize=256)
def element_words(element: Fixed | Minifloat, rounding: Rounding, overflow: Overflow) -> Words:
    """What `vector_kernels.finished` knows of an element format and its overflow policy.

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


@lru_cache(maxsize=64)
def rounding_words(rounding: Rounding) -> Words:
    """The masks of `vector_kernels.deterministic_increment`; zeros for a stochastic rounding."""
    near, always, if_negative, if_odd = _RULES.get(rounding, (0, 0, 0, 0))
    words = (_ONES * near, always, _ONES * if_negative, _ONES * if_odd)
    return tuple(np.uint32(word) for word in words)


@lru_cache(maxsize=64)
def variant_words(rounding: Rounding) -> Words:
    """What tells the stochastic variants apart in `vector_kernels.encode_random_row`."""
    doubled = int(rounding is Rounding.STOCHASTIC_B)
    half_up = _ONES * (rounding is Rounding.STOCHASTIC_C)
    return np.uint32(doubled), np.uint32(half_up)
