"""Adjoints of activations."""

from typing import Final

import numpy as np

from .activation_functions import gelu_slope, softmax_adjoint
from .operation import VJP, Gradient
from .shared_work import elementwise
from .tape import Entry


def _relu(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    return (np.where(entry.parents[0].value <= 0, g.dtype.type(0), g),)


def _gelu(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    slope = gelu_slope(entry.parents[0].value) if entry.saved is None else entry.saved
    return (elementwise(np.multiply, g, slope),)


def _sigmoid(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    y = entry.result.value
    return (g * (y * (1 - y)),)


def _softmax(entry: Entry, g: Gradient) -> tuple[Gradient | None, ...]:
    return (softmax_adjoint(entry.result.value, g),)


ACTIVATION_VJPS: Final[dict[str, VJP]] = {
    "relu": _relu,
    "gelu": _gelu,
    "sigmoid": _sigmoid,
    "softmax": _softmax,
}
