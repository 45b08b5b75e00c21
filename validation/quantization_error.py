"""The error of a quantization: signal-to-noise ratio, largest error, and what was lost."""

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import Counts

#: A sum of squares ``s 2^e`` as ``(s, e)``: it may lie beyond float64.
Scaled = tuple[float, int]


@dataclass(frozen=True, kw_only=True)
class QuantizationReport:
    """What a quantization did to an array ``x`` that became ``q``.

    Parameters
    ----------
    counts
        Elements, those beyond the largest value, and nonzero ones that became zero.
    nan_before, infinite_before, nan_after, infinite_after
        How many elements of ``x`` and of ``q`` are no finite number.
    signal, noise
        ``sum x^2`` and ``sum (x - q)^2`` over the elements that are finite in both.
    max_abs_error
        The largest ``|x - q|`` over the same elements; None if there are none.
    bytes_before, bytes_after
        What ``x`` takes, and what its packed codes and scales take.
    """

    counts: Counts
    nan_before: int
    infinite_before: int
    nan_after: int
    infinite_after: int
    signal: Scaled
    noise: Scaled
    max_abs_error: float | None
    bytes_before: int
    bytes_after: int

    @property
    def bits_per_element(self) -> Fraction | None:
        """Stored bits per element, scales and padding included; None for an empty array."""
        elements = self.counts.elements
        return Fraction(8 * self.bytes_after, elements) if elements else None

    @property
    def sqnr_db(self) -> float | None:
        """``10 log10(sum x^2 / sum (x - q)^2)`` in decibels; None where it is no number.

        Within ``1e-12 + 2e-15 |result|`` of the exact value for float inputs of up to 2^50
        elements: every term, sum and quotient is right to a few units of 2^-53.
        """
        if self._undefined() or self.noise[0] == 0:
            return None
        ratio = math.log10(self.signal[0] / self.noise[0])
        return 10 * (ratio + (self.signal[1] - self.noise[1]) * math.log10(2))

    def sqnr_text(self) -> str:
        """The ratio in decibels, or why there is none."""
        reason = self._undefined()
        if reason:
            return f"undefined: {reason}"
        value = self.sqnr_db
        return "infinite: no element changed" if value is None else f"{value:.2f} dB"

    def _undefined(self) -> str | None:
        if self.counts.elements == 0:
            return "the array is empty"
        if self.nan_before or self.infinite_before:
            return f"the input holds {self.nan_before} NaN and {self.infinite_before} infinities"
        if self.nan_after or self.infinite_after:
            lost = self.nan_after + self.infinite_after
            return f"{lost} finite elements became NaN or infinite"
        return "every element is zero" if self.signal[0] == 0 else None

    def to_json(self) -> dict[str, Any]:
        """The report as plain data; ``sqnr_db`` is None where ``sqnr`` says why."""
        bits = self.bits_per_element
        return {
            **self.counts._asdict(),
            "nan_before": self.nan_before,
            "infinite_before": self.infinite_before,
            "nan_after": self.nan_after,
            "infinite_after": self.infinite_after,
            "sqnr_db": self.sqnr_db,
            "sqnr": self.sqnr_text(),
            "max_abs_error": self.max_abs_error,
            "bytes_before": self.bytes_before,
            "bytes_after": self.bytes_after,
            "bits_per_element": None if bits is None else float(bits),
        }

    def lines(self) -> list[tuple[str, str]]:
        """The report for a reader: what, and how much."""
        counts, error, bits = self.counts, self.max_abs_error, self.bits_per_element
        rows = [
            ("elements", f"{counts.elements:,}"),
            ("SQNR", self.sqnr_text()),
            ("largest error", "-" if error is None else f"{error:.6g}"),
            ("saturated", self._share(counts.saturated)),
            ("underflowed", self._share(counts.underflowed)),
            ("NaN", f"{self.nan_before:,} before, {self.nan_after:,} after"),
            ("infinite", f"{self.infinite_before:,} before, {self.infinite_after:,} after"),
            ("bytes", f"{self.bytes_before:,} before, {self.bytes_after:,} after"),
        ]
        return [*rows, ("bits per element", "-" if bits is None else f"{float(bits):.6g}")]

    def _share(self, count: int) -> str:
        if self.counts.elements == 0:
            return str(count)
        return f"{count:,} ({100 * count / self.counts.elements:.3g} %)"


