"""The layers that operator networks are made of.

Fields are (B, *space, C).  Every product is between operands that the numerics of the scope have
seen; biases, sums and nonlinearities are the vector unit's.
"""

from dataclasses import dataclass
from math import prod, sqrt

import numpy as np

from ...emu import Node, ops
from .layer import Layer, Parameter, Scope


@dataclass(frozen=True, kw_only=True)
class Pointwise(Layer):
    """``y = x W + b`` in every cell.

    Parameters
    ----------
    inputs, outputs
        Channels.
    gain
        The weights begin normal of variance ``gain / inputs``: 2 before a nonlinearity that halves
        the variance, else 1.
    bias
        Whether there is b.
    """

    inputs: int
    outputs: int
    gain: float = 2.0
    bias: bool = True

    def parameters(self) -> dict[str, Parameter]:
        """Return W, (inputs, outputs), and b, (outputs,)."""
        weight = Parameter(
            shape=(self.inputs, self.outputs), deviation=sqrt(self.gain / self.inputs)
        )
        return {"weight": weight} | _bias(self.outputs, self.bias)

    def apply(self, scope: Scope, x: Node) -> Node:
        """Return ``x W + b``."""
        *place, channels = x.shape
        rows = ops.reshape(scope.activation("input", x), (prod(place), channels))
        y = ops.matmul(rows, scope.weight("weight", axis=1))
        return _biased(scope, ops.reshape(y, (*place, self.outputs)), self.bias)


@dataclass(frozen=True, kw_only=True)
class Convolution(Layer):
    """A convolution with an odd window that keeps the grid.

    Parameters
    ----------
    inputs, outputs
        Channels.
    dimension
        Of space, 1 or 2.
    size
        Cells along each side of the window, odd.
    boundary
        "periodic" or "zero".
    bias
        Whether a number is added to each channel.
    """

    inputs: int
    outputs: int
    dimension: int
    size: int = 3
    boundary: str = "periodic"
    bias: bool = True

    def parameters(self) -> dict[str, Parameter]:
        """Return the weights, (size, [size,] inputs, outputs), and the bias, (outputs,)."""
        window = (self.size,) * self.dimension
        deviation = sqrt(2 / (self.inputs * prod(window)))
        weight = Parameter(shape=(*window, self.inputs, self.outputs), deviation=deviation)
        return {"weight": weight} | _bias(self.outputs, self.bias)

    def apply(self, scope: Scope, x: Node) -> Node:
        """Return the convolved field."""
        x = scope.activation("input", x)
        weight = scope.weight("weight", axis=self.dimension + 1)
        padding = self.size // 2
        y = ops.convolution(x, weight, padding=padding, boundary=self.boundary)
        return _biased(scope, y, self.bias)


@dataclass(frozen=True, kw_only=True)
class Upsampling(Layer):
    """A transposed convolution that makes each cell two along each axis."""

    inputs: int
    outputs: int
    dimension: int

    def parameters(self) -> dict[str, Parameter]:
        """Return the weights, (inputs, 2, [2,] outputs), and the bias, (outputs,)."""
        shape = (self.inputs, *(2,) * self.dimension, self.outputs)
        weight = Parameter(shape=shape, deviation=sqrt(1 / self.inputs))
        return {"weight": weight} | _bias(self.outputs, True)

    def apply(self, scope: Scope, x: Node) -> Node:
        """Return the field on a grid twice as fine."""
        x = scope.activation("input", x)
        weight = scope.weight("weight", axis=self.dimension + 1)
        return _biased(scope, ops.transposed_convolution(x, weight), True)


@dataclass(frozen=True, kw_only=True)
class Spectral(Layer):
    """The lowest Fourier modes of a field, each times a complex matrix of its own.

    Parameters
    ----------
    inputs, outputs
        Channels.
    modes
        As `bitpde.emu.ops.truncated_dft` takes them.
    island
        Transform in floating point outside the datapath instead of by matrix products.
    """

    inputs: int
    outputs: int
    modes: tuple[int, ...]
    island: bool = False

    def parameters(self) -> dict[str, Parameter]:
        """Return real and imaginary parts, (K, inputs, outputs) each.

        A plane has modes of both signs along its first axis, so twice as many there.
        """
        count = prod(self.modes) * (2 if len(self.modes) == 2 else 1)
        part = Parameter(
            shape=(count, self.inputs, self.outputs), deviation=sqrt(0.5 / self.inputs)
        )
        return {"real": part, "imaginary": part}

    def apply(self, scope: Scope, x: Node) -> Node:
        """Return the field whose modes are the products."""
        space = x.shape[1:-1]
        forward = ops.rfft_modes if self.island else ops.truncated_dft
        back = ops.irfft_modes if self.island else ops.inverse_truncated_dft
        modes = forward(scope.activation("input", x), self.modes)
        modes = scope.activation("modes", modes, axis=0)
        parts = (scope.weight(part, axis=0) for part in ("real", "imaginary"))
        mixed = ops.mix_modes(modes, *parts)
        return back(scope.activation("mixed", mixed), self.modes, space)


@dataclass(frozen=True, kw_only=True)
class GroupNorm(Layer):
    """Each group of channels of a sample moved to mean 0 and variance 1, then scaled."""

    channels: int
    groups: int

    def parameters(self) -> dict[str, Parameter]:
        """Return gain and bias, (channels,) each."""
        return _affine(self.channels)

    def apply(self, scope: Scope, x: Node) -> Node:
        """Return the normalized field."""
        return ops.group_norm(x, self.groups, scope.parameter("gain"), scope.parameter("bias"))


@dataclass(frozen=True, kw_only=True)
class LayerNorm(Layer):
    """The channels of each cell moved to mean 0 and variance 1, then scaled."""

    channels: int

    def parameters(self) -> dict[str, Parameter]:
        """Return gain and bias, (channels,) each."""
        return _affine(self.channels)

    def apply(self, scope: Scope, x: Node) -> Node:
        """Return the normalized field."""
        return ops.layer_norm(x, scope.parameter("gain"), scope.parameter("bias"))


def with_coordinates(x: Node) -> Node:
    """Return the field with the coordinates of its cells' centres, in (0, 1), as more channels."""
    batch, *space, _ = x.shape
    axes = [(np.arange(n) + 0.5) / n for n in space]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    whole = np.broadcast_to(grid, (batch, *grid.shape))
    return ops.concatenate([x, x.tape.constant(whole)])


def _bias(outputs: int, wanted: bool) -> dict[str, Parameter]:
    return {"bias": Parameter(shape=(outputs,))} if wanted else {}


def _biased(scope: Scope, y: Node, wanted: bool) -> Node:
    return ops.add(y, scope.parameter("bias")) if wanted else y


def _affine(channels: int) -> dict[str, Parameter]:
    return {"gain": Parameter(shape=(channels,), mean=1.0), "bias": Parameter(shape=(channels,))}
