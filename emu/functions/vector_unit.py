"""Functions of the vector unit, in its format."""

import math
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...formats import FP32, FP64, Cast, split_work
from ..aligned import empty_apart
from .correct_rounding import correctly_rounded

_CHUNK = 1 << 16
#: Bound of the error of sine and cosine in float64, in ulp.
_ERROR = 3


def tanh(x: NDArray[Any]) -> NDArray[Any]:
    """Hyperbolic tangent of a float32, float64 or complex128 array.

    Returns
    -------
    ndarray
        Same shape and dtype.

    Notes
    -----
    *Exactness*: float64 within 3.5 ulp (2.6 is the most ever seen), and odd; float32 is that
    float64 rounded once more, which is the correctly rounded tanh for every float32 (checked
    exhaustively by ``pytest -m exhaustive``).  Only IEEE additions, products, FMA and quotients
    are used, so that the bits do not depend on the machine.  complex128 is NumPy's, for
    complex-step derivatives.

    Examples
    --------
    >>> tanh(np.array([0.0, 0.5, -20.0]))
    array([ 0.        ,  0.46211716, -1.        ])
    """
    if np.iscomplexobj(x):
        values: NDArray[Any] = np.tanh(x)
        return values
    from .kernels import tanh_elements

    flat = np.asarray(x, order="C").reshape(-1)
    out = empty_apart(flat)
    split_work(partial(tanh_elements, flat, out), flat.size, _CHUNK)
    return out.reshape(x.shape)


def sin(x: NDArray[Any]) -> NDArray[Any]:
    """Sine of a float32, float64 or complex128 array; NaN of infinities.

    Returns
    -------
    ndarray
        Same shape and dtype.

    Notes
    -----
    *Exactness*: float64 within 3 ulp (2.1 is the most ever seen), and odd; float32 is correctly
    rounded: that float64 rounded once more, unless 3 ulp reach the middle between two float32.
    There, and from 2^20 on, arguments are correctly rounded one at a time.  Only IEEE additions and
    products are used, so that the bits do not depend on the machine.  complex128 is NumPy's.

    Examples
    --------
    >>> sin(np.array([0.0, 0.5, -1e300]))
    array([0.        , 0.47942554, 0.81788191])
    """
    return np.sin(x) if np.iscomplexobj(x) else _turned("sin", x, 0)


def cos(x: NDArray[Any]) -> NDArray[Any]:
    """Cosine of a float32, float64 or complex128 array, as `sin`; even."""
    return np.cos(x) if np.iscomplexobj(x) else _turned("cos", x, 1)


def _turned(name: str, x: NDArray[Any], quarters: int) -> NDArray[Any]:
    """``sin(x + quarters pi/2)``, the function called ``name``."""
    from .sine_kernels import sine_elements

    flat = np.asarray(x, order="C").reshape(-1)
    narrow, out = flat.dtype == np.float32, np.empty_like(flat)
    margin = _ERROR + 1 if narrow else 0
    split_work(partial(sine_elements, flat, quarters, margin, out), flat.size, _CHUNK)
    if np.isnan(out).any():
        left = np.isnan(out) & np.isfinite(flat)
        cast = Cast(format=FP32 if narrow else FP64)
        out[left] = correctly_rounded(name, flat[left], cast).values(flat.dtype)
    return out.reshape(x.shape)


def ordered_sum(x: NDArray[Any], axis: int) -> NDArray[Any]:
    """Sum along ``axis``, one element after the other in order: n - 1 roundings in x's format."""
    terms = np.moveaxis(x, axis, 0)
    if np.iscomplexobj(x):
        values: NDArray[Any] = terms.sum(axis=0)
        return values
    from .kernels import add_rows

    flat = np.asarray(terms, order="C").reshape(terms.shape[0], math.prod(terms.shape[1:]))
    total = np.zeros(flat.shape[1], x.dtype)
    add_rows(flat, total)
    return total.reshape(terms.shape[1:])


def exact_sum(x: NDArray[Any]) -> Any:
    """Sum of all elements: exact, rounded once to their format.

    Examples
    --------
    >>> float(exact_sum(np.float32([1, 2**-24, 2**-60]))) > 1.0
    True
    """
    if np.iscomplexobj(x) or not np.isfinite(x).all():
        return x.sum()
    terms = x.reshape(-1).tolist()
    try:
        total = math.fsum(terms)
    except OverflowError:
        return x.sum()
    if x.dtype == np.float32:
        total = _rounded_to_odd(total, math.fsum([*terms, -total]))
    return x.dtype.type(total)


def _rounded_to_odd(nearest: float, rest: float) -> float:
    """``nearest + rest`` rounded to odd, from its rounding to nearest and what that left out.

    A later rounding to a format of at most 51 bits is then the only one (Boldo and Melquiond 2008).
    """
    odd = int(np.float64(nearest).view(np.int64)) & 1
    return nearest if odd or not rest else math.nextafter(nearest, math.copysign(math.inf, rest))
