"""The multilayer perceptron: affine maps with a nonlinearity between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..emu import Node, ops
from .errors import RunError
from .spec import Spec, require_integer
from .streams import Stream


class Activation(Enum):
    """The nonlinearity between the layers."""

    TANH = "tanh"
    SINE = "sine"

    __repr__ = Enum.__str__  # so that the repr of a spec evaluates back

    def apply(self, signal: Node) -> Node:
        """The function of every element."""
        return ops.tanh(signal) if self is Activation.TANH else ops.sin(signal)

    def derivatives(self, signal: Node, value: Node) -> tuple[Node, Node]:
        """Its first and second derivative at ``signal``, where it has the ``value``."""
        if self is Activation.SINE:
            return ops.cos(signal), ops.scale(value, -1.0)
        one = signal.tape.constant(np.ones((1, 1)))
        slope = ops.subtract(one, ops.multiply(value, value))
        return slope, ops.scale(ops.multiply(value, slope), -2.0)

    def rises(self, base: Node, rises: Node) -> Node:
        """Its rises from ``base``, (P, W), over ``rises``, (P J, W), without cancellation."""
        tanh = self is Activation.TANH
        return ops.tanh_difference(base, rises) if tanh else ops.sin_difference(base, rises)

    def parts(self, base: Node, parts: Node) -> Node:
        """The same of pairs of rises by their odd and even parts, (2 P J, W)."""
        tanh = self is Activation.TANH
        return ops.tanh_parts(base, parts) if tanh else ops.sin_parts(base, parts)


@dataclass(frozen=True, kw_only=True)
class MLP(Spec):
    """``x -> phi(... phi(x W_1 + b_1) ...) W_n + b_n`` on rows ``x``.

    Parameters
    ----------
    widths
        Number of inputs, hidden units of each layer, outputs.
    activation
        phi.

    Examples
    --------
    >>> network = MLP(widths=(2, 8, 1))
    >>> [p.shape for p in network.initialize(Stream(seed=0, name="initialization"), np.float32)]
    [(2, 8), (1, 8), (8, 1), (1, 1)]
    >>> network.parameter_count
    33
    """

    widths: tuple[int, ...] = (2, 256, 256, 256, 1)
    activation: Activation = Activation.TANH

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
        the nonlinearity in its vector format.
        """
        signal = rows
        for layer in range(0, len(parameters), 2):
            if layer:
                signal = self.activation.apply(signal)
            with rows.tape.layer(layer // 2):
                product = ops.matmul(signal, parameters[layer])
            signal = ops.add(product, parameters[layer + 1])
        return signal

    def apply_differences(
        self, parameters: Sequence[Node], rows: Node, differences: Node, *, parts: bool = False
    ) -> tuple[Node, Node]:
        """Return the outputs for ``rows``, (P, 1), and their rises over ``differences``.

        Rows p J to p J + J - 1 of ``differences``, (P J, inputs), belong to row p.  With ``parts``
        they are the odd parts of pairs of differences, and as many even parts follow: so are the
        results.  A weight that a tape holds as a parameter is stored once for both signals.
        """
        nonlinear = self.activation.parts if parts else self.activation.rises
        for layer in range(0, len(parameters), 2):
            if layer:
                differences = nonlinear(rows, differences)
                rows = self.activation.apply(rows)
            weight, bias = parameters[layer], parameters[layer + 1]
            with rows.tape.layer(layer // 2):
                differences = ops.difference_matmul(differences, weight)
                product = ops.matmul(rows, weight)
            rows = ops.add(product, bias)
        return rows, differences
