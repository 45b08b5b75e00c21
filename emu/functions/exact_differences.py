"""``f(a + b) - f(a)`` correctly rounded: what the forms without cancellation are compared with."""

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...formats import Cast, Coded, Fixed, FormatError, Minifloat, encode_exact
from ..elementwise.rounding import downward, operands_of
from ..errors import DatapathError
from ..exact.operands import Number, add
from .correct_rounding import coded_operand, is_narrow, reach_of
from .enclosed import ENCLOSED
from .exact import exact_value
from .units import require_function

_FIRST_PLACES = 128
_WIDEST = 1 << 19
#: Of arguments to exponentials; only sine, cosine, log and roots take larger ones.
_FARTHEST = 1 << 17


def correctly_rounded_difference(
    name: str, a: Coded | NDArray[Any], b: Coded | NDArray[Any], cast: Cast
) -> Coded:
    """``f(a + b) - f(a)`` of every pair, the sum and both values exact, rounded once.

    Parameters
    ----------
    name
        One of `FUNCTIONS`.
    a, b
        Of any scalar formats within 2^-2000 and 2^2000, broadcast.
    cast
        To a scalar format, deterministic.

    Raises
    ------
    DatapathError
        For another kind of format or cast, and naming the index for a result without a code.

    Notes
    -----
    *Exactness*: one rounding, decided as by `correctly_rounded`, one pair after the other.  An
    exact zero is +0, or -0 under `Rounding.DOWN`; infinities and NaN are those of IEEE 754's
    subtraction.

    Examples
    --------
    >>> from bitpde.formats import FP16
    >>> a, b = np.float16([1.0]), np.float16([2.0**-12])
    >>> correctly_rounded_difference("tanh", a, b, Cast(format=FP16)).values().tolist()
    [0.00010251998901367188]
    """
    require_function(name)
    if not isinstance(cast.format, Fixed | Minifloat) or cast.rounding.is_stochastic:
        msg = f"a difference of {name} by {cast}: give a deterministic cast to a scalar format"
        raise DatapathError(msg)
    operands = operands_of(f"a difference of {name}", coded_operand(a), coded_operand(b))
    reach = reach_of(*operands.formats, cast)
    codes = np.zeros(operands.shape, np.dtype(cast.element.code_dtype))
    for index in np.ndindex(operands.shape):
        x, step = operands.numbers(index)
        try:
            codes[index] = rounded_difference(name, x, step, cast, reach)
        except FormatError as error:
            msg = f"the difference of {name} at [{', '.join(map(str, index))}]: {error}"
            raise DatapathError(msg) from error
    return Coded(format=cast.format, codes=codes)


def rounded_difference(name: str, x: Number, step: Number, cast: Cast, reach: int) -> int:
    """The code of ``f(x + step) - f(x)``; ``reach`` is that of the formats.

    Raises
    ------
    FormatError
        If the cast leaves it no code.
    DatapathError
        If it is nearer to the border of two codes than some ten thousand places can tell.
    """
    end = add([x, step])
    exact = [exact_value(name, n) for n in (end, x)]
    if any(isinstance(v, float) and not abs(v) < float("inf") for v in exact):
        values = [Fraction(1) if v is None else v for v in exact]  # finite is all that matters
        return encode_exact(cast, add([values[0], -values[1]]))
    if _vanishes(name, x, step, end):
        return encode_exact(cast, -0.0 if downward(cast) else 0.0)
    reach = max(reach, _size(name, x), _size(name, end))
    places = _FIRST_PLACES
    while places <= _WIDEST:
        (low, high), (least, most) = (
            _ends(name, n, v, places, reach) for n, v in zip((end, x), exact, strict=True)
        )
        codes = [encode_exact(cast, d) for d in (low - most, high - least)]
        if codes[0] == codes[1] and is_narrow(cast, high - low + most - least):
            return codes[0]
        places *= 2
    msg = f"{name} of {end} less that of {x} is too near to the border of two codes of {cast}"
    raise DatapathError(msg)


def _vanishes(name: str, x: Number, step: Number, end: Number) -> bool:
    """Whether both values are the same number."""
    return step == 0 or end == x or (name == "cos" and end == -x)


def _size(name: str, x: Number) -> int:
    """How far the enclosures of both values have to reach, so that they are enclosures."""
    if name in ("sin", "cos", "log", "sqrt", "rsqrt", "reciprocal"):
        return 0
    if exact_value(name, x) is not None:
        return 0
    size = int(min(abs(Fraction(x)), Fraction(2 * _FARTHEST))) + 1
    size = size * size if name.startswith("gelu") else size
    if size > _FARTHEST:
        msg = f"a difference of {name} at {float(x)}: keep arguments below {_FARTHEST}"
        raise DatapathError(msg + ", those of gelu below its root")
    return size


def _ends(
    name: str, x: Number, exact: Number | None, places: int, reach: int
) -> tuple[Fraction, Fraction]:
    if exact is not None or isinstance(x, float):
        value = Fraction(exact or 0)
        return value, value
    return ENCLOSED[name](Fraction(x), places, reach).ends
