r"""First values of cores, such that the whole matrix has elements of a given variance.

An element of the matrix is a sum of :math:`\prod_k r_k` products of one number from each of D
cores.  If these are independent, of mean 0 and deviation s, its variance is
:math:`s^{2D} \prod_k r_k`, so that

.. math:: s = \Big(\frac{\mathrm{Var}}{\prod_k r_k}\Big)^{1/(2D)}.

That is right in expectation: the fourth moment of a product grows like :math:`3^D`, and one draw of
few ranks may be far off.  If all cores but the last have orthonormal columns, the norm of the
matrix is that of the last core, which can be set.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from .errors import TensorTrainError
from .gauge import balanced
from .sweeps import Array

Shapes = Sequence[tuple[int, ...]]
Normal = Callable[[tuple[int, ...], int], Array]


def independent_cores(shapes: Shapes, normal: Normal, variance: float) -> list[Array]:
    """Return cores of independent normal numbers of one deviation."""
    paths = math.prod(shape[-1] for shape in shapes)
    deviation = (variance / paths) ** (1 / (2 * len(shapes)))
    return [deviation * normal(shape, k) for k, shape in enumerate(shapes)]


def orthogonal_cores(shapes: Shapes, normal: Normal, norm: float, of_one_norm: bool) -> list[Array]:
    """Return cores of a matrix of a given Frobenius norm, left-orthogonal or balanced.

    The columns of a core are uniform among the orthonormal ones: those of Q in a QR decomposition
    with a positive diagonal (G. W. Stewart, SIAM Journal on Numerical Analysis 17 (1980)).  The
    last core is normal, scaled.

    Raises
    ------
    TensorTrainError
        If a rank is larger than the number of rows of its core, or, to be balanced, than the
        number of columns of the next.
    """
    cores: list[Array] = []
    for k, shape in enumerate(shapes[:-1]):
        rows, columns = math.prod(shape[:-1]), shape[-1]
        _require_rank(k + 1, columns, rows)
        if of_one_norm:
            _require_rank(k + 1, columns, math.prod(shapes[k + 1][1:]))
        q, r = np.linalg.qr(normal(shape, k).reshape(rows, columns))
        cores.append(q * np.where(np.diag(r) < 0, -1.0, 1.0))
    last = normal(shapes[-1], len(shapes) - 1)
    cores.append(last * (norm / float(np.linalg.norm(last))))
    chain = [core.reshape(s[0], -1, s[-1]) for core, s in zip(cores, shapes, strict=True)]
    found = balanced(tuple(chain)) if of_one_norm else chain
    return [core.reshape(shape) for core, shape in zip(found, shapes, strict=True)]


def _require_rank(bond: int, rank: int, most: int) -> None:
    if rank > most:
        message = f"rank {bond} is {rank}, and orthonormal are at most {most}; lower it, or choose "
        raise TensorTrainError(message + "TTStart.INDEPENDENT")
