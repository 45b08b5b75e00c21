"""What the vector lane needs to know of the scales of a block format, as words."""

from functools import lru_cache

import numpy as np

from .fixed import Fixed
from .minifloat import Minifloat
from .power_of_two import PowerOfTwo
from .scaling import Scaling, scaling_integers

Words = tuple[np.uint32, ...]

#: Keeps differences of exponents above 0 in `tile_kernels.scales_and_lows`.
_LIFT = 1 << 24
#: Lows, and differences of exponents, beyond which words would wrap.
_GREATEST_LOW = 1 << 22


def unit_low(element: Fixed | Minifloat) -> int:
    """The low of a scale of 1: the biased float32 exponent of the least normal value.

    That of an integer is of 2^23 steps.
    """
    if isinstance(element, Fixed):
        return element.lsb_min + 23 + 127
    return element.emin + 127


def lawful_low(low: int) -> int:
    """The low, or all ones, for which the vector lane must not run, where it would wrap."""
    return low if 0 <= low <= _GREATEST_LOW else 2**32 - 1


@lru_cache(maxsize=256)
def scale_words(
    element: Fixed | Minifloat, scale: PowerOfTwo, scaling: Scaling, greatest: int = _GREATEST_LOW
) -> Words:
    """The words of `tile_kernels.scales_and_lows`, which has no scale above that of a low.

    (The fraction of a peak beyond which its exponent counts one more; what is taken from the
    exponent field to have the scale's code; the code of NaN, and that taken beyond the last one;
    what is added to a code to have the low less 1, and the greatest of these; the zero tile's
    code.)
    """
    numbers = scaling_integers(element, scale, scaling, finite_only=False)
    emax, bias, threshold, zero_code, overflow_code, nan_code, _ = numbers
    offset = min(max(127 + emax - bias, -_GREATEST_LOW), _GREATEST_LOW)
    words = (
        2**23 if threshold >= 2**52 else threshold >> 29, _LIFT + offset, nan_code, overflow_code,
        (unit_low(element) - bias - 1) % 2**32, min(greatest, _GREATEST_LOW) - 1, zero_code,
    )  # fmt: skip
    return tuple(np.uint32(word) for word in words)
