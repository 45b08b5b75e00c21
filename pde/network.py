"""The multilayer perceptron: affine maps with a nonlinearity between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..emu import Node, ops
from ..tt import TTLayer
from .errors import RunError
from .linear import BoundLinear, Linear
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
    trains
        For each layer the tensor train that holds its weights, or None where they are a matrix; ()
        for none at all.  A train may have more inputs than the layer, which are zero, and more
        outputs, which are cut off.

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
    trains: tuple[TTLayer | None, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.widths, tuple) or len(self.widths) < 2:
            msg = f"MLP.widths is {self.widths!r}: give a tuple of at least two integers"
            raise RunError(msg)
        for width in self.widths:
            require_integer("a width of MLP.widths", width, least=1, most=2**20)
        if not isinstance(self.activation, Activation):
            msg = f"MLP.activation is {self.activation!r}: give an Activation"
            raise RunError(msg)
        self._check_trains()

    def _check_trains(self) -> None:
        """Each train is as wide as its layer, or wider."""
        layers = len(self.widths) - 1
        if not isinstance(self.trains, tuple) or len(self.trains) not in (0, layers):
            msg = (
                f"MLP.trains is {self.trains!r}: give () or a tuple of {layers}, one for each layer"
            )
            raise RunError(msg)
        for sides, train in zip(pairwise(self.widths), self.trains, strict=False):
            if train is None:
                continue
            if not isinstance(train, TTLayer) or not all(
                side <= wide for side, wide in zip(sides, train.shape, strict=True)
            ):
                msg = f"MLP.trains holds {train!r} for a layer of {sides[0]} inputs and {sides[1]} "
                raise RunError(msg + "outputs: give a TTLayer that is as wide, or None")

    @property
    def linears(self) -> tuple[Linear, ...]:
        """The linear maps of the layers, in order."""
        trains = self.trains or (None,) * (len(self.widths) - 1)
        return tuple(
            Linear(inputs=inputs, outputs=outputs, train=train)
            for (inputs, outputs), train in zip(pairwise(self.widths), trains, strict=True)
        )

    @property
    def parameter_count(self) -> int:
        """The number of weights and biases."""
        return sum(linear.parameter_count for linear in self.linears)

    @property
    def parameter_names(self) -> list[str]:
        """What messages call the parameters, in order."""
        return [
            f"{name} of layer {k}"
            for k, linear in enumerate(self.linears, start=1)
            for name in linear.parameter_names
        ]

    def initialize(self, stream: Stream, dtype: DTypeLike) -> list[NDArray[Any]]:
        """Return ``[W_1, b_1, W_2, b_2, ...]``, each W normal of variance 2/(in + out), b zero.

        The rule is Glorot and Bengio's (AISTATS 2010).  Layer k is drawn at step k of the stream,
        in float64, and rounded once to ``dtype``.  In place of a weight that is a train there are
        its cores, balanced, of a matrix of that variance; core j is drawn at step 1024 (k + 1) + j.
        """
        parameters: list[NDArray[Any]] = []
        for layer, linear in enumerate(self.linears):
            parameters += linear.initialize(stream, layer, dtype)
        return parameters

    def maps(self, parameters: Sequence[Node]) -> list[tuple[BoundLinear, Node]]:
        """The linear maps and biases of parameters on a tape, in order."""
        maps, start = [], 0
        for layer, linear in enumerate(self.linears):
            stop = start + len(linear.parameter_names)
            weights, bias = parameters[start : stop - 1], parameters[stop - 1]
            maps.append((BoundLinear.of(linear, weights, layer), bias))
            start = stop
        return maps

    def apply(self, parameters: Sequence[Node], rows: Node) -> Node:
        """Return the outputs (R, outputs) for ``rows`` (R, inputs), recorded on their tape.

        The datapath of the tape rounds: the operands of each product by its casts, the sums and
        the nonlinearity in its vector format.
        """
        signal = rows
        for layer, (linear, bias) in enumerate(self.maps(parameters)):
            if layer:
                signal = self.activation.apply(signal)
            signal = ops.add(linear.apply(signal), bias)
        return signal

    def apply_differences(
        self, parameters: Sequence[Node], rows: Node, differences: Node, *, parts: bool = False
    ) -> tuple[Node, Node]:
        """Return the outputs for ``rows``, (P, 1), and their rises over ``differences``.

        Rows p J to p J + J - 1 of ``differences``, (P J, inputs), belong to row p.  With ``parts``
        they are the odd parts of pairs of differences, and as many even parts follow: so are the
        results.  Weights are stored once for both signals.
        """
        nonlinear = self.activation.parts if parts else self.activation.rises
        for layer, (linear, bias) in enumerate(self.maps(parameters)):
            if layer:
                differences = nonlinear(rows, differences)
                rows = self.activation.apply(rows)
            differences = linear.apply_to_differences(differences)
            rows = ops.add(linear.apply(rows), bias)
        return rows, differences
