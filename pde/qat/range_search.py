r"""The range that quantization begins with, from numbers that were seen.

Each rule says, for every channel, from where to where the integers of a quantizer shall reach:

* ``minmax``: from the least to the largest number;
* ``percentile``: from the (100 - P)-th to the P-th percentile, interpolated linearly;
* ``mse``: those fractions of the range of ``minmax`` that lose least in the mean square;
* ``sqnr``: the same with what is lost by clipping counted `CLIPPING` times, as AIMET's analyzer of
  the ratio of signal and noise does: clipped numbers have no gradient.

``mse`` and ``sqnr`` try 64 fractions for both ends together, then 64 for each end alone.  No rule
has an absolute least range: weights of 1e-4 get steps of 1e-6.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from ..spec import Spec, settle_real
from .quantizers import LearnedQuantizer

Values = NDArray[Any]

#: Names of the rules.
RANGE_RULES: Final = ("minmax", "percentile", "mse", "sqnr")
#: How often ``sqnr`` counts the square of what clipping loses.
CLIPPING: Final = 3.0
_FRACTIONS: Final = 64
_SAMPLE: Final = 1 << 18


@dataclass(frozen=True, kw_only=True)
class Ranges(Spec):
    """A rule by which ranges begin.

    Parameters
    ----------
    rule
        One of `RANGE_RULES`.
    percentile
        P of the rule ``percentile``, above 50 and at most 100.
    """

    rule: str = "mse"
    percentile: float = 99.9

    def __post_init__(self) -> None:
        if self.rule not in RANGE_RULES:
            msg = f"Ranges.rule is {self.rule!r}: choose one of {', '.join(RANGE_RULES)}"
            raise RunError(msg)
        settle_real(self, "percentile", above=50)
        if self.percentile > 100:
            msg = f"Ranges.percentile is {self.percentile}: give at most 100"
            raise RunError(msg)


def initial_ranges(
    values: Values, quantizer: LearnedQuantizer, ranges: Ranges
) -> tuple[Values, Values]:
    """Return the ends of the range of each channel, float64, (C,) or (1,).

    Parameters
    ----------
    values
        Numbers that were seen, any shape that has the quantizer's axis.  Of more than 2^18, about
        so many are used, at equal distances.
    quantizer
        What shall represent them.
    ranges
        The rule.

    Raises
    ------
    RunError
        If there are no numbers, or one is not finite.

    Examples
    --------
    >>> from bitpde.formats import INT4
    >>> from bitpde.pde.qat import StepSize
    >>> weights = np.r_[np.linspace(-1, 1, 201), 3.0]  # one number far from the others
    >>> for rule in ("minmax", "mse"):
    ...     low, high = initial_ranges(weights, StepSize(element=INT4), Ranges(rule=rule))
    ...     print(rule, round(float(high[0]), 2))
    minmax 3.0
    mse 2.17
    """
    rows = _few_by_channel(np.asarray(values, np.float64), quantizer.axis)
    if ranges.rule == "percentile":
        ends = [100 - ranges.percentile, ranges.percentile]
        low, high = np.percentile(rows, ends, axis=0)
        return low, high
    low, high = rows.min(axis=0), rows.max(axis=0)
    if ranges.rule == "minmax":
        return low, high
    return _searched(rows, quantizer, low, high, CLIPPING if ranges.rule == "sqnr" else 1.0)


def _few_by_channel(values: Values, axis: int | None) -> Values:
    """`by_channel` of finite numbers, few enough."""
    if values.size == 0:
        msg = f"an array of shape {values.shape} has no range: show the quantizer some numbers"
        raise RunError(msg)
    if not np.isfinite(values).all():
        msg = f"{values[~np.isfinite(values)][0]} has no place in a range: give finite numbers"
        raise RunError(msg)
    rows = by_channel(values, axis)
    return rows[:: max(1, rows.size // _SAMPLE)]


def by_channel(values: Values, axis: int | None) -> Values:
    """The numbers as (n, C), those of a channel in a column; C is 1 without an axis."""
    moved = values[..., None] if axis is None else np.moveaxis(values, axis, -1)
    return moved.reshape(-1, moved.shape[-1])


def _searched(
    rows: Values, quantizer: LearnedQuantizer, low: Values, high: Values, clipping: float
) -> tuple[Values, Values]:
    """The fractions of both ends that lose least, channel by channel."""
    best = np.full(low.shape, np.inf)
    low, high = low.copy(), high.copy()
    fractions = np.arange(_FRACTIONS, 0, -1) / _FRACTIONS
    for moves_low, moves_high in ((True, True), (True, False), (False, True)):
        first = low.copy(), high.copy()
        for fraction in fractions:
            lower = first[0] * (fraction if moves_low else 1.0)
            upper = first[1] * (fraction if moves_high else 1.0)
            lost = _loss(rows, quantizer, lower, upper, clipping)
            better = lost < best
            best = np.where(better, lost, best)
            low[better], high[better] = lower[better], upper[better]
    return low, high


def _loss(
    rows: Values, quantizer: LearnedQuantizer, low: Values, high: Values, clipping: float
) -> Values:
    """The mean square of what integers of this range lose, for each channel."""
    format = quantizer.affine(*quantizer.initial(low, high))
    scale, zero = np.array(format.scale), np.array(format.zero_point)
    n, p = quantizer.codes
    ratio = rows / scale
    codes = np.rint(ratio) + zero
    clipped = (codes < n) | (codes > p)
    lost = (ratio - (np.clip(codes, n, p) - zero)) * scale
    return np.asarray((lost * lost * np.where(clipped, clipping, 1.0)).mean(axis=0))
