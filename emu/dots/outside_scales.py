"""Scales that no unit sees: those of whole tensors and of the channels of affine integers.

``s (q - z)`` against ``t (p - y)`` is ``s t`` times a product of integers, and a scale of the whole
tensor is a factor of all products.  Units sum what is left when these factors are taken out.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...formats import Affine, Coded, Fixed
from ..accumulators.integer import IntegerAccumulator
from ..accumulators.kinds import DotAccumulator
from ..errors import DatapathError

Factor = NDArray[np.float64]


def factored(a: Coded, b: Coded, accumulator: DotAccumulator) -> tuple[Coded, Coded, Factor | None]:
    """The operands of ``A B`` as a unit takes them, and the factor of the result; None: 1.

    Parameters
    ----------
    a, b
        Of shapes (..., M, K) and (..., K, N), or vectors.
    accumulator
        Zero points are for an `IntegerAccumulator`: it multiplies ``q - z``, which has one bit
        more than ``q`` where a zero point is not 0.

    Returns
    -------
    tuple
        Both operands, and binary64 numbers that broadcast against the matrices of the result.

    Raises
    ------
    DatapathError
        If the scale varies along k, or for a zero point in another accumulator.

    Notes
    -----
    *Exactness*: exact; the scales are binary32 numbers, so that the product of two is a binary64.

    Examples
    --------
    >>> from bitpde.formats import UINT8
    >>> format = Affine(element=UINT8, scale=(0.5,), zero_point=(128,))
    >>> a = Coded(format=format, codes=np.array([[0, 130]], np.uint8))
    >>> left, right, factor = factored(a, a.T, IntegerAccumulator())
    >>> left.codes.tolist(), right.format.bits, float(factor)
    ([[-128, 2]], 9, 0.25)
    """
    left, of_a = _factor(a, a.ndim - 1, accumulator)
    right, of_b = _factor(b, max(0, b.ndim - 2), accumulator)
    if of_a is None and of_b is None:
        return left, right, None
    one = np.ones(())
    return left, right, (one if of_a is None else of_a) * (one if of_b is None else of_b)


def _factor(x: Coded, axis: int, accumulator: DotAccumulator) -> tuple[Coded, Factor | None]:
    """An operand contracted along ``axis`` without its outer scale, and that scale."""
    if isinstance(x.format, Affine):
        return _differences(x, x.format, axis, accumulator)
    if x.tensor_scale in (None, 1.0):
        return x, None
    return Coded.unchecked(x.format, x.codes, x.scales, 1.0), np.array(x.tensor_scale, np.float64)


def _differences(
    x: Coded, format: Affine, axis: int, accumulator: DotAccumulator
) -> tuple[Coded, Factor]:
    if not isinstance(accumulator, IntegerAccumulator):
        msg = f"{accumulator} takes no zero points: choose an IntegerAccumulator, or multiply the "
        raise DatapathError(msg + "values of affine operands")
    scale, zero_point = format.columns(x.shape)
    if scale.ndim and scale.shape[axis] > 1:
        msg = f"the scales of {format} vary along k, so that sums have no scale: choose channels "
        raise DatapathError(msg + "along another axis, or multiply the values")
    element, codes = format.element, x.codes
    if np.any(zero_point):
        element = Fixed(bits=element.bits + 1)
        difference: NDArray[Any] = codes.astype(np.int64) - zero_point
        codes = difference.astype(element.code_dtype)
    # A vector has one scale: its only axis is contracted.
    return Coded.unchecked(element, codes), scale.reshape(()) if x.ndim == 1 else scale
