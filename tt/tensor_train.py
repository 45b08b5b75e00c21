r"""Tensor trains: a tensor of many axes as a chain of small ones.

A tensor train of shape :math:`(n_1, \dots, n_d)` and ranks :math:`(r_0, \dots, r_d)`, with
:math:`r_0 = r_d = 1`, is a list of cores :math:`G_k` of shape :math:`(r_{k-1}, n_k, r_k)`.  An
element of the tensor is a product of matrices, one taken from each core:

.. math:: A(i_1, \dots, i_d) = G_1(:, i_1, :) \, G_2(:, i_2, :) \cdots G_d(:, i_d, :).

It stores :math:`\sum_k r_{k-1} n_k r_k` numbers instead of :math:`\prod_k n_k`.  (I. V. Oseledets,
*Tensor-train decomposition*, SIAM J. Sci. Comput. 33 (2011), equation 1.2.)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import TensorTrainError
from .gauge import balanced, left_orthogonal
from .rounding import rounded


@dataclass(frozen=True, eq=False, repr=False)
class TensorTrain:
    """A tensor held as a chain of cores.

    Two trains can be different and yet the same tensor, so that ``==`` compares identities;
    compare cores, or :meth:`full`, for what is meant.

    Parameters
    ----------
    cores : tuple of ndarray, float64
        The core ``k`` has the shape ``(ranks[k], shape[k], ranks[k + 1])``; the first and last
        rank are 1.  The cores are copied, and the copies cannot be written.

    Raises
    ------
    TensorTrainError
        If there is no core, or a core is not a finite float64 array of three non-empty axes, or
        ranks of neighbours differ.

    Examples
    --------
    >>> rows, columns = np.ones((1, 3, 2)), np.ones((2, 4, 1))
    >>> train = TensorTrain((rows, columns))
    >>> train
    TensorTrain(shape=(3, 4), ranks=(1, 2, 1))
    >>> train.size
    14
    """

    cores: tuple[NDArray[np.float64], ...]

    def __post_init__(self) -> None:
        """Check the chain and take private copies of its cores."""
        if len(self.cores) == 0:
            message = "a tensor train needs at least one core, and none was given"
            raise TensorTrainError(message)
        for position, core in enumerate(self.cores):
            _check_core(core, f"core {position}")
        chain = (1, *(rank for core in self.cores for rank in (core.shape[0], core.shape[2])), 1)
        for bond, (left, right) in enumerate(zip(chain[::2], chain[1::2], strict=True)):
            if left != right:
                message = f"rank {bond} is {left} seen from the left and {right} from the right"
                raise TensorTrainError(message)
        copies = tuple(core.copy() for core in self.cores)
        for core in copies:
            core.flags.writeable = False
        object.__setattr__(self, "cores", copies)

    def __repr__(self) -> str:
        """Show the shape and the ranks, not the numbers."""
        return f"TensorTrain(shape={self.shape}, ranks={self.ranks})"

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the tensor."""
        return tuple(core.shape[1] for core in self.cores)

    @property
    def ranks(self) -> tuple[int, ...]:
        """The ranks, one more than there are axes; the first and the last are 1."""
        return (1, *(core.shape[2] for core in self.cores))

    @property
    def size(self) -> int:
        """How many numbers the cores hold."""
        return sum(core.size for core in self.cores)

    def full(self) -> NDArray[np.float64]:
        """Return the whole tensor, multiplied out from the left.

        Returns
        -------
        ndarray of shape ``shape``, float64
            It holds ``prod(shape)`` numbers: mind the memory.

        Notes
        -----
        *Exactness*: ``d - 1`` matrix products in float64; exact if every partial sum fits in
        53 bits.

        Examples
        --------
        >>> TensorTrain((np.array([[[1.0], [2.0]]]), np.array([[[3.0], [5.0]]]))).full()
        array([[ 3.,  5.],
               [ 6., 10.]])
        """
        product = np.ones((1, 1))
        for core in self.cores:
            product = product @ core.reshape(core.shape[0], -1)
            product = product.reshape(-1, core.shape[2])
        return product.reshape(self.shape)

    def round(self, tolerance: float = 0.0, max_rank: int | None = None) -> "TensorTrain":
        r"""Return a train with :math:`\|A - T\|_F \le \varepsilon \|A\|_F` and fewer ranks.

        Parameters
        ----------
        tolerance : float
            The relative error allowed, :math:`\varepsilon` above, in ``[0, 1)``.
        max_rank : int, optional
            No rank becomes larger than this.  Where it cuts, the bound on the error is given up.

        Returns
        -------
        TensorTrain
            In the left-orthogonal gauge.

        Raises
        ------
        TensorTrainError
            If an option is out of range, or the largest element of the last core would not be
            within 2 to the power of plus or minus 960.

        Notes
        -----
        *Exactness*: float64.  The bound holds up to rounding errors, a small multiple of
        ``2**-53`` relative to the product of the norms of the cores.

        Examples
        --------
        >>> ones = np.ones((1, 3, 2)), np.ones((2, 4, 1))
        >>> TensorTrain(ones).round(1e-12)
        TensorTrain(shape=(3, 4), ranks=(1, 1, 1))
        """
        return TensorTrain(rounded(self.cores, tolerance, max_rank))

    def left_orthogonal(self) -> "TensorTrain":
        """Return the same tensor with all cores but the last left-orthogonal.

        Reshaped to ``(r * n, r')`` their columns are orthonormal; the last core has the norm of
        the tensor.  A rank larger than ``r * n`` is lowered to it.

        Raises
        ------
        TensorTrainError
            If the largest element of the last core would be out of range.

        Notes
        -----
        *Exactness*: float64; the tensor is the same up to a small multiple of ``2**-53`` relative
        to the product of the norms of the cores.

        Examples
        --------
        >>> train = TensorTrain((np.full((1, 4, 1), 3.0), np.ones((1, 2, 1)))).left_orthogonal()
        >>> [round(float(np.linalg.norm(core)), 12) for core in train.cores]
        [1.0, 8.485281374239]
        """
        return TensorTrain(left_orthogonal(self.cores))

    def balanced(self) -> "TensorTrain":
        """Return the same tensor with singular values shared out and cores of one norm.

        Each bond's singular values go to its two neighbours in equal shares, and all cores have
        the same Frobenius norm, so that integers of one width hold each about as well.  A rank
        that no tensor of this shape needs is lowered.

        Raises
        ------
        TensorTrainError
            If no core can hold its share of the norm.

        Notes
        -----
        *Exactness*: as of :meth:`left_orthogonal`.

        Examples
        --------
        >>> train = TensorTrain((np.full((1, 4, 1), 3.0), np.ones((1, 2, 1)))).balanced()
        >>> [round(float(np.linalg.norm(core)), 12) for core in train.cores]
        [2.912950630244, 2.912950630244]
        """
        return TensorTrain(balanced(self.cores))


def _check_core(core: NDArray[np.float64], name: str) -> None:
    """Refuse what is not a finite float64 array of three non-empty axes."""
    if not isinstance(core, np.ndarray) or core.dtype != np.float64:
        kind = core.dtype if isinstance(core, np.ndarray) else type(core).__name__
        message = f"{name} is of {kind}; give a float64 array"
        raise TensorTrainError(message)
    if core.ndim != 3 or core.size == 0:
        message = f"{name} has shape {core.shape}; give three non-empty axes (rank, n, rank)"
        raise TensorTrainError(message)
    if not np.isfinite(core).all():
        message = f"{name} holds NaN or Inf; a tensor train holds numbers"
        raise TensorTrainError(message)
