"""Inputs below the least normal binary32, before they are encoded."""

import numpy as np

from .block import Block
from .carrier import Carrier
from .coded import Format
from .scaling import Subnormals
from .tiles import spread_tiles, tile_maxima

_LEAST_NORMAL = 2.0**-126


def flush_subnormals(x: Carrier, format: Format, policy: Subnormals) -> Carrier:
    """``x`` with the zeros that the policy puts in the place of binary32 subnormals; exact.

    Examples
    --------
    >>> from bitpde.formats import MXINT8
    >>> flush_subnormals(np.array([-1e-40, 1.0]), MXINT8, Subnormals.FLUSH).tolist()
    [-0.0, 1.0]
    """
    if not isinstance(format, Block):
        return x
    magnitude = np.abs(x)
    if policy is Subnormals.FLUSH_TILE:
        finite = np.where(np.isfinite(magnitude), magnitude, np.inf)
        magnitude = spread_tiles(tile_maxima(finite, format), x.shape, format)
    return np.where(magnitude < _LEAST_NORMAL, np.copysign(x.dtype.type(0), x), x)
