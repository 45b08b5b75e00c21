r"""Gauges: other cores of the same tensor.

Between two cores a matrix and its inverse may be put, :math:`G_k A` and :math:`A^{-1} G_{k+1}`,
and the tensor is the same; but the numbers in the cores are not, and so neither are the scales that
integers would need to hold them.

* In the **left-orthogonal** gauge all cores but the last, as matrices of shape ``(r n, r')``, have
  orthonormal columns, and the last has the norm of the tensor.
* In the **balanced** gauge each bond's singular values :math:`\lambda` go to both of its
  neighbours in equal shares: what is left of the bond, as a matrix :math:`L` with a column for
  each of them, and what is right of it, :math:`R`, have :math:`L^T L = c \, \mathrm{diag}(\lambda)`
  and :math:`R R^T = \mathrm{diag}(\lambda) / c`; and all cores have the same Frobenius norm, which
  says what each :math:`c` is.
"""

import math

import numpy as np

from .rounding import with_exponent
from .sweeps import Array, Cores, left_orthogonalized, right_orthogonalized, truncated

# A singular value below this part of the largest of its bond is noise.  It counts as this large
# where a core is divided by its root, which does no harm: its neighbour is multiplied by it.
_LEAST_PART = 2.0**-52


def left_orthogonal(cores: Cores) -> Cores:
    """Return the left-orthogonal gauge.

    Raises
    ------
    TensorTrainError
        If the last core would be out of range.
    """
    swept, exponent = left_orthogonalized(cores)
    return (*swept[:-1], with_exponent(swept[-1], exponent))


def balanced(cores: Cores) -> Cores:
    """Return the balanced gauge; a train of zeros comes out as cores of zeros.

    Raises
    ------
    TensorTrainError
        If no core can hold its share of the norm.
    """
    (rest, *others), exponent = right_orthogonalized(cores)
    done: list[Array] = []
    before = np.ones(1)
    for core in others:
        left, values, right = truncated(rest.reshape(-1, rest.shape[2]), -1.0, None)
        roots = np.sqrt(np.maximum(values, _LEAST_PART * values[0])) if values[0] else 1 + values
        done.append(left.reshape(*rest.shape[:2], -1) / before[:, None, None] * roots)
        rest = np.tensordot(values[:, None] * right, core, 1)
        before = roots
    return _of_one_norm((*done, rest / before[:, None, None]), exponent)


def _of_one_norm(cores: Cores, exponent: int) -> Cores:
    """Return cores scaled to one norm whose product is two to the power of ``exponent`` larger."""
    norms = [float(np.linalg.norm(core)) for core in cores]
    if not all(norms):
        return tuple(np.zeros_like(core) for core in cores)
    whole, part = divmod(exponent, len(cores))
    common = math.ldexp(math.prod(norms), part) ** (1 / len(cores))
    scaled = (core * (common / norm) for core, norm in zip(cores, norms, strict=True))
    return tuple(with_exponent(core, whole) for core in scaled)
