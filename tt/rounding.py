r"""Rounding a train: fewer ranks, with a bound on what is lost.

A sweep of QR decompositions from the right leaves the norm of the tensor in the first core; a
sweep of singular value decompositions from the left then drops at each bond singular values of
total norm at most :math:`\varepsilon \|A\|_F / \sqrt{d - 1}`, as TT-SVD does with the whole tensor.
(I. V. Oseledets, *Tensor-train decomposition*, SIAM J. Sci. Comput. 33 (2011), algorithm 2.)
"""

import math

import numpy as np

from .sweeps import Array, Cores, check_options, require_exponent, right_orthogonalized, truncated


def rounded(cores: Cores, tolerance: float, max_rank: int | None) -> Cores:
    r"""Return cores of a train with :math:`\|A - T\|_F \le \varepsilon \|A\|_F`.

    All but the last are left-orthogonal.  ``max_rank`` limits the ranks; where it cuts, the bound
    is given up.

    Raises
    ------
    TensorTrainError
        If the tolerance or the largest rank are out of range, or the last core would be.
    """
    check_options(tolerance, max_rank)
    (first, *others), exponent = right_orthogonalized(cores)
    allowed = tolerance * float(np.linalg.norm(first)) / math.sqrt(max(len(others), 1))
    done: list[Array] = []
    rest = first
    for core in others:
        left, values, right = truncated(rest.reshape(-1, rest.shape[2]), allowed, max_rank)
        done.append(left.reshape(*rest.shape[:2], -1))
        rest = np.tensordot(values[:, None] * right, core, 1)
    return (*done, with_exponent(rest, exponent))


def with_exponent(core: Array, exponent: int) -> Array:
    """Return a core times two to the power of ``exponent``, if it can be held."""
    present = math.frexp(float(np.max(np.abs(core))))[1]
    if core.any():
        require_exponent(present + exponent, "train")
    return np.ldexp(core, exponent if core.any() else 0)
