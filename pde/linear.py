"""The linear map of a layer: a matrix, or a tensor train in its place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..emu import Node, ops
from ..tt import TTLayer, TTStart
from .streams import Stream


@dataclass(frozen=True, kw_only=True)
class Linear:
    """``x -> x W`` with W of shape (inputs, outputs), a matrix or a part of that of a train."""

    inputs: int
    outputs: int
    train: TTLayer | None

    @property
    def parameter_names(self) -> list[str]:
        """What its parameters are: a weight or cores, and the bias."""
        if self.train is None:
            return ["weight", "bias"]
        return [*(f"core {k + 1}" for k in range(self.train.core_count)), "bias"]

    @property
    def parameter_count(self) -> int:
        """The number of elements of weights and bias."""
        weights = self.inputs * self.outputs if self.train is None else self.train.parameter_count
        return weights + self.outputs

    def initialize(self, stream: Stream, layer: int, dtype: DTypeLike) -> list[NDArray[Any]]:
        """Return first values, as `MLP.initialize` says."""
        variance, bias = 2 / (self.inputs + self.outputs), np.zeros((1, self.outputs), dtype)
        if self.train is None:
            weight = variance**0.5 * stream.normal((self.inputs, self.outputs), layer)
            return [weight.astype(dtype), bias]

        def normal(shape: tuple[int, ...], core: int) -> NDArray[np.float64]:
            return stream.normal(shape, 1024 * (layer + 1) + core)

        return [*self.train.initialize(normal, variance, dtype, TTStart.BALANCED), bias]


@dataclass(frozen=True, kw_only=True, eq=False)
class BoundLinear:
    """A linear map whose weights are on a tape, and the number of its layer.

    What rows are multiplied by is made once, whatever number of signals passes, and its codes are
    kept.
    """

    linear: Linear
    weights: tuple[Node, ...]
    layer: int

    @classmethod
    def of(cls, linear: Linear, parameters: Sequence[Node], layer: int) -> "BoundLinear":
        """The map with these weights or cores."""
        weights = tuple(parameters)
        if linear.train is not None:
            weights = linear.train.weights(parameters)
        tape = weights[0].tape
        return cls(linear=linear, weights=tuple(tape.keep(w) for w in weights), layer=layer)

    def apply(self, rows: Node) -> Node:
        """Activations times W."""
        return self._times(rows, ops.matmul)

    def apply_to_differences(self, rows: Node) -> Node:
        """Differences of activations, or their derivatives, times W."""
        return self._times(rows, ops.difference_matmul)

    def _times(self, rows: Node, product: Any) -> Node:
        train, tape = self.linear.train, rows.tape
        with tape.layer(self.layer):
            if train is None:
                result: Node = product(rows, self.weights[0])
                return result
            wide = train.multiply(self.weights, rows, product)
        return (
            wide
            if wide.shape[1] == self.linear.outputs
            else ops.columns(wide, 0, self.linear.outputs)
        )
