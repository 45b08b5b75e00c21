"""How wrong a dot product was: the error, measured exactly, beside its bound."""

from dataclasses import dataclass
from fractions import Fraction
from math import inf, isfinite, nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...formats import Coded, decode_exact
from ..accumulators.kinds import DotAccumulator
from ..dots.dot import dot
from ..dots.dots import Dots
from .balls import upward
from .bounds import error_bound
from .operands import cases_of


@dataclass(frozen=True, kw_only=True, eq=False)
class ErrorReport:
    """Errors of dot products, their bounds, and how much of the bounds they use.

    Parameters
    ----------
    errors, bounds
        As `forward_error` and `error_bound` return them.
    """

    errors: NDArray[np.float64]
    bounds: NDArray[np.float64]

    @property
    def ratios(self) -> NDArray[np.float64]:
        """Error over bound: 0 where there is no error, NaN where there is no finite bound."""
        finite = np.isfinite(self.bounds)
        bounds = np.where(finite & (self.bounds > 0), self.bounds, 1.0)
        return np.where(finite, np.where(finite, self.errors, 0.0) / bounds, nan)

    def describe(self) -> str:
        """One line of a table.

        Examples
        --------
        >>> ErrorReport(errors=np.array([1.0, 3.0]), bounds=np.array([4.0, 4.0])).describe()
        'largest error 3.0e+00, largest bound 4.0e+00, largest ratio 0.750'
        """
        if not self.bounds.size:
            return "no dot product"
        known = self.ratios[np.isfinite(self.ratios)]
        ratio = f"{known.max():.3f}" if known.size else "none"
        return (
            f"largest error {self.errors.max():.1e}, largest bound {self.bounds.max():.1e}, "
            f"largest ratio {ratio}"
        )


def forward_error(
    a: Coded, b: Coded, accumulator: DotAccumulator, c: ArrayLike | None = None
) -> NDArray[np.float64]:
    """``|dot(a, b, accumulator, c) - (C + A B)|`` for every element.

    Parameters
    ----------
    a, b, accumulator, c
        As `dot` takes them.

    Returns
    -------
    ndarray
        float64, of the shape of the result; ``inf`` where either number is NaN or infinite.

    Raises
    ------
    DatapathError
        Where `dot` does.

    Notes
    -----
    *Exactness*: the difference of two rational numbers, rounded up to a float64 once, so that it is
    zero only if the result is exact, and comparisons with `error_bound` are those of the rationals.

    Examples
    --------
    >>> from bitpde.emu import accumulator_preset
    >>> from bitpde.formats import OFP8_E4M3, Cast
    >>> a = Cast(format=OFP8_E4M3).encode([1.0, 2.0**-6])
    >>> b = Cast(format=OFP8_E4M3).encode([1.0, 7 * 2.0**-9])
    >>> forward_error(a, b, accumulator_preset("hopper_fp8")).item()
    9.1552734375e-05
    """
    sums = dot(a, b, accumulator, c)
    shape, cases = cases_of(a, b, accumulator, c)
    errors = np.zeros(shape)
    for index, case in zip(np.ndindex(shape), cases, strict=True):
        exact, held = case.exact(), _held(sums, index)
        if exact is None or held is None:
            errors[index] = inf
        else:
            errors[index] = upward(abs(held - exact))
    return errors


def error_report(
    a: Coded, b: Coded, accumulator: DotAccumulator, c: ArrayLike | None = None
) -> ErrorReport:
    """Both `forward_error` and `error_bound`.

    Examples
    --------
    >>> from bitpde.emu import SequentialAccumulator
    >>> from bitpde.formats import BF16, Cast
    >>> a, b = (Cast(format=BF16).encode(x) for x in ([256.0, 1.0, 1.0], [1.0, 1.0, 1.0]))
    >>> report = error_report(a, b, SequentialAccumulator(format=BF16))
    >>> report.errors.item(), report.bounds.item(), report.ratios.item()
    (2.0, 2.0, 1.0)
    """
    return ErrorReport(
        errors=forward_error(a, b, accumulator, c), bounds=error_bound(a, b, accumulator, c)
    )


def _held(sums: Dots, index: tuple[int, ...]) -> Fraction | None:
    """What an element of the result stands for; None if that is no number."""
    code = int(sums.codes[index])
    if sums.format is None or sums.exponents is not None:
        exponents = np.asarray(sums.exponents)
        return None if sums.nan[index] else code * Fraction(2) ** int(exponents[index])
    value = decode_exact(sums.format, code)
    known = isinstance(value, Fraction) or isfinite(value)  # one may be beyond any float
    return Fraction(value) if known else None
