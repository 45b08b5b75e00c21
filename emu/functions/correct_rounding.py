"""The vector unit's functions, correctly rounded: what every other unit is compared with.

Ziv's strategy (*ACM Trans. Math. Softw.* 17, 1991): enclose the result, round both ends, and where
the codes differ enclose it more tightly.  Rounding is monotone, so that ends with one code leave
what is between no other.  The first enclosure is in float64 for a whole array, the next ones in
integers for single elements.
"""

from fractions import Fraction
from functools import lru_cache
from math import isfinite, nan
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...formats import (
    FP16,
    FP32,
    FP64,
    Cast,
    Coded,
    Fixed,
    FormatError,
    Minifloat,
    Overflow,
    RandomBits,
    encode_exact,
)
from ..elementwise.rounding import Operands, needs_more_bits, operands_of
from ..error_free import Floats
from ..errors import DatapathError
from ..exact.operands import Number
from .enclosed import ENCLOSED
from .exact import exact_value
from .floats import BOUNDED

#: The functions there are, by name; gelu is the exact form, gelu_tanh the other one.
FUNCTIONS: Final = tuple(ENCLOSED)

#: Formats within this exponent are rounded from float64, whose stand-ins are far beyond it.
_ORDINARY = 860
_FIRST_PLACES = 90
_WIDEST = 1 << 17
_ENCLOSED_REACH = 1 << 12
_ARRAYS: Final[dict[str, Minifloat]] = {"float16": FP16, "float32": FP32, "float64": FP64}


def correctly_rounded(
    name: str,
    x: Coded | NDArray[Any],
    cast: Cast,
    bits: ArrayLike | None = None,
    *,
    rng: RandomBits | None = None,
) -> Coded:
    """The function of every element, rounded once by the cast.

    Parameters
    ----------
    name
        One of `FUNCTIONS`.
    x
        Of any scalar format and shape; a float16, float32 or float64 array counts as one in FP16,
        FP32 or FP64.
    cast
        To a scalar format.
    bits, rng
        For stochastic rounding, as in `Cast.encode`.

    Raises
    ------
    DatapathError
        For another name, another kind of format, and, naming the index, for a result that the cast
        leaves no code, such as the logarithm of 0 in fixed point.
    FormatError
        For ``bits`` that `Cast.encode` refuses.

    Notes
    -----
    *Exactness*: one rounding.  Zeros, infinities and NaN are as `exact_value` says: of
    infinities, sine and cosine are NaN, exp and sigmoid 0 or 1 or infinite; log and the roots of
    numbers below zero are NaN, log 0 is -infinity, rsqrt and reciprocal of a zero are infinities of
    its sign; tanh, sin, expm1 and gelu of -0 are -0, as is gelu of -infinity.

    Examples
    --------
    >>> from bitpde.formats import OFP8_E4M3
    >>> cast = Cast(format=OFP8_E4M3)
    >>> correctly_rounded("tanh", cast.encode([0.5, -1.0, 448.0]), cast).values().tolist()
    [0.46875, -0.75, 1.0]
    >>> correctly_rounded("log", np.float32([10.0]), Cast(format=FP32)).values().tolist()
    [2.3025851249694824]
    """
    if name not in FUNCTIONS:
        msg = f"there is no function {name!r}: choose one of {', '.join(FUNCTIONS)}"
        raise DatapathError(msg)
    if not isinstance(cast.format, Fixed | Minifloat):
        msg = f"the cast of {name} is to {cast.format}: choose a Fixed or a Minifloat"
        raise DatapathError(msg)
    operands = operands_of(name, coded_operand(x))
    format, codes = operands.formats[0], operands.codes[0]
    if cast.rounding.is_stochastic or format.bits > 16 or 8 * codes.size < 1 << format.bits:
        return _round_elements(name, operands, cast, bits, rng)
    cast.encode(np.zeros(0), bits, rng=rng)  # refuses superfluous bits
    table, lawful = _table(name, format, cast)
    places = codes.astype(np.int64) - format.codes()[0]
    if not lawful[places].all():
        return _round_elements(name, operands, cast, None, None)
    return Coded.unchecked(cast.format, table[places])


