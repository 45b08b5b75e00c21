r"""Tensor-train matrices: a matrix whose rows and columns are both split into many indices.

A matrix of :math:`M = \prod_k m_k` rows and :math:`N = \prod_k n_k` columns is a list of cores
:math:`G_k` of shape :math:`(r_{k-1}, m_k, n_k, r_k)` with :math:`r_0 = r_d = 1`,

.. math:: W(i, j) = G_1(:, i_1, j_1, :) \, G_2(:, i_2, j_2, :) \cdots G_d(:, i_d, j_d, :),

where i has the digits :math:`i_1, \dots, i_d`, the last of them the fastest (C order), and so has
j.  It is the tensor train of the tensor whose axes are the pairs :math:`(i_k, j_k)`.
(I. V. Oseledets, *Approximation of* :math:`2^d \times 2^d` *matrices using tensor decomposition*,
SIAM J. Matrix Anal. Appl. 31 (2010).)
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import TensorTrainError
from .svd import tt_svd
from .tensor_train import TensorTrain


@dataclass(frozen=True, eq=False, repr=False)
class TTMatrix:
    """A matrix held as a chain of cores.

    As of tensor trains, ``==`` compares identities.

    Parameters
    ----------
    cores : tuple of ndarray, float64
        The core ``k`` has the shape ``(ranks[k], inputs[k], outputs[k], ranks[k + 1])``; the first
        and last rank are 1.  The cores are copied, and the copies cannot be written.

    Raises
    ------
    TensorTrainError
        If there is no core, or a core is not a finite float64 array of four non-empty axes, or
        ranks of neighbours differ.

    Examples
    --------
    >>> matrix = TTMatrix((np.ones((1, 3, 5, 2)), np.ones((2, 4, 2, 1))))
    >>> matrix
    TTMatrix(inputs=(3, 4), outputs=(5, 2), ranks=(1, 2, 1))
    >>> matrix.shape, matrix.size
    ((12, 10), 46)
    """

    cores: tuple[NDArray[np.float64], ...]

    def __post_init__(self) -> None:
        """Check the chain and take private copies of its cores."""
        for position, core in enumerate(self.cores):
            if not isinstance(core, np.ndarray) or core.ndim != 4:
                found = core.shape if isinstance(core, np.ndarray) else type(core).__name__
                message = f"core {position} is {found}; give four axes (rank, m, n, rank)"
                raise TensorTrainError(message)
        train = TensorTrain(tuple(_paired(core) for core in self.cores))
        kept = (c.reshape(g.shape) for c, g in zip(train.cores, self.cores, strict=True))
        object.__setattr__(self, "cores", tuple(kept))

    def __repr__(self) -> str:
        """Show how the sides are split and the ranks, not the numbers."""
        return f"TTMatrix(inputs={self.inputs}, outputs={self.outputs}, ranks={self.ranks})"

    @property
    def inputs(self) -> tuple[int, ...]:
        """How the number of rows is split."""
        return tuple(core.shape[1] for core in self.cores)

    @property
    def outputs(self) -> tuple[int, ...]:
        """How the number of columns is split."""
        return tuple(core.shape[2] for core in self.cores)

    @property
    def shape(self) -> tuple[int, int]:
        """The shape of the matrix."""
        return math.prod(self.inputs), math.prod(self.outputs)

    @property
    def ranks(self) -> tuple[int, ...]:
        """The ranks, one more than there are cores; the first and the last are 1."""
        return (1, *(core.shape[3] for core in self.cores))

    @property
    def size(self) -> int:
        """How many numbers the cores hold."""
        return sum(core.size for core in self.cores)

    @property
    def train(self) -> TensorTrain:
        """The tensor train of the tensor whose axes are the pairs of indices."""
        return TensorTrain(tuple(_paired(core) for core in self.cores))

    def full(self) -> NDArray[np.float64]:
        """Return the whole matrix, multiplied out from the left.

        Notes
        -----
        *Exactness*: ``d - 1`` matrix products in float64; exact if every partial sum fits in
        53 bits.

        Examples
        --------
        >>> TTMatrix((np.eye(2).reshape(1, 2, 2, 1), np.array([[[[3.0]], [[5.0]]]]))).full()
        array([[3., 0.],
               [5., 0.],
               [0., 3.],
               [0., 5.]])
        """
        pairs = [side for pair in zip(self.inputs, self.outputs, strict=True) for side in pair]
        axes = [*range(0, len(pairs), 2), *range(1, len(pairs), 2)]
        return self.train.full().reshape(pairs).transpose(axes).reshape(self.shape)

    def round(self, tolerance: float = 0.0, max_rank: int | None = None) -> "TTMatrix":
        """Return a matrix within ``tolerance`` of this one, with fewer ranks.

        As `TensorTrain.round`, in the Frobenius norm and left-orthogonal.

        Examples
        --------
        >>> TTMatrix((np.ones((1, 3, 5, 2)), np.ones((2, 4, 2, 1)))).round(1e-12).ranks
        (1, 1, 1)
        """
        return self._with(self.train.round(tolerance, max_rank))

    def left_orthogonal(self) -> "TTMatrix":
        """Return the same matrix as `TensorTrain.left_orthogonal` does a tensor."""
        return self._with(self.train.left_orthogonal())

    def balanced(self) -> "TTMatrix":
        """Return the same matrix as `TensorTrain.balanced` does a tensor."""
        return self._with(self.train.balanced())

    @classmethod
    def from_dense(
        cls,
        matrix: ArrayLike,
        inputs: tuple[int, ...],
        outputs: tuple[int, ...],
        tolerance: float = 0.0,
        max_rank: int | None = None,
    ) -> "TTMatrix":
        r"""Return a tensor-train matrix with :math:`\|W - T\|_F \le \varepsilon \|W\|_F`.

        Parameters
        ----------
        matrix : array_like of shape ``(prod(inputs), prod(outputs))``
            Real and finite.
        inputs, outputs
            How rows and columns are split: as many positive integers each.
        tolerance, max_rank
            As of `tt_svd`, which does the work and says what holds of the result.

        Raises
        ------
        TensorTrainError
            If the matrix has another shape, or `tt_svd` refuses it.

        Examples
        --------
        >>> TTMatrix.from_dense(np.eye(6), (2, 3), (2, 3), tolerance=1e-12)
        TTMatrix(inputs=(2, 3), outputs=(2, 3), ranks=(1, 1, 1))
        """
        given = np.asarray(matrix)
        sides = (math.prod(inputs), math.prod(outputs))
        if len(inputs) != len(outputs) or given.shape != sides:
            message = (
                f"a matrix of shape {given.shape} is not split into {inputs} by {outputs}; give "
                f"as many rows as columns factors, whose products are the sides of the matrix"
            )
            raise TensorTrainError(message)
        count = len(inputs)
        axes = [axis for k in range(count) for axis in (k, count + k)]
        tensor = given.reshape(*inputs, *outputs).transpose(axes)
        lengths = [m * n for m, n in zip(inputs, outputs, strict=True)]
        train = tt_svd(tensor.reshape(lengths), tolerance, max_rank)
        return cls(_split(train, inputs, outputs))

    def _with(self, train: TensorTrain) -> "TTMatrix":
        """Return the matrix that a train of pairs of indices is."""
        return TTMatrix(_split(train, self.inputs, self.outputs))


def _paired(core: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a core with its two middle axes as one."""
    before, m, n, after = core.shape
    return core.reshape(before, m * n, after)


def _split(
    train: TensorTrain, inputs: tuple[int, ...], outputs: tuple[int, ...]
) -> tuple[NDArray[np.float64], ...]:
    """Return the cores with the axis of a pair as two axes."""
    sides = zip(train.cores, inputs, outputs, strict=True)
    return tuple(core.reshape(core.shape[0], m, n, -1) for core, m, n in sides)
