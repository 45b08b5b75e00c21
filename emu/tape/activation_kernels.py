"""Compiled activations of the vector unit: IEEE operations, FMA among them, in a fixed order.

Everything is evaluated in float64, with ``u = 2^-53``, and rounded once more to what it is written
to.  A loop holds its own formula, and calls nothing with a loop inside, so that it is vectorized.
"""

from typing import Any

import numpy as np

from ...formats import kernel
from ..functions.fma import fma
from ..functions.kernels import INVERSE_LN2, LN2_HIGH, LN2_LOW, MAGIC, MAGIC_BITS, expm1_reduced

#: Arguments of the exponential at most; e^-800 is below every float64.
FARTHEST = 800.0
#: The lower tail of the normal distribution is below every float64 from here on.
DEEPEST = 40.0
#: Elements that are copied before they are evaluated: stores then wait for no loads that lie where
#: they do in a page, as those of arrays of equal size often do.
BLOCK = 512
INVERSE_ROOT_OF_2PI = float.fromhex("0x1.9884533d43651p-2")
#: A product with it splits a number into two of 26 bits (Dekker 1971).
SPLITTER = 134217729.0


@kernel
def exponential(x: Any) -> Any:
    """``e^x`` for ``-FARTHEST <= x <= 0``: within 4 u, and rounded once more where it is subnormal.

    The reduced argument, at most 0.35, is wrong by 0.2 u at small n and by u at large ones, its
    series by u, and the sum rounds once.  The scale is applied in two halves, since that of a
    subnormal result is no power of two in range.
    """
    shifted = np.float64(fma(x, INVERSE_LN2, MAGIC))
    n = shifted - MAGIC
    r = fma(-n, LN2_LOW, fma(-n, LN2_HIGH, x))
    whole = shifted.view(np.int64) - np.int64(MAGIC_BITS)  # the last bits of the sum are n's
    half = whole >> 1
    first = np.int64((half + 1023) << 52).view(np.float64)
    second = np.int64((whole - half + 1023) << 52).view(np.float64)
    return ((1.0 + expm1_reduced(r)) * first) * second


@kernel
def mills_ratio(t: Any) -> Any:
    """``Phi(-t) / phi(t)`` of the normal distribution for ``0 <= t <= DEEPEST``.

    ``(t + 5)`` times it lies between 1 and 6.3, and is the polynomial of degree 22 in
    ``w = (t - 5) / (t + 5)`` that interpolates it at Chebyshev points, within 2 u of it.
    """
    inverse = 1.0 / (t + 5.0)
    w = (t - 5.0) * inverse
    p = -4.5302824408483376e-10
    p = fma(p, w, 4.2339602731897154e-09)
    p = fma(p, w, 1.9218910814585897e-08)
    p = fma(p, w, -2.2921867474381476e-08)
    p = fma(p, w, -1.650586353858946e-07)
    p = fma(p, w, 1.0550857957826519e-07)
    p = fma(p, w, 1.0853291942530492e-06)
    p = fma(p, w, -8.43511006181882e-07)
    p = fma(p, w, -6.941219114443939e-06)
    p = fma(p, w, 9.978564522319495e-06)
    p = fma(p, w, 4.181346822352685e-05)
    p = fma(p, w, -0.00012473686751835272)
    p = fma(p, w, -0.00014883284307876555)
    p = fma(p, w, 0.0013658594032425503)
    p = fma(p, w, -0.0019999619993558934)
    p = fma(p, w, -0.007503282849933091)
    p = fma(p, w, 0.052125502413949656)
    p = fma(p, w, -0.17325473408520292)
    p = fma(p, w, 0.41364471573262307)
    p = fma(p, w, -0.7859110755466049)
    p = fma(p, w, 1.2415470615738673)
    p = fma(p, w, -1.6678665951889595)
    p = fma(p, w, 1.9280810471531575)
    return p * inverse


@kernel
def magnitude(value: Any) -> Any:
    """``|value|``, at most `DEEPEST`, as is that of NaN."""
    size = abs(value)
    return size if size < DEEPEST else DEEPEST


@kernel
def gelu_elements(x: Any, out: Any, slopes: Any, start: int, stop: int) -> None:
    """``x Phi(x)`` of elements start..stop, and ``Phi(x) + x phi(x)``; an empty array is left out.

    ``t = |x|`` has ``t^2 = h^2 + (t + h)(t - h)`` with its upper half h: the square is exact, and
    the rest, below 2^-15, so small that three terms of its exponential are enough.  Each of the
    two long chains of operations has a loop of its own: a processor then works on several at once.
    """
    held, densities, ratios = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    of_out, of_slopes = np.empty(BLOCK), np.empty(BLOCK)
    for first in range(start, stop, BLOCK):
        count = min(BLOCK, stop - first)
        for i in range(count):
            held[i] = x[first + i]
        for i in range(count):
            t = magnitude(held[i])
            c = SPLITTER * t
            h = c - (c - t)
            low = -0.5 * ((t + h) * (t - h))
            power = exponential(-0.5 * (h * h))
            rest = low + (low * low) * (0.5 + low * (1.0 / 6.0))
            densities[i] = INVERSE_ROOT_OF_2PI * (power + power * rest)
        for i in range(count):
            ratios[i] = mills_ratio(magnitude(held[i]))
        for i in range(count):
            value, density = held[i], densities[i]
            t = magnitude(value)
            tail = density * ratios[i]
            below = tail if value < 0.0 else 1.0 - tail
            signed = t if value > 0.0 else -t
            whole = signed if value < 0.0 else value
            of_out[i] = whole * below if value == value else value
            of_slopes[i] = below + signed * density if value == value else value
        if out.size > 0:
            for i in range(count):
                out[first + i] = of_out[i]
        if slopes.size > 0:
            for i in range(count):
                slopes[first + i] = of_slopes[i]


@kernel
def sigmoid_elements(x: Any, out: Any, start: int, stop: int) -> None:
    """``1 / (1 + e^-x)`` of elements start..stop, by the exponential of ``-|x|``."""
    for i in range(start, stop):
        value = np.float64(x[i])
        size = abs(value)
        power = exponential(-(size if size < FARTHEST else FARTHEST))
        result = (1.0 if value > 0.0 else power) / (1.0 + power)
        out[i] = result if value == value else value


@kernel
def softmax_rows(x: Any, out: Any, start: int, stop: int) -> None:
    """``e^(x - max) / sum e^(x - max)`` of rows start..stop; the sum in order."""
    powers = np.empty(x.shape[1])
    for i in range(start, stop):
        largest, known = np.float64(-np.inf), True
        for j in range(x.shape[1]):
            value = np.float64(x[i, j])
            known = known and value == value
            largest = value if value > largest else largest
        if not (known and abs(largest) < np.inf):
            out[i, :] = np.nan
            continue
        for j in range(x.shape[1]):
            below = np.float64(x[i, j]) - largest
            powers[j] = exponential(below if below > -FARTHEST else -FARTHEST)
        total = 0.0
        for j in range(x.shape[1]):
            total += powers[j]
        for j in range(x.shape[1]):
            out[i, j] = powers[j] / total


@kernel
def softmax_slopes(y: Any, g: Any, out: Any, start: int, stop: int) -> None:
    """``y (g - sum g y)`` of rows start..stop; the sum in order."""
    for i in range(start, stop):
        total = 0.0
        for j in range(y.shape[1]):
            total += np.float64(g[i, j]) * np.float64(y[i, j])
        for j in range(y.shape[1]):
            out[i, j] = np.float64(y[i, j]) * (np.float64(g[i, j]) - total)