def coded_operand(x: Coded | NDArray[Any]) -> Coded:
    """A float array as the codes of its own type; a `Coded` as it is.

    Examples
    --------
    >>> coded_operand(np.float32([1.0]))
    Coded(FP32, shape=(1,), nbytes=4)
    """
    if isinstance(x, Coded):
        return x
    array = np.asarray(x)
    format = _ARRAYS.get(array.dtype.name)
    if format is None:
        msg = f"an operand is {array.dtype}: give a Coded, or a float16, float32 or float64 array"
        raise DatapathError(msg)
    return Coded(format=format, codes=array.view(format.code_dtype))


@lru_cache(maxsize=256)
def _table(
    name: str, format: Fixed | Minifloat, cast: Cast
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The code of the result of every code in order, and where there is one."""
    codes = np.arange(format.codes()[0], format.codes()[-1] + 1)
    operands = operands_of(name, Coded(format=format, codes=codes.astype(format.code_dtype)))
    table, slow = _quickly(name, operands, cast, None)
    lawful = np.ones(table.shape, np.bool_)
    if _nan_code(cast) is None:
        lawful = ~undefined_at(name, operands.values[0])
        slow &= lawful
    for place in np.flatnonzero(slow).tolist():
        try:
            table[place] = rounded_function(name, operands.numbers((place,))[0], format, cast)
        except FormatError:
            lawful[place] = False
    return table, lawful


def _round_elements(
    name: str, operands: Operands, cast: Cast, bits: ArrayLike | None, rng: RandomBits | None
) -> Coded:
    """Without a table: one element after the other where float64 does not decide."""
    if rng is not None and bits is None and cast.rounding.is_stochastic:
        bits, rng = rng.draw(operands.shape, cast.random_bits), None
    cast.encode(np.zeros(operands.shape), bits, rng=rng)  # refuses bits of another kind or shape
    codes, slow = _quickly(name, operands, cast, bits)
    draws = np.zeros(operands.shape, np.uint32) if bits is None else np.asarray(bits)
    for place in np.argwhere(slow).tolist():
        index = tuple(place)
        x, draw = operands.numbers(index)[0], draws[index].item()
        try:
            codes[index] = rounded_function(name, x, operands.formats[0], cast, draw)
        except FormatError as error:
            where = f"x[{', '.join(map(str, index))}], of the code {hex(operands.codes[0][index])}"
            msg = f"{name} of {where}: {error}"
            raise DatapathError(msg) from error
    return Coded.unchecked(cast.format, codes)


def _quickly(
    name: str, operands: Operands, cast: Cast, bits: ArrayLike | None
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Codes by float64, and where they are not decided."""
    format = cast.format
    undecided = np.ones(operands.shape, np.bool_)
    nothing = np.zeros(operands.shape, np.dtype(cast.element.code_dtype))
    if not isinstance(format, Fixed | Minifloat) or not are_ordinary(operands.formats[0], format):
        return nothing, undecided
    x = operands.values[0]
    undefined, nan_code = undefined_at(name, x), _nan_code(cast)
    lawful = np.isfinite(x) & (x != 0) & ~undefined & ((x != 1) | (name != "log"))
    with np.errstate(all="ignore"):
        bounds = BOUNDED[name](np.where(lawful, x, 0.75).reshape(-1))
    value, error = (part.reshape(x.shape) for part in bounds)
    ends = [cast.attempt(end, bits) for end in (value - error, value + error)]
    if any(end.refused for end in ends):
        return nothing, undecided
    codes, other = (end.coded.codes for end in ends)
    decided = lawful & (codes == other) & np.isfinite(error)
    decided &= (error > 0) | ~needs_more_bits(value, format, cast)
    if cast.overflow is Overflow.WRAP:
        decided &= (error < float(format.lsb) / 4) & (np.abs(value) < 2.0**52 * float(format.lsb))
    if nan_code is None:
        return codes.copy(), ~decided
    return np.where(undefined, codes.dtype.type(nan_code), codes), ~decided & ~undefined


def undefined_at(name: str, x: Floats) -> NDArray[np.bool_]:
    """Where the function is NaN, but for infinities."""
    below = exact_value(name, Fraction(-2)) is not None and name != "reciprocal"
    return np.isnan(x) | (x < 0) if below else np.isnan(x)


def _nan_code(cast: Cast) -> int | None:
    """The code of NaN, if the cast has one."""
    try:
        return encode_exact(cast, nan)
    except FormatError:
        return None


def are_ordinary(*formats: Fixed | Minifloat) -> bool:
    """Whether numbers of the formats are far within the exponents of float64, and of few bits."""
    return all(
        isinstance(f, Fixed)
        or (f.lsb_min >= -_ORDINARY and f.emax <= _ORDINARY and f.significand_bits < 50)
        for f in formats
    )


def rounded_function(
    name: str, x: Number, format: Fixed | Minifloat, cast: Cast, draw: int = 0
) -> int:
    """The code of the function of one number of a format.

    Raises
    ------
    FormatError
        If the cast leaves the result no code.
    DatapathError
        If the result is nearer to the border of two codes than a hundred thousand places can tell.

    Examples
    --------
    >>> from bitpde.formats import INT8
    >>> rounded_function("exp", Fraction(4), INT8, Cast(format=INT8))
    55
    """
    exact = exact_value(name, x)
    if exact is not None or isinstance(x, float):
        return encode_exact(cast, exact if exact is not None else x, draw)
    reach = reach_of(format, cast)
    if cast.overflow is Overflow.WRAP and name.startswith("exp") and x > reach:
        msg = f"{name} of {float(x)} wraps many times: choose another overflow, such as SATURATE"
        raise FormatError(msg)
    places = _FIRST_PLACES
    while places <= max(_WIDEST, 16 * reach):
        low, high = ENCLOSED[name](Fraction(x), places, reach).ends
        code = encode_exact(cast, low, draw)
        if code == encode_exact(cast, high, draw) and is_narrow(cast, high - low):
            return code
        places *= 2
    msg = f"{name} of {x} is too near to the border of two codes of {cast}"
    raise DatapathError(msg)


def enclosed(name: str, x: Number, places: int) -> tuple[Fraction, Fraction] | None:
    """Numbers between which the function is, relatively ``2^-places`` apart; None if it is none.

    Examples
    --------
    >>> low, high = enclosed("exp", Fraction(1), 80)
    >>> low < high < low + Fraction(1, 2**60), float(high)
    (True, 2.718281828459045)
    >>> enclosed("cos", 0.0, 80), enclosed("log", 0.0, 80)
    ((Fraction(1, 1), Fraction(1, 1)), None)
    """
    exact = exact_value(name, x)
    if exact is not None or isinstance(x, float):
        value = x if exact is None else exact
        return (Fraction(value), Fraction(value)) if isfinite(value) else None
    return ENCLOSED[name](Fraction(x), places, _ENCLOSED_REACH).ends


def is_narrow(cast: Cast, width: Fraction) -> bool:
    """Whether codes that wrap say that nothing between is another one."""
    return cast.overflow is not Overflow.WRAP or width < cast.element.lsb


def reach_of(*formats: Any) -> int:
    """An exponent that no border of two codes reaches, be it of the least or the largest ones."""
    reach = 0
    for item in formats:
        format = item.element if isinstance(item, Cast) else item
        reach = max(reach, abs(format.lsb_min), abs(format.emax))
    return reach + 128
