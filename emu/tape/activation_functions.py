"""Activations of arrays in the vector unit's format: evaluated in float64, rounded once.

Complex numbers, which only derivatives by complex steps have, are NumPy's and SciPy's.
"""

import math
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...formats import split_work
from ..aligned import empty_apart
from ..pieces import piece

_CHUNK = 1 << 14


def gelu(x: NDArray[Any]) -> NDArray[Any]:
    """``x Phi(x)`` with the normal distribution's Phi, of a float32, float64 or complex128 array.

    Notes
    -----
    *Exactness*: float64 within 8 ulp; float32 is that float64 rounded once more, so within 0.51
    ulp.  Only IEEE additions, products, FMA and quotients in a fixed order are used, so that the
    bits do not depend on the machine.  -0 stays -0, as is the result of -infinity.

    Examples
    --------
    >>> gelu(np.array([-1.0, 0.0, 1.0]))
    array([-0.15865525,  0.        ,  0.84134475])
    """
    if np.iscomplexobj(x):
        return _complex_gelu(x)
    flat, out = _flat(x)
    _evaluate_gelu(flat, out, np.empty(0, out.dtype))
    return out.reshape(x.shape)


def gelu_and_slope(x: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """`gelu` and `gelu_slope` of a float32 or float64 array, by one evaluation; the same bits.

    Examples
    --------
    >>> gelu_and_slope(np.float32([1.0]))
    (array([0.8413448], dtype=float32), array([1.0833155], dtype=float32))
    """
    flat, out = _flat(x)
    slopes = np.empty_like(out)
    _evaluate_gelu(flat, out, slopes)
    return out.reshape(x.shape), slopes.reshape(x.shape)


def gelu_slope(x: NDArray[Any]) -> NDArray[Any]:
    """``Phi(x) + x phi(x)``, the derivative of `gelu`, of a float32 or float64 array.

    Notes
    -----
    *Exactness*: within 8 u (Phi(x) + |x| phi(x)) for ``u = 2^-53``, then rounded once to float32.
    """
    flat, out = _flat(x)
    _evaluate_gelu(flat, np.empty(0, out.dtype), out)
    return out.reshape(x.shape)


def sigmoid(x: NDArray[Any]) -> NDArray[Any]:
    """``1 / (1 + e^-x)`` of a float32, float64 or complex128 array.

    Notes
    -----
    *Exactness*: float64 within 5 ulp; float32 is that float64 rounded once more, so within 0.51
    ulp.  Bits as in `gelu`.

    Examples
    --------
    >>> sigmoid(np.array([-np.inf, -1.0, 0.0, 1.0]))
    array([0.        , 0.26894142, 0.5       , 0.73105858])
    """
    if np.iscomplexobj(x):
        return np.asarray(1 / (1 + np.exp(-x)))
    from .activation_kernels import sigmoid_elements

    flat, out = _flat(x)
    split_work(partial(sigmoid_elements, flat, out), flat.size, piece(flat.size, _CHUNK))
    return out.reshape(x.shape)


def softmax(x: NDArray[Any]) -> NDArray[Any]:
    """``e^(x - m) / sum e^(x - m)`` along the last axis, with its largest element m.

    Notes
    -----
    *Exactness*: float64 within ``(n + 8 + |x - m|) u`` relatively for n elements and ``u = 2^-53``,
    or 1 step of the subnormals; the differences are exact and ``|x - m|`` is left out for float32,
    to which that float64 is rounded once more.  Bits as in `gelu`.

    Examples
    --------
    >>> softmax(np.array([1.0, 1.0, -np.inf]))
    array([0.5, 0.5, 0. ])
    """
    if np.iscomplexobj(x):
        powers = np.exp(x - np.real(x).max(-1, keepdims=True))
        return np.asarray(powers / powers.sum(-1, keepdims=True))
    from .activation_kernels import softmax_rows

    rows = np.ascontiguousarray(x).reshape(-1, x.shape[-1])
    out = np.empty_like(rows)
    with np.errstate(over="ignore"):
        split_work(partial(softmax_rows, rows, out), rows.shape[0], _rows(rows))
    return out.reshape(x.shape)


def softmax_adjoint(y: NDArray[Any], g: NDArray[Any]) -> NDArray[Any]:
    """``y (g - sum g y)`` along the last axis, of two float32 or two float64 arrays.

    Notes
    -----
    *Exactness*: in float64 within ``(n + 3) u y (|g| + sum |g| y)``, then rounded once to float32.
    """
    from .activation_kernels import softmax_slopes

    shape = (-1, y.shape[-1])
    rows, incoming = np.ascontiguousarray(y).reshape(shape), np.ascontiguousarray(g).reshape(shape)
    out = np.empty_like(incoming)
    with np.errstate(over="ignore", invalid="ignore"):
        split_work(partial(softmax_slopes, rows, incoming, out), rows.shape[0], _rows(rows))
    return out.reshape(y.shape)


def _evaluate_gelu(x: NDArray[Any], out: NDArray[Any], slopes: NDArray[Any]) -> None:
    """The function, its slope or both, of a flat array; what is empty is not wanted."""
    from .activation_kernels import gelu_elements

    with np.errstate(over="ignore", under="ignore"):
        split_work(partial(gelu_elements, x, out, slopes), x.size, piece(x.size, _CHUNK))


def _flat(x: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The elements in C order, and room for as many."""
    flat = np.asarray(x, order="C").reshape(-1)
    return flat, empty_apart(flat)


def _rows(rows: NDArray[Any]) -> int:
    """How many rows make a chunk."""
    return piece(len(rows), _CHUNK // int(rows.shape[1]))


def _complex_gelu(z: NDArray[Any]) -> NDArray[Any]:
    """``z Phi(z)`` next to the real axis: by the series of Phi, and beyond 2.5 by its fraction.

    Nothing is shared with the kernels.  ``Phi(z) = 1/2 + phi(z) (z + z^3/3 + z^5/(3 5) + ...)``;
    beyond, 100 divisions of Laplace's continued fraction are exact to float64.
    """
    density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    right = np.real(z) >= 0
    near = np.abs(np.real(z)) < 2.5
    inner, far = np.where(near, z, 0), np.where(near, 2.5, np.where(right, z, -z))
    total = np.ones_like(z)
    for odd in range(101, 1, -2):
        total = 1 + total * (inner * inner / odd)
    fraction = far
    for k in range(100, 0, -1):
        fraction = far + k / fraction
    tail = density / fraction
    beyond = np.where(right, 1 - tail, tail)
    return np.asarray(z * np.where(near, 0.5 + density * inner * total, beyond))
