"""Encoding into affine integers: the quotient by the scale, rounded once, plus the zero point."""

import numpy as np

from .affine import Affine
from .carrier import Carrier
from .cast_integers import fixed_range
from .coded import Coded
from .encode import Counts, Encoding, Random, encode_array
from .fixed import Fixed
from .overflow import Overflow
from .plan import Policies, plan_for
from .quotient import quotient_to_odd

#: Wide enough that what saturates here is beyond every element format, zero point added.
_WIDE = Fixed(bits=32)


def encode_affine(x: Carrier, random: Random, format: Affine, policies: Policies) -> Encoding:
    """``clamp(round(x / scale) + zero_point)``; one rounding of the real quotient.

    Preconditions as `encode.encode_array`.
    """
    scale, zero_point = format.columns(x.shape)
    quotients = quotient_to_odd(x, scale)
    wide = policies._replace(overflow=Overflow.SATURATE)
    rounded = encode_array(quotients, random, plan_for(_WIDE, wide))
    q = rounded.coded.codes.astype(np.int64) + zero_point
    least, greatest = fixed_range(format.element, policies.overflow)
    beyond = (q < least) | (q > greatest)
    refused = rounded.refused
    if policies.overflow is Overflow.RAISE:
        codes = np.where(beyond, least + (q < least), q)
        refused += int(np.count_nonzero(beyond))
    else:
        codes = np.clip(q, least, greatest)
    coded = Coded.unchecked(format, codes.astype(format.element.code_dtype))
    saturated = int(np.count_nonzero(beyond))
    return Encoding(coded, Counts(x.size, saturated, rounded.counts.underflowed), refused)