@dataclass(kw_only=True)
class ErrorSums:
    """The running sums behind a report: parts of an array are added in any order."""

    elements: int = 0
    saturated: int = 0
    underflowed: int = 0
    before: list[int] = field(default_factory=lambda: [0, 0])
    after: list[int] = field(default_factory=lambda: [0, 0])
    signal: list[Scaled] = field(default_factory=list)
    noise: list[Scaled] = field(default_factory=list)
    largest: float | None = None

    def add(self, x: NDArray[Any], q: NDArray[np.float64], counts: Counts) -> None:
        """Count a part ``x`` that became ``q`` of the same shape.

        x is taken in float64, and what that leaves of integers beyond 2^53 is part of their error.
        """
        rest = _beyond_float64(x.ravel())
        x = np.asarray(x, np.float64).ravel()
        q = q.ravel()
        self.elements += counts.elements
        self.saturated += counts.saturated
        self.underflowed += counts.underflowed
        for values, into in ((x, self.before), (q, self.after)):
            into[0] += int(np.count_nonzero(np.isnan(values)))
            into[1] += int(np.count_nonzero(np.isinf(values)))
        both = np.isfinite(x) & np.isfinite(q)
        if not both.all():
            x, q = x[both], q[both]
        error = np.abs(x - q if rest is None else (x - q) + rest[both])
        if error.size:
            self.largest = max(self.largest or 0.0, float(error.max()))
        self.signal.append(sum_of_squares(x))
        self.noise.append(sum_of_squares(error))

    def report(self, bytes_before: int, bytes_after: int) -> QuantizationReport:
        """The report on all that was added."""
        return QuantizationReport(
            counts=Counts(self.elements, self.saturated, self.underflowed),
            nan_before=self.before[0],
            infinite_before=self.before[1],
            nan_after=self.after[0],
            infinite_after=self.after[1],
            signal=total(self.signal),
            noise=total(self.noise),
            max_abs_error=self.largest,
            bytes_before=bytes_before,
            bytes_after=bytes_after,
        )


def _beyond_float64(x: NDArray[Any]) -> NDArray[np.float64] | None:
    """``x - float64(x)`` of integers of 64 bits; None for the rest, of which nothing is beyond.

    Both halves of an integer of 64 bits are float64, and so is the difference of either from that
    of its float64: that of the upper halves is 0 or 2^32.
    """
    if x.dtype.kind not in "iu" or x.dtype.itemsize < 8:
        return None
    near = x.astype(np.float64)
    upper = np.floor(near * 2.0**-32)
    high, low = (x >> x.dtype.type(32)), (x & x.dtype.type(2**32 - 1))
    return np.asarray(
        (high.astype(np.float64) - upper) * 2.0**32 + (low - (near - upper * 2.0**32))
    )


def sum_of_squares(x: NDArray[np.float64]) -> Scaled:
    """``sum x^2`` of a finite vector as ``s 2^e`` with ``1/4 <= s``; (0, 0) if it is zero.

    Scaling by the largest element keeps squares within float64.  One rounding per square, then a
    compensated sum: right to 3 units of 2^-53.

    Examples
    --------
    >>> sum_of_squares(np.array([3.0, 4.0])), sum_of_squares(np.array([2.0**700]))
    ((0.390625, 6), (0.25, 1402))
    """
    largest = float(np.abs(x).max(initial=0.0))
    if largest == 0.0:
        return 0.0, 0
    exponent = math.frexp(largest)[1]
    scaled = np.ldexp(x, -exponent)
    return compensated_sum(scaled * scaled), 2 * exponent


def total(parts: list[Scaled]) -> Scaled:
    """The sum of scaled numbers, none negative, rounded once (beside what falls below float64)."""
    parts = [part for part in parts if part[0]]
    if not parts:
        return 0.0, 0
    top = max(exponent for _, exponent in parts)
    return math.fsum(math.ldexp(part, exponent - top) for part, exponent in parts), top


def compensated_sum(x: NDArray[np.float64]) -> float:
    """The sum of a vector of non-negative numbers, to about one unit of 2^-53.

    Halves are added elementwise, and what each addition loses, which is exact in float64 (Knuth's
    two-sum), is added at the end: the losses are of relative size 2^-53, so their own sum may be
    rounded.

    Examples
    --------
    >>> compensated_sum(np.array([1.0, 2.0**-60, 2.0**-53]))
    1.0000000000000002
    """
    lost = 0.0
    while x.size > 1:
        if x.size % 2:
            x = np.append(x, 0.0)
        a, b = x[: x.size // 2], x[x.size // 2 :]
        x = a + b
        rounded = x - a
        lost += float(((a - (x - rounded)) + (b - rounded)).sum())
    return float(x[0]) + lost if x.size else 0.0
