"""Integers that no float64 holds: their codes in rational arithmetic, one by one.

`to_carrier` brings such an integer to 53 bits by rounding to odd, which leaves its later rounding
unchanged where that compares it with numbers of at most `MOST_COMPARED` bits, and no bit is asked
for by name as a wrapping overflow does.  For all others there is this file.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .affine import Affine
from .block import Block
from .carrier import JAMMED_PRECISION
from .coded import Coded
from .errors import FormatError
from .fixed import Fixed
from .minifloat import Minifloat
from .overflow import Overflow
from .random_bits import RandomBits

if TYPE_CHECKING:
    from .cast import Cast
    from .encode import Encoding, Random

#: A middle between two results has a bit more than they.
MOST_COMPARED = JAMMED_PRECISION + 1
#: Bits of the significand of a scale in binary32.
_BINARY32 = 24


def needs_every_bit(cast: "Cast") -> bool:
    """Whether an integer rounded to odd at 53 bits may come to another code than itself.

    Examples
    --------
    >>> from bitpde.formats import FP32, FP64, Cast, Rounding
    >>> needs_every_bit(Cast(format=FP32)), needs_every_bit(Cast(format=FP64))
    (False, True)
    >>> needs_every_bit(Cast(format=FP32, rounding=Rounding.STOCHASTIC, random_bits=30))
    True
    """
    return cast.overflow is Overflow.WRAP or _compared_bits(cast) > MOST_COMPARED


def _compared_bits(cast: "Cast") -> int:
    """Bits of a number halfway between two results, times the scales that x is divided by.

    With N random bits these are N more: between two results lie ``2^N`` that decide.
    """
    element, format = cast.element, cast.format
    own = element.bits if isinstance(element, Fixed) else element.significand_bits + 1
    scales = _BINARY32 if isinstance(format, Affine) else 0
    if isinstance(format, Block) and isinstance(format.scale, Minifloat):
        scales = _BINARY32 + format.scale.significand_bits + 1
    return own + 1 + cast.random_bits + scales


def are_wide(x: NDArray[Any]) -> NDArray[np.bool_]:
    """Which integers are beyond 2^53 in magnitude.

    Examples
    --------
    >>> are_wide(np.array([2**53, 2**53 + 1, -(2**53) - 1])).tolist()
    [False, True, True]
    """
    return np.asarray((x > 2**53) | (x < -(2**53)))


def with_exact_codes(
    cast: "Cast", x: NDArray[Any], random: "Random", narrow: "Encoding"
) -> "Encoding":
    """The encoding of integers ``x`` in a scalar format, of which ``narrow`` has zeros for wide."""
    from .exact_encode import encode_exact

    if isinstance(random, RandomBits):
        random = random.draw(x.shape, cast.random_bits)
    codes, counts, refused = narrow.coded.codes.copy(), narrow.counts, narrow.refused
    strict, refuses = replace(cast, overflow=Overflow.RAISE), cast.overflow is Overflow.RAISE
    for place in np.argwhere(are_wide(x)):
        index = tuple(place)
        number, drawn = int(x[index]), 0 if random is None else int(random[index])
        try:
            codes[index] = encode_exact(strict, number, drawn)
        except FormatError:
            codes[index] = number < 0 if refuses else encode_exact(cast, number, drawn)
            refused += refuses
            counts = counts._replace(saturated=counts.saturated + (not refuses))
    return narrow._replace(
        coded=Coded.unchecked(narrow.coded.format, codes), counts=counts, refused=refused
    )
