"""From the registers of an integer product to the affine integers of the next layer."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...formats import Affine, Coded, Overflow
from ..dots.dots import Dots
from ..errors import DatapathError
from .requantization import Requantization
from .rules import RequantizationRule


def requantize(
    sums: Dots,
    format: Affine,
    *,
    rule: RequantizationRule = RequantizationRule.DOUBLE,
    overflow: Overflow = Overflow.RAISE,
    lowest: int | None = None,
    highest: int | None = None,
) -> Coded:
    """The registers of `dot` as activations: ``clamp(zero_point + round(M acc))``.

    Parameters
    ----------
    sums
        What `dot` gives of affine or fixed-point operands in an `IntegerAccumulator`; it says what
        its registers are worth.  Their scales may vary along one axis.
    format
        The activations', with one scale.
    rule, overflow, lowest, highest
        As those of `Requantization`.

    Returns
    -------
    Coded
        Of the shape of ``sums``.

    Raises
    ------
    DatapathError
        If ``sums`` are no integers, or `Requantization` refuses the multipliers or the registers.

    Notes
    -----
    *Exactness*: the multipliers ``M``, worth of a register by scale of an activation, are rounded
    once to binary64; then the roundings of the rule, in `Requantization.apply`.

    Examples
    --------
    >>> from bitpde.emu import IntegerAccumulator, dot
    >>> from bitpde.formats import INT8, Cast
    >>> x = Cast(format=Affine(element=INT8, scale=(0.5,), zero_point=(10,))).encode([[3.0, -1.0]])
    >>> w = Cast(format=Affine(element=INT8, scale=(0.25, 0.125), zero_point=(0, 0), axis=1))
    >>> sums = dot(x, w.encode([[1.0, 2.0], [0.5, -1.0]]), IntegerAccumulator())
    >>> sums.codes.tolist(), sums.values().tolist()
    ([[20, 112]], [[2.5, 7.0]])
    >>> y = requantize(sums, Affine(element=INT8, scale=(0.25,), zero_point=(-4,)))
    >>> y.codes.tolist(), y.values().tolist()
    ([[6, 24]], [[2.5, 7.0]])
    """
    if not isinstance(sums, Dots) or sums.exponents is None or sums.nan.any():
        msg = "activations come from integer registers: give what dot has of an IntegerAccumulator"
        raise DatapathError(msg)
    if not isinstance(format, Affine) or format.axis is not None:
        msg = f"{format!r} is no format of activations: give an Affine with one scale"
        raise DatapathError(msg)
    if sums.codes.size == 0:
        return Coded(format=format, codes=np.empty(sums.codes.shape, format.element.code_dtype))
    worth = np.ldexp(1.0 if sums.scale is None else sums.scale, sums.exponents)
    multipliers, axis = _channels(np.broadcast_to(worth, sums.codes.shape) / format.scale[0])
    unit = Requantization(
        multipliers=multipliers, rule=rule, output=format.element, overflow=overflow,
        zero_point=format.zero_point[0], lowest=lowest, highest=highest,
    )  # fmt: skip
    return Coded(format=format, codes=replace(unit, axis=axis).apply(sums.codes))


def _channels(multipliers: NDArray[Any]) -> tuple[tuple[float, ...], int]:
    """The multiplier of each channel, and the axis along which they lie; one if all are equal."""
    if np.all(multipliers == multipliers.flat[0]):
        return (float(multipliers.flat[0]),), -1
    for axis in range(-1, -multipliers.ndim - 1, -1):
        rows = np.moveaxis(multipliers, axis, -1).reshape(-1, multipliers.shape[axis])
        if np.all(rows == rows[0]):
            return tuple(rows[0].tolist()), axis
    msg = "the scales of the sums vary along two axes: give one operand a single scale"
    raise DatapathError(msg)
