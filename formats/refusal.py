"""The error for a value that the policies of a cast leave no code."""

import numpy as np
from numpy.typing import NDArray

from .block import Block, element_of
from .carrier import Carrier
from .coded import Coded, Format
from .errors import FormatError
from .fixed import Fixed
from .overflow import NonFinite
from .plan import Policies
from .tiles import spread_tiles


def refusal(
    x: Carrier, format: Format, policies: Policies, coded: Coded, free: Coded
) -> FormatError:
    """The error naming the first refused element of ``x``, why it is, and the remedy.

    ``free`` is what a policy that refuses nothing beyond the range makes of ``x``; where ``coded``
    differs from it an element was refused as being there.
    """
    speechless = _speechless(x, format, policies)
    if policies.nonfinite is NonFinite.ELEMENT:
        speechless &= ~_in_nan_tiles(coded)
    refused = np.argwhere(speechless | (coded.codes != free.codes))
    index = tuple(int(i) for i in refused[0])
    remedy = "it is beyond the range; choose a wider format or Overflow.SATURATE"
    if speechless[index]:
        remedy = f"{policies.nonfinite} and {format} leave it no code; remove it first"
    return FormatError(f"x{list(index)} is {x[index]}: {remedy}")


def _in_nan_tiles(coded: Coded) -> NDArray[np.bool_]:
    """Where the scale says NaN, so that the element need not."""
    format = coded.format
    if not isinstance(format, Block) or coded.scales is None:
        return np.zeros(coded.shape, np.bool_)
    nan = coded.scales == format.scale.nan_code
    return spread_tiles(nan, coded.shape, format)


def _speechless(x: Carrier, format: Format, policies: Policies) -> NDArray[np.bool_]:
    """Where ``x`` is NaN or infinite and may not be."""
    element = element_of(format)
    if policies.nonfinite is NonFinite.RAISE:
        return ~np.isfinite(x)
    if isinstance(format, Block) and policies.nonfinite is not NonFinite.ELEMENT:
        return np.zeros(x.shape, np.bool_)
    if isinstance(element, Fixed):
        return ~np.isfinite(x)
    return np.isnan(x) & (not element.has_nan)
