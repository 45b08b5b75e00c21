"""Softmax as a datapath: every step declared, every rounding declared."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...formats import Cast, Coded, Fixed, Minifloat, Overflow
from ..elementwise.operations import add, convert, divide, maximum, multiply, subtract
from ..errors import DatapathError
from ..spec_checks import require_types
from .correct_rounding import coded_operand
from .piecewise import PiecewisePolynomial
from .table import FunctionTable
from .units import RoundedFunction

#: A unit that computes a function of single elements.
AnyFunctionUnit = RoundedFunction | FunctionTable | PiecewisePolynomial


@dataclass(frozen=True, kw_only=True)
class Softmax:
    """``exp(x_i - max x) / sum exp(x_j - max x)`` along an axis.

    1. ``m``, the largest element: exact;
    2. ``d_i = round(x_i - m)`` by ``difference``;
    3. ``e_i``, the exp unit's result;
    4. ``s = round(e_0)``, then ``s <- round(s + e_i)`` in order of i, by ``total``;
    5. ``round(e_i / s)`` by ``output``; with a ``reciprocal`` unit ``r = 1 / s`` it is
       ``round(e_i r)``.

    Parameters
    ----------
    difference, total, output
        Casts to scalar formats, deterministic.
    exponential
        A unit for exp.
    reciprocal
        A unit for reciprocal; None divides.

    Examples
    --------
    >>> from bitpde.formats import FP16, FP32
    >>> half, single = Cast(format=FP16), Cast(format=FP32)
    >>> unit = Softmax(difference=half, total=single, output=half,
    ...     exponential=RoundedFunction(function="exp", cast=half))
    >>> unit.apply(np.float16([[1.0, 2.0, 3.0]])).values().tolist()
    [[0.09002685546875, 0.2447509765625, 0.6650390625]]
    """

    difference: Cast
    exponential: AnyFunctionUnit
    total: Cast
    output: Cast
    reciprocal: AnyFunctionUnit | None = None

    def __post_init__(self) -> None:
        require_types(self)
        for name, cast in vars(self).items():
            if isinstance(cast, Cast) and (
                cast.rounding.is_stochastic or not isinstance(cast.format, Fixed | Minifloat)
            ):
                msg = f"{name} of a Softmax is {cast}: give a deterministic cast to a scalar format"
                raise DatapathError(msg)
        for unit, function in ((self.exponential, "exp"), (self.reciprocal, "reciprocal")):
            if unit is not None and getattr(unit, "function", None) != function:
                msg = f"the {function} unit of a Softmax is {unit!r}: give one for {function}"
                raise DatapathError(msg)

    def apply(self, x: Coded | NDArray[Any], axis: int = -1) -> Coded:
        """The softmax along an axis; roundings as the class says.

        Raises
        ------
        DatapathError
            If there is no such axis, it is empty, or a step leaves a result no code.
        """
        coded = coded_operand(x)
        if not -coded.ndim <= axis < coded.ndim or not coded.shape[axis]:
            msg = f"a softmax along axis {axis} of shape {coded.shape}: give an axis that is there "
            raise DatapathError(msg + "and not empty")
        terms = Coded.unchecked(coded.format, np.moveaxis(coded.codes, axis, 0))
        largest = _largest(terms)
        powers = self.exponential.apply(subtract(terms, _spread(largest), self.difference))
        total = convert(powers[0], self.total)
        for term in powers[1:]:
            total = add(total, term, self.total)
        if self.reciprocal is None:
            result = divide(powers, _spread(total), self.output)
        else:
            result = multiply(powers, _spread(self.reciprocal.apply(total)), self.output)
        return Coded.unchecked(result.format, np.moveaxis(result.codes, 0, axis))


def _largest(terms: Coded) -> Coded:
    """The largest of the first axis; exact, NaN if one is."""
    keeping = Cast(format=terms.format)
    if isinstance(terms.format, Minifloat):
        keeping = replace(keeping, overflow=Overflow.SATURATE_FINITE)
    largest = terms[0]
    for term in terms[1:]:
        largest = maximum(largest, term, keeping)
    return largest


def _spread(row: Coded) -> Coded:
    return Coded.unchecked(row.format, row.codes[np.newaxis])
