"""One rounding per element of an operation on coded arrays: the fast lane and the rational one."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...formats import (
    Cast,
    Coded,
    Fixed,
    FormatError,
    Minifloat,
    Overflow,
    RandomBits,
    Rounding,
    encode_exact,
)
from ..error_free import Carried, Floats
from ..errors import DatapathError
from ..exact.operands import Number
from ..exact.rounding import number_of

#: Numbers rounded to odd at 53 bits keep the side of every number of at most this many bits.
_CARRIED_BITS = 52


class Operation(NamedTuple):
    """An elementwise function as float64 arrays compute it, and one number at a time."""

    name: str
    #: of float64 arrays of one shape
    carried: Callable[..., Carried]
    #: of single numbers, in rational arithmetic
    exact: Callable[..., Number]


class Operands(NamedTuple):
    """Coded arrays of one shape."""

    formats: tuple[Fixed | Minifloat, ...]
    codes: tuple[NDArray[Any], ...]
    #: zeros for a format that reaches beyond binary64
    values: tuple[Floats, ...]
    shape: tuple[int, ...]

    @property
    def fit_binary64(self) -> bool:
        """Whether the values are what the codes stand for."""
        return all(isinstance(f, Fixed) or f.fits_binary64 for f in self.formats)

    def numbers(self, index: tuple[int, ...]) -> list[Number]:
        """What the codes at an index stand for; exact."""
        pairs = zip(self.formats, self.codes, strict=True)
        return [number_of(format, codes[index].item()) for format, codes in pairs]


def operands_of(name: str, *arrays: Coded) -> Operands:
    """The operands, checked and broadcast.

    Raises
    ------
    DatapathError
        If one is no array of a scalar format, or if the shapes do not broadcast.
    """
    formats = tuple(_scalar(f"an operand of {name}", _format_of(name, a)) for a in arrays)
    shapes = [a.shape for a in arrays]
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError as error:
        msg = f"{name}: shapes {shapes} do not broadcast: give equal lengths, or 1, on every axis"
        raise DatapathError(msg) from error
    values = [_values(a, format) for a, format in zip(arrays, formats, strict=True)]
    return Operands(
        formats,
        tuple(np.broadcast_to(a.codes, shape) for a in arrays),
        tuple(np.ascontiguousarray(np.broadcast_to(v, shape)).reshape(shape) for v in values),
        shape,
    )


def _format_of(name: str, array: Any) -> object:
    if isinstance(array, Coded):
        return array.format
    msg = f"an operand of {name} is a {type(array).__name__}: give a Coded, such as cast.encode(x)"
    raise DatapathError(msg)


def _scalar(what: str, format: object) -> Fixed | Minifloat:
    if isinstance(format, Fixed | Minifloat):
        return format
    msg = f"the format of {what} is {format}, whose elements share scales: take values(), encode "
    raise DatapathError(msg + "them in a Fixed or a Minifloat, and back afterwards")


def _values(array: Coded, format: Fixed | Minifloat) -> Floats:
    if isinstance(format, Minifloat) and not format.fits_binary64:
        return np.zeros(array.shape)
    return array.values(np.float64)


def round_once(
    operation: Operation,
    arrays: tuple[Coded, ...],
    cast: Cast,
    bits: ArrayLike | None,
    rng: RandomBits | None,
) -> Coded:
    """The operation on every element, rounded once by the cast.

    Raises
    ------
    DatapathError
        For operands or a cast of another kind of format, and, naming operation and index, for a
        result that the policies of the cast leave no code.

    Notes
    -----
    *Exactness*: one rounding.  A result is carried in float64, itself or rounded to odd, and
    rounded by `Cast.encode`; where the proof of `error_free` does not hold, or the format needs
    bits that were carried only as one sticky bit, it is rounded from rational arithmetic.
    """
    operands = operands_of(operation.name, *arrays)
    format = _scalar("the cast", cast.format)
    with np.errstate(all="ignore"):
        carried = operation.carried(*operands.values)
    slow = ~carried.certain | (~carried.exact & needs_more_bits(carried.values, format, cast))
    if not operands.fit_binary64:
        slow = np.ones(operands.shape, np.bool_)
    try:
        if not slow.any():
            return cast.encode(carried.values, bits, rng=rng)
        if rng is not None and bits is None and cast.rounding.is_stochastic:
            bits, rng = rng.draw(operands.shape, cast.random_bits), None
        codes = cast.encode(np.where(slow, 0.0, carried.values), bits, rng=rng).codes.copy()
    except FormatError as error:
        msg = f"the result x of {operation.name}: {error}"
        raise DatapathError(msg) from error
    draws = np.zeros(operands.shape, np.uint32) if bits is None else np.asarray(bits)
    for place in np.argwhere(slow).tolist():
        index = tuple(place)
        codes[index] = _exactly(operation, operands, index, cast, draws[index].item())
    return Coded(format=cast.format, codes=codes)


def needs_more_bits(values: Floats, format: Fixed | Minifloat, cast: Cast) -> NDArray[np.bool_]:
    """Where rounding to the format tells numbers apart that share a float64 rounded to odd.

    A rounding compares with the numbers of one bit (nearest) or N + 1 bits (stochastic) below the
    format's last place.  In fixed point that is a matter of size; a number beyond the range only
    has to stay there, unless it wraps.
    """
    spare = _CARRIED_BITS - cast.random_bits - 1
    if isinstance(format, Minifloat):
        return np.full(values.shape, format.significand_bits + 1 > spare)
    if cast.overflow is not Overflow.WRAP and format.bits < spare:
        return np.zeros(values.shape, np.bool_)
    large = np.abs(values) >= np.ldexp(1.0, spare - 1 - format.fraction_bits)
    return np.asarray(large, np.bool_)


def _exactly(
    operation: Operation, operands: Operands, index: tuple[int, ...], cast: Cast, draw: int
) -> int:
    """The code of one element, by rational arithmetic."""
    try:
        return encode_exact(cast, operation.exact(*operands.numbers(index)), draw)
    except ValueError as error:  # a FormatError, or that its number is too long to print
        place = f"x[{', '.join(map(str, index))}]"
        codes = [hex(codes[index]) for codes in operands.codes]
        msg = f"the result x of {operation.name}: {place}, of the codes {codes}, has no code under "
        msg += f"{cast}: choose a wider format or other policies"
        raise DatapathError(msg) from error


def downward(cast: Cast) -> bool:
    """Whether an exact zero sum of unlike signs is -0 (IEEE 754-2019, 6.3)."""
    return cast.rounding is Rounding.DOWN
