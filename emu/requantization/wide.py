r"""The two public rules for registers of up to 62 bits, a channel at a time.

With ``m = multiplier 2^(shift - 31)``, ``2^30 <= multiplier < 2^31``, shift from -62 to 30, a
register a becomes

* DOUBLE: ``h = floor(a 2^max(shift, 0) multiplier 2^-31 + 1/2)``, and for a negative shift
  ``h 2^shift`` rounded to nearest, ties away from zero;
* SINGLE: ``floor(m a + 1/2)``.

For registers of 32 bits these are the rules of `Requantization`; wider ones are rounded by the same
formulas, where a machine needs a product of two limbs.  A left shift saturates at 31 bits, as does
that of a machine: what it saturates is above 2^30, beyond every code.
"""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...formats import split_work
from ..errors import DatapathError
from .fixed_point import quantize_multiplier
from .rules import RequantizationRule

Integers = NDArray[np.int64]
#: The rules there are for wide registers.
WIDE_RULES = (RequantizationRule.DOUBLE, RequantizationRule.SINGLE)
_CHUNK = 1 << 14


class Scaling(NamedTuple):
    """What is added to registers before they are multiplied, and by what: one, or one a channel."""

    offsets: Integers
    multipliers: Integers
    shifts: Integers


class Limits(NamedTuple):
    """The code of zero, and the codes that come out."""

    zero: int
    lowest: int
    highest: int


def wide_multiplier(real: float) -> tuple[int, int]:
    """`quantize_multiplier` with shifts down to -62, for registers of more than 32 bits.

    Examples
    --------
    >>> wide_multiplier(2.0**-40), wide_multiplier(2.0**-64)
    ((1073741824, -39), (0, 0))
    """
    places = 31 if real < 2.0**-30 else 0
    multiplier, shift = quantize_multiplier(real * 2.0**places)
    return multiplier, shift - places if multiplier else 0


