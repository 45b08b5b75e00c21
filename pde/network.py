"""The multilayer perceptron: affine maps with tanh between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..emu import Node, ops
from .errors import RunError
from .spec import Spec, require_integer
from .streams import Stream


@dataclass(frozen=True, kw_only=True)
class MLP(Spec):
    """``x -> tanh(... tanh(x W_1 + b_1) ...) W_n + b_n`` on rows ``x``.

    Parameters
    ----------
    widths
        Number of inputs, hidden units of each layer, outputs.

    Examples
    --------
    >>> network = MLP(widths=(2, 8, 1))
    >>> [p.shape for p in network.initialize(Stream(seed=0, name="initialization"), np.float32)]
    [(2, 8), (1, 8), (8, 1), (1, 1)]
    >>> network.parameter_count
    33
    """

    widths: tuple[int, ...] = (2, 256, 256, 256, 1)

    def __post_init__(self) -> None:
        if not isinstance(self.widths, tuple) or len(self.widths) < 2:
            msg = f"MLP.widths is {self.widths!r}: give a tuple of at least two integers"
            raise RunError(msg)
        for width in self.widths:
            require_integer("a width of MLP.widths", width, least=1, most=2**20)

    @property
    def parameter_count(self) -> int:
        """The number of weights and biases."""
        return sum((a + 1) * b for a, b in zip(self.widths, self.widths[1:], strict=False))

    def initialize(self, stream: Stream, dtype: DTypeLike) -> list[NDArray[Any]]:
        """Return ``[W_1, b_1, W_2, b_2, ...]``, each W normal of variance 2/(in + out), b zero.

        The rule is Glorot and Bengio's (AISTATS 2010).  Layer k is drawn at step k of the stream,
        in float64, and rounded once to ``dtype``.
        """
        parameters: list[NDArray[Any]] = []
        pairs = zip(self.widths, self.widths[1:], strict=False)
        for layer, (inputs, outputs) in enumerate(pairs):
            deviation = (2 / (inputs + outputs)) ** 0.5
            weight = deviation * stream.normal((inputs, outputs), layer)
            parameters += [weight.astype(dtype), np.zeros((1, outputs), dtype)]
        return parameters

    def apply(self, parameters: Sequence[Node], rows: Node) -> Node:
        """Return the outputs (R, outputs) for ``rows`` (R, inputs), recorded on their tape.

        The datapath of the tape rounds: the operands of each product by its casts, the sums and
        the tanh in its vector format.
        """
        signal = rows
        for layer in range(0, len(parameters), 2):
            if layer:
                signal = ops.tanh(signal)
            product = ops.matmul(signal, parameters[layer])
            signal = ops.add(product, parameters[layer + 1])
        return signal
