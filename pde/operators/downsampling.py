r"""A network on a coarser grid than its fields, with learned ways there and back.

In the place of interpolation: blocks of r cells along each axis become one cell by a convolution
whose window is the block, and each cell becomes a block by its transpose,

    v = down(x),   w = network(v),   y = up(w).

Both begin without a choice: ``down`` as the mean of the block, ``up`` as repetition.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ...emu import Node, ops
from ..errors import RunError
from ..spec import require_integer
from ..streams import Stream
from .layer import Layer, Parameter, Scope
from .network import OperatorNetwork


@dataclass(frozen=True, kw_only=True)
class SameChannel(Parameter):
    """Weights that begin as ``mean`` from each channel to itself, and as 0 to all others.

    Parameters
    ----------
    inputs, outputs
        The axes of the channels, of equal length.
    """

    inputs: int
    outputs: int

    def draw(self, stream: Stream, step: int, dtype: DTypeLike) -> NDArray[Any]:
        """Return the array that a network begins with; nothing is drawn."""
        start = np.zeros(self.shape, dtype)
        view = np.moveaxis(start, (self.inputs, self.outputs), (-2, -1))
        channels = np.arange(view.shape[-1])
        view[..., channels, channels] = self.mean
        return start


@dataclass(frozen=True, kw_only=True)
class _Blocks(Layer):
    """What both ways share.

    Parameters
    ----------
    channels
        Of the field, before and after.
    dimension
        Of space, 1 or 2.
    factor
        Cells of a block along each axis.
    """

    channels: int
    dimension: int
    factor: int

    @property
    def inputs(self) -> int:
        """Channels that go in."""
        return self.channels

    @property
    def outputs(self) -> int:
        """Channels that come out."""
        return self.channels


@dataclass(frozen=True, kw_only=True)
class BlockConvolution(_Blocks):
    """A convolution that makes each block one cell."""

    def parameters(self) -> dict[str, Parameter]:
        """Return the weights, (factor, [factor,] C, C), and the bias, (C,)."""
        shape = (*(self.factor,) * self.dimension, self.channels, self.channels)
        mean = 1 / self.factor**self.dimension
        weight = SameChannel(shape=shape, mean=mean, inputs=-2, outputs=-1)
        return {"weight": weight, "bias": Parameter(shape=(self.channels,))}

    def apply(self, scope: Scope, x: Node) -> Node:
        """Return the field on the coarse grid."""
        x = scope.activation("input", x)
        weight = scope.weight("weight", axis=self.dimension + 1)
        return ops.add(ops.convolution(x, weight, stride=self.factor), scope.parameter("bias"))


@dataclass(frozen=True, kw_only=True)
class BlockExpansion(_Blocks):
    """A transposed convolution that makes each cell a block."""

    def parameters(self) -> dict[str, Parameter]:
        """Return the weights, (C, factor, [factor,] C), and the bias, (C,)."""
        shape = (self.channels, *(self.factor,) * self.dimension, self.channels)
        weight = SameChannel(shape=shape, mean=1.0, inputs=0, outputs=-1)
        return {"weight": weight, "bias": Parameter(shape=(self.channels,))}

    def apply(self, scope: Scope, x: Node) -> Node:
        """Return the field on the fine grid."""
        x = scope.activation("input", x)
        weight = scope.weight("weight", axis=self.dimension + 1)
        return ops.add(ops.transposed_convolution(x, weight), scope.parameter("bias"))


@dataclass(frozen=True, kw_only=True)
class Resampled(OperatorNetwork):
    """A network on a grid coarser by ``factor``, with a learned down-sampler and up-sampler.

    Its layers are those of the network, ``down`` and ``up``.  Under a plan ``up`` is the last one,
    and belongs to `Plan.wide`.

    Parameters
    ----------
    inputs, outputs, dimension
        Those of the network.
    network
        What works on the coarse grid.
    factor
        Cells of a block along each axis; every side must be a multiple of it.

    Examples
    --------
    >>> from bitpde.pde.operators import FNO
    >>> inner = FNO(inputs=1, outputs=1, dimension=1, modes=(4,), width=8, blocks=1)
    >>> Resampled.of(inner, 4).parameter_count - inner.parameter_count
    10
    """

    network: OperatorNetwork
    factor: int

    def __post_init__(self) -> None:
        require_integer("Resampled.factor", self.factor, least=1)
        mine = (self.inputs, self.outputs, self.dimension)
        if not isinstance(self.network, OperatorNetwork) or mine != _shape(self.network):
            msg = f"Resampled of {mine} inputs, outputs and axes around {self.network!r}: give a "
            raise RunError(msg + "network of the same, as Resampled.of does")
        taken = {"down", "up"} & set(self.network.layers())
        if taken:
            msg = f"the network has layers called {', '.join(sorted(taken))}: rename them"
            raise RunError(msg)

    @classmethod
    def of(cls, network: OperatorNetwork, factor: int) -> "Resampled":
        """Return a network on a grid coarser by ``factor``."""
        inputs, outputs, dimension = _shape(network)
        return cls(
            inputs=inputs, outputs=outputs, dimension=dimension, network=network, factor=factor
        )

    def layers(self) -> dict[str, Layer]:
        """Return the way down, the layers of the network, and the way up."""
        size = {"dimension": self.dimension, "factor": self.factor}
        down = BlockConvolution(channels=self.inputs, **size)
        up = BlockExpansion(channels=self.outputs, **size)
        return {"down": down, **self.network.layers(), "up": up}

    def require_grid(self, space: tuple[int, ...]) -> None:
        """Require sides that have blocks, whose number the network takes."""
        if any(n % self.factor for n in space):
            msg = f"a grid of {space} cells has no blocks of {self.factor}: give multiples of it"
            raise RunError(msg)
        self.network.require_grid(tuple(n // self.factor for n in space))

    def forward(self, scope: Scope, x: Node) -> Node:
        """Return the field that comes out."""
        coarse = self.network.forward(scope, self.run(scope, "down", x))
        return self.run(scope, "up", coarse)


def _shape(network: OperatorNetwork) -> tuple[int, int, int]:
    return network.inputs, network.outputs, network.dimension
