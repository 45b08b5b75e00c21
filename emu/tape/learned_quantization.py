r"""Quantization whose range is learned: affine integers with parameters that have gradients.

Forwards, ``q = clamp(round(x / s) + z, n, p)`` and ``y = s (q - z)``.  Backwards, rounding counts
as the identity (the straight-through estimator).  With ``v = x / s`` and ``k = 1`` where
``n - z <= v <= p - z``, else 0,

    dy/dx = k,      dy/ds = (q - z) - k v,      dy/dz = -s (1 - k),

so that all a quantizer needs of the gradient G of y, whatever its parameters are, are the two sums

    a = sum G ((q - z) - k v),      c = sum G (1 - k),

one of each for the tensor or for each channel.  (Esser et al., *Learned step size quantization*,
2020, count an element at an end of the range as outside; here the ends belong to the range, so
that the largest weight of a range that begins as its extremes still learns.)
"""

import math
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ...formats import Affine, Cast, FormatError, NonFinite, Overflow
from ..errors import DatapathError
from .ledger import Ledger
from .operation import operation, tape_of
from .tape import Entry, Node

Values = NDArray[Any]


class Sums(NamedTuple):
    """What the backward pass found, for each scale of the format.

    Attributes
    ----------
    steps
        a, the sum of ``G ((q - z) - k v)``: float64, (C,) or (1,).
    outside
        c, the sum of G over the elements outside the range: likewise.
    elements
        How many elements share a scale.
    """

    steps: NDArray[np.float64]
    outside: NDArray[np.float64]
    elements: int


class Quantizer(Protocol):
    """What learned parameters mean, and what gradients they get."""

    @property
    def overflow(self) -> Overflow:
        """Whether integers saturate to all codes, or symmetrically."""

    def affine(self, *parameters: Values) -> Affine:
        """Return the integers that these values of the parameters mean."""

    def gradients(self, parameters: tuple[Values, ...], sums: Sums) -> tuple[Values, ...]:
        """Return the gradient of each parameter, of its shape, from the sums of the formulas."""


@operation
def learned_quantize(x: Node, *parameters: Node, quantizer: Quantizer) -> Node:
    """``s (clamp(round(x / s) + z, n, p) - z)`` with s and z from parameters of a quantizer.

    On the float64 twin of a shadow it is the identity: what quantization adds is an error.

    Raises
    ------
    DatapathError
        If an element is not finite, or the quantizer has no integers of its parameters.

    Notes
    -----
    *Exactness*: one rounding to an integer, of the quotient itself; one of the product with the
    scale, to the vector format.  Gradients: quotients, products and sums in binary64, element
    after element in C order, and one rounding of what the quantizer makes of them.
    """
    nodes = (x, *parameters)
    tape = tape_of(*nodes)
    if tape.is_twin:
        return tape.record("learned_quantize", x.value.copy(), nodes, None)
    format, codes = _coded(x, tuple(node.value for node in parameters), quantizer)
    value = _values(format, codes, tape.datapath.dtype)
    return tape.record("learned_quantize", value, nodes, (quantizer, format, codes))


def _values(format: Affine, codes: Values, dtype: DTypeLike) -> Values:
    """``s (q - z)``, rounded once to the vector format."""
    from .learned_kernels import values_of_codes

    scale, zero = (part.reshape(-1) for part in format.columns(codes.shape))
    shape = _around_axis(codes.shape, format.axis)
    out: Values = np.empty(shape, dtype)
    values_of_codes(np.ascontiguousarray(codes).reshape(shape), scale, zero, out)
    return out.reshape(codes.shape)


def _coded(x: Node, parameters: tuple[Values, ...], quantizer: Quantizer) -> tuple[Affine, Values]:
    """What the integers of x stand for, and they themselves, entered into the ledger."""
    try:
        format = quantizer.affine(*parameters)
        cast = Cast(format=format, overflow=quantizer.overflow, nonfinite=NonFinite.RAISE)
        coded, counts = cast.encode_counted(x.value)
    except FormatError as error:
        msg = f"a tensor of shape {x.shape} cannot be quantized: {error}"
        raise DatapathError(msg) from error
    bits = format.bits
    x.tape.enter(
        Ledger(
            quantizations=counts.elements,
            bytes_by_format={f"affine{bits}": -(-counts.elements * bits // 8)},
            saturations=counts.saturated,
            underflows=counts.underflowed,
        )
    )
    return format, coded.codes


def learned_quantize_adjoint(entry: Entry, g: Values) -> tuple[Values | None, ...]:
    """``k G`` for x, and what the quantizer makes of the sums for its parameters."""
    x, *parameters = entry.parents
    if entry.saved is None:
        return g, *(None for _ in parameters)
    quantizer, format, codes = entry.saved
    dx, sums = _back(x.value, g, codes, format, _ends(format, quantizer.overflow))
    found = quantizer.gradients(tuple(node.value for node in parameters), sums)
    return dx, *(np.asarray(each, g.dtype) for each in found)


def _back(
    x: Values, g: Values, codes: Values, format: Affine, ends: tuple[int, int]
) -> tuple[Values, Sums]:
    """The gradient of x, and the sums over all elements that share a scale."""
    from .learned_kernels import quantize_back

    low, high = ends
    scale, zero = (part.reshape(-1).astype(np.float64) for part in format.columns(x.shape))
    shape = _around_axis(x.shape, format.axis)
    dx = np.empty(shape, g.dtype)
    steps, outside = np.zeros(scale.size), np.zeros(scale.size)
    arrays = (np.ascontiguousarray(a).reshape(shape) for a in (x, g, codes))
    quantize_back(*arrays, dx, scale, zero, low - zero, high - zero, steps, outside)
    return dx.reshape(g.shape), Sums(steps, outside, x.size // max(1, scale.size))


def _ends(format: Affine, overflow: Overflow) -> tuple[int, int]:
    """The least and the largest code the cast gives."""
    codes = format.element.codes()
    symmetric = overflow is Overflow.SATURATE_SYMMETRIC and format.element.signed
    return (-codes[-1] if symmetric else codes[0]), codes[-1]


def _around_axis(shape: tuple[int, ...], axis: int | None) -> tuple[int, int, int]:
    """How many elements lie before, along and behind the axis of the channels."""
    if axis is None:
        return 1, 1, math.prod(shape)
    axis %= len(shape)
    return math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :])
