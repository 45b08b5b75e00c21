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

from .errors import TensorTrainError
from .sweeps import check_options, require_exponent, truncated, without_exponent
from .tensor_train import TensorTrain


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
    TensorTrainError
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
    check_options(tolerance, max_rank)
    rest, exponent = without_exponent(values)  # so that squares neither overflow nor vanish
    require_exponent(exponent, "tensor")
    allowed = tolerance * float(np.linalg.norm(rest)) / math.sqrt(max(values.ndim - 1, 1))
    cores = []
    rank = 1
    for length in values.shape[:-1]:
        left, kept, right = truncated(rest.reshape(rank * length, -1), allowed, max_rank)
        cores.append(left.reshape(rank, length, -1))
        rest = kept[:, None] * right
        rank = len(kept)
    cores.append(np.ldexp(rest, exponent).reshape(rank, values.shape[-1], 1))
    return TensorTrain(tuple(cores))


def _checked(tensor: ArrayLike) -> NDArray[np.float64]:
    """Return the tensor as float64, or say why it cannot be decomposed."""
    given = np.asarray(tensor)
    if given.dtype.kind not in "fiub":
        message = f"the tensor is of {given.dtype}; give real numbers (for complex, each part)"
        raise TensorTrainError(message)
    if given.ndim == 0 or given.size == 0:
        message = f"the tensor has shape {given.shape}; give at least one axis and one element"
        raise TensorTrainError(message)
    values = given.astype(np.float64)
    if not np.isfinite(values).all():
        count = int(np.count_nonzero(~np.isfinite(values)))
        message = f"{count} elements of the tensor are NaN or Inf in float64; remove them"
        raise TensorTrainError(message)
    return values
