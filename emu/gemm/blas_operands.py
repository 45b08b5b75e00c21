"""Operands whose product BLAS forms exactly, in whatever order it adds: the proof, per call."""

from math import frexp, isfinite, ldexp
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...formats import Coded
from ..width import Span, tile_rows, value_span
from .panel_lanes import Spanned

Matrix = NDArray[Any]

#: Types, their significant bits, and the exponents between which nothing is subnormal or infinite.
_TYPES: Final = ((np.float32, 24, -126, 127), (np.float64, 53, -1022, 1023))
#: Elements of an operand which are not decoded before a row of them has been.
_LARGE: Final = 1 << 16


class BlasOperands(NamedTuple):
    """Values of shapes (M, K) and (N, K), and a float type in which no sum of products is rounded.

    Every sum of some of the K products is a multiple of ``2^lsb``, and at most ``most`` of them.
    """

    left: Matrix
    right: Matrix
    dtype: Any
    lsb: int
    most: int

    def product(self) -> Matrix:
        """The exact ``A B^T`` in that type; an exact zero is +0."""
        if self.most == 0:
            return np.zeros((self.left.shape[0], self.right.shape[0]), self.dtype)
        left, right = (x.astype(self.dtype, copy=False) for x in (self.left, self.right))
        product: Matrix = left @ right.T
        product += 0.0  # a sum of zeros of one sign may be -0
        return product


def blas_operands(a: Coded, b: Coded) -> BlasOperands | None:
    """Values of both operands, contracted along their columns; None if no proof holds.

    Every value is a multiple of ``2^l``, by the format and the scales that occur, and at most
    ``p 2^l`` with an integer p, for the largest that occurs.  Then every sum of products is a
    multiple of ``2^lsb = 2^(l_a + l_b)``, and at most ``most = K p_a p_b`` of these.  With
    ``most <= 2^24`` all of them are float32 numbers (``2^53``: float64), so that no addition
    rounds.  INT8 without -128 meets this in float32 for K up to 1040: ``1040 * 127^2 <= 2^24``.

    Notes
    -----
    *Exactness*: exact, and the bounds are compared as integers.

    Examples
    --------
    >>> from bitpde.formats import INT8
    >>> a = Coded(format=INT8, codes=np.full((1, 1041), 127, np.int8))
    >>> [blas_operands(a[:, :k], a[:, :k]).dtype.__name__ for k in (1040, 1041)]
    ['float32', 'float64']
    """
    spans = value_span(a), value_span(b)
    if min(a.codes.size, b.codes.size) >= _LARGE and _first_rows_are_beyond((a, b), spans):
        return None
    left, right = (x.values(Spanned(x, span).source) for x, span in zip((a, b), spans, strict=True))
    p, q = _greatest(left), _greatest(right)
    if not (isfinite(p) and isfinite(q)):
        return None
    lsbs = spans[0].lsb, spans[1].lsb
    lsb = sum(lsbs)
    if p == 0 or q == 0:
        return BlasOperands(left, right, np.float32, lsb, 0)
    tops = frexp(p)[1], frexp(q)[1]
    if any(top - own > 54 for top, own in zip(tops, lsbs, strict=True)):
        return None
    most = int(ldexp(p, -lsbs[0])) * int(ldexp(q, -lsbs[1])) * a.shape[1]
    for dtype, bits, lowest, highest in _TYPES:
        top = max(*tops, most.bit_length() + lsb)
        if most <= 1 << bits and min(lsb, *lsbs) >= lowest and top <= highest:
            return BlasOperands(left, right, dtype, lsb, most)
    return None


def _first_rows_are_beyond(operands: tuple[Coded, Coded], spans: tuple[Span, Span]) -> bool:
    """Whether two products already need more than 53 bits; the other rows are not looked at."""
    bits = 0
    for x, span in zip(operands, spans, strict=True):
        greatest = _greatest(x[: tile_rows(x)].values())
        if greatest == 0 or not isfinite(greatest):
            return False
        bits += frexp(greatest)[1] - span.lsb
    return bits > 53 + 2


def _greatest(x: Matrix) -> float:
    """The largest magnitude; NaN if there is one."""
    return float(np.maximum(np.max(x, initial=0.0), -np.min(x, initial=0.0)))
