r"""Sweeps over the cores of a train: orthogonalizing and truncating.

Cores are a tuple of arrays of shape ``(r, n, r')``.  A sweep goes from the left to the right; one
in the other direction is the same sweep over the :func:`mirrored` train.  Along the way powers of
two are taken out of the cores, exactly, so that no product overflows or vanishes: a sweep returns
cores whose largest element has the exponent 0, and the exponent that they lost.
"""

import math

import numpy as np
from numpy.typing import NDArray

from .errors import TensorTrainError

Array = NDArray[np.float64]
Cores = tuple[Array, ...]

# Beyond these powers of two a norm would overflow, or a core lose digits by underflow.
_SMALLEST_EXPONENT, _LARGEST_EXPONENT = -960, 960


def mirrored(cores: Cores) -> Cores:
    """Return the train of the tensor with its axes in the opposite order."""
    return tuple(core.transpose(2, 1, 0) for core in reversed(cores))


def left_orthogonalized(cores: Cores) -> tuple[Cores, int]:
    r"""Return cores of which all but the last have orthonormal columns, and an exponent.

    Each core, as a matrix of shape ``(r n, r')``, is :math:`Q R`; Q stays, and R joins the next.
    A rank larger than ``r n`` comes out as ``r n``.  The last core times two to the power of the
    exponent has the Frobenius norm of the tensor.
    """
    done: list[Array] = []
    carry, total = np.ones((1, 1)), 0
    for core in cores[:-1]:
        joined, exponent = _joined(carry, core)
        q, carry = np.linalg.qr(joined.reshape(-1, joined.shape[2]))
        done.append(q.reshape(*joined.shape[:2], -1))
        total += exponent
    last, exponent = _joined(carry, cores[-1])
    return (*done, last), total + exponent


def right_orthogonalized(cores: Cores) -> tuple[Cores, int]:
    """Return cores of which all but the first have orthonormal rows, and an exponent."""
    swept, exponent = left_orthogonalized(mirrored(cores))
    return mirrored(swept), exponent


def truncated(matrix: Array, allowed: float, max_rank: int | None) -> tuple[Array, Array, Array]:
    """Return the singular value decomposition without the values that ``allowed`` permits to drop.

    As many of the smallest as have a norm of at most ``allowed`` together, and all beyond
    ``max_rank``; one remains in any case.
    """
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    lost = np.sqrt(np.cumsum(values[::-1] ** 2))[::-1]  # by keeping 0, 1, 2 ... of them
    rank = max(1, int(np.count_nonzero(lost > allowed)))
    if max_rank is not None:
        rank = min(rank, max_rank)
    return left[:, :rank], values[:rank], right[:rank]


def without_exponent(values: Array) -> tuple[Array, int]:
    """Return values with the largest in [1/2, 1), or all zero, and the exponent taken out."""
    exponent = math.frexp(float(np.max(np.abs(values))))[1]
    return np.ldexp(values, -exponent), exponent


def require_exponent(exponent: int, what: str) -> None:
    """Refuse numbers of a magnitude where decompositions overflow or lose digits."""
    if not _SMALLEST_EXPONENT <= exponent <= _LARGEST_EXPONENT:
        message = (
            f"the largest element of the {what} is about 2**{exponent}, where the decomposition "
            f"would overflow or lose digits; scale the {what} by a power of two"
        )
        raise TensorTrainError(message)


def check_options(tolerance: float, max_rank: int | None) -> None:
    """Refuse a tolerance outside [0, 1) and a rank that is not a positive integer."""
    if not 0.0 <= tolerance < 1.0:
        message = f"the tolerance is {tolerance!r}; it is relative, so give 0 <= tolerance < 1"
        raise TensorTrainError(message)
    if max_rank is not None and max_rank < 1:
        message = f"the largest rank is {max_rank!r}; give a positive integer, or None"
        raise TensorTrainError(message)


def _joined(carry: Array, core: Array) -> tuple[Array, int]:
    """Return ``carry`` times a core without its exponent, and the exponent."""
    scaled, first = without_exponent(core)
    joined, second = without_exponent(np.tensordot(carry, scaled, 1))
    return joined, first + second
