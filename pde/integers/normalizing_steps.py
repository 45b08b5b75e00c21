"""Normalization and softmax in integers; `definition.py` says what they compute."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...emu import Limits, Scaling, normalize, rescale
from .placing import FINER
from .rounding_steps import ADDRESS
from .step import Integers, Setting, Step

#: Bits of a normalized number behind the point; what comes out.
NORMAL: Final = 20
_LIMITS: Final = Limits(0, -(2**30), 2**30)

Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Normalize(Step):
    """Integers minus the mean of their group, over its deviation, in units of 2^-20.

    Parameters
    ----------
    groups
        How many groups of neighbouring channels have moments of their own.
    whole
        Whether the moments are those of a sample, or of each cell.
    smallest
        What is added to the variance, in its units.
    """

    groups: int
    whole: bool
    smallest: int

    def run(self, tensors: list[Integers], setting: Setting) -> Integers:
        """Return the normalized integers, int32."""
        x = tensors[0]
        channels = x.shape[-1]
        samples = len(x) if self.whole else x.size // channels
        split = x.reshape(samples, -1, self.groups, channels // self.groups)
        apart = split.transpose(0, 2, 1, 3)
        rows = apart.reshape(samples * self.groups, -1)
        found = normalize(rows, self.smallest, FINER, NORMAL, setting.rule).reshape(apart.shape)
        return np.ascontiguousarray(found.transpose(0, 2, 1, 3)).reshape(x.shape)


@dataclass(frozen=True, kw_only=True)
class Softmax(Step):
    """Shares of the powers of integers along the last axis, in units of 2^-30.

    The arrays ``high`` and ``low`` have the powers of multiples of 2^12 and of what is left.
    """

    def run(self, tensors: list[Integers], setting: Setting) -> Integers:
        """Return the shares, int32."""
        x = tensors[0].astype(np.int64)
        rows = (x.max(axis=-1, keepdims=True) - x).reshape(-1, x.shape[-1])
        high, low = (self.array(setting, name).astype(np.int64) for name in ("high", "low"))
        powers = (high[rows >> ADDRESS] * low[rows & (2**ADDRESS - 1)] + 2**29) >> np.int64(30)
        totals = powers.sum(axis=1)
        bits = bit_length(totals)
        reciprocals = np.minimum(2**61 // (totals >> (bits - 31)), 2**31 - 1)
        return _by_rows(powers, reciprocals, 31 - bits, setting).reshape(x.shape)


def bit_length(numbers: Rows) -> Rows:
    """Return the bits of positive integers.

    Examples
    --------
    >>> bit_length(np.array([1, 255, 256, 2**54 - 1, 2**54])).tolist()
    [1, 8, 9, 54, 55]
    """
    found = np.frexp(numbers.astype(np.float64))[1].astype(np.int64)
    return np.asarray(found - ((numbers >> (found - 1)) == 0))  # the conversion may round up


def _by_rows(rows: Rows, multipliers: Rows, shifts: Rows, setting: Setting) -> Integers:
    """Each row times its multiplier, by the rule."""
    scaling = Scaling(np.zeros_like(multipliers), multipliers, shifts)
    return rescale(rows, scaling, _LIMITS, setting.rule, np.int32, axis=0)
