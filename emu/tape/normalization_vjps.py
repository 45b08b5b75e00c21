"""Adjoints of normalization: in float64 with the sums of the forward pass, rounded once."""

from functools import partial
from typing import Final

import numpy as np

from ...formats import split_work
from .normalization import Normalized
from .operation import VJP, Gradient
from .tape import Entry

_CHUNK = 1 << 14


def _normalization(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    from .normalization_kernels import add_slopes, normalize_slopes

    a, gain, bias = entry.parents
    saved: Normalized = entry.saved
    samples, channels = saved.centres.shape
    cells = a.value.size // max(1, samples * channels)
    x, g = (np.ascontiguousarray(v).reshape(samples, cells, channels) for v in (a.value, g))
    of_a = of_gain = of_bias = None
    with np.errstate(over="ignore", invalid="ignore"):
        if a.differentiable:
            out = np.empty_like(g)
            weights = gain.value.astype(np.float64)
            held = (weights, saved.centres, saved.factors, out)
            work = partial(normalize_slopes, x, g, saved.groups, *held)
            split_work(work, samples, max(1, _CHUNK // max(1, cells * channels)))
            of_a = out.reshape(a.shape)
        if gain.differentiable or bias.differentiable:
            sums = np.zeros((2, channels))
            add_slopes(x, g, saved.centres, saved.factors, *sums)
            of_gain, of_bias = sums.astype(g.dtype)
    return of_a, of_gain if gain.differentiable else None, of_bias if bias.differentiable else None


NORMALIZATION_VJPS: Final[dict[str, VJP]] = {
    "layer_norm": _normalization,
    "group_norm": _normalization,
}
