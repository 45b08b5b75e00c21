"""The largest error of a unit over every operand of a format, proved."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ...formats import Cast, Coded, Fixed, Minifloat
from ..elementwise.rounding import operands_of
from ..error_free import Floats
from ..errors import DatapathError
from ..exact.operands import Number
from ..exact.rounding import number_of, step_of
from .correct_rounding import are_ordinary, enclosed, undefined_at
from .floats import BOUNDED

_PLACES = 160


class FunctionUnit(Protocol):
    """What computes a function of coded arrays, such as a `FunctionTable`."""

    @property
    def function(self) -> str:
        """Its name."""
        ...

    @property
    def output(self) -> Cast:
        """The last rounding."""
        ...

    def apply(self, x: Coded | NDArray[Any]) -> Coded:
        """The unit's result for every element."""
        ...


class WorstCase(NamedTuple):
    """An error that no operand exceeds."""

    #: the error is not below this, and not above the next
    low: Fraction
    high: Fraction
    #: of the operand that attains it, the first if several do
    code: int
    operand: Number
    result: float


class MaximumError(NamedTuple):
    """The largest errors of a unit."""

    #: ``|unit(x) - f(x)|``
    absolute: WorstCase
    #: the same in steps of the output format around ``f(x)``
    ulps: WorstCase
    #: how many operands were compared
    operands: int


def maximum_error(
    unit: FunctionUnit,
    format: Fixed | Minifloat,
    *,
    within: tuple[Fraction | int, Fraction | int] | None = None,
) -> MaximumError:
    """The largest error of a unit over every finite number of a format of at most 16 bits.

    Operands at which the function itself is no number are left out.

    Parameters
    ----------
    unit
        A `RoundedFunction`, `FunctionTable`, `PiecewisePolynomial`, or another.
    format
        Of the operands.
    within
        The least and the greatest operand to compare; all by default.

    Raises
    ------
    DatapathError
        If the format is wider, no operand is left, or the unit gives what is no number.

    Notes
    -----
    *Exactness*: the unit's results are exact numbers.  Bounds in float64 leave a few operands that
    may be the worst; their errors are enclosed to 160 places.

    Examples
    --------
    >>> from bitpde.emu import RoundedFunction
    >>> from bitpde.formats import Cast, OFP8_E4M3
    >>> unit = RoundedFunction(function="tanh", cast=Cast(format=OFP8_E4M3))
    >>> worst = maximum_error(unit, OFP8_E4M3)
    >>> worst.operands, round(float(worst.absolute.high), 6), float(worst.absolute.operand)
    (254, 0.030148, 1.5)
    """
    target = unit.output.format
    if not isinstance(target, Fixed | Minifloat) or format.bits > 16:
        msg = f"every operand of {format}, into {target}: give scalar formats, the first of at most"
        raise DatapathError(msg + " 16 bits")
    x, true = _operands(unit.function, format, within)
    result = unit.apply(x).values(np.float64)
    if not np.isfinite(result).all():
        index = int(np.argmin(np.isfinite(result)))
        msg = f"{unit.function} of {x.values()[index]} is {result[index]} in the unit: "
        raise DatapathError(msg + "compare it within a smaller range")
    distance = np.abs(result - true.value)
    slack = true.error + distance * 2.0**-50
    above, below = (_steps(target, np.abs(true.value) + s * true.error) for s in (1, -1))

    def case(index: int, relative: bool) -> WorstCase:
        return _case(unit, x[index], float(result[index]), relative)

    return MaximumError(
        _largest(distance - slack, distance + slack, lambda i: case(i, False)),
        _largest((distance - slack) / above, (distance + slack) / below, lambda i: case(i, True)),
        x.codes.size,
    )


class _True(NamedTuple):
    """What the function is, and how far from that it can be; infinite if not known."""

    value: Floats
    error: Floats


def _operands(
    name: str, format: Fixed | Minifloat, within: tuple[Fraction | int, Fraction | int] | None
) -> tuple[Coded, _True]:
    """The operands to compare, and the function of them."""
    codes = np.arange(format.codes()[0], format.codes()[-1] + 1).astype(format.code_dtype)
    everything = operands_of(name, Coded(format=format, codes=codes)).values[0]
    kept = np.isfinite(everything) & ~undefined_at(name, everything)
    at_zero = enclosed(name, 0.0, _PLACES)
    if at_zero is None:
        kept &= everything != 0
    if within is not None:
        kept &= (everything >= float(within[0])) & (everything <= float(within[1]))
    if not kept.any():
        msg = f"{name} has no operand in {format} within {within}: give a larger range"
        raise DatapathError(msg)
    x = everything[kept]
    special = (x == 0) | ((x == 1) & (name == "log"))
    with np.errstate(all="ignore"):
        value, error = BOUNDED[name](np.where(special, 0.75, x))
    error = np.maximum(error, np.abs(value) * 2.0**-52)  # of one that stands for the function
    far = (x > 8.5) & name.startswith("gelu")  # x Phi(-x) is below 2^-53 there
    value, error = np.where(far, x, value), np.where(far, 2.0**-53, error)
    exact = np.where((x == 0) & (at_zero is not None), float(at_zero[0]) if at_zero else 0.0, 0.0)
    value, error = np.where(special, exact, value), np.where(special, 0.0, error)
    if not are_ordinary(format):
        error = np.full_like(error, np.inf)
    return Coded(format=format, codes=codes[kept]), _True(value, error)


def _steps(format: Fixed | Minifloat, size: Floats) -> Floats:
    """The distance of neighbours in the format around numbers of a size."""
    if isinstance(format, Fixed):
        return np.full_like(size, float(format.lsb))
    _, exponents = np.frexp(np.where(np.isfinite(size), size, 1.0))
    exponents = np.where(size > 0, exponents - 1, format.emin)
    steps = np.maximum(exponents, format.emin) - format.significand_bits
    return np.asarray(np.ldexp(np.ones_like(size), steps), np.float64)


def _largest(low: Floats, high: Floats, case: Callable[[int], WorstCase]) -> WorstCase:
    """The worst of the cases that may be it."""
    unknown = ~(np.isfinite(low) & np.isfinite(high))
    floor = np.max(low[~unknown], initial=0.0)
    cases = [case(index) for index in np.flatnonzero(unknown | (high >= floor)).tolist()]
    worst = max(cases, key=lambda found: found.low)
    return worst._replace(high=max(found.high for found in cases))


def _case(unit: FunctionUnit, operand: Coded, result: float, relative: bool) -> WorstCase:
    """The error at one operand."""
    target, code = unit.output.format, int(operand.codes)
    x = number_of(operand.format, code)
    ends = enclosed(unit.function, x, _PLACES)
    if ends is None or not isinstance(target, Fixed | Minifloat):
        msg = f"{unit.function} of {x} is no number: leave it out"
        raise DatapathError(msg)
    got = Fraction(result)
    sizes = abs(ends[0] - got), abs(ends[1] - got)
    low, high = Fraction(0) if ends[0] <= got <= ends[1] else min(sizes), max(sizes)
    step = step_of(target, ends[0]) if ends[0] else target.lsb
    scale = step if relative else Fraction(1)
    return WorstCase(low / scale, high / scale, code, x, result)
