"""Adjoints of normalization: in float64 with the sums of the forward pass, rounded once."""

from functools import partial
from typing import Any, Final

import numpy as np

from ...formats import split_work
from .normalization import Normalized, samples_of_a_piece
from .operation import VJP, Gradient
from .tape import Entry


def _normalization(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    a, gain, bias = entry.parents
    saved: Normalized = entry.saved
    samples, channels = len(saved.centres), gain.value.size
    cells = max(1, a.value.size // max(1, samples * channels))  # of no samples too
    x, g = (np.ascontiguousarray(v).reshape(samples, cells, channels) for v in (a.value, g))
    of_a = of_gain = of_bias = None
    with np.errstate(over="ignore", invalid="ignore"):
        if a.differentiable:
            weights = gain.value.astype(np.float64)
            of_a = _of_field(entry.op, saved, x, g, weights).reshape(a.shape)
        if gain.differentiable or bias.differentiable:
            of_gain, of_bias = _of_parameters(entry.op, saved, x, g)
    return of_a, of_gain if gain.differentiable else None, of_bias if bias.differentiable else None


def _of_field(op: str, saved: Normalized, x: Gradient, g: Gradient, gain: Gradient) -> Gradient:
    """The gradient of what was normalized, (B, cells, C)."""
    out: Gradient = np.empty_like(g)
    held = (gain, saved.centres, saved.factors)
    work: Any
    if op == "group_norm":
        from .normalization_kernels import normalize_slopes

        work = partial(normalize_slopes, x, g, saved.groups, *held, out)
    else:
        from .row_normalization_kernels import slopes_of_rows

        work = partial(slopes_of_rows, x[:, 0], g[:, 0], *held, out[:, 0])
    split_work(work, len(x), samples_of_a_piece(x))
    return out


def _of_parameters(op: str, saved: Normalized, x: Gradient, g: Gradient) -> Gradient:
    """The gradients of gain and bias, (2, C)."""
    sums = np.zeros((2, x.shape[2]))
    if op == "group_norm":
        from .normalization_kernels import add_slopes

        add_slopes(x, g, saved.centres, saved.factors, *sums)
    else:
        from .row_normalization_kernels import add_slopes_of_rows

        add_slopes_of_rows(x[:, 0], g[:, 0], saved.centres, saved.factors, *sums)
    return sums.astype(g.dtype)


NORMALIZATION_VJPS: Final[dict[str, VJP]] = {
    "layer_norm": _normalization,
    "group_norm": _normalization,
}
