"""``f(a + b) - f(a)`` without cancellation, as a datapath that rounds every step.

Where b is small, both values agree in their leading bits, and rounding them first leaves little of
the difference.  An addition theorem gives it from the small quantity itself:

* ``tanh(a + b) - tanh a = tanh b (1 - tanh^2 a) / (1 + tanh a tanh b)``;
* ``sin(a + b) - sin a = 2 cos(a + b/2) sin(b/2)``;
* ``cos(a + b) - cos a = -2 sin(a + b/2) sin(b/2)``;
* ``exp(a + b) - exp a = exp a (exp b - 1)``;
* with s the sigmoid, ``s(a + b) - s(a) = s(a) s(-a) E / (1 + s(a) E)``, ``E = exp b - 1``.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...formats import FP32, Cast, Coded, Fixed, Minifloat
from ..elementwise.operations import add, divide, fma, multiply, subtract
from ..errors import DatapathError
from ..spec_checks import require_types
from .correct_rounding import coded_operand, correctly_rounded

#: Functions whose differences have a form without cancellation.
DIFFERENCES: Final = ("tanh", "sin", "cos", "exp", "sigmoid")


@dataclass(frozen=True, kw_only=True)
class DifferenceUnit:
    """The difference of a function by the formula of this module.

    Every function and every operation is rounded by ``step`` (``x y + z`` once, as a fused
    multiply-add), the last one by ``output``; 2 and 1/2 are exact where the format's exponents
    allow it.  Roundings: tanh 7, sin 6, cos 6, exp 3, sigmoid 7, of which those of functions are
    correct.

    Parameters
    ----------
    function
        One of `DIFFERENCES`.
    step, output
        Deterministic casts to scalar formats; that of ``step`` holds 1 and -1.

    Examples
    --------
    >>> from bitpde.formats import FP16
    >>> half = Cast(format=FP16)
    >>> unit = DifferenceUnit(function="tanh", step=half, output=half)
    >>> a, b = np.float16([1.0]), np.float16([2.0**-12])
    >>> unit.apply(a, b).values().tolist(), unit.naive(a, b).values().tolist()
    ([0.00010246038436889648], [0.0])
    """

    function: str
    step: Cast
    output: Cast

    def __post_init__(self) -> None:
        require_types(self)
        if self.function not in DIFFERENCES:
            msg = f"{self.function!r} has no difference without cancellation: choose one of "
            raise DatapathError(msg + ", ".join(DIFFERENCES))
        for name in ("step", "output"):
            cast = getattr(self, name)
            if cast.rounding.is_stochastic or not isinstance(cast.format, Fixed | Minifloat):
                msg = f"{name} of a DifferenceUnit is {cast}: give a deterministic cast to a scalar"
                raise DatapathError(msg + " format")
        for value in (1.0, -1.0):
            if self._constant(value).values().item() != value:
                msg = f"{self.step.format} does not hold {value}: give step another bit"
                raise DatapathError(msg)

    def apply(self, a: Coded | NDArray[Any], b: Coded | NDArray[Any]) -> Coded:
        """The difference of every pair, broadcast; roundings as the class says."""
        x, y = coded_operand(a), coded_operand(b)
        match self.function:
            case "tanh":
                return self._tanh(x, y)
            case "sin":
                return self._turned("cos", 2.0, x, y)
            case "cos":
                return self._turned("sin", -2.0, x, y)
            case "exp":
                return multiply(self._f("exp", x), self._f("expm1", y), self.output)
            case _:
                return self._sigmoid(x, y)

    def naive(self, a: Coded | NDArray[Any], b: Coded | NDArray[Any]) -> Coded:
        """``round(f(round(a + b)) - f(a))``, the values rounded too: what the form improves on."""
        x, y = coded_operand(a), coded_operand(b)
        ends = self._f(self.function, add(x, y, self.step)), self._f(self.function, x)
        return subtract(*ends, self.output)

    def _f(self, name: str, x: Coded) -> Coded:
        return correctly_rounded(name, x, self.step)

    def _constant(self, value: float) -> Coded:
        return self.step.encode(np.array(value))

    def _tanh(self, a: Coded, b: Coded) -> Coded:
        p, q, one = self._f("tanh", a), self._f("tanh", b), self._constant(1.0)
        minus_p = multiply(p, self._constant(-1.0), self.step)
        slope = fma(minus_p, p, one, self.step)
        below = fma(p, q, one, self.step)
        return divide(multiply(q, slope, self.step), below, self.output)

    def _turned(self, name: str, factor: float, a: Coded, b: Coded) -> Coded:
        middle = fma(b, self._constant(0.5), a, self.step)
        half = self._f("sin", multiply(b, self._constant(0.5), self.step))
        twice = multiply(half, Cast(format=FP32).encode(np.array(factor)), self.step)
        return multiply(self._f(name, middle), twice, self.output)

    def _sigmoid(self, a: Coded, b: Coded) -> Coded:
        p, growth = self._f("sigmoid", a), self._f("expm1", b)
        minus_a = multiply(a, self._constant(-1.0), Cast(format=a.format))
        product = multiply(p, self._f("sigmoid", minus_a), self.step)
        below = fma(p, growth, self._constant(1.0), self.step)
        return divide(multiply(product, growth, self.step), below, self.output)
