"""Derivatives of the differences of functions: see `difference_ops`."""

from functools import partial
from typing import Final

import numpy as np

from ..functions.differences import split_rows
from ..functions.vector_unit import cos, ordered_sum, sin
from .operation import VJP, Gradient
from .tape import Entry


def _tanh_difference(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    """``d/db = 1 - (p + d)^2`` and ``d/da = -d (2 p + d)`` of the difference d that was written."""
    a, b = entry.parents
    p = entry.saved
    d, g = (x.reshape(a.shape[0], -1, a.shape[1]) for x in (entry.result.value, g))
    da = ordered_sum(-g * d * (2 * p + d), 1) if a.differentiable else None
    whole = p + d
    return da, (g * (1 - whole * whole)).reshape(b.shape) if b.differentiable else None


def _sin_difference(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    """``d/db = cos(a + b)`` and ``d/da = -2 sin(a + b/2) sin(b/2)``."""
    a, b = entry.parents
    half, turn = entry.saved
    g = g.reshape(half.shape)
    middle = a.value[:, None, :] + half
    da = ordered_sum(-2 * g * sin(middle) * turn, 1) if a.differentiable else None
    return da, (g * cos(middle + half)).reshape(b.shape) if b.differentiable else None


def _tanh_parts(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    """Of the result's parts o and e: slopes ``1 - (p + e)^2 - o^2`` and ``-2 (p + e) o``."""
    from ..functions.difference_kernels import tanh_part_base_slopes, tanh_part_slopes

    a, b = entry.parents
    parts = _parts(entry, entry.result.value)
    arrays = entry.saved[:, 0], parts, np.asarray(_parts(entry, g), order="C")
    of_base = np.zeros_like(arrays[0]) if a.differentiable else None
    of_parts = np.empty_like(parts) if b.differentiable else None
    if of_base is not None:
        split_rows(partial(tanh_part_base_slopes, *arrays, of_base), parts)
    if of_parts is not None:
        split_rows(partial(tanh_part_slopes, *arrays, of_parts), parts)
    return of_base, None if of_parts is None else of_parts.reshape(b.shape)


def _sin_parts(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    """Slopes ``cos(a + e) cos o`` and ``-sin(a + e) sin o``."""
    odd, even = _parts(entry, entry.parents[1].value)
    base, whole = entry.parents[0].value[:, None, :], entry.saved
    quarter, turned = sin(odd / 2), cos(base + even)
    steady = -2 * sin(base + even / 2) * sin(even / 2) - 2 * turned * quarter * quarter
    return _back_through_parts(entry, g, turned * cos(odd), -whole * sin(odd), steady)


def _parts(entry: Entry, values: Gradient) -> Gradient:
    """The odd and the even half as (2, P, J, W)."""
    rows, width = entry.parents[0].shape
    return values.reshape(2, rows, -1, width)


def _back_through_parts(
    entry: Entry, g: Gradient, own: Gradient, other: Gradient, steady: Gradient
) -> tuple[Gradient | None, ...]:
    """Each part depends on its operand by ``own`` and on the other's by ``other``.

    On a the odd part depends by ``other`` and the even one by ``steady``.
    """
    a, b = entry.parents
    odd, even = _parts(entry, g)
    da = ordered_sum(odd * other + even * steady, 1) if a.differentiable else None
    if not b.differentiable:
        return da, None
    parts = np.stack([odd * own + even * other, odd * other + even * own])
    return da, parts.reshape(b.shape)


DIFFERENCE_VJPS: Final[dict[str, VJP]] = {
    "tanh_difference": _tanh_difference,
    "sin_difference": _sin_difference,
    "tanh_parts": _tanh_parts,
    "sin_parts": _sin_parts,
}
