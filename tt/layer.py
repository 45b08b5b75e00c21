r"""Layers whose weights are a tensor train.

The weights W of a layer ``Y = X W`` are a matrix of :math:`M = \prod_k m_k` inputs and
:math:`N = \prod_k n_k` outputs that is never stored: its parameters are the cores of a train.  A
`TTLayer` is the specification; it says which cores there are, draws their first values, and
multiplies by W on a tape in the way that its plan says.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..emu import Node, ops
from ..formats import FormatError, spec_from_json, spec_to_json
from .choices import TTForm, TTPlan, TTStart
from .contraction import merged, multiplied
from .errors import TensorTrainError
from .initialization import independent_cores, orthogonal_cores
from .tensor_train import TensorTrain
from .tt_matrix import TTMatrix


@dataclass(frozen=True, kw_only=True)
class TTLayer:
    """A layer of ``prod(inputs)`` inputs and ``prod(outputs)`` outputs, without bias.

    Parameters
    ----------
    inputs, outputs
        How the sides of W are split, the last factor the fastest index (C order).
    ranks
        One more than there are cores; the first and the last are 1.
    form
        `TTForm.TT`: ``len(inputs) + len(outputs)`` cores of shape ``(r, m, r')`` or ``(r, n, r')``;
        `TTForm.TTM`: as many inputs as outputs, and cores of shape ``(r, m, n, r')``.
    plan
        How `apply` multiplies; `cheapest` chooses one by cost.

    Raises
    ------
    TensorTrainError
        If factors or ranks are not positive integers or not of the right number, or a chain of one
        core is to be merged by halves.

    Examples
    --------
    >>> layer = TTLayer(inputs=(4, 4), outputs=(8, 2), ranks=(1, 2, 3, 2, 1))
    >>> layer.shape, layer.parameter_count
    ((16, 16), 84)
    >>> TTLayer.from_json(layer.to_json()) == layer
    True
    """

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    ranks: tuple[int, ...]
    form: TTForm = TTForm.TT
    plan: TTPlan = TTPlan.HALF_MERGED

    def __post_init__(self) -> None:
        for name in ("inputs", "outputs", "ranks"):
            _check_counts(name, getattr(self, name))
        if not isinstance(self.form, TTForm) or not isinstance(self.plan, TTPlan):
            message = f"form {self.form!r}, plan {self.plan!r}: give a TTForm and a TTPlan"
            raise TensorTrainError(message)
        if self.form is TTForm.TTM and len(self.inputs) != len(self.outputs):
            message = f"inputs {self.inputs} and outputs {self.outputs} share no cores; give as "
            raise TensorTrainError(message + "many of each, or the form TTForm.TT")
        if len(self.ranks) != self.core_count + 1 or self.ranks[0] != 1 or self.ranks[-1] != 1:
            message = f"the ranks of {self.core_count} cores are {self.ranks}; give "
            raise TensorTrainError(message + f"{self.core_count + 1}, the first and the last 1")
        if self.plan is TTPlan.HALF_MERGED and self.core_count == 1:
            message = "one core has no halves to merge; choose TTPlan.FULL"
            raise TensorTrainError(message)

    @property
    def core_count(self) -> int:
        """How many cores there are."""
        paired = self.form is TTForm.TTM
        return len(self.inputs) if paired else len(self.inputs) + len(self.outputs)

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of inputs and outputs: the shape of W."""
        return math.prod(self.inputs), math.prod(self.outputs)

    @property
    def core_shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of the cores, the parameters of the layer, in order."""
        pairs = zip(self.inputs, self.outputs, strict=False)
        singles = ((side,) for side in self.inputs + self.outputs)
        middle: Any = pairs if self.form is TTForm.TTM else singles
        bonds = zip(self.ranks, middle, self.ranks[1:], strict=False)
        return tuple((before, *sides, after) for before, sides, after in bonds)

    @property
    def middle(self) -> int:
        """How many cores are left of the bond at which a half-merged plan parts the chain.

        Those of the inputs; where inputs and outputs share cores, the smaller half.
        """
        return len(self.inputs) if self.form is TTForm.TT else max(1, self.core_count // 2)

    @property
    def parameter_count(self) -> int:
        """The number of elements of all cores."""
        return sum(math.prod(shape) for shape in self.core_shapes)

    def initialize(
        self,
        normal: Callable[[tuple[int, ...], int], NDArray[np.float64]],
        target_variance: float | None = None,
        dtype: DTypeLike = np.float32,
        start: TTStart = TTStart.INDEPENDENT,
    ) -> list[NDArray[Any]]:
        """Return first values of the cores, such that the elements of W have the target variance.

        Parameters
        ----------
        normal
            ``normal(shape, k)`` gives independent standard normal numbers for core k, in float64.
        target_variance
            Mean square of the elements of W; 2 / (inputs + outputs) if left out (Glorot and
            Bengio, AISTATS 2010).
        dtype
            Of the result.
        start
            How they are drawn, as `TTStart` says.

        Raises
        ------
        TensorTrainError
            If the variance is not a positive finite number, or a rank is larger than orthonormal
            columns allow.

        Notes
        -----
        *Exactness*: computed in float64, then rounded once to ``dtype``.  The two orthogonal
        starts use QR and singular value decompositions, whose last bits may differ between
        machines.

        Examples
        --------
        >>> layer = TTLayer(inputs=(8, 8), outputs=(8, 8), ranks=(1, 4, 8, 4, 1))
        >>> draw = np.random.default_rng(0).standard_normal
        >>> cores = layer.initialize(lambda shape, k: draw(shape), 0.25, np.float64,
        ...                          TTStart.LEFT_ORTHOGONAL)
        >>> round(float(np.mean(layer.matrix(cores) ** 2)), 12)
        0.25
        """
        variance = 2 / sum(self.shape) if target_variance is None else target_variance
        if not 0 < variance < math.inf:
            message = f"the target variance is {variance!r}; give a positive finite number"
            raise TensorTrainError(message)
        if start is TTStart.INDEPENDENT:
            cores = independent_cores(self.core_shapes, normal, variance)
        else:
            norm = math.sqrt(variance * math.prod(self.shape))
            cores = orthogonal_cores(self.core_shapes, normal, norm, start is TTStart.BALANCED)
        return [core.astype(dtype) for core in cores]

    def matrix(self, parameters: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """Return W, multiplied out in float64.

        Raises
        ------
        TensorTrainError
            If the parameters are not cores of this layer.
        """
        self._check_shapes([np.shape(each) for each in parameters])
        cores = tuple(np.asarray(each, np.float64) for each in parameters)
        train = TensorTrain(cores) if self.form is TTForm.TT else TTMatrix(cores)
        return train.full().reshape(self.shape)

    def apply(self, parameters: Sequence[Node], rows: Node) -> Node:
        """Return ``X W``, recorded on the tape of its operands.

        Parameters
        ----------
        parameters
            The cores, of `core_shapes`.
        rows
            X, of shape (B, columns).  With fewer columns than inputs, zeros are put after them.

        Returns
        -------
        Node
            Of shape (B, outputs); `ops.columns` cuts it.

        Raises
        ------
        TensorTrainError
            If the parameters are not cores of this layer, or the rows are wider than it.

        Notes
        -----
        *Exactness*: products with rows are `ops.matmul`, which rounds both operands by the casts
        of the datapath; cores are merged by `ops.vector_matmul`, which rounds every product and
        every sum to the vector format.  Rearranging is exact.

        Examples
        --------
        >>> from bitpde.emu import Tape, preset
        >>> layer = TTLayer(inputs=(2, 2), outputs=(3,), ranks=(1, 1, 1, 1))
        >>> tape = Tape(preset("smx8"))
        >>> cores = [tape.parameter(np.ones(shape)) for shape in layer.core_shapes]
        >>> layer.apply(cores, tape.constant([[1.0, 2.0, 3.0]])).value.tolist()
        [[6.0, 6.0, 6.0]]
        """
        return self.multiply(self.weights(parameters), rows)

    def weights(self, parameters: Sequence[Node]) -> tuple[Node, ...]:
        """Return the matrices that rows are multiplied by, one after the other: half of `apply`.

        They do not depend on rows, so that several signals can share them.

        Raises
        ------
        TensorTrainError
            If the parameters are not cores of this layer.
        """
        self._check_shapes([each.shape for each in parameters])
        return merged(self, parameters)

    def multiply(
        self,
        weights: Sequence[Node],
        rows: Node,
        product: Callable[[Node, Node], Node] = ops.matmul,
    ) -> Node:
        """Return ``X W`` with W by what `weights` returned: the other half of `apply`.

        ``product`` is `ops.matmul` or `ops.difference_matmul`.

        Raises
        ------
        TensorTrainError
            If the rows are wider than the layer, or no matrix.
        """
        if rows.value.ndim != 2 or rows.shape[1] > self.shape[0]:
            message = f"rows of shape {rows.shape} do not fit {self.shape[0]} inputs; give a "
            raise TensorTrainError(message + "matrix of at most as many columns")
        return multiplied(self, weights, rows, product)

    def _check_shapes(self, shapes: Sequence[tuple[int, ...]]) -> None:
        if tuple(shapes) != self.core_shapes:
            message = f"the parameters have shapes {tuple(shapes)}; give {self.core_shapes}"
            raise TensorTrainError(message)

    def to_json(self) -> dict[str, Any]:
        """Return the kind and all fields as plain data."""
        data: dict[str, Any] = spec_to_json(self)
        return data

    @classmethod
    def from_json(cls, data: object) -> "TTLayer":
        """Return the layer whose `to_json` is ``data``.

        Raises
        ------
        TensorTrainError
            Naming the field that is unknown, missing or unlawful.
        """
        try:
            spec = spec_from_json(data, {cls.__name__: cls})
        except FormatError as error:
            message = f"this is no TTLayer: {error}"
            raise TensorTrainError(message) from error
        if not isinstance(spec, cls):
            message = f"{data!r} is no TTLayer: give what to_json wrote"
            raise TensorTrainError(message)
        return spec


def _check_counts(name: str, counts: object) -> None:
    """Require a tuple of positive integers that is not empty."""
    lawful = isinstance(counts, tuple) and len(counts) > 0
    if not lawful or not all(type(count) is int and count > 0 for count in counts):  # type: ignore[attr-defined]
        message = f"{name} of a TTLayer are {counts!r}; give a tuple of positive integers"
        raise TensorTrainError(message)
