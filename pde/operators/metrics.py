r"""How far predicted fields are from the true ones, by the definitions of PDEBench.

Fields are (B, T, *space, C).  With e the error, sums and means over space unless said:

* ``rmse``: ``sqrt(mean e^2)``, ``nrmse``: the same divided by ``sqrt(mean u^2)``;
* ``conserved``: ``sqrt(mean over samples of (sum e)^2) / cells``, the error of the mean;
* ``maximum``: the largest ``|e|`` of all samples;
* ``boundary``: the root mean square over the cells along the border (corners of a plane twice, in
  a mean over ``2 (n1 + n2)``);
* ``fourier``: the error by wave number: the root of the mean over samples of the squared transform,
  per cell; then means over the wave numbers 0 to 3, 4 to 11 and from 12.  In a plane the squares of
  the quadrant ``k1 < n1/2, k2 < n2/2`` are summed by ``floor |k|``, up to ``min(n1, n2) / 2``.

Each is then averaged over samples (where any are left), times and channels (Takamoto et al.,
NeurIPS 2022; the length of every axis is 1 here).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import RunError

Fields = NDArray[np.float64]

#: Where the middle and the high wave numbers begin.
BANDS = (4, 12)


@dataclass(frozen=True, kw_only=True)
class OperatorErrors:
    """The errors of `operator_errors`, in the units of the fields but for ``nrmse``.

    Parameters
    ----------
    rmse, nrmse, conserved, maximum, boundary
        See the head of this file.
    fourier
        Low, middle and high wave numbers; NaN where a grid has none of them.
    """

    rmse: float
    nrmse: float
    conserved: float
    maximum: float
    boundary: float
    fourier: tuple[float, float, float]


def operator_errors(predicted: ArrayLike, true: ArrayLike, *, skipped: int = 0) -> OperatorErrors:
    """Return the errors of predicted fields.

    Parameters
    ----------
    predicted, true
        (B, T, X, C) or (B, T, X, Y, C).
    skipped
        How many of the first times were given to the network, and do not count.

    Raises
    ------
    RunError
        If shapes differ or hold nothing, or a true field is zero everywhere, which has no relative
        error.

    Examples
    --------
    >>> true = np.ones((1, 1, 8, 1))
    >>> found = operator_errors(1.5 * true, true)
    >>> found.nrmse, found.conserved, found.fourier[0]
    (0.5, 0.5, 0.125)
    """
    p, u = (np.asarray(each, np.float64)[:, skipped:] for each in (predicted, true))
    if p.shape != u.shape or u.ndim not in (4, 5) or u.size == 0:
        shapes = f"{np.shape(predicted)} and {np.shape(true)}, of which {skipped} times are skipped"
        msg = f"fields of shapes {shapes}: give two of one shape, (B, T, X, C) or (B, T, X, Y, C)"
        raise RunError(msg)
    error = p - u
    space = tuple(range(2, u.ndim - 1))
    rmse = np.sqrt((error**2).mean(axis=space))
    size = np.sqrt((u**2).mean(axis=space))
    if not size.all():
        sample, time, channel = (int(i) for i in np.argwhere(size == 0)[0])
        where = f"channel {channel} of sample {sample} at time {time + skipped}"
        msg = f"{where} is zero everywhere: leave it out, it has no relative error"
        raise RunError(msg)
    conserved = np.sqrt((error.mean(axis=space) ** 2).mean(axis=0))
    return OperatorErrors(
        rmse=float(rmse.mean()),
        nrmse=float((rmse / size).mean()),
        conserved=float(conserved.mean()),
        maximum=float(np.abs(error).max(axis=(0, *space)).mean()),
        boundary=float(_boundary(error).mean()),
        fourier=_bands(error),
    )


def relative_l2(predicted: ArrayLike, true: ArrayLike) -> NDArray[np.float64]:
    """Return ``|p - u| / |u|`` of each sample, (B,): norms over all but the first axis.

    Raises
    ------
    RunError
        If shapes differ, or a true sample is zero everywhere.

    Examples
    --------
    >>> relative_l2([[3.0, 5.0]], [[3.0, 4.0]]).tolist()
    [0.2]
    """
    p, u = (np.asarray(each, np.float64) for each in (predicted, true))
    if p.shape != u.shape or u.ndim < 1:
        msg = f"samples of shapes {p.shape} and {u.shape}: give two of one shape"
        raise RunError(msg)
    rows = u.reshape(len(u), -1)
    size = np.sqrt((rows**2).sum(axis=1))
    if not size.all():
        msg = f"sample {int(np.argmin(size))} is zero everywhere: it has no relative error"
        raise RunError(msg)
    return np.asarray(np.sqrt(((p.reshape(rows.shape) - rows) ** 2).sum(axis=1)) / size)


def _boundary(error: Fields) -> Fields:
    """The root mean square along the border, (B, T, C)."""
    square = error**2
    ends = square[:, :, [0, -1]].sum(axis=2)
    if error.ndim == 4:
        return np.asarray(np.sqrt(ends / 2))
    sides = square[:, :, :, [0, -1]].sum(axis=3)
    n1, n2 = error.shape[2:4]
    return np.asarray(np.sqrt((ends.sum(axis=2) + sides.sum(axis=2)) / (2 * n1 + 2 * n2)))


def _bands(error: Fields) -> tuple[float, float, float]:
    """Means over low, middle and high wave numbers."""
    by_number = _line(error) if error.ndim == 4 else _plane(error)
    parts = by_number[: BANDS[0]], by_number[BANDS[0] : BANDS[1]], by_number[BANDS[1] :]
    low, middle, high = (float(part.mean()) if part.size else float("nan") for part in parts)
    return low, middle, high


def _line(error: Fields) -> Fields:
    """The error of each wave number on a line, (n/2 + 1, T, C)."""
    n = error.shape[2]
    square = np.abs(np.fft.rfft(error, axis=2)) ** 2
    return np.moveaxis(np.sqrt(square.mean(axis=0)) / n, 1, 0)


def _plane(error: Fields) -> Fields:
    """The error of each wave number in a plane, (min(n1, n2) / 2, T, C)."""
    n1, n2 = error.shape[2:4]
    square = np.abs(np.fft.fft2(error, axes=(2, 3))[:, :, : n1 // 2, : n2 // 2]) ** 2
    k1, k2 = np.ogrid[: n1 // 2, : n2 // 2]
    number = np.sqrt(k1**2 + k2**2).astype(np.int64)
    sums: list[Any] = [square[:, :, number == k].sum(axis=2) for k in range(min(n1 // 2, n2 // 2))]
    return np.asarray(np.sqrt(np.stack(sums).mean(axis=1)) / (n1 * n2))
