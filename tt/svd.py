r"""TT-SVD: the tensor train of a given tensor, with a bound on what is lost.

Unfold the tensor so that its first axis makes the rows, take the singular value decomposition,
keep the leading singular vectors as the first core, and go on with what remains: :math:`d - 1`
decompositions in all.  If each drops singular values of total norm at most

.. math:: \delta = \frac{\varepsilon}{\sqrt{d - 1}} \, \|A\|_F,

the errors are orthogonal to one another and add up to at most :math:`\varepsilon \|A\|_F`.
(I. V. Oseledets, *Tensor-train decomposition*, SIAM J. Sci. Comput. 33 (2011), algorithm 1 and
theorem 2.2.)
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .tensor_train import TensorTrain

# Beyond these powers of two a norm would overflow, or a core lose digits by underflow.
_SMALLEST_EXPONENT, _LARGEST_EXPONENT = -960, 960


def tt_svd(tensor: ArrayLike, tolerance: float = 0.0, max_rank: int | None = None) -> TensorTrain:
    r"""Return a tensor train with :math:`\|A - T\|_F \le \varepsilon \|A\|_F`.

    Parameters
    ----------
    tensor : array_like of shape ``(n_1, ..., n_d)``
        Real and finite, with at least one axis and one element.
    tolerance : float
        The relative error allowed, :math:`\varepsilon` above, in ``[0, 1)``.
    max_rank : int, optional
        No rank becomes larger than this.  Where it cuts, the bound on the error is given up.

    Returns
    -------
    TensorTrain
        Its ranks are the smallest that these decompositions allow.  All cores but the last are
        left-orthogonal: reshaped to ``(r * n, r')``, their columns are orthonormal.

    Raises
    ------
    ValueError
        If the tensor is not as above, or its largest element is not within 2 to the power of
        plus or minus 960, or the tolerance or the largest rank are out of range.

    Notes
    -----
    *Exactness*: float64.  The bound holds up to the rounding errors of ``d - 1`` backward stable
    decompositions, a small multiple of ``2**-53`` relative to the norm; so does ``tolerance=0``,
    which drops only singular values that come out as zero.

    Examples
    --------
    >>> i = np.arange(6.0)
    >>> tensor = np.sin(i[:, None, None] + i[:, None] + i)
    >>> train = tt_svd(tensor, tolerance=1e-12)
    >>> train
    TensorTrain(shape=(6, 6, 6), ranks=(1, 2, 2, 1))
    >>> bool(np.linalg.norm(train.full() - tensor) <= 1e-12 * np.linalg.norm(tensor))
    True
    """
    values = _checked(tensor)
    _check_options(tolerance, max_rank)
    exponent = _exponent(values)
    rest = np.ldexp(values, -exponent)  # so that squares neither overflow nor vanish
    allowed = tolerance * float(np.linalg.norm(rest)) / math.sqrt(max(values.ndim - 1, 1))
    cores = []
    rank = 1
    for length in values.shape[:-1]:
        core, rest = _split(rest.reshape(rank * length, -1), allowed, max_rank)
        cores.append(core.reshape(rank, length, -1))
        rank = core.shape[1]
    cores.append(np.ldexp(rest, exponent).reshape(rank, values.shape[-1], 1))
    return TensorTrain(tuple(cores))


def _split(
    matrix: NDArray[np.float64], allowed: float, max_rank: int | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return orthonormal columns ``q`` and ``q.T @ matrix``, as few as ``allowed`` permits."""
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    lost = np.sqrt(np.cumsum(values[::-1] ** 2))[::-1]  # by keeping 0, 1, 2 ... of them
    rank = max(1, int(np.count_nonzero(lost > allowed)))
    if max_rank is not None:
        rank = min(rank, max_rank)
    return left[:, :rank], values[:rank, None] * right[:rank]


def _checked(tensor: ArrayLike) -> NDArray[np.float64]:
    """Return the tensor as float64, or say why it cannot be decomposed."""
    given = np.asarray(tensor)
    if given.dtype.kind not in "fiub":
        message = f"the tensor is of {given.dtype}; give real numbers (for complex, each part)"
        raise ValueError(message)
    if given.ndim == 0 or given.size == 0:
        message = f"the tensor has shape {given.shape}; give at least one axis and one element"
        raise ValueError(message)
    values = given.astype(np.float64)
    if not np.isfinite(values).all():
        count = int(np.count_nonzero(~np.isfinite(values)))
        message = f"{count} elements of the tensor are NaN or Inf in float64; remove them"
        raise ValueError(message)
    return values


def _check_options(tolerance: float, max_rank: int | None) -> None:
    """Refuse a tolerance outside [0, 1) and a rank that is not a positive integer."""
    if not 0.0 <= tolerance < 1.0:
        message = f"the tolerance is {tolerance!r}; it is relative, so give 0 <= tolerance < 1"
        raise ValueError(message)
    if max_rank is not None and max_rank < 1:
        message = f"the largest rank is {max_rank!r}; give a positive integer, or None"
        raise ValueError(message)


def _exponent(values: NDArray[np.float64]) -> int:
    """Return e with the largest element in [2**(e - 1), 2**e), or 0 if all are zero."""
    exponent = math.frexp(float(np.max(np.abs(values))))[1]
    if not _SMALLEST_EXPONENT <= exponent <= _LARGEST_EXPONENT:
        message = (
            f"the largest element of the tensor is about 2**{exponent}, where the decomposition "
            f"would overflow or lose digits; scale the tensor by a power of two"
        )
        raise ValueError(message)
    return exponent
