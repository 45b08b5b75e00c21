"""Normalization and softmax in integers; `definition.py` says what they compute."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...emu import Limits, Scaling, rescale
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
        rows = apart.reshape(samples * self.groups, -1).astype(np.int64)
        found = normalized(rows, self.smallest, setting).reshape(apart.shape)
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


def normalized(rows: Rows, smallest: int, setting: Setting) -> Integers:
    """Return rows (R, n) minus their means, over their deviations, in units of 2^-20."""
    n = rows.shape[1]
    means = ((rows.sum(axis=1) << (FINER + 1)) + n) // (2 * n)
    centred = (rows << FINER) - means[:, None]
    variances = (2 * (centred * centred).sum(axis=1) + n) // (2 * n)
    variances = np.maximum(variances + smallest, 1)
    even = 62 - bit_length(variances)
    even -= even % 2
    wide = np.where(even >= 0, variances << np.maximum(even, 0), variances >> np.maximum(-even, 0))
    reciprocals = np.minimum(2**61 // integer_root(wide), 2**31 - 1)
    return _by_rows(centred, reciprocals, NORMAL + even // 2 - 30, setting)


def bit_length(numbers: Rows) -> Rows:
    """Return the bits of positive integers.

    Examples
    --------
    >>> bit_length(np.array([1, 255, 256, 2**54 - 1, 2**54])).tolist()
    [1, 8, 9, 54, 55]
    """
    found = np.frexp(numbers.astype(np.float64))[1].astype(np.int64)
    return np.asarray(found - ((numbers >> (found - 1)) == 0))  # the conversion may round up


def integer_root(numbers: Rows) -> Rows:
    """Return the square roots of integers from 0 to 2^62, rounded down.

    Examples
    --------
    >>> integer_root(np.array([0, 3, 4, 2**62 - 1, 2**62])).tolist()
    [0, 1, 2, 2147483647, 2147483648]
    """
    root = np.sqrt(numbers.astype(np.float64)).astype(np.int64)
    root -= root * root > numbers
    return np.asarray(root + ((root + 1) * (root + 1) <= numbers))


def _by_rows(rows: Rows, multipliers: Rows, shifts: Rows, setting: Setting) -> Integers:
    """Each row times its multiplier, by the rule."""
    scaling = Scaling(np.zeros_like(multipliers), multipliers, shifts)
    return rescale(rows, scaling, _LIMITS, setting.rule, np.int32, axis=0)
