"""Functions of the vector unit, in its format."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats import split_work

_CHUNK = 1 << 16


def tanh(x: NDArray[Any]) -> NDArray[Any]:
    """Hyperbolic tangent of a float32, float64 or complex128 array.

    Returns
    -------
    ndarray
        Same shape and dtype.

    Notes
    -----
    *Exactness*: float64 within 2 ulp, and odd; float32 is that float64 rounded
    once more, which is the correctly rounded tanh for every float32 (checked exhaustively by
    ``pytest -m exhaustive``).  Only IEEE additions, products and quotients are used, so that the
    bits do not depend on the machine.  complex128 is NumPy's, for complex-step derivatives.

    Examples
    --------
    >>> tanh(np.array([0.0, 0.5, -20.0]))
    array([ 0.        ,  0.46211716, -1.        ])
    """
    if np.iscomplexobj(x):
        values: NDArray[Any] = np.tanh(x)
        return values
    from .function_kernels import tanh_elements

    flat = np.asarray(x, order="C").reshape(-1)
    out = np.empty_like(flat)
    split_work(partial(tanh_elements, flat, out), flat.size, _CHUNK)
    return out.reshape(x.shape)


def ordered_sum(x: NDArray[Any], axis: int) -> NDArray[Any]:
    """Sum along ``axis``, one element after the other in order: n - 1 roundings in x's format."""
    terms = np.moveaxis(x, axis, 0)
    if np.iscomplexobj(x):
        values: NDArray[Any] = terms.sum(axis=0)
        return values
    from .function_kernels import add_rows

    flat = np.asarray(terms, order="C").reshape(terms.shape[0], -1)
    total = np.zeros(flat.shape[1], x.dtype)
    add_rows(flat, total)
    return total.reshape(terms.shape[1:])
