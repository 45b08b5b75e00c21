"""Affine integers: a scale and a zero point, for a whole tensor or for each channel."""

import math
from dataclasses import dataclass

import numpy as np

from .errors import FormatError
from .fixed import Fixed
from .specs import check_fields


@dataclass(frozen=True, kw_only=True)
class Affine:
    """Integers ``q`` of ``element``, each standing for ``scale (q - zero_point)``.

    Encoding rounds the real quotient ``x / scale`` once, adds the zero point and then asks for
    overflow: ``q = clamp(round(x / scale) + zero_point)``, the order of ONNX QuantizeLinear and
    torch, whose quotients, however, are rounded to binary32 first.

    Parameters
    ----------
    element
        Integers without fraction bits, at most 16 of them.
    scale
        Positive binary32 numbers: one, or one for each channel.
    zero_point
        Integers of ``element``, as many as scales.
    axis
        The axis whose positions are the channels; None for one scale.

    Examples
    --------
    >>> from bitpde.formats import Cast, UINT8
    >>> format = Affine(element=UINT8, scale=(0.5,), zero_point=(128,))
    >>> Cast(format=format).encode([-1.0, 0.3, 99.0]).codes.tolist()
    [126, 129, 255]
    """

    element: Fixed
    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if self.element.fraction_bits or self.element.bits > 16:
            msg = f"element is {self.element}: give at most 16 bits and no fraction bits"
            raise FormatError(msg)
        for name, values in (("scale", self.scale), ("zero_point", self.zero_point)):
            if not isinstance(values, tuple):
                msg = f"{name} of an Affine is {values!r}: give a tuple of one or several"
                raise FormatError(msg)
        if not (self.axis is None or type(self.axis) is int):
            msg = f"axis of an Affine is {self.axis!r}: give a plain int, or None for one scale"
            raise FormatError(msg)
        count = len(self.scale)
        if count != len(self.zero_point) or count == 0 or (self.axis is None and count > 1):
            given = f"{count} scales, {len(self.zero_point)} zero points and axis {self.axis}"
            msg = f"{given}: give as many of each, and an axis if there are several"
            raise FormatError(msg)
        for scale in self.scale:
            plain = isinstance(scale, float | int) and type(scale) is not bool
            if not plain or not (0 < scale < math.inf) or float(np.float32(scale)) != scale:
                msg = f"scale {scale!r} is no positive binary32: give float(numpy.float32(scale))"
                raise FormatError(msg)
        for zero_point in self.zero_point:
            if type(zero_point) is not int or zero_point not in self.element.codes():
                msg = f"zero point {zero_point!r} is no code of {self.element}"
                raise FormatError(msg)

    @property
    def bits(self) -> int:
        """Width of a code."""
        return self.element.bits

    def columns(self, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Scales (float64) and zero points (int64), shaped to broadcast against ``shape``.

        Raises
        ------
        FormatError
            If the array lacks the axis, or has another number of channels there.
        """
        scale, zero_point = np.array(self.scale, np.float64), np.array(self.zero_point, np.int64)
        if self.axis is None:
            return scale.reshape(()), zero_point.reshape(())
        if not -len(shape) <= self.axis < len(shape) or shape[self.axis] != len(self.scale):
            msg = f"an array of shape {shape} has no {len(self.scale)} channels on axis {self.axis}"
            raise FormatError(msg)
        sides = [1] * len(shape)
        sides[self.axis] = len(self.scale)
        return scale.reshape(sides), zero_point.reshape(sides)