def rescale(
    registers: NDArray[Any], scaling: Scaling, limits: Limits, rule: RequantizationRule,
    dtype: Any, *, left: int = 0, bits: int = 64, axis: int = -1,
) -> NDArray[Any]:  # fmt: skip
    """Return ``clamp(zero + round(m (2^left register + offset)))``.

    Parameters
    ----------
    registers
        Integers in int64 or in floats that hold them; shifted left, and with their offsets, they
        are below 2^62.
    scaling
        Of one channel, or of each position along ``axis``.
    limits, dtype
        The codes that come out, at most 2^30 in magnitude, and their type.
    rule
        DOUBLE or SINGLE.
    left
        By how many bits registers are shifted left before their offsets are added.
    bits
        32 where they are then known to be at most 2^31 in magnitude.

    Raises
    ------
    DatapathError
        For another rule, or another number of channels.

    Examples
    --------
    >>> one = Scaling(*(np.array([n]) for n in (1, 2**30, -2)))  # (a + 1) / 8
    >>> limits = Limits(zero=10, lowest=0, highest=255)
    >>> rescale(np.array([[-5, 3, 11, 4000]]), one, limits, RequantizationRule.DOUBLE, np.uint8)
    array([[  9,  11,  12, 255]], dtype=uint8)
    """
    if rule not in WIDE_RULES:
        msg = f"rule is {rule}: choose {' or '.join(map(str, WIDE_RULES))}"
        raise DatapathError(msg)
    from .kernels import rescale_columns, rescale_rows

    acc: NDArray[Any] = np.ascontiguousarray(registers)
    out = np.empty(acc.shape, dtype)
    if out.size == 0:
        return out
    rows, channels, behind = _around(acc.shape, len(scaling.multipliers), axis)
    parts = [np.asarray(part, np.int64) for part in scaling]
    narrow = bits == 32 and 1 in (channels, behind)
    narrow = narrow and int(parts[2].min()) >= -31
    if narrow:
        parts = [np.broadcast_to(part, (channels * behind,)).copy() for part in parts]
    double = rule is RequantizationRule.DOUBLE
    given = np.int64(left), *parts, double, *map(np.int64, limits)
    kernel: Any = rescale_rows
    shape: tuple[int, ...] = rows, channels, behind
    if narrow:
        kernel, shape = rescale_columns, (rows, channels * behind)
    table = acc.reshape(shape)
    work = partial(kernel, table, *given, out.reshape(shape))
    split_work(work, rows, max(1, _CHUNK // table[0].size))
    return out


def add_terms(
    first: NDArray[Any], second: NDArray[Any], guard: int, limits: Limits,
    rule: RequantizationRule, dtype: Any,
) -> NDArray[Any]:  # fmt: skip
    """Return ``clamp(zero + round(2^-guard (first + second)))``, ties as the rule's last rounding.

    Examples
    --------
    >>> a, b, limits = np.array([3, -3, 1]), np.array([-1, 1, 0]), Limits(0, -9, 9)
    >>> add_terms(a, b, 2, limits, RequantizationRule.DOUBLE, np.int8).tolist()
    [1, -1, 0]
    >>> add_terms(a, b, 2, limits, RequantizationRule.SINGLE, np.int8).tolist()
    [1, 0, 0]
    """
    from .kernels import combine

    out = np.empty(first.shape, dtype)
    flat = (np.ascontiguousarray(each).reshape(-1) for each in (first, second))
    double = rule is RequantizationRule.DOUBLE
    work = partial(combine, *flat, np.int64(guard), double, *map(np.int64, limits), out.reshape(-1))
    split_work(work, out.size, _CHUNK)
    return out


def normalize(
    rows: NDArray[Any], smallest: int, finer: int, places: int, rule: RequantizationRule
) -> NDArray[np.int32]:
    """Return rows (R, n) of integers minus their means, over their deviations, times ``2^places``.

    With ``m = round(2^finer sum u / n)``, ``d = 2^finer u - m`` and
    ``v = max(1, round(sum d^2 / n) + smallest)``, ties up, the even e that brings ``v 2^e``,
    rounded down, to from 2^60 to 2^62, and ``r = min(floor(2^61 / isqrt(v 2^e)), 2^31 - 1)``, it is
    d times ``r 2^(e/2 + places - 61)`` by the rule.

    Examples
    --------
    >>> rows = np.array([[-3, 0, 3], [5, 5, 5]])
    >>> normalize(rows, 0, 4, 16, RequantizationRule.SINGLE).tolist()
    [[-80265, 0, 80265], [0, 0, 0]]
    """
    from .normal_kernels import normalize_rows

    table = np.ascontiguousarray(rows)
    out = np.empty(table.shape, np.int32)
    numbers = (np.int64(each) for each in (smallest, finer, places))
    work = partial(normalize_rows, table, *numbers, rule is RequantizationRule.DOUBLE, out)
    split_work(work, len(table), max(1, _CHUNK // max(1, table.shape[1])))
    return out


def look_up(codes: NDArray[Any], first: int, table: NDArray[Any]) -> NDArray[Any]:
    """Return ``table[codes - first]``.

    Examples
    --------
    >>> look_up(np.array([[-1, 2]]), -2, np.arange(-2, 3) ** 2).tolist()
    [[1, 4]]
    """
    from .kernels import entries

    flat = np.ascontiguousarray(codes).reshape(-1)
    out = np.empty(flat.shape, table.dtype)
    split_work(lambda a, b: entries(flat, first, table, out, a, b), flat.size, _CHUNK)
    return out.reshape(codes.shape)


def interpolate(
    codes: NDArray[Any], first: int, places: int, table: NDArray[Any], limits: Limits, dtype: Any
) -> NDArray[Any]:
    """Return what a table of every ``2^places``-th code has, and lines between its entries.

    With ``o = code - first``, k its high bits and F the low ``places`` ones, that is
    ``clamp(zero + floor((T_k + (T_{k+1} - T_k) F 2^-places) 2^-8 + 1/2))``: entries are in units of
    ``2^-8``, and there is one rounding.

    Examples
    --------
    >>> table, limits = np.array([0, 256, 1024]), Limits(0, -9, 9)
    >>> interpolate(np.arange(-8, 8), -8, 3, table, limits, np.int8).tolist()
    [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 3, 3, 3, 4]
    """
    from .kernels import interpolated

    flat = np.ascontiguousarray(codes).reshape(-1)
    out = np.empty(flat.shape, dtype)
    given = flat, np.int64(first), np.int64(places), table, *map(np.int64, limits), out
    split_work(partial(interpolated, *given), flat.size, _CHUNK)
    return out.reshape(codes.shape)


def _around(shape: tuple[int, ...], channels: int, axis: int) -> tuple[int, int, int]:
    """Elements before, along and behind the axis of the channels; all are rows of one."""
    size = int(np.prod(shape))
    if channels == 1:
        last = shape[-1] if shape else 1
        return size // last, 1, last
    if not -len(shape) <= axis < len(shape) or shape[axis] != channels:
        msg = f"registers of shape {shape}: give {channels} channels along axis {axis}"
        raise DatapathError(msg)
    before = int(np.prod(shape[: axis % len(shape)]))
    return before, channels, size // (before * channels)
